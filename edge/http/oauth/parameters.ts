// The parameters of an OAuth request, from a query or a form. Each comes once, and an empty one counts as absent (RFC 6749 §3.1, §3.2).
import { readBody } from '../guards/body.ts';

export interface Parameters {
  /** Undefined as well for one that came twice. */
  get(name: string): string | undefined;
  /** Names that came more than once. */
  readonly repeated: ReadonlySet<string>;
}

export function readParameters(text: string): Parameters {
  const values = new Map<string, string>();
  const repeated = new Set<string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (values.has(name)) repeated.add(name);
    values.set(name, value);
  }
  return {
    get: (name) => (repeated.has(name) ? undefined : values.get(name) || undefined),
    repeated,
  };
}

export const BODY_BYTES = 16 * 1024;
const BODY_MS = 10_000;

const FORM = /^application\/x-www-form-urlencoded\s*(?:;|$)/iu;

/** A form's parameters, or why there are none. */
export async function readForm(
  request: Request,
  limitBytes = BODY_BYTES,
): Promise<Parameters | string> {
  if (!FORM.test(request.headers.get('content-type') ?? ''))
    return 'The body must be application/x-www-form-urlencoded.';
  const text = await bodyText(request, limitBytes);
  if (text === undefined) return `The body must be a form of at most ${limitBytes} bytes.`;
  const parameters = readParameters(text);
  const [twice] = parameters.repeated;
  return twice === undefined ? parameters : 'A parameter came more than once.';
}

/** The body as text; undefined if it is too large, too slow or not UTF-8. */
export async function bodyText(
  request: Request,
  limitBytes = BODY_BYTES,
): Promise<string | undefined> {
  const body = await readBody(request, { limitBytes, timeoutMs: BODY_MS });
  if (!body.ok) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body.bytes);
  } catch {
    return undefined;
  }
}
