// A process that was left while it started, with real processes: it waits for its person, and serves nobody else.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { EffectQueue } from '../../../runner/core/effect-queue.ts';
import { createLog } from '../../../runner/log.ts';
import type { ProcessPool } from '../../../runner/sessions/process-pool.ts';
import { SessionShare } from '../../../runner/sessions/session-share.ts';
import { KnownOfVirtual, virtualProcess } from '../../../runner/sessions/virtual-choice.ts';
import { poolOf, secretIn } from './pool-of.ts';

const program = fileURLToPath(new URL('../../fixtures/servers/secret.sh', import.meta.url));
const logged: string[] = [];
const log = createLog({ level: 'info', pretty: false, write: (line) => void logged.push(line) });
const decoder = new TextDecoder();
const encoder = new TextEncoder();

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A server of `/bin/sh` that gets a secret of each person; all that is logged is in `logged`. */
const peoplePool = (seconds: number, args = [program, String(seconds)]) =>
  poolOf(
    (folder) => ({
      command: '/bin/sh',
      args,
      bridge: { perUser: secretIn(folder), startTimeout: '100ms' },
    }),
    { log },
  );

/** A session of a person: its process, and what that says of its secret. */
function session(pool: ProcessPool, id: string) {
  const share = new SessionShare(pool, {
    session: `session of ${id}`,
    principal: id,
    person: { id },
  });
  const taken = share.take();
  if (!taken.ok) throw new Error(taken.fault.message);
  const { process } = taken;
  onTestFinished(async () => void (await process.terminate('the test is over')));
  const said = Promise.withResolvers<string>();
  process.listen({
    onLine: (bytes) => said.resolve(decoder.decode(bytes)),
    onOverlong: () => undefined,
    onStderr: () => undefined,
    onDrain: () => undefined,
    onExit: () => said.resolve('it is gone'),
  });
  const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call"}\n';
  process.write(encoder.encode(call.trim()));
  return { share, process, said: said.promise };
}

/** A start that is given up too soon is kept for nobody, so a session leaves its process once that is worth while. */
const ONCE_WORTH_IT = { interval: 10, timeout: 10_000 };

test('[R-9] [F-574] one that was left while it started goes to its person, and to nobody else', async () => {
  const { pool, keep } = await peoplePool(2);
  keep('ann', 'of ann');
  keep('bob', 'of bob');
  const first = session(pool, 'ann');
  await expect.poll(() => first.process.leave(), ONCE_WORTH_IT).toBe(true);
  const bob = session(pool, 'bob');
  expect(await bob.said).toContain(digest('of bob'));
  const again = session(pool, 'ann');
  expect(again.process.pid).toBe(first.process.pid);
  expect(await again.said).toContain(digest('of ann'));
});

test('[F-574] nor to the same person when the secret has changed meanwhile', async () => {
  const { pool, keep } = await peoplePool(2);
  keep('ann', 'the old one');
  const first = session(pool, 'ann');
  await expect.poll(() => first.process.leave(), ONCE_WORTH_IT).toBe(true);
  keep('ann', 'the new one');
  expect(await session(pool, 'ann').said).toContain(digest('the new one'));
});

test('[F-573] nobody, or somebody without a file, gets none; the log says why, and the breaker stays closed', async () => {
  const { pool, keep } = await peoplePool(0);
  keep('ann', 'of ann');
  for (let tries = 0; tries < 20; tries++) {
    expect(pool.take('bob', { id: 'bob' })).toMatchObject({
      ok: false,
      fault: { fault: 'not_allowed' },
    });
    expect(pool.take('anonymous')).toMatchObject({ ok: false, fault: { fault: 'not_allowed' } });
  }
  expect(logged.join('\n')).toContain('/people/bob/secret does not exist');
  expect(await session(pool, 'ann').said).toContain(digest('of ann'));
});

test('[F-574] what a client is shown of its process has no secret of the person', async () => {
  const { pool, keep } = await peoplePool(0);
  keep('ann', 'the secret of ann');
  const { share } = session(pool, 'ann');
  const printed = encoder.encode('it is the secret of ann, they say');
  expect(share.quote(printed, false)).toBe('it is [redacted], they say');
});

test('[F-821] nor has what it is shown of a member of a virtual server', async () => {
  const script = 'echo "the key $SECRET is wrong"; exit 1';
  const { config, pool, keep } = await peoplePool(0, ['-c', script]);
  keep('ann', 'the secret of ann');
  const process = virtualProcess({
    open: { session: 's', clientKind: 'streamable', principal: 'ann', person: { id: 'ann' } },
    virtual: {
      ...config,
      name: 'work',
      startTimeoutMs: 60_000,
      members: [{ server: 's', prefix: '' }],
    },
    servers: new Map([['s', config]]),
    poolOf: () => pool,
    pinsOf: () => undefined,
    known: new KnownOfVirtual(),
    log,
  });
  onTestFinished(() => process.terminate('the test is over'));
  const said = Promise.withResolvers<string>();
  process.listen(
    {
      onLine: (bytes) => said.resolve(decoder.decode(bytes)),
      onMessage: ({ bytes }) => said.resolve(decoder.decode(bytes)),
      onOverlong: () => undefined,
      onStderr: () => undefined,
      onFull: () => undefined,
      onDrain: () => undefined,
      onExit: () => undefined,
    },
    new EffectQueue(),
  );
  const params = { protocolVersion: '2025-11-25', capabilities: {} };
  const hello = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
  process.write(encoder.encode(JSON.stringify(hello)));
  expect(await said.promise).toContain('the key [redacted] is wrong');
});
