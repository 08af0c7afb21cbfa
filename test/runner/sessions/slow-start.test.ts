// A start that takes longer than its client waits, with real processes: it goes on, and the next session takes it over.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ServerProcess } from '../../../runner/sessions/pooled-process.ts';
import type { ExitFacts } from '../../../runner/process/exit.ts';
import type { ProcessPool } from '../../../runner/sessions/process-pool.ts';
import { readJournal } from '../../e2e/journal.ts';
import { fixturePath, type Message } from '../process/recorded-process.ts';
import { poolOf } from './pool-of.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const initialize = (name: string): object => ({
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name, version: '1' } },
});

/** One server whose processes are counted by what they were told. */
async function server(how: string, ms: number, startTimeout = '100ms') {
  const journalIn = (folder: string): string => join(folder, 'journal');
  const { pool, folder } = await poolOf((place) => ({
    command: process.execPath,
    args: [fixturePath('slow-first.mjs'), join(place, 'cache'), String(ms), how],
    env: { JOURNAL: journalIn(place) },
    bridge: { startTimeout },
  }));
  const journal = journalIn(folder);
  const linesTold = (): readonly string[] =>
    existsSync(journal)
      ? readJournal(journal).flatMap((fact) => (fact.type === 'line' ? [`${fact.line}`] : []))
      : [];
  return { pool, linesTold };
}

/** What a session does: takes a process, and listens. */
function session(pool: ProcessPool) {
  const taken = pool.take('alice');
  if (!taken.ok) throw new Error(taken.fault.message);
  const { process } = taken;
  const messages: Message[] = [];
  const exits: ExitFacts[] = [];
  process.listen({
    onLine: (bytes) => void messages.push(JSON.parse(decoder.decode(bytes)) as Message),
    onOverlong: () => undefined,
    onStderr: () => undefined,
    onDrain: () => undefined,
    onExit: (facts) => void exits.push(facts),
  });
  onTestFinished(async () => void (await process.terminate('the test is over')));
  return {
    process,
    messages,
    exits,
    say: (message: object) =>
      process.write(encoder.encode(JSON.stringify({ jsonrpc: '2.0', ...message }))),
    answer: (id: number) =>
      vi.waitUntil(() => messages.find((message) => message.id === id), {
        timeout: 60_000,
        interval: 10,
      }),
  };
}

/** A first session that gives up before its process has answered. */
async function givesUp(pool: ProcessPool, name = 'one', patienceMs = 300): Promise<ServerProcess> {
  const first = session(pool);
  first.say(initialize(name));
  await new Promise((resolve) => setTimeout(resolve, patienceMs));
  expect(first.process.leave()).toBe(true);
  expect(pool.snapshot().map(({ state }) => state)).toEqual(['starting']);
  return first.process;
}

test('[F-132] the next session that says the same has the very process, which hears it once', async () => {
  const { pool, linesTold } = await server('waits', 1_500);
  const first = await givesUp(pool);
  const next = session(pool);
  expect(next.process.pid).toBe(first.pid);
  next.say(initialize('one'));
  next.say({ method: 'notifications/initialized' });
  next.say({ id: 2, method: 'tools/call', params: { name: 'echo', arguments: { text: 'x' } } });
  expect((await next.answer(1)).result).toMatchObject({ protocolVersion: '2025-06-18' });
  expect((await next.answer(2)).result?.content?.[0]?.text).toBe('x');
  expect(linesTold().map((line) => (JSON.parse(line) as Message).method)).toEqual([
    'initialize',
    'notifications/initialized',
    'tools/call',
  ]);
  expect(pool.snapshot().map(({ pid }) => pid)).toEqual([first.pid]);
});

test('[F-132] one that has started meanwhile answers at once', async () => {
  const { pool, linesTold } = await server('waits', 1_500);
  await givesUp(pool);
  await vi.waitUntil(() => linesTold().length > 0, { timeout: 60_000, interval: 10 });
  const next = session(pool);
  next.say(initialize('one'));
  await next.answer(1);
  expect(linesTold().length).toBe(1);
});

test('[F-132] the third has it as well, when the second gave up too', async () => {
  const { pool, linesTold } = await server('waits', 1_500);
  const { pid } = await givesUp(pool);
  await givesUp(pool);
  const third = session(pool);
  third.say(initialize('one'));
  await third.answer(1);
  expect(third.process.pid).toBe(pid);
  expect(linesTold().length).toBe(1);
});

test('[F-132] a session that says something else gets a process of its own, once the start has brought what it needs', async () => {
  const { pool, linesTold } = await server('waits', 1_500);
  const { pid } = await givesUp(pool, 'one');
  const next = session(pool);
  next.say(initialize('another'));
  await next.answer(1);
  expect(next.process.pid).not.toBe(pid);
  expect(linesTold().map((line) => /"name":"(\w+)"/u.exec(line)?.[1])).toEqual(['one', 'another']);
  await vi.waitUntil(() => pool.snapshot().length === 1, { timeout: 60_000, interval: 10 });
});

test('[F-132] one that hangs at its start does not stand in the way', async () => {
  const { pool, linesTold } = await server('hangs', 0);
  const { pid } = await givesUp(pool);
  const next = session(pool);
  next.say(initialize('one'));
  await next.answer(1);
  expect(next.process.pid).not.toBe(pid);
  expect(linesTold().length).toBe(1);
  await vi.waitUntil(() => pool.snapshot().length === 1, { timeout: 60_000, interval: 10 });
});

test('[F-132] one that works is not disturbed by another start', async () => {
  const { pool } = await server('works', 9_000);
  const { pid } = await givesUp(pool);
  const next = session(pool);
  next.say(initialize('one'));
  await next.answer(1);
  expect(next.process.pid).toBe(pid);
  expect(pool.snapshot().length).toBe(1);
});

test('[F-132] [R-6] one that fails behind its session fails the next, and is no crash of theirs', async () => {
  const { pool } = await server('waits', 60_000);
  const { pid } = await givesUp(pool);
  const next = session(pool);
  next.say(initialize('one'));
  process.kill(pid ?? 0, 'SIGKILL');
  await vi.waitUntil(() => next.exits[0], { timeout: 60_000, interval: 10 });
  expect(next.exits).toMatchObject([{ reason: 'signalled', signal: 'SIGKILL' }]);
});

test('[F-132] nothing of it is left when the server is not offered any more', async () => {
  const { pool } = await server('waits', 60_000);
  await givesUp(pool);
  await pool.close();
  expect(pool.snapshot()).toEqual([]);
});

test('one that was given up at once is ended', async () => {
  const { pool } = await server('waits', 60_000, '60s');
  const first = session(pool);
  first.say(initialize('one'));
  expect(first.process.leave()).toBe(false);
  void first.process.terminate('the client is gone');
  expect(pool.snapshot().map(({ state }) => state)).toEqual(['ending']);
  await vi.waitUntil(() => pool.snapshot().length === 0, { timeout: 60_000, interval: 10 });
});
