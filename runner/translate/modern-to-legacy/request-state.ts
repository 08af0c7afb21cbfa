// The `requestState` that a parked call travels under: sealed, bound to the request it answers, and valid once and for a while
// (MCP 2026-07-28, Multi Round-Trip Requests, "Request State").
import type { BridgeRequestId } from '../../../shared/ids.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { isObject } from '../../../shared/json-value.ts';

/** Encrypts what a client carries for this runner, so that it can be neither read nor forged. */
export interface Sealer {
  /** Text that differs each time. */
  seal(plain: string): string;
  /** Undefined for what this sealer did not seal. */
  open(sealed: string): string | undefined;
}

/** A collision-free digest of a text. */
export type Digest = (text: string) => string;

export interface RequestState {
  /** The parked call. */
  readonly bridgeId: BridgeRequestId;
  /** Digest of the request's {@link subjectOf}. */
  readonly digest: string;
  readonly expiresAt: number;
}

/** What must be the same in a retry: the method, what it names, and the arguments as they were written. */
export const subjectOf = (message: MessageView): string =>
  [
    JSON.stringify(message.method),
    ...['name', 'uri', 'arguments'].map((key) => message.text('params', key) ?? ''),
  ].join('\n');

export const sealState = (sealer: Sealer, state: RequestState): string =>
  sealer.seal(JSON.stringify(state));

export function openState(sealer: Sealer, sealed: unknown): RequestState | undefined {
  const plain = typeof sealed === 'string' ? sealer.open(sealed) : undefined;
  const state: unknown = plain === undefined ? undefined : JSON.parse(plain);
  return isObject(state) ? (state as unknown as RequestState) : undefined;
}
