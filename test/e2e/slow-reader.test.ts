// Clients that read more slowly than their process writes: what piles up has a bound, is paid by nobody else, and what no bound
// can hold is told instead of skipped.
import { expect, onTestFinished, test } from 'vitest';

import { startFaultyBridge } from './faulty-link.ts';
import { messageOf, openSession, RawSession, textOf, toolCall, type Message } from './raw-session.ts';
import { peakBytes, resetPeak } from './runner-facts.ts';
import { TcpProxy } from './tcp-proxy.ts';

const MIB = 1024 * 1024;

test('[F-83] [R-10] 100 MiB for a client that reads 1 KiB/s: the client is cut, memory stays, others are served, and it may come back', async () => {
  const { bridge } = await startFaultyBridge(onTestFinished);
  const slowly = await TcpProxy.open(bridge.url);
  onTestFinished(() => slowly.close());
  slowly.bytesPerSecond.down = 1024;
  const neighbour = await openSession(bridge, 'echo');
  const { path, id, headers } = await openSession(bridge, 'echo', { revision: '2025-11-25' });
  const direct = new RawSession(bridge.url, path, id, headers);
  const session = new RawSession(slowly.url, path, id, headers);
  const edgeBefore = peakBytes(bridge.edge.pid);
  for (const pid of [bridge.runner.pid, bridge.edge.pid]) resetPeak(pid);

  const COUNT = 100;
  const askedAt = performance.now();
  const stream = await session.postStream(toolCall('slow', 'notify', { n: COUNT, bytes: MIB }));
  const priming = await stream.next();
  const [name = ''] = (priming?.id ?? '').split('.');
  const end = stream.rest().then(
    () => 'ended',
    () => 'cut',
  );
  let isCut = false;
  void end.then(() => {
    isCut = true;
  });
  const times: number[] = [];
  while (!isCut) {
    const at = performance.now();
    expect(textOf(await neighbour.call('echo', { text: 'on' }))).toBe('on');
    times.push(performance.now() - at);
    if (performance.now() - askedAt > 50_000) break;
  }
  const sorted = times.toSorted((a, b) => a - b);
  const mib = (bytes: number): number => Math.round(bytes / MIB);
  console.info(
    `F-83: ${isCut ? await end : 'still open'} after ${Math.round(performance.now() - askedAt)} ms; edge ${mib(edgeBefore)} to ${mib(peakBytes(bridge.edge.pid))} MiB, ` +
      `runner ${mib(peakBytes(bridge.runner.pid))} MiB; a neighbour: ${times.length} calls, p99 ${sorted[Math.floor(sorted.length * 0.99)]?.toFixed(1)} ms`,
  );
  expect(isCut).toBe(true);
  expect(peakBytes(bridge.edge.pid) - edgeBefore).toBeLessThan(128 * MIB);
  expect(peakBytes(bridge.runner.pid)).toBeLessThan(256 * MIB);

  // What left the window is told, what is in it comes in order, and the answer is not lost.
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
