// A post and its answer as plain texts, for the one RPC that each call makes: what a Durable Object takes and gives as an object costs
// workerd a fifth more than texts do.
import { inPieces, isInPieces } from '../../../shared/bytes.ts';
import type { Post, PostAnswer } from '../../core/ports.ts';

/** A post, field by field. */
export type PlainPost = [
  id: Post['id'],
  stream: Post['stream'],
  wants: Post['wants'],
  message: string,
  requestIds: string,
];

/** Between ids: raw JSON text has no line break in it. */
const BETWEEN = '\n';

/** In front of an answer's message; any other outcome is JSON. */
const MESSAGE = '+';

export const plainPost = ({ id, stream, wants, message, requestIds }: Post): PlainPost => [
  id,
  stream,
  wants,
  message,
  requestIds.join(BETWEEN),
];

export const postOf = (...[id, stream, wants, message, requestIds]: PlainPost): Post => ({
  id,
  stream,
  wants,
  message,
  requestIds: requestIds === '' ? [] : requestIds.split(BETWEEN),
});

/** A message in pieces goes as a list of them. */
export type PlainAnswer = string | readonly string[];

export function plainAnswer(answer: PostAnswer): PlainAnswer {
  if (answer.kind !== 'answered' || answer.message === undefined) return JSON.stringify(answer);
  const { message } = answer;
  return isInPieces(message) ? message.pieces : `${MESSAGE}${message}`;
}

export function answerOf(text: PlainAnswer): PostAnswer {
  if (typeof text !== 'string') return { kind: 'answered', message: inPieces(text) };
  if (text.startsWith(MESSAGE)) return { kind: 'answered', message: text.slice(MESSAGE.length) };
  const answer = JSON.parse(text) as PostAnswer;
  return answer.kind === 'answered' ? { kind: 'answered', message: undefined } : answer;
}
