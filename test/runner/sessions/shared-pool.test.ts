// Sessions that share the processes of a pool, with real processes: whose secret each has, and who gets one that was started ahead.
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BREAKER_FAILURES, OPEN_FIRST_MS } from '../../../runner/core/breaker.ts';
import type { ProcessPool } from '../../../runner/sessions/process-pool.ts';
import type { ServerProcess } from '../../../runner/sessions/pooled-process.ts';
import { Starts } from '../../../runner/sessions/starts.ts';
import { initialize } from '../seats/driven-hub.ts';
import { poolOf, secretIn } from './pool-of.ts';
import { ToldProcess } from './told-process.ts';

const program = fileURLToPath(new URL('../../fixtures/servers/secret.sh', import.meta.url));
const decoder = new TextDecoder();
const encoder = new TextEncoder();

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const DEAF = {
  onLine: () => undefined,
  onOverlong: () => undefined,
  onStderr: () => undefined,
  onDrain: () => undefined,
  onExit: () => undefined,
};

const shared = (block: object): object => ({ command: '/bin/sh', args: [program], bridge: block });

/** A session that is greeted; what its process says of its secret and its process id. */
async function session(pool: ProcessPool, principal: string) {
  const taken = pool.take(principal, { id: principal });
  if (!taken.ok) throw new Error(taken.fault.message);
  const { process } = taken;
  const answers = new Map<number, (text: string) => void>();
  const answer = (id: number): Promise<string> =>
    new Promise((resolve) => void answers.set(id, resolve));
  process.listen({
    ...DEAF,
    onLine: (bytes) => {
      const { id, result } = JSON.parse(decoder.decode(bytes));
      answers.get(id)?.(result.content?.[0].text ?? 'greeted');
    },
  });
  const end = (): Promise<unknown> => process.terminate('the test is over');
  onTestFinished(async () => void (await end()));
  const say = (id: number, message: object): Promise<string> => {
    const answered = answer(id);
    process.write(encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...message })));
    return answered;
  };
  await say(1, initialize('2025-11-25', 1));
  pool.served(process);
  const told = await say(2, { id: 2, method: 'tools/call', params: { name: 'whoami' } });
  const [hash, pid] = told.trim().split(/ +/u);
  return { hash, pid: Number(pid), end };
}

test('[F-888] [R-9] sessions of one person share a process with the same secrets, and nobody else does', async () => {
  const { pool, keep } = await poolOf((folder) =>
    shared({ sharing: 'principal', perUser: secretIn(folder) }),
  );
  keep('ann', 'of ann');
  keep('bob', 'of bob');
  const ann = await session(pool, 'ann');
  const bob = await session(pool, 'bob');
  const again = await session(pool, 'ann');
  expect([ann.hash, bob.hash, again.hash]).toEqual(['of ann', 'of bob', 'of ann'].map(digest));
  expect(again.pid).toBe(ann.pid);
  expect(bob.pid).not.toBe(ann.pid);
  // A process keeps what it was started with, so it is not for sessions with something else.
  keep('ann', 'the new one of ann');
  const changed = await session(pool, 'ann');
  expect(changed.hash).toBe(digest('the new one of ann'));
  expect(changed.pid).not.toBe(ann.pid);
});

test('[F-1182] a session that opens and says nothing does not use up the start with which a failing server is tried', async () => {
  let laterMs = 0;
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + laterMs);
  onTestFinished(() => clock.mockRestore());
  const { pool } = await poolOf(() => ({
    command: '/bin/sh',
    args: ['-c', 'exit 1'],
    bridge: { sharing: 'server' },
  }));
  const opened = (principal: string): ServerProcess => {
    const taken = pool.take(principal);
    if (!taken.ok) throw new Error(taken.description);
    return taken.process;
  };
  const startAndFail = (process: ServerProcess): Promise<unknown> =>
    new Promise((resolve) => {
      process.listen({ ...DEAF, onExit: resolve });
      process.write(encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...initialize() })));
    });
  for (let failure = 0; failure < BREAKER_FAILURES; failure++) {
    await startAndFail(opened('ann'));
    // Longer than a start waits after those that failed.
    if (failure < BREAKER_FAILURES - 1) laterMs += 5_000;
  }
  expect(pool.take('bob').ok).toBe(false);
  laterMs += OPEN_FIRST_MS;
  const silent = opened('ann');
  const first = opened('bob');
  await silent.terminate('its client has left');
  await startAndFail(first);
  // That was the one.
  expect(pool.take('cara').ok).toBe(false);
});

test('[F-1184] a session does not wait behind all starts of the principal whose session has asked for its shared process', async () => {
  const starts = new Starts(() => true);
  const many = 4 * availableParallelism() + 2;
  let begun = 0;
  const own = Array.from({ length: many }, () =>
    starts.process(
      'ann',
      () => {
        begun += 1;
        return new ToldProcess();
      },
      DEAF,
    ),
  );
  onTestFinished(() => {
    for (const { over } of own) over();
  });
  const { pool } = await poolOf(() => shared({ sharing: 'server' }), { starts });
  const anns = session(pool, 'ann');
  const bobs = await session(pool, 'bob');
  expect(begun).toBeLessThan(many);
  expect((await anns).pid).toBe(bobs.pid);
});

test('[F-888] a process that was started ahead is the first to be shared, and one more waits', async () => {
  const { pool } = await poolOf(() => shared({ sharing: 'server', warm: 1 }));
  const ahead = (): number[] =>
    pool.snapshot().flatMap(({ pid, state }) => (state === 'warm' && pid ? [pid] : []));
  await expect.poll(ahead).toHaveLength(1);
  const [warm] = ahead();
  const one = await session(pool, 'ann');
  const two = await session(pool, 'bob');
  expect([one.pid, two.pid]).toEqual([warm, warm]);
  await expect.poll(ahead).toHaveLength(1);
  expect(ahead()).not.toEqual([warm]);
  expect(pool.snapshot()).toHaveLength(2);
});
