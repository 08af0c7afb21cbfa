// Two sessions with one virtual server, whose ids and progress tokens are all 1, and members of every kind: nothing crosses.
import { beforeAll, expect, test } from 'vitest';

import { listenModern } from './raw-modern.ts';
import type { EventStream } from './raw-http.ts';
import { openSession, SseSession, textOf, toolCall, type Message } from './raw-session.ts';
import { startWholeBridge, type WholeBridge } from './virtual-features.ts';

let whole: WholeBridge;

beforeAll(async () => {
  whole = await startWholeBridge();
  return () => whole.stop();
});

const CALLS = 6;
const STEPS = 4;

/** Where calls to two members at once go to, and what is told of each. */
const MEMBERS = ['echo', 'everything', 'remote', 'modern'] as const;

/** A call of the member at this place that reports progress; its answer tells what it is the answer to. */
function reporting(place: number): { name: string; args: object; answer: RegExp; most: number } {
  const member = MEMBERS[place % MEMBERS.length] ?? 'echo';
  if (member === 'modern')
    return {
      name: 'modern__test_tool_with_progress',
      args: {},
      answer: /^progressed$/u,
      most: 100,
    };
  if (member === 'echo') {
    const n = STEPS + place;
    return {
      name: 'echo__progress',
      args: { n, ms: 20 },
      answer: new RegExp(`^reported ${n} times$`, 'u'),
      most: n,
    };
  }
  const steps = STEPS + place;
  return {
    name: `${member}__trigger-long-running-operation`,
    args: { duration: 0.4, steps },
    answer: new RegExp(`completed.*Steps: ${steps}\\.`, 'u'),
    most: steps,
  };
}

/** Reads a response to its end: its progress is of its own call. Answers the text of the result. */
async function readOwn(stream: EventStream, place: number): Promise<string> {
  const { most } = reporting(place);
  const messages = (await stream.rest()).map(({ data }) => JSON.parse(data) as Message);
  const last = messages.pop();
  expect(last).toMatchObject({ id: 1 });
  const told = messages.filter(({ method }) => method === 'notifications/progress');
  expect(told.length).toBeGreaterThan(0);
  for (const { params } of told) {
    expect(params).toMatchObject({ progressToken: 1 });
    expect(params?.['progress']).toBeLessThanOrEqual(most);
  }
  // Each report of one call, once and in order: those of another would stand between them.
  const steps = told.map(({ params }) => Number(params?.['progress']));
  expect(steps).toEqual([...new Set(steps)].toSorted((a, b) => a - b));
  return textOf(last);
}

test('[R-16] [F-910] two legacy sessions whose ids and tokens are all 1: each answer and each report is of its own call', async () => {
  const sessions = await Promise.all(
    [1, 2].map(() => openSession(whole.bridge, 'all', { revision: '2025-11-25' })),
  );
  await Promise.all(
    sessions.flatMap((session) =>
      Array.from({ length: CALLS }, async (_, place) => {
        const { name, args, answer } = reporting(place);
        const body = toolCall(1, name, args, { progressToken: 1 });
        expect(await readOwn(await session.postStream(body), place)).toMatch(answer);
      }),
    ),
  );
  await Promise.all(sessions.map((session) => session.end()));
});

test('[R-16] [F-910] two HTTP+SSE sessions whose ids are all 1: none gets an answer of the other', async () => {
  const sessions = await Promise.all([1, 2].map(() => SseSession.open(whole.bridge, 'all')));
  await Promise.all(
    sessions.map(async (session, at) => {
      const texts = Array.from({ length: CALLS }, (_, place) => `${at} ${place}`);
      for (const [place, text] of texts.entries()) {
        const name = place % 2 === 0 ? 'echo__echo' : 'everything__echo';
        await session.post(toolCall(1, name, { text, message: text }));
      }
      const answers: string[] = [];
      while (answers.length < CALLS) {
        // oxlint-disable-next-line no-await-in-loop -- one stream
        const message = await session.next();
        if (message.method !== undefined) continue;
        expect(message.id).toBe(1);
        answers.push(textOf(message).replace('Echo: ', ''));
      }
      expect(answers.toSorted()).toEqual(texts);
      session.stream.destroy();
    }),
  );
});

test('[R-16] [F-910] requests of 2026-07-28 at once, whose ids and tokens are all 1', async () => {
  await Promise.all(
    Array.from({ length: 2 * CALLS }, async (_, call) => {
      const place = call % CALLS;
      const { name, args, answer } = reporting(place);
      const params = { name, arguments: args };
      const meta = { progressToken: 1 };
      const stream = await listenModern(whole.bridge.url, 'all', 'tools/call', { params, meta });
      expect(await readOwn(stream, place)).toMatch(answer);
    }),
  );
});
