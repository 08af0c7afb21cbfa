// Many sessions at once that all ask with the same id, and what is left of them when every client vanishes.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { edgeSessions, METRICS_SETTINGS, runnerSessions, socketsTo } from './gauges.ts';
import { startBridge, type Bridge } from './harness.ts';
import type { EventStream } from './raw-http.ts';
import { fixture, openSession, SseSession, textOf, toolCall } from './raw-session.ts';

const SESSIONS = 200;
const ROUNDS = 10;

/** Every fourth session is HTTP+SSE, the others Streamable HTTP. */
const isHttpSse = (index: number): boolean => index % 4 === 3;

/** More starts at once would only queue for the two cores of a small machine. */
const OPENING_AT_A_TIME = 20;

/** A vanished client is noticed within a keep-alive (25 s) and has 30 s to come back; a busy machine takes some more. */
const GONE = { timeout: 75_000, interval: 250 };

/** A client that asks two questions at once, both with the id 1, and can vanish. */
interface Caller {
  askTwice(questions: readonly [Question, Question]): Promise<string[]>;
  readonly stream: EventStream;
}

interface Question {
  readonly tool: string;
  readonly args: object;
  readonly answer: string;
}

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
    bridge: { capacity: SESSIONS },
    settings: METRICS_SETTINGS,
  });
});

afterAll(() => bridge.stop());

/** The runner's sockets to the edge: the control link, and one a session. */
const runnerSockets = (): number => socketsTo(bridge.runner.pid, Number(new URL(bridge.url).port));

async function openStreamable(): Promise<Caller> {
  const session = await openSession(bridge, 'echo');
  const stream = await session.get();
  expect(stream.status).toBe(200);
  return {
    stream,
    askTwice: (questions) =>
      Promise.all(
        questions.map(async ({ tool, args }) => {
          const message = await session.call(tool, args);
          expect(message.id).toBe(1);
          return textOf(message);
        }),
      ),
  };
}

async function openHttpSse(): Promise<Caller> {
  const session = await SseSession.open(bridge, 'echo');
  return {
    stream: session.stream,
    askTwice: async (questions) => {
      const posts = questions.map(({ tool, args }) => session.post(toolCall(1, tool, args)));
      for (const { status } of await Promise.all(posts)) expect(status).toBe(202);
      const messages = [await session.next(), await session.next()];
      expect(messages.map(({ id }) => id)).toEqual([1, 1]);
      // One stream for both, whose ids do not tell them apart: their texts do.
      const texts = messages.map(textOf);
      const [first] = questions;
      return texts[0] === first.answer ? texts : texts.toReversed();
    },
  };
}

/** The slow one is asked first and answered last, so that crossed answers would show. */
function questionsOf(index: number, round: number): [Question, Question] {
  // A timer drops the fraction, the answer repeats it: no two questions have the same answer.
  const ms = 20 + (index * ROUNDS + round) / 10_000;
  const text = `session ${index}, round ${round}`;
  return [
    { tool: 'slow', args: { ms }, answer: `waited ${ms} ms` },
    { tool: 'echo', args: { text }, answer: text },
  ];
}

async function openAll(): Promise<Caller[]> {
  const callers: Caller[] = [];
  const indices = Array.from({ length: SESSIONS }, (_, index) => index);
  const openOn = async (): Promise<void> => {
    for (let index = indices.pop(); index !== undefined; index = indices.pop()) {
      callers.push(await (isHttpSse(index) ? openHttpSse() : openStreamable()));
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_A_TIME }, openOn));
  return callers;
}

test('R-9, R-11: 200 sessions get each its own answers, and clients that vanish leave no session, process or socket', async () => {
  const callers = await openAll();
  expect(await bridge.processesLeft()).toHaveLength(SESSIONS);
  expect(await edgeSessions(bridge)).toBe(SESSIONS);
  // On a busy machine a link may be taken for dead and dialled again; the socket before it goes.
  await vi.waitFor(() => expect(runnerSockets()).toBe(SESSIONS + 1), GONE);

  const crossed: string[] = [];
  const askAll = async (caller: Caller, index: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const questions = questionsOf(index, round);
      const answers = await caller.askTwice(questions);
      for (const [at, { answer }] of questions.entries()) {
        if (answers[at] !== answer) crossed.push(`${answer}: ${answers[at]}`);
      }
    }
  };
  await Promise.all(callers.map(askAll));
  expect(crossed).toEqual([]);

  for (const { stream } of callers) stream.destroy();
  await vi.waitFor(async () => {
    expect({
      processes: await bridge.processesLeft(),
      atEdge: await edgeSessions(bridge),
      atRunner: await runnerSessions(bridge),
      // The control link.
      sockets: runnerSockets(),
    }).toEqual({ processes: [], atEdge: 0, atRunner: 0, sockets: 1 });
  }, GONE);
}, 110_000);
