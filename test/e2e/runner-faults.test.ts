// Runners that die, meet another of their name, or come back in a crowd.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, test, vi } from 'vitest';

import { hashCredential, mintRunnerToken } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { fixedToken } from '../../runner/runner-token.ts';
import { createLog } from '../../runner/log.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startTestEdge } from './edges.ts';
import { startFaultyBridge } from './faulty-link.ts';
import type { Bridge } from './harness.ts';
import { idleLink } from './idle-link.ts';
import { temporaryFolder } from './journal.ts';
import { messageOf, messagesOf, openSession, textOf, toolCall } from './raw-session.ts';
import { isAlive, untilGone } from './runner-facts.ts';
import { TcpProxy } from './tcp-proxy.ts';

const runnerProgram = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

/** Another `mcp-bridge run` with the bridge's own files: the same name, the same token. */
function startTwin(bridge: Bridge) {
  const { config, token } = bridge.files;
  const args = [runnerProgram, 'run', `--config=${config}`, `--token-file=${token}`];
  const child = spawnBound(process.execPath, [...args, `--edge=${bridge.url}`], {
    cwd: '/',
    env: process.env,
  });
  const lines: string[] = [];
  const ended = Promise.withResolvers<number | null>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  child.process.once('exit', (code) => ended.resolve(code));
  return {
    lines,
    says: (words: string) =>
      vi.waitUntil(() => lines.some((line) => line.includes(words)), PATIENCE),
    async stop() {
      child.process.kill('SIGTERM');
      await ended.promise;
    },
  };
}

test('[F-55] [R-3] killed with calls in flight: each is lost once, none runs again, and what it left is ended at the next start', async ({
  onTestFinished,
}) => {
  const faulty = await startFaultyBridge(onTestFinished, {
    // Deaf to every polite end, so that it outlives its runner.
    programs: { deaf: ['stubborn'] },
  });
  const { bridge } = faulty;
  const sessions = [await openSession(bridge, 'deaf'), await openSession(bridge, 'deaf')];
  const pids = await Promise.all(sessions.map(async (session) => (await session.whoami()).pid));
  const calls = sessions.flatMap((session) =>
    ['x', 'y', 'z'].map((id) => session.post(toolCall(id, 'hang', { text: id }))),
  );
  await faulty.untilTaken('hang', 6);
  await bridge.killRunner('SIGKILL');
  const queued = sessions[0]?.post(toolCall('q', 'echo', { text: 'q' }));
  const isContained = bridge.logs().some((line) => line.includes('"mode":"cgroup"'));
  // Without a cgroup the next start finds them by their marks.
  expect(isContained || pids.every(isAlive)).toBe(true);
  await bridge.startRunner();

  for (const call of calls) {
    expect(messagesOf(await call)).toMatchObject([
      { error: { code: 42002, data: { fault: 'runner_lost', retryable: false } } },
    ]);
  }
  // Nobody was given it: it is not the runner's loss, and may be sent again.
  expect(queued && messageOf(await queued)).toMatchObject({
    id: 'q',
    error: { code: 42001, data: { phase: 'not_sent', retryable: true } },
  });
  for (const pid of pids) await untilGone(pid);
  for (const session of sessions) {
    expect((await session.post(toolCall(1, 'echo'))).status).toBe(404);
  }
  expect(faulty.taken('hang')).toHaveLength(6);
  expect(faulty.taken('echo')).toEqual([]);
  const fresh = await openSession(bridge, 'deaf');
  expect(textOf(await fresh.call('echo', { text: 'fresh' }))).toBe('fresh');
});

test('[F-56] [LP9] two runners with one name: the newer serves, the older says why and waits, and no call runs on both', async ({
  onTestFinished,
}) => {
  const faulty = await startFaultyBridge(onTestFinished);
  const { bridge } = faulty;
  const session = await openSession(bridge, 'echo');
  const inFlight = session.post(toolCall('a', 'hang', { text: 'a' }));
  await faulty.untilTaken('hang');
  const twin = startTwin(bridge);
  onTestFinished(() => twin.stop());
  await twin.says('linked to the edge');

  expect(messagesOf(await inFlight)).toMatchObject([{ error: { code: 42002 } }]);
  expect((await session.post(toolCall(1, 'echo', { text: 'b' }))).status).toBe(404);
  const fresh = await openSession(bridge, 'echo');
  expect(textOf(await fresh.call('echo', { text: 'c' }))).toBe('c');
  await twin.says('session opened');
  await vi.waitUntil(
    () => bridge.logs().join('\n').includes('another machine connected as this runner'),
    PATIENCE,
  );
  expect(bridge.runner.exitCode).toBeNull();
  expect(bridge.logs().join('\n')).toContain('a runner was displaced');
  // The twin was left in peace.
  expect(twin.lines.join('\n')).not.toContain('another machine');
  expect(faulty.taken().map((fact) => fact.arguments?.['text'])).toEqual(['a', 'c']);
});

describe('a crowd', () => {
  const COUNT = 30;
  const AWAY_MS = 3_000;
  /** Thirty runners would only fill the screen. */
  const log = createLog({ level: 'error', write: () => undefined });

  test(`[F-60] ${COUNT} runners that lost the edge come back spread out, ever more rarely while it is away`, async ({
    onTestFinished,
  }) => {
    const tokens = Array.from({ length: COUNT }, () => mintRunnerToken());
    const grants = tokens.map((token, index) => [
      `r${index}`,
      { token: hashCredential(token), servers: ['*'] },
    ]);
    const { folder, remove } = temporaryFolder();
    const edge = await startTestEdge({
      port: await freePort(),
      storage: folder,
      settings: {
        BRIDGE_SECRET: 'e2e-secret-of-at-least-32-characters',
        BRIDGE_RUNNERS: JSON.stringify(Object.fromEntries(grants)),
      },
      log: () => undefined,
    });
    const crowd = await TcpProxy.open(edge.url);
    onTestFinished(async () => {
      await crowd.close();
      await edge.stop();
      remove();
    });
    const links = tokens.map((token, index) =>
      idleLink(`r${index}`, { edge: crowd.url, token: fixedToken(token), log }),
    );
    onTestFinished(() => {
      for (const link of links) link.stop();
    });
    // The last of them may sleep for as long again as it has waited so far, and longer.
    const patience = { ...PATIENCE, timeout: 45_000 };
    const allLinked = () => vi.waitUntil(() => links.every(({ isLinked }) => isLinked), patience);
    await allLinked();

    const known = crowd.dialledAt.length;
    const lostAt = performance.now();
    crowd.goDown();
    await sleep(AWAY_MS);
    crowd.mend();
    await allLinked();
    const dials = crowd.dialledAt.slice(known).map((at) => at - lostAt);
    const first = dials.slice(0, COUNT);
    // Full jitter over 250 ms: no tenth of it is crowded, as it would be by a common delay.
    const mostAtOnce = Math.max(
      ...first.map((at) => first.filter((other) => other >= at && other < at + 25).length),
    );
    expect(mostAtOnce).toBeLessThan(COUNT / 2);
    // Six ceilings from 0.25 s on sum up to 15 s: nobody can have dialled very often, nor given up.
    const early = dials.filter((at) => at < AWAY_MS / 2).length;
    const late = dials.filter((at) => at >= AWAY_MS / 2 && at < AWAY_MS).length;
    expect(late).toBeLessThan(early / 2);
    expect(late).toBeGreaterThan(0);
    expect(dials.length).toBeLessThan(COUNT * 12);
  });
});
