// A client's message that is refused before it reaches the runner may be the answer to a server's question, and few clients
// send an answer twice. The session then gets an error in its place, so that the question ends and nothing hangs.
import { newPostId } from './exchange.ts';
import type { SessionPort } from './ports.ts';
import { faultError, type Fault } from '../../shared/fault.ts';
import { GET_STREAM, type StreamId } from '../../shared/ids.ts';
import { gistOf } from '../../shared/jsonrpc/gist.ts';
import { skipJunk } from '../../shared/jsonrpc/junk.ts';
import { errorResponse } from '../../shared/jsonrpc/message.ts';

const INTERNAL_ERROR = -32603;

/** The beginning of an answer whose id comes after its result, so that a cut text does not show it. */
const OUTCOME_FIRST = /^\{\s*"(?:result|error)"\s*:/u;
const HEAD_BYTES = 64;

/**
 * The error response to post in place of a refused message, of which `bytes` are the beginning or the whole; undefined if it is not an
 * answer. If its id cannot be found, the runner applies it to the only open question.
 */
export function errorInPlaceOf(bytes: Uint8Array, fault: Fault): string | undefined {
  const start = skipJunk(bytes);
  const { kind, rawId } = gistOf(bytes.subarray(start));
  const head = new TextDecoder().decode(bytes.subarray(start, start + HEAD_BYTES));
  if (kind !== 'answer' && !OUTCOME_FIRST.test(head)) return undefined;
  const message = `The client's answer was refused: ${faultError(fault).message}`;
  return errorResponse(rawId ?? null, { code: INTERNAL_ERROR, message });
}

/** Ends the question that a refused message was to answer, if it was one. Never rejects; `bytes` as in {@link errorInPlaceOf}. */
export async function endQuestion(
  session: SessionPort,
  bytes: Uint8Array,
  fault: Fault,
  stream: StreamId = GET_STREAM,
): Promise<void> {
  const message = errorInPlaceOf(bytes, fault);
  if (message === undefined) return;
  const post = { id: newPostId(), stream, wants: 'accepted' as const, message, requestIds: [] };
  // If the actor cannot be reached, nothing else can be done for the question.
  await session.post(post).catch(() => undefined);
}
