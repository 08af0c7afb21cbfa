// A post and its answer as plain texts, for the one RPC that each call makes: what a Durable Object takes and gives as an object costs
// workerd a fifth more than texts do.
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

export const plainAnswer = (answer: PostAnswer): string =>
  answer.kind === 'answered' && answer.message !== undefined
    ? `${MESSAGE}${answer.message}`
    : JSON.stringify(answer);

export function answerOf(text: string): PostAnswer {
  if (text.startsWith(MESSAGE)) return { kind: 'answered', message: text.slice(MESSAGE.length) };
  const answer = JSON.parse(text) as PostAnswer;
  return answer.kind === 'answered' ? { kind: 'answered', message: undefined } : answer;
}
