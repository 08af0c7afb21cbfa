// Clients that read more slowly than their process writes: what piles up has a bound and burdens nobody else, and what exceeds
// the bound is reported instead of skipped.
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startFaultyBridge } from './faulty-link.ts';
import { ask } from './raw-http.ts';
import {
  messageOf,
  openSession,
  RawSession,
  textOf,
  toolCall,
  type Message,
} from './raw-session.ts';
import { peakBytes, resetPeak } from './runner-facts.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { TcpProxy } from './tcp-proxy.ts';

const MIB = 1024 * 1024;

/** Milliseconds of one call, with a pause behind it. */
async function timeOf(session: RawSession): Promise<number> {
  const at = performance.now();
  expect(textOf(await session.call('echo', { text: 'on' }))).toBe('on');
  const ms = performance.now() - at;
  await sleep(20);
  return ms;
}

function timesOf(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `${times.length} calls, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

test('[F-83] [R-10] 100 MiB for a client that reads 1 KiB/s: the client is let go, memory stays, others are served, and it may come back', async () => {
  // The slow line has a port of its own.
  const port = await freePort();
  const { bridge } = await startFaultyBridge(onTestFinished, { moreHosts: [`127.0.0.1:${port}`] });
  const slowly = await TcpProxy.open(bridge.url, port);
  onTestFinished(() => slowly.close());
  slowly.bytesPerSecond.down = 1024;
  const neighbour = await openSession(bridge, 'echo');
  const { path, id, headers } = await openSession(bridge, 'echo', { revision: '2025-11-25' });
  const direct = new RawSession(bridge.url, path, id, headers);
  const session = new RawSession(slowly.url, path, id, headers);
  const edgeBefore = peakBytes(bridge.edge.pid);
  for (const pid of [bridge.runner.pid, bridge.edge.pid]) resetPeak(pid);

  const alone: number[] = [];
  for (let count = 0; count < 500; count += 1) alone.push(await timeOf(neighbour));

  const COUNT = 100;
  const askedAt = performance.now();
  const stream = await session.postStream(toolCall('slow', 'notify', { n: COUNT, bytes: MIB }));
  onTestFinished(() => stream.destroy());
  const priming = await stream.next();
  const [name = ''] = (priming?.id ?? '').split('.');
  // While the client holds its process up the call cannot end: once it has, the client was let go.
  const isLetGo = () =>
    bridge.logs().some((line) => line.includes(`"callId":"${name}"`) && line.includes('"result"'));
  const disturbed: number[] = [];
  while (!isLetGo()) disturbed.push(await timeOf(neighbour));
  const mib = (bytes: number): number => Math.round(bytes / MIB);
  const edgeGrew = peakBytes(bridge.edge.pid) - edgeBefore;
  const runnerPeak = peakBytes(bridge.runner.pid);
  console.info(
    `F-83: let go after ${Math.round(performance.now() - askedAt)} ms; edge +${mib(edgeGrew)} MiB, runner ${mib(runnerPeak)} MiB; ` +
      `the client got ${Math.round(slowly.passed.down / 1024)} KiB; ` +
      `a neighbour, alone: ${timesOf(alone)}, beside it: ${timesOf(disturbed)}`,
  );
  expect(edgeGrew).toBeLessThan(160 * MIB);
  expect(runnerPeak).toBeLessThan(256 * MIB);
  // The client was not slow only in the end: it held its process back all the time.
  expect(slowly.passed.down).toBeLessThan(MIB);

  // The client learns which events left the window; those in it come in order, and the answer is not lost.
  const evicted = await direct.get({ 'Last-Event-ID': priming?.id ?? '' });
  expect(evicted.status).toBe(400);
  evicted.destroy();
  const tail = await direct.get({ 'Last-Event-ID': `${name}.${COUNT - 3}` });
  const messages = (await tail.rest()).map(({ data }) => JSON.parse(data) as Message);
  expect(messages.map(({ method, id }) => method ?? id)).toEqual([
    ...Array.from({ length: 3 }, () => 'notifications/message'),
    'slow',
  ]);
}, 90_000);

test('[F-84] [R-4] ten times what the window holds: the oldest is let go and told, the rest comes in order', async () => {
  const { bridge } = await startFaultyBridge(onTestFinished);
  const session = await openSession(bridge, 'echo', { revision: '2025-11-25' });
  const COUNT = 10_000;
  const stream = await session.postStream(toolCall('w', 'notify', { n: COUNT }));
  const first = await stream.nextMessage();
  const [name = ''] = (first?.id ?? '').split('.');
  stream.destroy();
  await vi.waitUntil(
    // The edge's own line says that the client left.
    () =>
      bridge
        .logs()
        .some((line) => line.includes(`"callId":"${name}"`) && line.includes('"result"')),
    PATIENCE,
  );
  const evicted = await ask(bridge.url, {
    path: session.path,
    headers: { Accept: 'text/event-stream', ...session.headers, 'Last-Event-ID': `${name}.1` },
  });
  expect(evicted.status).toBe(400);
  expect(messageOf(evicted).error).toMatchObject({
    code: 42009,
    data: { fault: 'replay_evicted', retryable: false },
  });
  // The window is 1,000 events, the answer among them.
  const tail = await session.get({ 'Last-Event-ID': `${name}.${COUNT - 900}` });
  const messages = (await tail.rest()).map(({ data }) => JSON.parse(data) as Message);
  expect(textOf(messages.pop())).toBe(`sent ${COUNT} notes`);
  expect(messages.map(({ params }) => params?.['data'])).toEqual(
    Array.from({ length: 900 }, (_, index) => `note ${COUNT - 899 + index}`),
  );
  expect(textOf(await session.call('echo', { text: 'on' }))).toBe('on');
});
