// The config file is changed without pause while clients call: what is served goes on, and what the file says in the end holds.
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type ServerEntry } from './harness.ts';
import { fixture, openSession, textOf, toolCall } from './raw-session.ts';

interface File {
  mcpServers: Record<string, unknown>;
  bridge: Record<string, unknown>;
}

/** Long enough for a dozen readings: one takes 150 ms after a change, and a pause of 2 s at most. */
const HAMMER_MS = 5_000;

const echo = (...args: string[]): ServerEntry => ({
  command: process.execPath,
  args: [fixture('echo'), ...args],
});

test('[F-228] [F-229] [F-92] a storm of changes: no session of an unchanged server is lost, and the last good file is served', async ({
  onTestFinished,
}) => {
  const bridge = await startBridge({ servers: { kept: echo(), broken: echo() } });
  onTestFinished(() => bridge.stop());
  const path = bridge.files.config;
  const good = JSON.parse(readFileSync(path, 'utf8')) as File;
  const other = (more: object): string =>
    JSON.stringify({ ...good, mcpServers: { ...good.mcpServers, ...more } });
  const replace = (text: string): void => {
    writeFileSync(`${path}~`, text);
    renameSync(`${path}~`, path);
  };
  const text = JSON.stringify(good);
  const changes: ((turn: number) => void)[] = [
    (turn) => writeFileSync(path, other({ [`new${turn}`]: echo() })),
    () => writeFileSync(path, text.slice(0, text.length / 2)),
    () => replace(text),
    () => rmSync(path, { force: true }),
    () => replace(other({ broken: { command: 7 } })),
    () => writeFileSync(path, ''),
    () => replace(JSON.stringify({ ...good, bridge: { ...good.bridge, runner: 'another' } })),
    () => replace(JSON.stringify({ ...good, bridge: { ...good.bridge, capacity: 7, edge: 'x' } })),
    () => replace(JSON.stringify({ ...good, bridge: { ...good.bridge, capacity: 150 } })),
    () => writeFileSync(path, '{"mcpServers": 5}'),
  ];
  const sessions = await Promise.all(
    ['kept', 'broken'].map(async (name) => {
      const session = await openSession(bridge, name);
      return { session, pid: (await session.whoami()).pid };
    }),
  );

  const over = new AbortController();
  const calling = sessions.map(async ({ session }) => {
    let calls = 0;
    for (; !over.signal.aborted; calls++) {
      const answer = await session.call('echo', { text: String(calls) });
      expect(textOf(answer)).toBe(String(calls));
    }
    return calls;
  });
  const until = performance.now() + HAMMER_MS;
  for (let turn = 0; performance.now() < until; turn++) {
    changes[turn % changes.length]?.(turn);
    // Some changes come before the last one was read, some after.
    await sleep(turn % 3 === 0 ? 250 : 40);
  }
  over.abort();
  for (const calls of await Promise.all(calling)) expect(calls).toBeGreaterThan(0);
  for (const { session, pid } of sessions) expect((await session.whoami()).pid).toBe(pid);

  const last = { ...good.mcpServers, broken: { command: 7 }, added: echo('added') };
  replace(JSON.stringify({ mcpServers: last, bridge: { ...good.bridge, runner: 'another' } }));
  const served = async (): Promise<string> => {
    const session = await openSession(bridge, 'added');
    return textOf(await session.call('whoami'));
  };
  const logs = () => bridge.logs().join('\n');
  await vi.waitUntil(() => /config reloaded.*"added"/u.test(logs()), PATIENCE);
  expect(JSON.parse(await served())).toMatchObject({ args: ['added'] });
  // An entry that became unreadable serves on as it was, for new sessions too.
  for (const { session, pid } of sessions) expect((await session.whoami()).pid).toBe(pid);
  expect(textOf(await (await openSession(bridge, 'broken')).call('echo', { text: 'x' }))).toBe('x');
  expect(logs()).toContain('config not reloaded');
  expect(logs()).toContain('server kept as it was before');
  expect(logs()).toMatch(/takes effect after a restart","setting":"runner"/u);
  // The credential is for the name that the runner was started with.
  expect(logs()).not.toContain('control link closed');
  await bridge.untilReady();
});

test('[F-230] what references, env files and the environment brought is in no log and reaches no client by way of stderr', async ({
  onTestFinished,
}) => {
  const secrets = {
    IN_ARGS: 'sk-args-0123456',
    INHERITED: 'sk-inherited-0123',
    IN_ENV: 'sk-env-0123456',
  };
  const entry = (stderr: string) => ({
    ...echo('${IN_ARGS}'),
    env: { KEY: '${env:IN_ENV}' },
    bridge: { stderr, inheritEnv: ['INHERITED'] },
  });
  const bridge = await startBridge({
    servers: { log: entry('log'), client: entry('client') },
    environment: secrets,
  });
  onTestFinished(() => bridge.stop());
  const said = `told ${Object.values(secrets).join(' ')} twice`;
  const redacted = 'told [redacted] [redacted] [redacted] twice';
  const logged = await openSession(bridge, 'log');
  await logged.call('stderr', { text: said });
  const isLogged = (): boolean => bridge.logs().some((line) => line.includes(redacted));
  await vi.waitUntil(isLogged, PATIENCE);

  const told = await openSession(bridge, 'client');
  const stream = await told.get();
  const { body } = await told.post(toolCall(1, 'stderr', { text: said }));
  // The two pipes of a process are not in step: what it said may come after its answer.
  const heard = body.includes('told') ? body : (await stream.nextMessage())?.data;
  expect(heard).toContain(redacted);
  const logs = bridge.logs().join('\n');
  for (const secret of Object.values(secrets)) expect(`${body}${logs}`).not.toContain(secret);
});

test('[F-340] a changed env file is served to the next session, and a removed one changes nothing', async ({
  onTestFinished,
}) => {
  const envFile = join(mkdtempSync(join(tmpdir(), 'mcp-env-')), 'own.env');
  onTestFinished(() => rmSync(dirname(envFile), { recursive: true }));
  writeFileSync(envFile, 'FIRST=1\n');
  const bridge = await startBridge({ servers: { own: { ...echo(), envFile }, other: echo() } });
  onTestFinished(() => bridge.stop());
  const reloads = (): number =>
    bridge.logs().filter((line) => line.includes('"config reloaded"')).length;
  const variables = async (): Promise<string[]> => {
    const session = await openSession(bridge, 'own');
    const { envKeys } = await session.whoami();
    return envKeys.filter((name) => ['FIRST', 'SECOND', 'THIRD'].includes(name));
  };
  const untouched = await openSession(bridge, 'other');
  const { pid } = await untouched.whoami();
  expect(await variables()).toEqual(['FIRST']);

  writeFileSync(envFile, 'SECOND=1\n');
  await vi.waitUntil(() => reloads() === 1, PATIENCE);
  expect(await variables()).toEqual(['SECOND']);

  rmSync(envFile);
  // A change of the config itself has it read again: what the missing file last said goes on.
  writeFileSync(bridge.files.config, `${readFileSync(bridge.files.config, 'utf8')}\n`);
  await vi.waitUntil(() => reloads() === 2, PATIENCE);
  expect(await variables()).toEqual(['SECOND']);
  writeFileSync(envFile, 'THIRD=1\n');
  await vi.waitUntil(() => reloads() === 3, PATIENCE);
  expect(await variables()).toEqual(['THIRD']);
  expect((await untouched.whoami()).pid).toBe(pid);
});
