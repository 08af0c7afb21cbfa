// Bad output of processes (test/faults.ts) through the whole bridge: whatever a process prints, its client reads events that
// it can trust, and nobody else notices.
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { PROCESS_LINE_BYTES } from '../../shared/limits.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder } from './journal.ts';
import type { EventStream } from './raw-http.ts';
import {
  fixture,
  messageOf,
  messagesOf,
  openSession,
  SseSession,
  textOf,
  toolCall,
  type Message,
  type RawSession,
  type SessionOptions,
} from './raw-session.ts';
import { peakBytes, resetPeak, runnerMetric, untilGone, writtenBytes } from './runner-facts.ts';

const MIB = 1024 * 1024;

/** A keep-alive comes within this time of the last. */
const DUE_MS = 30_000;

/** The idle streams of F-49: opened at the file's start, so that their keep-alives are due during the other tests. */
let idle: {
  readonly session: RawSession;
  readonly at: number;
  readonly streams: Readonly<Record<string, EventStream>>;
};
let bridge: Bridge;
let journal: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  const run = (name: string, args: string[] = [], bridge: object = {}) => ({
    command: process.execPath,
    args: [fixture(name), ...args],
    env: { JOURNAL: journal },
    bridge: { ...bridge },
  });
  bridge = await startBridge({
    servers: {
      echo: run('echo'),
      crlf: run('crlf'),
      bytes: run('utf8-bytes'),
      noisy: run('noisy-stdout'),
      small: run('echo', [], { maxLineBytes: 64 * 1024 }),
      endless: run('endless-line', [], { requestTimeout: '2s' }),
      loud: run('loud-stderr'),
    },
  });
  const session = await openSession(bridge, 'echo');
  idle = {
    session,
    at: Date.now(),
    streams: {
      'GET stream': await session.get(),
      'quiet call': await session.postStream(toolCall(1, 'hang')),
      'HTTP+SSE stream': (await SseSession.open(bridge, 'echo')).stream,
    },
  };
  return remove;
});
afterAll(() => bridge.stop());

async function open(server: string, options?: SessionOptions): Promise<RawSession> {
  const session = await openSession(bridge, server, options);
  onTestFinished(() => session.end().then(() => undefined));
  return session;
}

async function openSse(server: string, options?: SessionOptions): Promise<SseSession> {
  const session = await SseSession.open(bridge, server, options);
  onTestFinished(() => session.stream.destroy());
  return session;
}

const note = (content: unknown): Message =>
  ({
    jsonrpc: '2.0',
    method: 'notifications/message',
    params: { level: 'info', data: content },
  }) as Message;

const logged = (words: string, ...more: string[]): string[] =>
  bridge.logs().filter((line) => [words, ...more].every((part) => line.includes(part)));

describe('[F-40] what would break an event stream if it were taken as it is', () => {
  const AWKWARD = [
    'a\r\nb',
    'a\n\nb',
    'a\r\rb',
    'data: forged',
    '\ndata: forged\n\n',
    '\r\revent: endpoint\rdata: /evil\r\r',
    '\nid: 99\nretry: 1\n',
    ': comment\n',
    'NUL \0 BEL \u0007 DEL \u007f',
    '\u2028\u2029\u0085\ufeff',
    '\u{10ffff}\ud800',
  ];

  const PRINTED = [
    // As a server should print it, and with blanks of every kind between the tokens.
    ...AWKWARD.map((text) => JSON.stringify(note(text))),
    ...AWKWARD.map((text) => JSON.stringify(note(text), null, 1).replaceAll('\n', '\r')),
    `\t ${JSON.stringify(note('tabs'))} \t\r`,
    // Line separators as they are: legal in JSON strings.
    JSON.stringify(note('raw \u2028 \u2029 \u0085')),
  ];
  const UNTOLD = [
    `{"jsonrpc":"2.0","method":"notifications/message",\0"params":{"data":"NUL between tokens"}}`,
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"a raw\rCR"}}`,
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"a raw\0NUL"}}`,
    `\u2028${JSON.stringify(note('a separator first'))}`,
    `data: ${JSON.stringify(note('an event'))}`,
    `event: endpoint\rdata: /evil\r\r`,
  ];
  // What direct clients take though it should not be printed so.
  const TAKEN = [
    `\ufeff${JSON.stringify(note('a byte order mark first'))}`,
    `${JSON.stringify(note('one'))}\r${JSON.stringify(note('two'))}`,
  ];
  const text = [...UNTOLD, ...PRINTED, ...TAKEN, ...UNTOLD].join('\n');
  const expected = [
    ...PRINTED.map((line) => JSON.parse(line) as object),
    ...['a byte order mark first', 'one', 'two'].map(
      (words) => JSON.parse(JSON.stringify(note(words))) as object,
    ),
  ];

  test('[F-40] becomes one event each, equal JSON, on the stream of a call', async () => {
    const session = await open('echo', { revision: '2025-11-25' });
    const stream = await session.postStream(toolCall(1, 'raw', { text }));
    const events = await stream.rest();
    expect(events.map(({ event }) => event)).toEqual(events.map(() => 'message'));
    const messages = events.map(({ data }) => JSON.parse(data) as Message);
    expect(messages.slice(0, -1)).toEqual(expected);
    expect(textOf(messages.at(-1))).toBe('written');
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });

  test('[F-40] the same on HTTP+SSE', async () => {
    const session = await openSse('echo');
    await session.post(toolCall(1, 'raw', { text }));
    const messages: Message[] = [];
    for (let n = 0; n <= expected.length; n++) messages.push(await session.next());
    expect(messages.slice(0, -1)).toEqual(expected);
    expect(textOf(messages.at(-1))).toBe('written');
  });

  test.each(AWKWARD)(
    '[F-40] in an answer, from a process that spreads its JSON with CR: %j',
    async (text) => {
      const session = await open('crlf');
      const answer = await session.post(toolCall('\u2028', 'echo', { text }));
      expect(messageOf(answer)).toMatchObject({ id: '\u2028' });
      // A lone surrogate cannot be printed as it is.
      expect(textOf(messageOf(answer))).toBe(text);
      expect(answer.body).not.toMatch(/[\r\n]/u);
    },
  );

  test('[F-40] characters that arrive byte by byte stay whole', async () => {
    const session = await open('bytes');
    const text = '\u00e9\u20ac\u{1f600}'.repeat(20);
    expect(textOf(await session.call('echo', { text }))).toBe(text);
  });
});

describe('lines that are no messages', () => {
  test('[F-41] a banner and chatter on stdout are dropped and noted; the session lives', async () => {
    const session = await open('noisy');
    const standing = await session.get();
    for (const text of ['first', 'second']) {
      expect(textOf(await session.call('echo', { text }))).toBe(text);
    }
    await session.end();
    expect(await standing.rest()).toEqual([]);
    expect(logged('not a JSON-RPC message', '"noisy"').length).toBeGreaterThan(0);
    expect(logged('Welcome to the noisy server')).toEqual([]);
  });

  test('[F-41] [R-10] 20,000 such lines make no more than a few lines of log', async () => {
    const session = await open('echo');
    const before = logged('not a JSON-RPC message').length;
    const text = 'no message\n'.repeat(20_000);
    expect(textOf(await session.call('raw', { text }))).toBe('written');
    await session.call('echo');
    expect(logged('not a JSON-RPC message').length - before).toBeGreaterThan(0);
    expect(logged('not a JSON-RPC message').length - before).toBeLessThan(5);
  });

  test('[F-46] progress nobody asked for, or after the answer, and a second answer are dropped', async () => {
    const session = await open('echo');
    const { pid } = await session.whoami();
    const ids = readJournal(journal).filter((fact) => fact.pid === pid && fact.type === 'call');
    const next = Number(ids.at(-1)?.id) + 1;
    const progress = (progressToken: unknown): string =>
      JSON.stringify({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken, progress: 1 },
      });
    const answer = `{"jsonrpc":"2.0","id":${next},"result":{"content":[{"type":"text","text":"early"}]}}`;
    const lines = [
      progress(987_654),
      progress('unknown'),
      progress('p'),
      progress(next),
      answer,
      progress(next),
      answer,
    ];
    const standing = await session.get();
    const messages = messagesOf(
      await session.post(toolCall(1, 'raw', { text: lines.join('\n') }, { progressToken: 'p' })),
    );
    // The one progress that names the call's own token, then the first answer; nothing follows it.
    expect(messages).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } },
      { id: 1 },
    ]);
    expect(textOf(messages[1])).toBe('early');
    await session.call('echo');
    await session.end();
    expect(await standing.rest()).toEqual([]);
  });
});

describe('large output', () => {
  test('[F-43] the largest line the bridge carries arrives whole', async () => {
    const session = await open('echo');
    const bytes = PROCESS_LINE_BYTES - 200;
    const text = textOf(await session.call('big', { bytes }));
    expect(text.length).toBe(bytes);
    expect(/^x+$/u.test(text)).toBe(true);
  });

  test('[F-43] a line above it fails its call alone', async () => {
    const session = await open('echo');
    const { error, id } = await session.call('big', { bytes: PROCESS_LINE_BYTES + 1 }, 'big');
    expect({ error, id }).toMatchObject({
      id: 'big',
      error: { code: 42006, data: { phase: 'sent' } },
    });
    expect(textOf(await session.call('echo', { text: 'alive' }))).toBe('alive');
  });

  test('[F-43] the limit can be lower, and HTTP+SSE has it too', async () => {
    const session = await openSse('small');
    expect((await session.call('big', { bytes: 64 * 1024 })).error).toMatchObject({ code: 42006 });
    expect(textOf(await session.call('big', { bytes: 60 * 1024 }))).toHaveLength(60 * 1024);
  });

  test('[F-43] when it cannot be told whose answer it was, each call in flight gets one error', async () => {
    const session = await open('small');
    const { pid } = await session.whoami();
    const hanging = session.call('hang', {}, 'hanging');
    await vi.waitFor(() => {
      const calls = readJournal(journal).filter((fact) => fact.pid === pid);
      expect(calls.some(({ tool }) => tool === 'hang')).toBe(true);
    }, PATIENCE);
    const messages = await Promise.all([session.call('big', { bytes: 100_000 }, 'big'), hanging]);
    expect(messages).toMatchObject([
      { id: 'big', error: { code: 42008 } },
      { id: 'hanging', error: { code: 42008 } },
    ]);
    expect(textOf(await session.call('echo', { text: 'alive' }))).toBe('alive');
  });

  test('[F-43] a line that never ends costs neither memory nor the neighbours, and the process can be ended', async () => {
    const neighbour = await open('echo');
    const session = await openSession(bridge, 'endless');
    resetPeak(bridge.runner.pid);
    const { error } = await session.call('echo', {}, 'first');
    expect(error).toMatchObject({ code: 42006 });
    const pid = readJournal(journal).findLast(({ type }) => type === 'call')?.pid ?? 0;
    await vi.waitFor(() => expect(writtenBytes(pid)).toBeGreaterThan(256 * MIB), PATIENCE);
    expect(textOf(await neighbour.call('echo', { text: 'alive' }))).toBe('alive');
    // Its stdout never comes back to a line's start: a further call has its deadline, and does not hang.
    expect((await session.call('echo', {}, 'second')).error).toMatchObject({ code: 42007 });
    expect(peakBytes(bridge.runner.pid)).toBeLessThan(400 * MIB);
    expect((await session.end()).status).toBe(204);
    await untilGone(pid);
  });
});

describe('floods', () => {
  const COUNT = 100_000;

  /** Peak memory of the runner and the edge above which something is kept that should not be. */
  const BOUND_BYTES = 400 * MIB;

  const numbers = (events: readonly { data: string }[]): number[] =>
    events.map(({ data }) => Number(/note (\d+)/u.exec(data)?.[1]));

  const inOrder = Array.from({ length: COUNT }, (_, index) => index + 1);

  test('[F-48] [R-8] 100,000 notifications arrive in order, and the answer behind them', async () => {
    const session = await open('echo');
    for (const pid of [bridge.runner.pid, bridge.edge.pid]) resetPeak(pid);
    const stream = await session.postStream(toolCall('last', 'notify', { n: COUNT }));
    const events = await stream.rest();
    const last = JSON.parse(events.pop()?.data ?? '') as Message;
    expect(last.id).toBe('last');
    expect(textOf(last)).toBe(`sent ${COUNT} notes`);
    expect(numbers(events)).toEqual(inOrder);
    expect(peakBytes(bridge.runner.pid)).toBeLessThan(BOUND_BYTES);
    expect(peakBytes(bridge.edge.pid)).toBeLessThan(BOUND_BYTES);
  });

  test('[F-48] [R-10] a client that reads nothing for a while holds up its own process only', async () => {
    const [session, neighbour] = [await open('echo'), await open('echo')];
    for (const pid of [bridge.runner.pid, bridge.edge.pid]) resetPeak(pid);
    const stream = await session.postStream(toolCall('last', 'notify', { n: COUNT }));
    stream.pause();
    // How long it does not read; the neighbour's call in between is what matters.
    await sleep(2_000);
    expect(textOf(await neighbour.call('echo', { text: 'alive' }))).toBe('alive');
    stream.resume();
    const events = await stream.rest();
    expect((JSON.parse(events.pop()?.data ?? '') as Message).id).toBe('last');
    expect(numbers(events)).toEqual(inOrder);
    expect(peakBytes(bridge.runner.pid)).toBeLessThan(BOUND_BYTES);
    expect(peakBytes(bridge.edge.pid)).toBeLessThan(BOUND_BYTES);
  });

  test('[F-48] [R-4] behind a client that left the oldest are let go, the newest and the answer are kept', async () => {
    const session = await open('echo', { revision: '2025-11-25' });
    resetPeak(bridge.runner.pid);
    const stream = await session.postStream(toolCall('last', 'notify', { n: COUNT }));
    const [name = ''] = ((await stream.next())?.id ?? '').split('.');
    stream.destroy();
    await vi.waitFor(async () => {
      expect(await runnerMetric(bridge, 'mcp_bridge_requests_in_flight{server="echo"')).toBe(1);
    }, PATIENCE);
    expect(peakBytes(bridge.runner.pid)).toBeLessThan(BOUND_BYTES);

    const refused = await session.get({ 'Last-Event-ID': `${name}.0` });
    expect(refused.status).toBe(400);
    const tail = await session.get({ 'Last-Event-ID': `${name}.${COUNT - 500}` });
    expect(tail.status).toBe(200);
    const events = await tail.rest();
    expect(JSON.parse(events.pop()?.data ?? '')).toMatchObject({ id: 'last' });
    expect(numbers(events)).toEqual(inOrder.slice(-500));
  });

  test('[F-45] 100 MiB on stderr are drained, cleaned and capped, and no client sees them', async () => {
    const session = await open('loud');
    const standing = await session.get();
    resetPeak(bridge.runner.pid);
    const answer = await session.post(toolCall(1, 'echo', { text: 'quiet' }));
    expect(textOf(messageOf(answer))).toBe('quiet');
    await session.end();
    expect(await standing.rest()).toEqual([]);
    const lines = logged('a line of noise on stderr');
    expect(lines.length).toBeGreaterThan(0);
    // The ration is 256 KiB of text a second; the rest of a log line is its own fields.
    expect(lines.length).toBeLessThan(100_000);
    await vi.waitFor(() => expect(logged('lines of stderr withheld')).not.toEqual([]), PATIENCE);
    expect(lines.join('')).not.toMatch(/\u001b|\\u001b|title|\u202e|\\u202e/u);
    expect(peakBytes(bridge.runner.pid)).toBeLessThan(BOUND_BYTES);
  });
});

describe('[F-47] what the server asks of a client', () => {
  const KINDS = [
    ['sampling', 'sampling/createMessage'],
    ['elicitation', 'elicitation/create'],
    ['roots', 'roots/list'],
  ] as const;

  test.each(KINDS)(
    '[F-47] %s without the capability is answered to the server with -32601',
    async (kind) => {
      const others = Object.fromEntries(
        KINDS.filter(([other]) => other !== kind).map(([other]) => [other, {}]),
      );
      for (const capabilities of [{}, others]) {
        const session = await open('echo', { capabilities });
        const answered = JSON.parse(textOf(await session.call('ask', { kind }))) as object;
        expect(answered).toMatchObject({ error: { code: -32601 } });
        const sse = await openSse('echo', { capabilities });
        const again = JSON.parse(textOf(await sse.call('ask', { kind }))) as object;
        expect(again).toMatchObject({ error: { code: -32601 } });
      }
    },
  );

  test.each(KINDS)(
    '[F-47] %s with the capability reaches the client, and its answer the server',
    async (kind, method) => {
      const reply = (id: unknown): string =>
        JSON.stringify({ jsonrpc: '2.0', id, result: { n: 1 } });
      const session = await open('echo', { capabilities: { [kind]: {} } });
      const stream = await session.postStream(toolCall(1, 'ask', { kind }));
      const asked = JSON.parse((await stream.nextMessage())?.data ?? '') as Message;
      expect(asked.method).toBe(method);
      expect(await session.post(reply(asked.id))).toMatchObject({ status: 202, body: '' });
      const [last] = await stream.rest();
      expect(JSON.parse(textOf(JSON.parse(last?.data ?? '') as Message))).toEqual({
        result: { n: 1 },
      });

      const sse = await openSse('echo', { capabilities: { [kind]: {} } });
      await sse.post(toolCall(1, 'ask', { kind }));
      const askedAgain = await sse.next();
      expect(askedAgain.method).toBe(method);
      expect((await sse.post(reply(askedAgain.id))).status).toBe(202);
      expect(JSON.parse(textOf(await sse.next()))).toEqual({ result: { n: 1 } });
    },
  );
});

test('[F-49] quiet streams of every kind get keep-alive comments within 30 s, and stay open', async () => {
  // What was due by now: the other tests took that long. A machine that stood still meanwhile may owe some of it.
  const due = 1 + Math.floor((Date.now() - idle.at) / DUE_MS);
  for (const [name, stream] of Object.entries(idle.streams)) {
    while (!stream.comments.includes('keep-alive')) await stream.nextComment();
    expect([name, stream.isEnded]).toEqual([name, false]);
  }
  const first = idle.streams['GET stream'];
  while ((first?.comments.length ?? due) < due) {
    const isLate = sleep(DUE_MS, 'late', { ref: false });
    expect(await Promise.race([first?.nextComment(), isLate])).not.toBe('late');
  }
  expect(first?.comments.length).toBeGreaterThanOrEqual(due);
  for (const stream of Object.values(idle.streams)) stream.destroy();
  await idle.session.end();
});
