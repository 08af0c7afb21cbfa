// A runner and an edge that is old, false or taken over: the runner does nothing but what its own config allows, says so, and is
// there again when the edge comes to its senses (D4).
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { mintRunnerToken } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { selfSigned } from '../fixtures/self-signed.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { FakeEdge, type FakeLink } from './fake-edge.ts';
import { readJournal, temporaryFolder, type JournalFact } from './journal.ts';
import { fixture, initialize, toolCall } from './raw-session.ts';
import { peakBytes } from './runner-facts.ts';

const MIB = 1024 * 1024;
const runnerProgram = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

interface LoneRunner {
  readonly pid: number;
  readonly lines: readonly string[];
  says(...words: string[]): Promise<unknown>;
  facts(): JournalFact[];
  isAlive(): boolean;
}

/** A runner with one server, and an edge of the test's own. */
function startRunner(edge: string, switches: Record<string, string> = {}): LoneRunner {
  const { folder, remove } = temporaryFolder();
  const env = { JOURNAL: `${folder}/journal` };
  const config = {
    mcpServers: { echo: { command: process.execPath, args: [fixture('echo')], env } },
    bridge: { runner: 'lone' },
  };
  writeFileSync(`${folder}/mcp.json`, JSON.stringify(config), { mode: 0o600 });
  writeFileSync(`${folder}/token`, mintRunnerToken(), { mode: 0o600 });
  const { process: child, ...pipes } = spawnBound(
    process.execPath,
    [runnerProgram, 'run', `--edge=${edge}`, '--config=mcp.json', '--token-file=token'],
    { cwd: folder, env: { ...process.env, ...switches } },
  );
  const lines: string[] = [];
  for (const stream of [pipes.stdout, pipes.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  const says = (...words: string[]) =>
    vi.waitUntil(() => lines.some((line) => words.every((word) => line.includes(word))), PATIENCE);
  onTestFinished(async () => {
    // The second signal, once the first was heard: its edge is no help in a drain.
    child.kill('SIGTERM');
    await says('draining');
    child.kill('SIGTERM');
    await exited;
    remove();
  });
  return {
    pid: child.pid ?? 0,
    lines,
    says,
    facts: () => readJournal(env.JOURNAL),
    isAlive: () => child.exitCode === null && child.signalCode === null,
  };
}

const SESSION = 's'.repeat(22);
const OPEN = {
  type: 'open',
  session: SESSION,
  server: 'echo',
  ticket: 't'.repeat(22),
  clientKind: 'streamable',
  principal: 'ann',
};

let edge: FakeEdge;

beforeEach(async () => {
  edge = await FakeEdge.start();
  return () => edge.stop();
});

test('[F-164] an edge whose secret was changed is told which places it may give away', async () => {
  startRunner(edge.url);
  const control = await edge.controls.next();
  control.say(OPEN);
  const session = await edge.sessions.next();
  edge.manners.refusal = {
    status: 404,
    text: '{"jsonrpc":"2.0","error":{"code":42012,"message":"","data":{"fault":"session_not_found"}}}',
  };
  await session.send('no frame');
  await session.closed;
  expect(JSON.parse(await control.heard.next())).toMatchObject({
    type: 'refused',
    session: SESSION,
    fault: 'session_not_found',
  });
});

test('[F-166] an edge that asks for a place is given the idle session of whoever it names', async () => {
  startRunner(edge.url);
  const control = await edge.controls.next();
  control.say(OPEN);
  await edge.sessions.next();
  control.say({ type: 'yield', principal: 'bob', own: true });
  expect(JSON.parse(await control.heard.next())).toEqual({ type: 'yielded' });
  control.say({ type: 'yield', principal: 'ann', own: true });
  expect(JSON.parse(await control.heard.next())).toEqual({ type: 'yielded', session: SESSION });
});

describe('[F-67] versions that do not meet', () => {
  test('an edge that refuses with 426 is told to the operator, in its own words', async () => {
    edge.manners.refusal = {
      status: 426,
      text: 'This edge speaks mcp-bridge.v9. Upgrade the runner.',
    };
    const runner = startRunner(edge.url);
    await runner.says('the edge refused the control link', '426', 'Upgrade the runner.');
    expect(runner.isAlive()).toBe(true);
    expect(runner.lines.join('\n')).not.toContain('linked to the edge');
  });

  test('an edge that answers with a version never offered gets no hello', async () => {
    edge.manners.subprotocol = 'mcp-bridge.v0';
    const runner = startRunner(edge.url);
    await runner.says('the edge cannot be reached', 'subprotocol');
    expect(runner.lines.join('\n')).not.toContain('linked to the edge');
    edge.manners.subprotocol = 'mcp-bridge.v2';
    await edge.controls.next();
    await runner.says('linked to the edge');
  });
});

test.each([{}, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }])(
  '[F-66] an edge whose certificate nobody vouches for gets no token, even with %j',
  async (switches) => {
    const authorizations: unknown[] = [];
    const server = createServer(selfSigned());
    server.on('upgrade', ({ headers }) => authorizations.push(headers.authorization));
    const false_ = await FakeEdge.start(server, 'https');
    onTestFinished(() => false_.stop());
    const runner = startRunner(false_.url, switches);
    await runner.says('the edge cannot be reached', 'self-signed certificate');
    expect(authorizations).toEqual([]);
    expect(runner.isAlive()).toBe(true);
  },
);

describe('[F-68] [LP10] an edge that sends more than names', () => {
  test.each([
    ['a command', { ...OPEN, command: 'touch' }],
    ['arguments', { ...OPEN, args: ['-c', 'id'] }],
    ['an environment', { ...OPEN, env: { LD_PRELOAD: '/x.so' } }],
    ['a directory', { ...OPEN, cwd: '/' }],
    ['a frame of its own', { type: 'spawn', command: 'sh' }],
    ['a command for a name', { ...OPEN, server: 'echo; sh' }],
    ['a path for a name', { ...OPEN, server: '../../bin/sh' }],
    ['a session that is a path', { ...OPEN, session: '../x' }],
  ])('%s: refused, logged, the link closed, nothing started', async (_name, frame) => {
    const runner = startRunner(edge.url);
    const control = await edge.controls.next();
    control.say(frame);
    expect(await control.closed).toBe(4400);
    await runner.says('the edge sent a frame outside the protocol', '"level":"error"');
    // It comes back, and takes what is said by the rules.
    const again = await edge.controls.next();
    again.say(OPEN);
    await edge.sessions.next();
    await runner.says('session opened');
    expect(runner.lines.filter((line) => line.includes('session opened'))).toHaveLength(1);
  });

  test('a server that the config does not name is refused, and the link stays', async () => {
    const runner = startRunner(edge.url);
    const control = await edge.controls.next();
    for (const server of ['sh', 'echo2', 'constructor', 'toString']) {
      control.say({ ...OPEN, server });
      expect(JSON.parse(await control.heard.next())).toMatchObject({
        type: 'refused',
        session: SESSION,
        fault: 'runner_offline',
      });
    }
    control.say(OPEN);
    await edge.sessions.next();
    await runner.says('session opened');
    expect(runner.lines.filter((line) => line.includes('session opened'))).toHaveLength(1);
  });
});

/** The next frame that is an event: a slow machine's answers are accepted first, and a revision is told when it is negotiated. */
async function nextEvent(link: FakeLink): Promise<string> {
  for (;;) {
    const text = await link.heard.next();
    if (!/^\{"type":"(accepted|negotiated)"/u.test(text)) return text;
  }
}

/** Headers that no schema takes, each with something in it that could break who refuses it. */
const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ['a type of wide characters', `{"type":"${'界'.repeat(50)}"}`],
  ['a field of wide characters', `{"type":"end","${'界'.repeat(60)}":1}`],
  ['a type of a megabyte', `{"type":"${'é'.repeat(MIB / 2)}"}`],
  ['a field of a megabyte', `{"type":"end","${'x'.repeat(MIB)}":1}`],
  ['a lone surrogate', '{"type":"\\ud800","\\udfff":1}'],
  ['control characters', '{"type":"\\u0000\\u001b[2J\\r\\n"}'],
  [
    '100,000 fields',
    `{"type":"end",${Array.from({ length: 100_000 }, (_, i) => `"f${i}":${i}`).join()}}`,
  ],
  ['100,000 wrong entries', `{"type":"welcome","servers":[${'1,'.repeat(99_999)}1],"expired":[]}`],
  ['a number without end', `{"type":"ack","stream":"s","seq":${'9'.repeat(100_000)}}`],
  ['nesting without end', `{"type":"end","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ['the name of a prototype', '{"type":"__proto__"}'],
  ['a field of that name', '{"type":"end","__proto__":{"type":"end"}}'],
  ['the name of a method', '{"type":"toString"}'],
  ['an array', '["end"]'],
  ['null', 'null'],
  ['nothing', ''],
];

test('[F-240] [LP2] headers of every odd kind on both links: refused with 4400, and the runner serves on', async () => {
  const runner = startRunner(edge.url);
  let control = await edge.controls.next();
  const codes: (readonly [string, number])[] = [];
  for (const [what, header] of ODD_HEADERS) {
    void control.send(header);
    codes.push([what, await control.closed]);
    control = await edge.controls.next();
  }
  control.say(OPEN);
  let link = await edge.sessions.next();
  for (const [what, header] of ODD_HEADERS) {
    void link.send(header);
    codes.push([what, await link.closed]);
    link = await edge.sessions.next();
  }
  expect(codes.filter(([, code]) => code !== 4400)).toEqual([]);
  link.say({ type: 'post', stream: 'init', id: 'init' }, initialize());
  expect(await nextEvent(link)).toContain('"stream":"init"');
  const refusals = runner.lines.filter((line) => line.includes('the edge sent a frame outside'));
  expect(refusals).toHaveLength(2 * ODD_HEADERS.length);
  // What came is told in a few cleaned words.
  for (const line of refusals) expect(line).toMatch(/^[^\u0000-\u001F\u007F-\u009F]{1,600}$/u);
  expect(runner.isAlive()).toBe(true);
});

test.each(['\n', '界', '\u0000'])(
  '[F-240] a ticket that no header can carry (%j) keeps its session from the edge, and no other',
  async (ticket) => {
    const runner = startRunner(edge.url);
    const control = await edge.controls.next();
    control.say({ ...OPEN, session: 'b'.repeat(22), ticket });
    await runner.says('session opened');
    control.say(OPEN);
    const link = await edge.sessions.next();
    link.say({ type: 'post', stream: 'init', id: 'init' }, initialize());
    expect(await nextEvent(link)).toContain('"stream":"init"');
    control.say({ type: 'close', session: 'b'.repeat(22) });
    await runner.says('session closed');
    expect(runner.isAlive()).toBe(true);
  },
);

describe('[F-58] [F-68] a session link that breaks the protocol', () => {
  const post = (id: string, message: string): [object, string] => [
    { type: 'post', stream: id, id },
    message,
  ];

  /** Opens the one session and initializes it. */
  async function openSession(): Promise<{ runner: LoneRunner; link: FakeLink }> {
    const runner = startRunner(edge.url);
    (await edge.controls.next()).say(OPEN);
    const link = await edge.sessions.next();
    link.say(...post('init', initialize()));
    expect(await nextEvent(link)).toContain('"stream":"init","seq":1,"final":true');
    return { runner, link };
  }

  /** The session goes on, on a socket of a higher epoch, as if nothing had been. */
  async function expectRelink(runner: LoneRunner): Promise<void> {
    const link = await edge.sessions.next();
    expect(edge.epochs.map(Number)).toEqual([1, 2]);
    // Unacknowledged events come again, then the answer to the new post.
    expect(await nextEvent(link)).toContain('"stream":"init"');
    link.say(...post('next', toolCall(1, 'echo', { text: 'still here' })));
    expect(await nextEvent(link)).toContain('still here');
    expect(runner.facts().filter(({ type }) => type === 'call')).toHaveLength(1);
  }

  const message = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

  test.each<[string, number, (link: FakeLink) => unknown]>([
    ['an unknown type', 4400, (link) => link.say({ type: 'exec' }, message)],
    ['an unknown field', 4400, (link) => link.say({ ...post('p', '')[0], command: 'sh' }, message)],
    ['no JSON', 4400, (link) => link.send('{"type":')],
    ['a binary message', 4400, (link) => link.send(Buffer.from('{"type":"end"}'))],
    ['bytes that are no UTF-8', 1007, (link) => link.send(Buffer.from([0xff, 0xfe]), false)],
    ['33 MiB in one message', 1009, (link) => link.send('x'.repeat(33 * MIB))],
    ['17 MiB in parts', 4413, (link) => sendParts(link, 17 * 4, 256 * 1024)],
    ['parts of more frames than may be begun', 4413, (link) => sendParts(link, 100, MIB / 4, MIB)],
    ['a million parts of one byte', 4413, (link) => sendParts(link, 1_000_000, 1)],
    ['parts of nothing', 4400, (link) => sendParts(link, 1_000_000, 0)],
  ])('%s: closed with %i, and the session goes on', async (_name, code, breach) => {
    const { runner, link } = await openSession();
    void breach(link);
    expect(await link.closed).toBe(code);
    await expectRelink(runner);
    expect(runner.isAlive()).toBe(true);
    expect(peakBytes(runner.pid)).toBeLessThan(300 * MIB);
  });

  async function sendParts(
    link: FakeLink,
    count: number,
    bytes: number,
    begun?: number,
  ): Promise<void> {
    const size = begun ?? count * bytes;
    const closed = new AbortController();
    void link.closed.then(() => closed.abort());
    for (let sent = 0; sent < count && !closed.signal.aborted; sent += 1) {
      const at = begun === undefined ? sent * bytes : 0;
      const of = begun === undefined ? 'x' : `x${sent}`;
      link.say({ type: 'part', of, at, to: at + bytes, size }, 'x'.repeat(bytes));
      // The runner's answers must be read in between.
      if (sent % 100 === 99) await nextTurn();
    }
  }

  test('posts that are no messages reach no process and are refused one by one', async () => {
    const { runner, link } = await openSession();
    for (const [id, body] of [
      ['a', '{"jsonrpc":"2.0"'],
      ['b', '42'],
      ['c', '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
      ['d', `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
    ] as const) {
      link.say(...post(id, body));
      expect(JSON.parse(await link.heard.next())).toMatchObject({ type: 'refused', of: id });
    }
    expect(runner.facts().filter(({ type }) => type === 'line')).toHaveLength(1);
  });
});
