// Turns the errors of a legacy process into those a modern client knows.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { digitsOf } from '../../../shared/jsonrpc/numbers.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { ASKING_METHODS, CODE } from '../../../shared/mcp/modern.ts';
import { isObject } from '../../../shared/json-value.ts';
import { at, without } from '../json.ts';
import { missingFor, type Capabilities } from '../capabilities.ts';
import type { ErrorObject } from '../../../shared/jsonrpc/message.ts';

/** "URL elicitation required" (MCP 2025-11-25, Elicitation): the call has ended, and must be repeated after the user has visited the URL. */
const URL_REQUIRED = -32042;

/** Codes that no longer exist or now mean something else; all others are the same in both eras. */
const CODES: ReadonlyMap<number, number> = new Map([
  [-32002, CODE.invalidParams],
  [URL_REQUIRED, CODE.internal],
  [CODE.headerMismatch, CODE.internal],
  [CODE.missingCapability, CODE.internal],
  [CODE.unsupportedVersion, CODE.internal],
]);

export type ModernError =
  | { readonly kind: 'error'; readonly answer: MessageView }
  | { readonly kind: 'refusal'; readonly error: ErrorObject }
  /** The URLs to be visited: embedded requests as JSON text. */
  | { readonly kind: 'question'; readonly requests: readonly string[] };

/** The error answer of a legacy process as a modern client is to see it, under the session's `id`. */
export function toModernError(
  answer: MessageView,
  call: {
    readonly bridgeId: BridgeRequestId;
    readonly method: string;
    readonly capabilities: Capabilities;
  },
): ModernError {
  const { idAt } = answer;
  const codeAt = answer.at('error', 'code');
  const code = codeAt && Number(answer.text('error', 'code'));
  if (code === URL_REQUIRED && ASKING_METHODS.has(call.method)) {
    const asked = urlsOf(answer.parsed('error', 'data'), call.capabilities);
    if (asked) return asked;
  }
  const edits = idAt ? [{ ...idAt, with: digitsOf(call.bridgeId) }] : [];
  const mapped = code === undefined ? undefined : CODES.get(code);
  if (codeAt && mapped !== undefined) {
    edits.push({ ...codeAt, with: digitsOf(mapped) });
  }
  return { kind: 'error', answer: answer.edited(edits) };
}

/** The error for a call that failed because the client could not be asked. */
export const lacking = (requiredCapabilities: Capabilities): ErrorObject => ({
  code: CODE.missingCapability,
  message: `The call needs a capability that the client did not declare: ${Object.keys(requiredCapabilities).join(', ')}.`,
  data: { requiredCapabilities },
});

function urlsOf(data: unknown, capabilities: Capabilities): ModernError | undefined {
  const elicitations = at(data, 'elicitations');
  const all = Array.isArray(elicitations) ? elicitations.filter(isObject) : [];
  if (all.length === 0) return undefined;
  const missing = missingFor('elicitation/create', { mode: 'url' }, capabilities);
  if (missing) return { kind: 'refusal', error: lacking(missing) };
  const requests = all.map((each) => {
    const params = { ...without(each, 'elicitationId', '_meta', 'task'), mode: 'url' };
    return JSON.stringify({ method: 'elicitation/create', params });
  });
  return { kind: 'question', requests };
}
