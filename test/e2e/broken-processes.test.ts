// Processes that live but are useless, through the whole bridge: their calls are answered within seconds, the next client gets
// another process, and nobody else notices.
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { startBridge, type Bridge, type ServerEntry } from './harness.ts';
import { temporaryFolder } from './journal.ts';
import { askModern } from './raw-modern.ts';
import {
  askForSession,
  fixture,
  messageOf,
  openSession,
  SseSession,
  textOf,
  toolCall,
  type RawSession,
} from './raw-session.ts';
import { isAlive, untilGone } from './runner-facts.ts';

/** What is promised at once, on a loaded machine; far from any deadline of a call. */
const AT_ONCE_MS = 6_000;

let bridge: Bridge;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  const run = (name: string, ...args: string[]): ServerEntry => ({
    command: process.execPath,
    args: [fixture(name), ...args],
  });
  bridge = await startBridge({
    servers: {
      echo: run('echo'),
      'no-stdout': run('closes', '1', 'start'),
      'stdout-goes': run('closes', '1', 'call'),
      'stdout-goes-shared': run('closes', '1', 'call'),
      'stdin-goes': run('closes', '0', 'call'),
      'slow-modern': {
        ...run('slow-first', `${folder}/modern`, '4000', 'waits'),
        bridge: { startTimeout: '1s' },
      },
      'slow-legacy': {
        ...run('slow-first', `${folder}/legacy`, '4000', 'waits'),
        bridge: { startTimeout: '1s' },
      },
      'no-stderr': run('closes', '2', 'start'),
      braces: run('flood', 'braces', 'call'),
      text: run('flood', 'text', 'start'),
      empty: run('flood', 'empty', 'start'),
      notes: run('flood', 'notes', 'start'),
      answers: run('flood', 'answers', 'start'),
      stderr: run('flood', 'stderr', 'start'),
    },
  });
  return remove;
});
afterAll(() => bridge.stop());

async function open(server: string): Promise<RawSession> {
  const session = await openSession(bridge, server);
  onTestFinished(() => session.end().then(() => undefined));
  return session;
}

async function pidOf(session: RawSession): Promise<number> {
  const { pid } = JSON.parse(textOf(await session.call('whoami'))) as { pid: number };
  return pid;
}

describe('a process without its pipes', () => {
  test('[F-130] stdout closed before initialize: told at once, with the reason', async () => {
    const startedAt = performance.now();
    const { error } = messageOf(await askForSession(bridge, 'no-stdout'));
    expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    expect(error).toMatchObject({
      code: 42004,
      message: expect.stringContaining('closed its stdout'),
    });
  });

  test('[F-130] stdout closed under calls: each is answered at once, and the next client is served', async () => {
    const session = await openSession(bridge, 'stdout-goes');
    const startedAt = performance.now();
    const errors = await Promise.all(
      ['a', 'b', 'c'].map(async (id) => messageOf(await session.post(toolCall(id, 'hang')))),
    );
    expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    for (const { error } of errors) {
      expect(error).toMatchObject({ code: 42003, message: expect.stringContaining('stdout') });
    }
    const next = await open('stdout-goes');
    expect((await next.post('{"jsonrpc":"2.0","id":1,"method":"ping"}')).status).toBe(200);
  });

  test('[F-130] on HTTP+SSE too', async () => {
    const session = await SseSession.open(bridge, 'stdout-goes');
    await session.post(toolCall('a', 'hang'));
    expect(await session.next()).toMatchObject({ id: 'a', error: { code: 42003 } });
  });

  test('[F-130] under the calls of 2026-07-28 clients, which share it: the next call has another', async () => {
    const call = (name: string) =>
      askModern(bridge.url, 'stdout-goes-shared', 'tools/call', {
        params: { name, arguments: {} },
      });
    for (const answer of await Promise.all([call('hang'), call('hang')])) {
      expect(messageOf(answer).error).toMatchObject({
        code: 42003,
        message: expect.stringContaining('stdout'),
      });
    }
    expect(
      messageOf(await askModern(bridge.url, 'stdout-goes-shared', 'tools/list')).result,
    ).toBeDefined();
  });

  test('[F-130] stdin closed under a call: what comes next has the reason, and its process is ended', async () => {
    const session = await open('stdin-goes');
    expect(textOf(await session.call('echo', { text: 'x' }))).toBe('x');
    const { error } = await session.call('echo', { text: 'y' }, 'second');
    expect(error).toMatchObject({ code: 42003, message: expect.stringContaining('stdin') });
  });

  test('[F-130] stderr closed: served as ever', async () => {
    const session = await open('no-stderr');
    expect(textOf(await session.call('echo', { text: 'x' }))).toBe('x');
  });
});

describe('a start that takes longer than its client waits', () => {
  test('[F-132] is told as one to try again, and served when it is done', async () => {
    const startedAt = performance.now();
    const { error } = messageOf(await askForSession(bridge, 'slow-legacy'));
    expect(error).toMatchObject({ code: 42004, data: { retryable: true } });
    const answer = await vi.waitUntil(
      async () => {
        const next = await askForSession(bridge, 'slow-legacy');
        return messageOf(next).result ? next : undefined;
      },
      { timeout: 20_000, interval: 100 },
    );
    // Anew each time, it would never have been done.
    expect(performance.now() - startedAt).toBeGreaterThan(3_000);
    expect(answer.status).toBe(200);
  });

  test('[F-132] the same for a client of 2026-07-28', async () => {
    const { error } = messageOf(await askModern(bridge.url, 'slow-modern', 'tools/list'));
    expect(error).toMatchObject({
      code: 42004,
      message: expect.stringContaining('still starting'),
      data: { retryable: true },
    });
    await vi.waitUntil(
      async () => messageOf(await askModern(bridge.url, 'slow-modern', 'tools/list')).result,
      { timeout: 30_000, interval: 100 },
    );
  });
});

describe('a process that prints without end', () => {
  test.each(['text', 'empty', 'notes', 'answers', 'stderr'])(
    '[F-131] %s from its start on: it is served itself, and so is a neighbour, with a few lines of log',
    async (server) => {
      const [neighbour, flood] = [await open('echo'), await open(server)];
      const linesBefore = bridge.logs().length;
      for (let n = 0; n < 40; n += 1) {
        expect(textOf(await neighbour.call('echo', { text: `${n}` }, n))).toBe(`${n}`);
      }
      // Among what else it says meanwhile.
      expect((await flood.post(toolCall(1, 'echo', { text: 'me too' }))).body).toContain('me too');
      // A line for each call, and what one window of stderr passes on.
      expect(bridge.logs().length - linesBefore).toBeLessThan(1_300);
    },
  );

  test(
    '[F-131] noise alone, for long: its calls are answered with that, and it is ended',
    { timeout: 120_000 },
    async () => {
      const session = await openSession(bridge, 'braces');
      const pid = await pidOf(session);
      expect(isAlive(pid)).toBe(true);
      const { error } = await session.call('hang', {}, 'waits');
      expect(error).toMatchObject({
        code: 42008,
        message: expect.stringContaining('text that is not JSON-RPC'),
      });
      await untilGone(pid);
      await open('braces');
    },
  );
});
