// Upgrades and deploys: the edge dies and is there again, a runner is asked to end, its config changes.
import { readFileSync, writeFileSync } from 'node:fs';

import { expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startFaultyBridge, type FaultyBridge } from './faulty-link.ts';
import type { ServerEntry } from './harness.ts';
import type { SseEvent } from './raw-http.ts';
import { listenModern } from './raw-modern.ts';
import {
  askForSession,
  fixture,
  messageOf,
  messagesOf,
  openSession,
  SseSession,
  textOf,
  toolCall,
  type Message,
} from './raw-session.ts';
import { isAlive, untilGone } from './runner-facts.ts';

const start = (options?: Parameters<typeof startFaultyBridge>[1]): Promise<FaultyBridge> =>
  startFaultyBridge(onTestFinished, options);

const message = (event: SseEvent | undefined): Message => JSON.parse(event?.data ?? '') as Message;

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test('[F-87] [R-4] [R-5] the edge is killed in the middle of a call: each revision gets what it is promised', async () => {
  const faulty = await start();
  const { bridge } = faulty;
  const COUNT = 60;
  const body = (id: string) =>
    toolCall(id, 'progress', { n: COUNT, ms: 50, text: id }, { progressToken: id });
  const calls = await Promise.all(
    ['2025-03-26', '2025-06-18', '2025-11-25'].map(async (revision) => {
      const session = await openSession(bridge, 'echo', { revision });
      const stream = await session.postStream(body(revision));
      let last: SseEvent | undefined;
      for (let seen = 0; seen < 5; seen += 1) last = await stream.nextMessage();
      return { revision, session, stream, last };
    }),
  );
  const sse = await SseSession.open(bridge, 'echo');
  expect((await sse.post(body('2024-11-05'))).status).toBe(202);
  await sse.next();
  await bridge.restartEdge();

  for (const { revision, session, stream, last } of calls) {
    await expect(stream.rest()).rejects.toThrow(/aborted|ECONNRESET/u);
    const tail = await session.get({ 'Last-Event-ID': last?.id ?? '' });
    const events = (await tail.rest()).map(message);
    const known = Number(message(last).params?.['progress']);
    expect(textOf(events.pop()), `in ${revision}`).toBe(`reported ${COUNT} times`);
    expect(events.map(({ params }) => params?.['progress'])).toEqual(numbersTo(COUNT).slice(known));
    expect(textOf(await session.call('echo', { text: `after ${revision}` }))).toBe(
      `after ${revision}`,
    );
  }
  // 2024-11-05 knows no way back: its connection was the session.
  await expect(sse.stream.rest()).rejects.toThrow(/aborted|ECONNRESET/u);
  await vi.waitFor(async () => expect(await bridge.processesLeft()).toHaveLength(3), {
    ...PATIENCE,
    timeout: 40_000,
  });
  expect((await sse.post(toolCall(1, 'echo'))).status).toBe(404);
  expect(faulty.taken('progress')).toHaveLength(4);
});

test('[F-91] [R-12] SIGTERM: what is in flight goes on, nothing new is taken, and what does not end is answered at the bound', async () => {
  const faulty = await start({ bridge: { drainTimeout: '2s' } });
  const { bridge } = faulty;
  const [quick, stuck] = [await openSession(bridge, 'echo'), await openSession(bridge, 'echo')];
  const soon = quick.post(toolCall('soon', 'slow', { ms: 1_000 }));
  const never = stuck.post(toolCall('never', 'hang'));
  await faulty.untilTaken('slow');
  await faulty.untilTaken('hang');
  const ended = bridge.killRunner('SIGTERM');
  await vi.waitUntil(() => bridge.logs().some((line) => line.includes('draining')), PATIENCE);
  const refused = await askForSession(bridge, 'echo');
  expect(refused.status).toBeOneOf([429, 503]);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(textOf(messageOf(await soon))).toBe('waited 1000 ms');
  expect(messagesOf(await never)).toMatchObject([{ id: 'never', error: { code: 42003 } }]);
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(await bridge.processesLeft()).toEqual([]);
});

test('[F-91] [R-12] SIGTERM does not wait for an open listen: it ends with its result', async () => {
  const faulty = await start({
    programs: { echo: ['echo'] },
    // Longer than this test may take.
    bridge: { drainTimeout: '5m' },
  });
  const { bridge } = faulty;
  const stream = await listenModern(bridge.url, 'echo', 'subscriptions/listen', {
    id: 'changes',
    params: { notifications: { toolsListChanged: true } },
  });
  expect(JSON.parse((await stream.next())?.data ?? '')).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
  });
  expect(await bridge.killRunner('SIGTERM')).toEqual({ code: 0, signal: null });
  const last = JSON.parse((await stream.next())?.data ?? '');
  expect(last).toMatchObject({ id: 'changes', result: { resultType: 'complete' } });
});

test('[F-91] [R-12] a second signal ends the runner now, with its processes', async () => {
  const faulty = await start({ programs: { deaf: ['stubborn'] } });
  const { bridge } = faulty;
  const session = await openSession(bridge, 'deaf');
  const never = session.post(toolCall('never', 'hang'));
  // What becomes of it shows only after the grace, which other tests wait for.
  never.catch(() => undefined);
  await faulty.untilTaken('hang');
  const ended = bridge.killRunner('SIGTERM');
  await vi.waitUntil(() => bridge.logs().some((line) => line.includes('draining')), PATIENCE);
  void bridge.killRunner('SIGTERM');
  expect(await ended).toEqual({ code: 143, signal: null });
  await vi.waitFor(async () => expect(await bridge.processesLeft()).toEqual([]), PATIENCE);
});

test('[F-92] a changed config: unchanged servers go on untouched, removed ones end, changed ones start anew, new ones serve', async () => {
  const faulty = await start({ programs: { kept: ['echo'], gone: ['echo'], changed: ['echo'] } });
  const { bridge } = faulty;
  const [kept, gone, changed] = await Promise.all(
    ['kept', 'gone', 'changed'].map(async (name) => {
      const session = await openSession(bridge, name);
      return { session, pid: (await session.whoami()).pid };
    }),
  );
  if (!kept || !gone || !changed) throw new Error('Three sessions were opened.');
  const inFlight = kept.session.post(toolCall('kept', 'slow', { ms: 2_000 }));
  const cutOff = await Promise.all(
    [gone, changed].map(({ session }) => session.postStream(toolCall('x', 'hang'))),
  );
  await faulty.untilTaken('slow');
  await faulty.untilTaken('hang', 2);

  const file = bridge.files.config;
  const config = JSON.parse(readFileSync(file, 'utf8')) as {
    mcpServers: Record<string, ServerEntry>;
  };
  const { kept: same, changed: old } = config.mcpServers;
  if (!same || !old) throw new Error('The config has both servers.');
  config.mcpServers = {
    kept: same,
    changed: { ...old, args: [fixture('echo'), 'new'] },
    added: { ...same, args: [fixture('echo'), 'added'] },
  };
  writeFileSync(file, JSON.stringify(config));
  await vi.waitUntil(
    () => bridge.logs().some((line) => line.includes('config reloaded')),
    PATIENCE,
  );

  for (const stream of cutOff) {
    const events = await stream.rest();
    expect(events.map(message)).toMatchObject([{ id: 'x', error: { code: 42003 } }]);
  }
  for (const { session, pid } of [gone, changed]) {
    expect((await session.post(toolCall(1, 'echo'))).status).toBe(404);
    await untilGone(pid);
  }
  expect(textOf(messageOf(await inFlight))).toBe('waited 2000 ms');
  expect((await kept.session.whoami()).pid).toBe(kept.pid);
  expect(isAlive(kept.pid)).toBe(true);
  for (const [name, argument] of [
    ['changed', 'new'],
    ['added', 'added'],
  ] as const) {
    const session = await openSession(bridge, name);
    expect(JSON.parse(textOf(await session.call('whoami')))).toMatchObject({ args: [argument] });
  }
  expect((await askForSession(bridge, 'gone')).status).toBe(503);
});
