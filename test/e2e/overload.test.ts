// More than a process, a session or a link can take: the excess is refused at once with a time to come back, and
// nobody else notices. Also the clocks that end what takes too long.
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test, vi } from 'vitest';

import { MAX_IN_FLIGHT } from '../../runner/config/defaults.ts';
import { OFFLINE_QUEUE } from '../../shared/link/sizes.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startFaultyBridge, type FaultyBridge } from './faulty-link.ts';
import { startBridge } from './harness.ts';
import type { Answer } from './raw-http.ts';
import {
  fixture,
  messageOf,
  messagesOf,
  openSession,
  SseSession,
  textOf,
  toolCall,
  type RawSession,
} from './raw-session.ts';
import { isAlive, untilGone } from './runner-facts.ts';

const MIB = 1024 * 1024;

const start = (options?: Parameters<typeof startFaultyBridge>[1]): Promise<FaultyBridge> =>
  startFaultyBridge(onTestFinished, options);

/** Calls `echo` until told to stop; every call must be answered. Tells how long each took, for a person to compare. */
function callOnAndOn(session: RawSession): { stop(): Promise<number[]> } {
  const over = new AbortController();
  const run = (async () => {
    const times: number[] = [];
    while (!over.signal.aborted) {
      const at = performance.now();
      expect(textOf(await session.call('echo', { text: 'neighbour' }))).toBe('neighbour');
      times.push(performance.now() - at);
    }
    return times;
  })();
  return {
    stop() {
      over.abort();
      return run;
    },
  };
}

function percentiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
  return `${sorted.length} calls, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

/** Told late, on a loaded machine, it comes on the stream that the answer has become by then. */
const isRefusal = (answer: Answer): boolean => messageOf(answer).error?.code === 42005;

test('[F-81] [R-1] [R-10] 2,000 calls at once to one slow process: 64 run, the rest is told to come later, and another session is served', async () => {
  const faulty = await start();
  const { bridge } = faulty;
  const [crowded, neighbour] = [
    await openSession(bridge, 'echo'),
    await openSession(bridge, 'echo'),
  ];
  const quiet = callOnAndOn(neighbour);
  await sleep(1_000);
  const quietTimes = await quiet.stop();
  const calls = callOnAndOn(neighbour);
  const answers = await Promise.all(
    Array.from({ length: 2_000 }, (_, id) =>
      crowded.post(toolCall(id, 'slow', { ms: 3_000, text: `t${id}` })),
    ),
  );
  const times = await calls.stop();
  console.info(
    `F-81, a neighbour: before ${percentiles(quietTimes)}; meanwhile ${percentiles(times)}`,
  );

  const refused = answers.filter(isRefusal);
  const served = answers.filter((answer) => !isRefusal(answer));
  for (const answer of refused) {
    expect(messageOf(answer).error).toMatchObject({
      code: 42005,
      data: { fault: 'overloaded', phase: 'not_sent', retryable: true },
    });
  }
  for (const answer of served) expect(textOf(messageOf(answer))).toBe('waited 3000 ms');
  expect(served.length).toBeGreaterThanOrEqual(64);
  const atOnce = refused.filter(({ status }) => status === 429);
  for (const { headers } of atOnce) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  // Refused calls never ran, served calls ran once, and each answer has the id of its request.
  const ran = faulty.taken('slow').map((fact) => String(fact.arguments?.['text']));
  const servedIds = served.map((answer) => `t${String(messageOf(answer).id)}`);
  expect(ran.toSorted()).toEqual(servedIds.toSorted());
  expect(answers.map((answer) => messageOf(answer).id)).toEqual(answers.map((_, id) => id));
  expect(times.length).toBeGreaterThan(0);
  expect(textOf(await crowded.call('echo', { text: 'again' }))).toBe('again');
});

test('[F-81] [R-10] while a session has as many calls in flight as it may, the next gets 429 at once, with a time to come back', async () => {
  const { bridge } = await start();
  const session = await openSession(bridge, 'echo');
  await Promise.all(
    Array.from({ length: MAX_IN_FLIGHT }, (_, id) => session.postStream(toolCall(id, 'hang'))),
  );
  const refused = await session.post(toolCall(MAX_IN_FLIGHT, 'echo', { text: 'next' }));
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(messageOf(refused)).toMatchObject({ id: MAX_IN_FLIGHT, error: { code: 42005 } });
  await session.end();
});

test('[F-81] [R-7] while the runner is away 32 requests of a session wait, the next get 503, and those that waited are served', async () => {
  const faulty = await start();
  const { bridge, link } = faulty;
  const session = await openSession(bridge, 'echo');
  link.goDown();
  await vi.waitFor(
    async () => expect((await fetch(`${bridge.statusUrl}/readyz`)).status).toBe(503),
    PATIENCE,
  );
  const asked = Array.from({ length: OFFLINE_QUEUE + 10 }, (_, id) =>
    session.post(toolCall(id, 'echo', { text: `t${id}` })),
  );
  const firstRefused = await Promise.race(
    asked.map(async (answer) => {
      const { status } = await answer;
      return status === 503 ? status : new Promise<never>(() => undefined);
    }),
  );
  expect(firstRefused).toBe(503);
  // Long enough for those that wait to be given over from the short wait to the long one.
  await sleep(1_000);
  link.mend();
  const answers = await Promise.all(asked);
  const refused = answers.filter(({ status }) => status === 503);
  const served = answers.filter(({ status }) => status === 200);
  expect([refused.length, served.length]).toEqual([10, OFFLINE_QUEUE]);
  for (const answer of refused) {
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(messageOf(answer).error?.data).toMatchObject({ phase: 'not_sent', retryable: true });
  }
  for (const answer of served) {
    const message = messageOf(answer);
    expect(textOf(message)).toBe(`t${String(message.id)}`);
  }
  expect(faulty.taken('echo')).toHaveLength(OFFLINE_QUEUE);
});

test('[F-253] [R-9] sessions whose processes had to wait for their turn to start get large results as all others do', async () => {
  const bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
  });
  onTestFinished(() => bridge.stop());
  const sessions = await Promise.all(Array.from({ length: 12 }, () => openSession(bridge, 'echo')));
  const bytes = 300_000;
  const answers = await Promise.all(sessions.map((session) => session.call('big', { bytes })));
  expect(answers.map((answer) => textOf(answer).length)).toEqual(sessions.map(() => bytes));
});

test('[F-81] [LP3] a 16 MiB result crosses in pieces, and others are answered between them', async () => {
  const faulty = await start();
  const { bridge, link } = faulty;
  const [large, neighbour] = [await openSession(bridge, 'echo'), await openSession(bridge, 'echo')];
  const before = link.passed.up;
  const bytes = 16 * MIB - 1_000;
  // The wire is the slowest part: it crosses for two seconds, and the edge puts it together meanwhile.
  link.bytesPerSecond.up = 8 * MIB;
  const calls = callOnAndOn(neighbour);
  const text = textOf(await large.call('big', { bytes }, 'large'));
  const times = await calls.stop();
  console.info(`F-81, beside 16 MiB: ${percentiles(times)}`);
  expect(text.length).toBe(bytes);
  expect(/^x+$/u.test(text)).toBe(true);
  expect(link.passed.up - before).toBeGreaterThan(bytes);
  expect(times.length).toBeGreaterThan(5);
});

test('[F-94] [R-1] progress without end: 42007 at the limit, and the process is told', async () => {
  const faulty = await start({ limits: { requestTimeout: '1s', requestLimit: '3s' } });
  const session = await openSession(faulty.bridge, 'echo');
  const stream = await session.postStream(
    toolCall('p', 'progress', { n: 1_000, ms: 200 }, { progressToken: 'p' }),
  );
  const events = (await stream.rest()).map(({ data }) => JSON.parse(data) as object);
  expect(events.pop()).toMatchObject({
    id: 'p',
    error: { code: 42007, data: { fault: 'deadline', phase: 'sent' } },
  });
  // Each put the silence off beyond the 1 s that would have ended it: without that there were five at most.
  expect(events.length).toBeGreaterThan(5);
  await vi.waitUntil(() => faulty.facts().some(({ type }) => type === 'cancelled'), PATIENCE);
  // A quiet call ends sooner, and the session outlives both.
  expect((await session.call('hang', {}, 'h')).error?.code).toBe(42007);
  expect(textOf(await session.call('echo', { text: 'on' }))).toBe('on');
});

test('[F-95] a client that leaves in the middle of a call: 2025-03-26 and later it goes on, 2024-11-05 it ends', async () => {
  const faulty = await start();
  const { bridge } = faulty;
  const later = await Promise.all(
    ['2025-03-26', '2025-06-18', '2025-11-25'].map(async (revision) => {
      const session = await openSession(bridge, 'echo', { revision });
      const stream = await session.postStream(
        toolCall(revision, 'progress', { n: 40, ms: 50, text: revision }, { progressToken: 1 }),
      );
      const event = await stream.nextMessage();
      stream.destroy();
      return { session, cursor: event?.id ?? '' };
    }),
  );
  const sse = await SseSession.open(bridge, 'echo');
  await sse.post(toolCall('s', 'slow', { ms: 60_000, text: 's' }));
  await faulty.untilTaken('slow');
  const pid = faulty.taken('slow')[0]?.pid ?? 0;
  expect(isAlive(pid)).toBe(true);
  sse.stream.destroy();

  for (const { session, cursor } of later) {
    const tail = await session.get({ 'Last-Event-ID': cursor });
    const events = (await tail.rest()).map(({ data }) => JSON.parse(data) as object);
    // All forty and the answer, but for the one that was read.
    expect(events).toHaveLength(40);
    expect(events.at(-1)).toMatchObject({ result: {} });
  }
  await untilGone(pid, { timeout: 25_000 });
  const cancelled = faulty.facts().filter(({ type }) => type === 'cancelled');
  expect(cancelled.filter((fact) => fact.pid !== pid)).toEqual([]);
});

test('[F-95] a client that cancels by notification: the process is told at once, and the stream ends', async () => {
  const faulty = await start();
  const session = await openSession(faulty.bridge, 'echo');
  const stream = await session.postStream(toolCall('c', 'slow', { ms: 60_000, text: 'c' }));
  await faulty.untilTaken('slow');
  const params = { requestId: 'c', reason: 'enough' };
  const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params };
  expect((await session.post(JSON.stringify(cancel))).status).toBe(202);
  await vi.waitUntil(() => faulty.facts().some(({ type }) => type === 'cancelled'), PATIENCE);
  expect(await stream.rest()).toEqual([]);
  expect(messagesOf(await session.post(toolCall('d', 'echo', { text: 'd' })))).toMatchObject([
    { id: 'd' },
  ]);
});
