// The runner's link breaks in every way a network knows, under real calls: each call has one outcome and runs once (R-1, R-2,
// The tests run side by side, because together they wait for minutes.
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test, vi, type TestContext } from 'vitest';

import { LINK_GRACE_MS, PING_MS, PONG_MS } from '../../shared/link/timing.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startFaultyBridge, type FaultyBridge } from './faulty-link.ts';
import {
  askForSession,
  messageOf,
  messagesOf,
  openSession,
  SseSession,
  textOf,
  toolCall,
  type Message,
} from './raw-session.ts';
import type { SseEvent } from './raw-http.ts';

const start = (
  { onTestFinished }: TestContext,
  options?: Parameters<typeof startFaultyBridge>[1],
): Promise<FaultyBridge> => startFaultyBridge(onTestFinished, options);

const message = (event: SseEvent | undefined): Message => JSON.parse(event?.data ?? '') as Message;

const uids = ({ taken }: FaultyBridge): unknown[] =>
  taken().map((fact) => fact.arguments?.['text']);

/** Each of them once: what ran. */
const expectEachOnce = (ran: readonly unknown[], expected: readonly string[]): void =>
  expect(ran.map(String).toSorted()).toEqual(expected.toSorted());

describe.concurrent('a link', () => {
  test.for([5_000, LINK_GRACE_MS - 3_000])(
    '[F-51] [R-7] away for %i ms: what was in flight and what came meanwhile is delivered, once',
    async (awayMs, context) => {
      const faulty = await start(context);
      const session = await openSession(faulty.bridge, 'echo');
      const inFlight = session.post(toolCall('a', 'slow', { ms: 2_000, text: 'a' }));
      await faulty.untilTaken('slow');
      faulty.link.goDown();
      const queued = session.post(toolCall('b', 'echo', { text: 'b' }));
      await sleep(awayMs);
      expect(faulty.taken('echo')).toEqual([]);
      faulty.link.mend();
      expect(textOf(messageOf(await inFlight))).toBe('waited 2000 ms');
      expect(textOf(messageOf(await queued))).toBe('b');
      expectEachOnce(uids(faulty), ['a', 'b']);
    },
  );

  test('[F-51] [F-54] [R-7] away for 31 s: each call in flight gets 42002 once, an answer that comes later is dropped, what was queued is told apart', async (context) => {
    const faulty = await start(context);
    const { bridge, link } = faulty;
    const session = await openSession(bridge, 'echo', { revision: '2025-11-25' });
    const sse = await SseSession.open(bridge, 'echo');
    // One is answered while the link is away, one runs on after its return.
    const answered = await session.postStream(toolCall('a', 'slow', { ms: 2_000, text: 'a' }));
    const running = await session.postStream(toolCall('b', 'slow', { ms: 60_000, text: 'b' }));
    await sse.post(toolCall('c', 'slow', { ms: 60_000, text: 'c' }));
    await faulty.untilTaken('slow', 3);
    const priming = await answered.next();
    link.goDown();
    const queued = session.post(toolCall('d', 'echo', { text: 'd' }));
    await sleep(LINK_GRACE_MS + 1_000);
    link.mend();

    for (const stream of [answered, running]) {
      const events = await stream.rest();
      expect(events.map((event) => message(event).error)).toMatchObject([
        { code: 42002, data: { fault: 'runner_lost', phase: 'sent', retryable: false } },
      ]);
    }
    expect(messagesOf(await queued)).toMatchObject([
      { id: 'd', error: { code: 42001, data: { fault: 'runner_offline', phase: 'not_sent' } } },
    ]);
    expect((await sse.next()).error?.code).toBe(42002);
    expect(await sse.stream.next()).toBeUndefined();

    // The session goes on where its revision lets it, with the process that it had.
    await vi.waitFor(async () => {
      expect(textOf(await session.call('echo', { text: 'e' }))).toBe('e');
    }, PATIENCE);
    const cancelled = faulty.facts().filter(({ type }) => type === 'cancelled');
    expect(cancelled).toHaveLength(1);
    const again = await session.get({ 'Last-Event-ID': priming?.id ?? '' });
    expect(again.status).toBe(404);
    again.destroy();
    expectEachOnce(uids(faulty), ['a', 'b', 'c', 'e']);
    await vi.waitFor(async () => expect(await bridge.processesLeft()).toHaveLength(1), PATIENCE);
  });

  test('[F-52] half-open: given up within 25 s by its pings, dialled anew, and the call is answered', async (context) => {
    const faulty = await start(context);
    const { bridge, link } = faulty;
    const session = await openSession(bridge, 'echo');
    const inFlight = session.post(toolCall('a', 'slow', { ms: 2_000, text: 'a' }));
    await faulty.untilTaken('slow');
    const swallowedAt = performance.now();
    link.swallow();
    const sockets = link.size;
    expect(textOf(messageOf(await inFlight))).toBe('waited 2000 ms');
    // Both links were dialled again; the old connections had not ended by themselves.
    await vi.waitUntil(
      () => link.dialledAt.filter((at) => at > swallowedAt).length >= sockets,
      PATIENCE,
    );
    const foundAfterMs = (link.dialledAt.find((at) => at > swallowedAt) ?? Infinity) - swallowedAt;
    expect(foundAfterMs).toBeLessThan(PING_MS + PONG_MS + 2_000);
    await bridge.untilReady();
    expect(textOf(await session.call('echo', { text: 'b' }))).toBe('b');
    expectEachOnce(uids(faulty), ['a', 'b']);
  });

  test('[F-52] [R-1] [R-7] a runner that vanishes without a word: the edge finds out within 25 s, and each call in flight gets 42002 once', async (context) => {
    const faulty = await start(context);
    const { bridge, link } = faulty;
    const session = await openSession(bridge, 'echo');
    const sse = await SseSession.open(bridge, 'echo');
    const inFlight = session.post(toolCall('a', 'slow', { ms: 90_000, text: 'a' }));
    await sse.post(toolCall('b', 'slow', { ms: 90_000, text: 'b' }));
    await faulty.untilTaken('slow', 2);
    // As a machine without power: neither its end nor a reset comes through.
    link.swallow(true);
    await bridge.killRunner('SIGKILL');
    const vanishedAt = performance.now();
    const notified = session.post('{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}');
    expect(messageOf(await inFlight).error).toMatchObject({
      code: 42002,
      data: { fault: 'runner_lost', retryable: false },
    });
    expect(messageOf(await notified).error?.code).toBe(42002);
    expect((await sse.next()).error?.code).toBe(42002);
    expect(await sse.stream.next()).toBeUndefined();
    expect(performance.now() - vanishedAt).toBeLessThan(25_000 + LINK_GRACE_MS + 1_000);
  });

  test('[F-50] [R-1] [R-2] cut at any byte of a call: one answer, one run', async (context) => {
    const faulty = await start(context);
    const session = await openSession(faulty.bridge, 'echo');
    const asked: string[] = [];
    for (const direction of ['down', 'up'] as const) {
      for (let bytes = 1; bytes < 300; bytes += 19) {
        const cut = faulty.link.cutAfter(direction, bytes);
        const text = `${direction}-${bytes}`;
        asked.push(text);
        expect(textOf(await session.call('echo', { text }))).toBe(text);
        faulty.link.forgetCut();
        await cut;
      }
    }
    expectEachOnce(uids(faulty), asked);
    // Most of the cuts fell into a call, and not behind it.
    expect(faulty.link.dialledAt.length).toBeGreaterThan(asked.length);
  });

  test('[F-50] [R-1] cut at any byte of the opening: a session or one error, and no process without a session', async (context) => {
    const faulty = await start(context);
    const { bridge, link } = faulty;
    let sessions = 0;
    for (let bytes = 20; bytes < 620; bytes += 75) {
      const direction = bytes % 2 === 0 ? 'down' : 'up';
      const cut = link.cutAfter(direction, bytes);
      const answer = await askForSession(bridge, 'echo');
      link.forgetCut();
      await cut;
      // A slow opening is answered on a stream, and may fail there.
      if (messageOf(answer).result) sessions += 1;
      const code = messageOf(answer).error?.code;
      expect(code, `${direction} ${bytes}`).toBeOneOf([undefined, 42001, 42002]);
      await bridge.untilReady();
    }
    await vi.waitFor(
      async () => expect(await bridge.processesLeft()).toHaveLength(sessions),
      PATIENCE,
    );
  });

  test('[F-50] [LP3] [LP18] cut inside a large answer: it arrives whole', async (context) => {
    const faulty = await start(context);
    const session = await openSession(faulty.bridge, 'echo');
    const MIB = 1024 * 1024;
    for (const bytes of [10_000, MIB, 4 * MIB - 10_000]) {
      const cut = faulty.link.cutAfter('up', bytes);
      const text = textOf(await session.call('big', { bytes: 4 * MIB }));
      await cut;
      expect(text.length).toBe(4 * MIB);
      expect(/^x+$/u.test(text)).toBe(true);
    }
    expect(faulty.taken('big')).toHaveLength(3);
  });

  test('[F-50] [R-4] [R-8] cut again and again under a stream: every event once and in order', async (context) => {
    const faulty = await start(context);
    const session = await openSession(faulty.bridge, 'echo', { revision: '2025-11-25' });
    const COUNT = 400;
    const body = toolCall('p', 'progress', { n: COUNT, ms: 5 }, { progressToken: 'token' });
    const stream = await session.postStream(body);
    const seen: unknown[] = [];
    for (;;) {
      const event = await stream.nextMessage();
      if (event === undefined) break;
      const { params, result } = message(event);
      seen.push(result === undefined ? params?.['progress'] : textOf(message(event)));
      if (seen.length % 60 === 59) faulty.link.cut();
    }
    expect(seen.pop()).toBe(`reported ${COUNT} times`);
    expect(seen).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
    expect(faulty.taken('progress')).toHaveLength(1);
  });

  test('[F-50] in single bytes, whatever is said is understood', async (context) => {
    const { bridge, link } = await start(context);
    link.isSliced = true;
    const session = await openSession(bridge, 'echo');
    const text = '\u{1f600}é\u2028'.repeat(200);
    expect(textOf(await session.call('echo', { text }))).toBe(text);
    const stream = await session.postStream(
      toolCall('p', 'progress', { n: 20, ms: 20 }, { progressToken: 1 }),
    );
    expect(await stream.rest()).toHaveLength(21);
  });
});
