// Faults of processes (test/faults.ts) through the whole bridge: a process that fails to start, dies, hangs or will not die; and
// the sessions that end with it or without it.
import { writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { startBridge, type Bridge, type ServerEntry } from './harness.ts';
import { readJournal, temporaryFolder } from './journal.ts';
import { ask, type Answer } from './raw-http.ts';
import {
  askForSession,
  fixture,
  messageOf,
  openSession,
  SseSession,
  textOf,
  toolCall,
  type Message,
  type RawSession,
} from './raw-session.ts';
import { isAlive, runnerMetric, untilGone } from './runner-facts.ts';

/** What is promised within 1 s gets so long on a loaded machine: far less than any deadline it must not wait for. */
const AT_ONCE_MS = 5_000;

/** A client that vanished is noticed by the next keep-alive (25 s) at the latest; then its session's vanish timeout runs. */
const VANISH = { timeout: 40_000, interval: 50 };

/** Deaths count against a server, so each test that kills has one of its own. */
const VICTIMS = [
  'exits-with-3',
  'exits-with-0',
  'gets-SIGSEGV',
  'gets-SIGKILL',
  'dies-on-sse',
  'prints-and-dies',
  'dies-beside-another',
];

let bridge: Bridge;
let folder: string;
let journal: string;

/** Where this file is missing, the server `flaky` ends before it has served. */
const mended = (): string => `${folder}/mended`;

beforeAll(async () => {
  const temporary = temporaryFolder();
  ({ folder } = temporary);
  journal = `${folder}/journal`;
  const run = (name: string, args: string[] = [], bridge: object = {}): ServerEntry => ({
    command: process.execPath,
    args: [fixture(name), ...args],
    env: { JOURNAL: journal },
    bridge: { ...bridge },
  });
  writeFileSync(`${folder}/no-program`, 'not executable', { mode: 0o600 });
  const flaky = `if (!require('fs').existsSync(process.argv[1])) process.exit(7); import(process.argv[2]);`;
  bridge = await startBridge({
    servers: {
      echo: run('echo'),
      ...Object.fromEntries(VICTIMS.map((name) => [name, run('echo')])),
      missing: { command: `${folder}/does-not-exist` },
      forbidden: { command: `${folder}/no-program` },
      'exits-0': run('exits-at-once', ['0']),
      'exits-1': run('exits-at-once', ['1']),
      killed: { command: '/bin/sh', args: ['-c', 'kill -SEGV $$'] },
      late: run('slow-start', ['4000'], { startTimeout: '500ms' }),
      deaf: run('stubborn', [], { requestTimeout: '500ms' }),
      patient: run('echo', [], { requestTimeout: '1s', requestLimit: '2s' }),
      idle: run('echo', [], { idleTimeout: '1s' }),
      vanish: run('echo', [], { vanishTimeout: '1s' }),
      flaky: { command: process.execPath, args: ['-e', flaky, mended(), fixture('echo')] },
    },
  });
  return temporary.remove;
});
afterAll(() => bridge.stop());

async function open(server: string): Promise<RawSession> {
  const session = await openSession(bridge, server);
  onTestFinished(() => session.end().then(() => undefined));
  return session;
}

async function timed<T>(act: Promise<T>): Promise<readonly [outcome: T, ms: number]> {
  const startedAt = performance.now();
  return [await act, performance.now() - startedAt];
}

const callsOf = (pid: number): number =>
  readJournal(journal).filter((fact) => fact.pid === pid && fact.type === 'call').length;

/** Starts calls and waits until the process has them all. */
async function inFlight(
  session: RawSession,
  pid: number,
  bodies: string[],
): Promise<Promise<Answer>[]> {
  const before = callsOf(pid);
  const answers = bodies.map((body) => session.post(body));
  await vi.waitFor(() => expect(callsOf(pid)).toBe(before + bodies.length), AT_ONCE_MS);
  return answers;
}

/** Every method of the session's URL answers 404: the client must initialize again. */
async function expectGone(session: RawSession): Promise<void> {
  expect((await session.post(toolCall(1, 'echo'))).status).toBe(404);
  expect((await session.get()).status).toBe(404);
  expect((await session.end()).status).toBe(404);
}

describe('a process that does not start', () => {
  test.each([
    ['missing', /command.* was not found/u],
    ['forbidden', /cannot be executed/u],
    ['exits-0', /code 0/u],
    ['exits-1', /code 1/u],
    ['killed', /SIGSEGV/u],
  ])(
    '[F-70] "%s" is told at once, with the reason, and leaves no session',
    async (server, reason) => {
      const [answer, ms] = await timed(askForSession(bridge, server));
      const { id, error } = messageOf(answer);
      expect(id).toBe(0);
      expect(error).toMatchObject({ code: 42004, data: { fault: 'process_start_failed' } });
      expect(error?.message).toMatch(reason);
      // Nor are its paths.
      expect(error?.message).not.toContain(folder);
      // The operator's stderr is not the client's business.
      expect(error?.message).not.toContain('asked to fail');
      expect(ms).toBeLessThan(AT_ONCE_MS);
    },
  );

  test('[F-70] on HTTP+SSE the stream says so and ends', async () => {
    const stream = await SseSession.dial(bridge, 'exits-1');
    await stream.post('{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}');
    const events = await stream.stream.rest();
    // The stream may end before the POST arrives: then nothing is owed on it.
    for (const { data } of events) {
      expect(JSON.parse(data)).toMatchObject({ id: 0, error: { code: 42004 } });
    }
    expect(stream.stream.isEnded).toBe(true);
  });

  test('[F-70] [F-132] a process that does not answer initialize in time goes on starting, and the next client has it', async () => {
    const [answer, ms] = await timed(askForSession(bridge, 'late'));
    const { error } = messageOf(answer);
    expect(error).toMatchObject({ code: 42004 });
    expect(error?.message).toContain('did not answer initialize');
    expect(ms).toBeLessThan(AT_ONCE_MS);
    expect(error?.data).toMatchObject({ retryable: true });
    const starting = 'mcp_bridge_processes{server="late",state="starting"}';
    await vi.waitFor(async () => expect(await runnerMetric(bridge, starting)).toBe(1), AT_ONCE_MS);
    const next = await vi.waitUntil(
      async () => {
        const answer = await askForSession(bridge, 'late');
        return answer.status === 200 && messageOf(answer).result ? answer : undefined;
      },
      { timeout: 20_000, interval: 200 },
    );
    const session = String(next.headers['mcp-session-id']);
    await ask(bridge.url, {
      method: 'DELETE',
      path: '/late/mcp',
      headers: { 'Mcp-Session-Id': session },
    });
  });
});

describe('a process that dies', () => {
  test.each([
    ['exits-with-3', toolCall('last', 'exit', { code: 3 }), /code 3/u],
    ['exits-with-0', toolCall('last', 'exit', { code: 0 }), /code 0/u],
    ['gets-SIGSEGV', toolCall('last', 'signal', { name: 'SIGSEGV' }), /SIGSEGV/u],
    // As from a kernel short of memory.
    ['gets-SIGKILL', toolCall('last', 'signal', { name: 'SIGKILL' }), /SIGKILL/u],
  ])(
    '[F-71] [R-6] one that %s: each of ten calls in flight gets one error, then the session is gone',
    async (server, last, reason) => {
      const session = await openSession(bridge, server);
      const { pid } = await session.whoami();
      const standing = await session.get();
      const hangs = Array.from({ length: 9 }, (_, id) => toolCall(id, 'hang'));
      const hanging = await inFlight(session, pid, hangs);
      const [answers, ms] = await timed(Promise.all([...hanging, session.post(last)]));
      const messages = answers.map(messageOf);
      expect(messages.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 'last']);
      for (const { error } of messages) {
        expect(error).toMatchObject({
          code: 42003,
          data: { fault: 'process_exited', phase: 'sent' },
        });
        expect(error?.message).toMatch(reason);
      }
      expect(ms).toBeLessThan(AT_ONCE_MS);
      expect(await standing.rest()).toEqual([]);
      await expectGone(session);
      const next = await open(server);
      expect(textOf(await next.call('echo', { text: 'again' }))).toBe('again');
    },
  );

  test('[F-71] on HTTP+SSE each call gets one error on the stream, which then ends', async () => {
    const session = await SseSession.open(bridge, 'dies-on-sse');
    for (const id of [1, 2, 3]) await session.post(toolCall(id, 'hang'));
    await session.post(toolCall(4, 'signal', { name: 'SIGKILL' }));
    const messages = (await session.stream.rest()).map(({ data }) => JSON.parse(data) as Message);
    expect(messages.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    for (const { error } of messages) expect(error).toMatchObject({ code: 42003 });
    expect((await session.post(toolCall(5, 'echo'))).status).toBe(404);
  });

  test('[F-71] an answer that was printed before the end is delivered, not replaced', async () => {
    const session = await openSession(bridge, 'prints-and-dies');
    const { pid } = await session.whoami();
    const big = toolCall('big', 'big', { bytes: 1024 * 1024 });
    const [printed] = await inFlight(session, pid, [big]);
    const exit = await session.call('exit', { code: 9 }, 'exit');
    expect(exit.error).toMatchObject({ code: 42003 });
    const answer = await printed;
    expect(answer && textOf(messageOf(answer))).toHaveLength(1024 * 1024);
  });

  test('[F-71] [R-9] sessions beside it notice nothing', async () => {
    const neighbour = await open('dies-beside-another');
    const slow = neighbour.call('slow', { ms: 500 });
    const session = await openSession(bridge, 'dies-beside-another');
    await session.call('signal', { name: 'SIGKILL' });
    expect(textOf(await slow)).toBe('waited 500 ms');
  });
});

describe('a process that hangs', () => {
  test('[F-73] [R-1] a call without an answer gets its deadline, and the process is told', async () => {
    const session = await open('patient');
    const { pid } = await session.whoami();
    const [{ error }, ms] = await timed(session.call('hang', {}, 'hang'));
    expect(error).toMatchObject({ code: 42007, data: { fault: 'deadline', phase: 'sent' } });
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(1_000 + AT_ONCE_MS);
    expect(textOf(await session.call('echo', { text: 'alive' }))).toBe('alive');
    const lines = readJournal(journal).filter((fact) => fact.pid === pid && fact.type === 'line');
    expect(lines.filter(({ line }) => line?.includes('notifications/cancelled'))).toHaveLength(1);
  });

  test('[F-73] [F-94] progress puts the deadline off, up to the limit', async () => {
    const session = await open('patient');
    const stream = await session.postStream(
      toolCall(1, 'progress', { n: 100, ms: 100 }, { progressToken: 'p' }),
    );
    const [events, ms] = await timed(stream.rest());
    const messages = events.map(({ data }) => JSON.parse(data) as Message);
    expect(messages.length).toBeGreaterThan(10);
    expect(messages.at(-1)).toMatchObject({ id: 1, error: { code: 42007 } });
    expect(messages.filter(({ id }) => id !== undefined)).toHaveLength(1);
    expect(ms).toBeGreaterThan(1_500);
  });

  test('[F-73] one that ignores cancels, the end of stdin and SIGTERM is killed, and its place is free', async () => {
    const session = await openSession(bridge, 'deaf');
    const { pid } = await session.whoami();
    expect((await session.call('hang')).error).toMatchObject({ code: 42007 });
    expect(isAlive(pid)).toBe(true);
    const [answer, ms] = await timed(session.end());
    expect(answer.status).toBe(204);
    expect(ms).toBeLessThan(AT_ONCE_MS + 2_000);
    await untilGone(pid, { timeout: 5_000 + AT_ONCE_MS });
    await vi.waitFor(async () => {
      expect(await runnerMetric(bridge, 'mcp_bridge_sessions{server="deaf"')).toBe(0);
    }, AT_ONCE_MS);
    await expectGone(session);
  });
});

// What follows mostly waits, so it waits together.
describe.concurrent('what takes its time', () => {
  test('[F-76] [R-6] after some failures a server is refused at once, until a probe succeeds', async () => {
    const refusal = async (): Promise<string> => {
      const { error } = messageOf(await askForSession(bridge, 'flaky'));
      expect(error).toMatchObject({ code: 42004 });
      return error?.message ?? '';
    };
    // The delays between the first starts are refusals too; the breaker's is the one of ten seconds.
    await vi.waitFor(async () => expect(await refusal()).toMatch(/in ([89]|10) s/u), {
      timeout: 15_000,
      interval: 20,
    });
    const ended = (): number =>
      bridge
        .logs()
        .filter((line) => line.includes('process ended') && line.includes('"server":"flaky"'))
        .length;
    // The last end is logged about when its refusal is answered.
    const before = await vi.waitFor(() => {
      expect(ended()).toBeGreaterThanOrEqual(5);
      return ended();
    });
    for (let n = 0; n < 10; n++) expect(await refusal()).toContain('keeps failing to start');
    expect(ended()).toBe(before);

    writeFileSync(mended(), '');
    const session = await vi.waitFor(() => openSession(bridge, 'flaky'), {
      timeout: 20_000,
      interval: 200,
    });
    expect(textOf(await session.call('echo', { text: 'mended' }))).toBe('mended');
    // Closed again: the next sessions are served at once.
    const more = await Promise.all([openSession(bridge, 'flaky'), openSession(bridge, 'flaky')]);
    await Promise.all([session, ...more].map((each) => each.end()));
  });

  test('[R-11] [F-79] an idle session ends with its process: then 404, and initialize works', async () => {
    const session = await openSession(bridge, 'idle');
    const { pid } = await session.whoami();
    await untilGone(pid);
    await expectGone(session);
    const again = await openSession(bridge, 'idle');
    expect((await again.whoami()).pid).not.toBe(pid);
    await again.end();
  });

  test('[R-11] a session in use is not idle: a call in flight, calls now and then, a stream', async () => {
    const [calling, quiet, listening] = await Promise.all([
      openSession(bridge, 'idle'),
      openSession(bridge, 'idle'),
      openSession(bridge, 'idle'),
    ]);
    const standing = await listening.get();
    expect(standing.status).toBe(200);
    const slow = calling.call('slow', { ms: 2_500 });
    for (let n = 0; n < 5; n++) {
      expect(textOf(await quiet.call('slow', { ms: 500 }))).toBe('waited 500 ms');
    }
    expect(textOf(await slow)).toBe('waited 2500 ms');
    expect(textOf(await listening.call('echo', { text: 'alive' }))).toBe('alive');
    expect(standing.isEnded).toBe(false);
    standing.destroy();
    await Promise.all([calling.end(), quiet.end(), listening.end()]);
  });

  test('[R-11] a client that vanishes from its GET stream takes its process with it', async () => {
    const session = await openSession(bridge, 'vanish');
    const { pid } = await session.whoami();
    const standing = await session.get();
    expect(standing.status).toBe(200);
    standing.destroy();
    await untilGone(pid, VANISH);
    await expectGone(session);
  });

  test('[R-11] a client that comes back in time keeps its session', async () => {
    const session = await openSession(bridge, 'vanish');
    const { pid } = await session.whoami();
    const standing = await session.get();
    standing.destroy();
    const back = await vi.waitFor(async () => {
      const stream = await session.get();
      expect(stream.status).toBe(200);
      return stream;
    }, AT_ONCE_MS);
    expect(textOf(await session.call('slow', { ms: 2_000 }))).toBe('waited 2000 ms');
    expect((await session.whoami()).pid).toBe(pid);
    back.destroy();
    await session.end();
  });

  test('[R-5] a client that vanishes from its HTTP+SSE stream ends its session, calls in flight too', async () => {
    const session = await SseSession.open(bridge, 'echo');
    const { pid } = JSON.parse(textOf(await session.call('whoami'))) as { pid: number };
    await session.post(toolCall(2, 'hang'));
    session.stream.destroy();
    await untilGone(pid, VANISH);
    expect((await session.post(toolCall(3, 'echo'))).status).toBe(404);
  });
});

test('nothing is left when all sessions are over', async () => {
  await vi.waitFor(async () => expect(await bridge.processesLeft()).toEqual([]), VANISH);
});
