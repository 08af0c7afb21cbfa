// A pool's processes that wait for a session, with real ones.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { FREE_GONE, GONE_MS } from '../../../runner/core/start-turns.ts';
import type { ServerProcess } from '../../../runner/sessions/pooled-process.ts';
import type { ProcessPool } from '../../../runner/sessions/process-pool.ts';
import { PATIENCE } from '../../fixtures/patience.ts';
import { poolOf } from './pool-of.ts';

const program = (code: string, warm: unknown): object => ({
  command: process.execPath,
  args: ['-e', code],
  bridge: { warm },
});

const pidOf = (pool: ProcessPool): Promise<number> =>
  vi.waitUntil(() => pool.snapshot().find(({ state }) => state === 'warm')?.pid, PATIENCE);

test.each([1, { min: 1, max: 4 }])(
  '[F-897] a process that dies while it waits for a session is replaced at once, with warm %j',
  async (warm) => {
    const { pool } = await poolOf(() => program('process.stdin.resume()', warm));
    const first = await pidOf(pool);
    process.kill(first, 'SIGKILL');
    await vi.waitUntil(() => pool.snapshot().every(({ pid }) => pid !== first), PATIENCE);
    expect(await pidOf(pool)).not.toBe(first);
    expect(pool.ready).toBe(1);
  },
);

test('[F-897] of a server whose processes end by themselves, no more are started than the breaker lets', async () => {
  let starts = 0;
  const { pool } = await poolOf(() => program('', 1), { started: () => void (starts += 1) });
  await vi.waitUntil(() => pool.snapshot().length === 0, PATIENCE);
  // The second failure in a row delays all starts ahead.
  await vi.waitUntil(() => starts === 2 && pool.snapshot().length === 0, PATIENCE);
  await new Promise((resolve) => setImmediate(resolve));
  expect([starts, pool.ready]).toEqual([2, 0]);
});

test('[F-1180] a principal whose sessions come and go starts no more by the processes kept ready, and leaves those to others', async () => {
  const forMs = 3_000;
  let starts = 0;
  const { pool } = await poolOf(() => program('process.stdin.resume()', 2), {
    started: () => void (starts += 1),
    isShared: () => true,
  });
  await pidOf(pool);
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const taken = pool.take('alice');
    if (!taken.ok) throw new Error(taken.description);
    const { process: own } = taken;
    await vi.waitUntil(() => own.pid, PATIENCE);
    pool.served(own);
    await own.terminate('its client has left');
  }
  // Those that were ready, one each half second, what may be gone without a wait, and the next.
  expect(starts).toBeLessThanOrEqual(2 + forMs / GONE_MS + FREE_GONE + 1);
  const warm = await pidOf(pool);
  const bobs = pool.take('bob');
  expect(bobs.ok && bobs.process.pid).toBe(warm);
  if (bobs.ok) await bobs.process.terminate('the test is over');
}, 30_000);

test('[F-899] a server at a URL has as many ready as were asked for, and hears nothing of them', async () => {
  let connections = 0;
  const server = createServer(() => undefined).on('connection', () => void (connections += 1));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/mcp`;
  const { pool } = await poolOf(() => ({ url, bridge: { warm: { min: 1, max: 4 } } }));
  expect(pool.ready).toBe(1);
  const taken = Array.from({ length: 3 }, () => pool.take('alice'));
  expect(pool.ready).toBe(0);
  for (const each of taken) if (each.ok) pool.served(each.process);
  await vi.waitUntil(() => pool.ready === 3, PATIENCE);
  expect([pool.wanted, connections]).toEqual([3, 0]);
  for (const each of taken) if (each.ok) await each.process.terminate('the test is over');
  await pool.close();
  expect([pool.snapshot(), connections]).toEqual([[], 0]);
});

describe('[F-1185] a client that leaves before its process, which had waited for a session, has answered', () => {
  const line = new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"initialize"}');
  test.each<[string, (process: ServerProcess) => void]>([
    ['asked nothing', () => undefined],
    ['has just asked', (process) => void process.write(line)],
  ])(
    'is no failure of the server, and leaves no process that others wait for: it %s',
    async (_what, ask) => {
      let laterMs = 0;
      const now = performance.now.bind(performance);
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + laterMs);
      onTestFinished(() => clock.mockRestore());
      const { pool } = await poolOf(() => program('process.stdin.resume()', 2));
      const isWarm = ({ state, pid }: { state: string; pid?: number | undefined }): boolean =>
        state === 'warm' && pid !== undefined;
      await vi.waitUntil(() => pool.snapshot().filter(isWarm).length === 2, PATIENCE);
      laterMs += 11 * 60_000;
      for (const who of ['ann', 'ann']) {
        const taken = pool.take(who);
        if (!taken.ok) throw new Error(taken.description);
        ask(taken.process);
        if (!taken.process.leave()) void taken.process.terminate('its client has left');
      }
      expect(pool.snapshot().map(({ state }) => state)).not.toContain('starting');
      const next = pool.take('bob');
      expect(next.ok).toBe(true);
      if (next.ok) await next.process.terminate('the test is over');
    },
  );
});
