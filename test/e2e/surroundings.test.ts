// A runner in bad surroundings: readers of its output that are slow, stopped or gone, a full disk, a terminal that is closed,
// an exception of its own. It serves on or ends in order, and leaves no process.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { inTerminal, KEYS, noTerminal } from '../fixtures/terminal.ts';
import { EDGE_HOST } from './edges.ts';
import { FakeEdge, type FakeLink } from './fake-edge.ts';
import { temporaryFolder } from './journal.ts';
import {
  askOver,
  frameWith,
  linkOf,
  loneRunnerFiles,
  offer,
  spawnLoneRunner,
} from './lone-runner.ts';
import { descendants, living } from './process-tree.ts';
import { fixture, initialize, toolCall } from './raw-session.ts';
import { peakBytes, untilGone } from './runner-facts.ts';

const MIB = 1024 * 1024;
const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

/** Each call is a line of the log of over 200 characters: this is more than a pipe and what may wait hold together. */
const CALLS = 2_500;

let edge: FakeEdge;
let control: FakeLink;

beforeEach(async () => {
  edge = await FakeEdge.start();
  return () => edge.stop();
});

/** A session of the runner that has just been started. */
async function openSession(): Promise<FakeLink> {
  control = await edge.controls.next();
  offer(control, 's');
  const link = await linkOf(edge, 's');
  await askOver(link, 'init', initialize());
  return link;
}

/** Calls a tool one time after the other; answers how many of the answers were right. */
async function rightAnswers(link: FakeLink, count: number, name = 'c'): Promise<number> {
  let right = 0;
  for (let at = 0; at < count; at += 1) {
    const text = `call ${at}`;
    const answer = await askOver(link, `${name}${at}`, toolCall(at, 'echo', { text }));
    if (answer.includes(text)) right += 1;
  }
  return right;
}

async function endsInOrder(runner: ChildProcess, link: FakeLink): Promise<void> {
  const started = await descendants(runner.pid ?? 0);
  expect(started.length).toBeGreaterThan(0);
  const exit = once(runner, 'exit');
  runner.kill('SIGTERM');
  await frameWith(link, '"ended"');
  control.say({ type: 'close', session: 's'.repeat(22) });
  expect(await exit).toEqual([0, null]);
  expect(living(started)).toEqual([]);
}

describe('[F-242] output that nobody takes', () => {
  /** A FIFO held open on both sides by nobody who reads. */
  function unreadFifo(): number {
    const { folder, remove } = temporaryFolder();
    execFileSync('mkfifo', [`${folder}/fifo`]);
    const fd = openSync(`${folder}/fifo`, constants.O_RDWR | constants.O_NONBLOCK);
    onTestFinished(() => {
      closeSync(fd);
      remove();
    });
    return fd;
  }

  function fullDisk(): number {
    const fd = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(fd));
    return fd;
  }

  test.each<[string, () => number]>([
    ['a FIFO that nobody reads', unreadFifo],
    ['a full disk', fullDisk],
  ])('%s: the runner serves on, in bounded memory, and ends in order', async (_what, open) => {
    const fd = open();
    const runner = spawnLoneRunner(edge.url, ['ignore', fd, fd]);
    const link = await openSession();
    expect(await rightAnswers(link, CALLS)).toBe(CALLS);
    expect(peakBytes(runner.pid)).toBeLessThan(200 * MIB);
    await endsInOrder(runner, link);
  });

  test('a pipe whose reader is gone: the runner serves on, and ends in order', async () => {
    const runner = spawnLoneRunner(edge.url, ['ignore', 'pipe', 'pipe']);
    runner.stdout?.destroy();
    runner.stderr?.destroy();
    const link = await openSession();
    expect(await rightAnswers(link, 100)).toBe(100);
    await endsInOrder(runner, link);
  });

  test('a pipe that is not read for a while: what did not fit is dropped and counted, and then the log goes on', async () => {
    const runner = spawnLoneRunner(edge.url, ['ignore', 'ignore', 'pipe']);
    const link = await openSession();
    expect(await rightAnswers(link, CALLS)).toBe(CALLS);
    const lines: Record<string, unknown>[] = [];
    let text = '';
    runner.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (text + chunk).split('\n');
      text = parts.pop() ?? '';
      // Each is whole, whatever was dropped before it.
      lines.push(...parts.map((part) => JSON.parse(part) as Record<string, unknown>));
    });
    const lost = await vi.waitUntil(
      () => lines.find(({ message }) => message === 'log lines lost')?.['lines'],
      PATIENCE,
    );
    expect(await rightAnswers(link, 1, 'after')).toBe(1);
    const told = (): number => lines.filter(({ message }) => message === 'call').length;
    // The call of initialize, and the one that came after.
    await vi.waitUntil(() => told() + Number(lost) >= CALLS + 2, PATIENCE);
    expect(Number(lost)).toBeGreaterThan(100);
    expect(told() + Number(lost)).toBeLessThan(CALLS + 20);
  });
});

describe.skipIf(noTerminal !== undefined)(`a terminal ${noTerminal ?? ''}`, () => {
  test('[F-242] that is stopped (Ctrl-S) stops nothing but itself', async () => {
    const { folder, command } = loneRunnerFiles(edge.url);
    const terminal = inTerminal(command, { cwd: folder });
    const link = await openSession();
    await terminal.shows('session opened');
    terminal.type(KEYS.ctrlS);
    expect(await rightAnswers(link, CALLS)).toBe(CALLS);
    terminal.type(KEYS.ctrlQ);
    await terminal.shows('log lines lost');
    expect(await rightAnswers(link, 1, 'after')).toBe(1);
  });

  test('[F-243] that is closed ends a runner in order, and leaves no process', async () => {
    const { folder, command } = loneRunnerFiles(edge.url);
    const terminal = inTerminal(command, { cwd: folder });
    await openSession();
    const started = await terminal.started();
    expect(started.length).toBeGreaterThan(1);
    terminal.close();
    for (const { pid } of started) await untilGone(pid, PATIENCE);
  });

  test('[F-243] that is open still lets SIGHUP reload the config', async () => {
    const { folder, command } = loneRunnerFiles(edge.url);
    const terminal = inTerminal(command, { cwd: folder });
    const link = await openSession();
    const [runner] = await terminal.started();
    const config = readFileSync(`${folder}/mcp.json`, 'utf8');
    writeFileSync(
      `${folder}/mcp.json`,
      config.replace('"echo":', '"more":{"command":"sh"},"echo":'),
    );
    process.kill(runner?.pid ?? 0, 'SIGHUP');
    await terminal.shows('config reloaded');
    expect(await rightAnswers(link, 1)).toBe(1);
  });

  test('[F-243] that is closed ends `dev` in order, and leaves no process', async () => {
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const server = ['--', process.execPath, fixture('echo')];
    const terminal = inTerminal(
      [process.execPath, program, 'dev', '--port', '0', '--edge', EDGE_HOST, ...server],
      { cwd: folder },
    );
    await terminal.shows('mcp-bridge is ready');
    const started = await terminal.started();
    const isOutside = started.some(({ command }) => command === 'workerd');
    expect(isOutside).toBe(EDGE_HOST === 'workerd');
    terminal.close();
    for (const { pid } of started) await untilGone(pid, PATIENCE);
  });
});

test('[F-252] a runner without file descriptors refuses what needs some, serves what it has, and takes more when some are free', async () => {
  const { folder, command } = loneRunnerFiles(edge.url);
  const line = command.map((word) => `'${word}'`).join(' ');
  const runner = spawn('sh', ['-c', `ulimit -n 60; exec ${line}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void runner.kill('SIGKILL'));
  let text = '';
  runner.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const first = await openSession();
  const letters = 'abcdefghijklmnop'.split('');
  for (const letter of letters) offer(control, letter);
  // Those that found none: their processes could not be started, or their links not be dialled.
  await vi.waitUntil(() => /EMFILE|too many open files/iu.test(text), PATIENCE);
  expect(await rightAnswers(first, 20, 'while')).toBe(20);
  for (const letter of letters) control.say({ type: 'close', session: letter.repeat(22) });
  await vi.waitUntil(
    () => (text.match(/session closed/gu)?.length ?? 0) >= letters.length,
    PATIENCE,
  );
  expect(await rightAnswers(first, 5, 'after')).toBe(5);
  offer(control, 'z');
  const fresh = await linkOf(edge, 'z');
  expect(await askOver(fresh, 'init', initialize())).toContain('"result"');
  expect(text).not.toContain('an unexpected fault');
});

test('[F-251] an exception that nothing caught ends the runner with its reason and exit code 1, and leaves no process', async () => {
  const injected = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new RangeError("boom")})';
  const runner = spawnLoneRunner(edge.url, ['ignore', 'ignore', 'pipe'], ['--import', injected]);
  let text = '';
  runner.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await openSession();
  const started = await descendants(runner.pid ?? 0);
  expect(started.length).toBeGreaterThan(0);
  runner.kill('SIGUSR2');
  expect(await once(runner, 'close')).toEqual([1, null]);
  expect(text).toContain('an unexpected fault ends the program');
  expect(text).toContain('RangeError: boom');
  for (const { pid } of started) await untilGone(pid);
});
