// A post and its answer as plain texts, for the one RPC that each call makes: what a Durable Object takes and gives as an object costs
// workerd a fifth more than texts do.
import { inPieces, isInPieces, type Text } from '../../../shared/bytes.ts';
import { keepShapes } from '../../../shared/kept-shapes.ts';
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

/** Between the process's milliseconds, if they are known, and an answer's message; any other outcome is JSON. */
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

/** A message in pieces goes as a list of them, behind the process's milliseconds. */
export type PlainAnswer = string | readonly string[];

export function plainAnswer(answer: PostAnswer): PlainAnswer {
  if (answer.kind !== 'answered' || answer.message === undefined) return JSON.stringify(answer);
  const { message, processMs = '' } = answer;
  return isInPieces(message)
    ? [String(processMs), ...message.pieces]
    : `${processMs}${MESSAGE}${message}`;
}

const JSON_BEGINS = '{';

export function answerOf(text: PlainAnswer): PostAnswer {
  if (typeof text !== 'string') {
    const [ms = '', ...pieces] = text;
    return answered(inPieces(pieces), ms);
  }
  if (!text.startsWith(JSON_BEGINS)) {
    const at = text.indexOf(MESSAGE);
    return answered(text.slice(at + 1), text.slice(0, at));
  }
  const answer = JSON.parse(text) as PostAnswer;
  // JSON leaves out what is not there.
  return answer.kind === 'answered' ? { ...answer, message: undefined } : answer;
}

function answered(message: Text, ms: string): PostAnswer {
  const answer = { kind: 'answered' as const, message };
  return ms === '' ? answer : { ...answer, processMs: Number(ms) };
}

keepShapes(
  postOf('i', 's', 'answer', 'm', '1'),
  answerOf(`${MESSAGE}{}`),
  answerOf(`1${MESSAGE}{}`),
);
