// Breaks in the middle of a call: the call is carried out once and answered once anyway.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder } from './journal.ts';
import {
  failureOf,
  OFFICIAL_CLIENTS,
  type OfficialClient,
  type OfficialClientKind,
} from './official-clients.ts';
import { EventReader, RawClient, type RawEvent } from './raw-client.ts';
import { recordFetch, type RecordedFetch } from './recorded-fetch.ts';

const echo = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));

const STREAMABLE = OFFICIAL_CLIENTS.filter(({ transport }) => transport === 'Streamable HTTP');
const HTTP_SSE = OFFICIAL_CLIENTS.filter(({ transport }) => transport === 'HTTP+SSE');

let bridge: Bridge;
let journal: string;

beforeEach(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  const env = { JOURNAL: journal };
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [echo], env } },
  });
  return async () => {
    await bridge.stop();
    remove();
  };
});

const base = (): URL => new URL('/echo', bridge.url);

/** The calls of a tool that a process has taken. */
const taken = (tool: string): unknown[] =>
  readJournal(journal).filter((fact) => fact.type === 'call' && fact.tool === tool);

const untilTaken = (tool: string, times = 1): Promise<unknown> =>
  vi.waitUntil(() => taken(tool).length >= times, PATIENCE);

interface Recorded {
  readonly official: OfficialClient;
  readonly recorded: RecordedFetch;
}

async function connect(kind: OfficialClientKind): Promise<Recorded> {
  const recorded = recordFetch();
  const official = await kind.connect(base(), { fetch: recorded.fetch });
  onTestFinished(() => official.client.close());
  return { official, recorded };
}

describe.each(STREAMABLE)('the edge is killed: $name', (kind) => {
  test.each([
    ['while the edge is down', 700],
    ['after the edge is back', 5_000],
  ])(
    'R-2, R-4: a call whose process answers %s is answered, and carried out once',
    async (_when, ms) => {
      const { official, recorded } = await connect(kind);
      const call = official.call('slow', { ms });
      await untilTaken('slow');
      // Only a client that has the stream's first event id can come back for the rest.
      await vi.waitUntil(() => recorded.open('POST') === 1, PATIENCE);
      await bridge.restartEdge();
      expect(await call).toBe(`waited ${ms} ms`);
      expect(taken('slow')).toHaveLength(1);
      expect(recorded.exchanges).toContainEqual({
        method: 'GET',
        lastEventId: expect.stringMatching(/\.0$/u),
        status: 200,
      });
    },
  );

  test('the session goes on: the same process answers the next call, and its messages arrive', async () => {
    const { official } = await connect(kind);
    const before = JSON.parse(await official.call('whoami')) as { pid: number };
    await bridge.restartEdge();
    await bridge.untilReady();
    const after = JSON.parse(await official.call('whoami')) as { pid: number };
    expect(after.pid).toBe(before.pid);
    await official.call('notify', { n: 2 });
    await vi.waitUntil(() => official.notifications.length === 2, PATIENCE);
  });
});

describe('the edge is killed: a client by hand', () => {
  test('R-4: after Last-Event-ID comes the exact tail of the stream', async () => {
    const client = await RawClient.open(bridge.mcpUrl('echo'));
    const n = 12;
    const stream = new EventReader(
      await client.call('call', 'progress', { n, ms: 150 }, { progressToken: 5 }),
    );
    const seen: RawEvent[] = [];
    while (seen.length < 4) {
      const event = await stream.next();
      if (event) seen.push(event);
    }
    await bridge.restartEdge();
    await bridge.untilReady();
    // What was on the way when the edge died counts as seen, as it does for a real client.
    for (let more = await nextIfAny(stream); more; more = await nextIfAny(stream)) seen.push(more);
    const tail = await new EventReader(await client.get(seen.at(-1)?.id)).rest();
    const messages = [...seen.slice(1), ...tail].map(({ data }) => JSON.parse(data) as Told);
    expect(messages.map(({ params }) => params?.progress)).toEqual([
      ...Array.from({ length: n }, (_, index) => index + 1),
      undefined,
    ]);
    expect(messages.at(-1)).toMatchObject({ id: 'call', result: { isError: false } });
    const [name] = (seen[0]?.id ?? '').split('.');
    expect([...seen, ...tail].map(({ id }) => id)).toEqual(
      Array.from({ length: n + 2 }, (_, seq) => `${name}.${seq}`),
    );
    expect(taken('progress')).toHaveLength(1);
  });
});

/** One client of each kind at once, since these tests mostly wait. */
async function connectAll(kinds = OFFICIAL_CLIENTS): Promise<OfficialClient[]> {
  const connected = await Promise.all(kinds.map(connect));
  return connected.map(({ official }) => official);
}

const pidOf = async (official: OfficialClient): Promise<number> =>
  (JSON.parse(await official.call('whoami')) as { pid: number }).pid;

test('R-5, R-11: HTTP+SSE clients that leave while the edge is away leave no process, and can come again', async () => {
  const clients = await connectAll(HTTP_SSE);
  const pids = await Promise.all(clients.map(pidOf));
  expect(await bridge.processesLeft()).toEqual(expect.arrayContaining(pids));
  bridge.edge.kill('SIGKILL');
  await bridge.edge.exited;
  for (const { client } of clients) await client.close();
  await bridge.restartEdge();
  await bridge.untilReady();
  await vi.waitUntil(async () => (await bridge.processesLeft()).length === 0, PATIENCE);
  for (const again of await connectAll(HTTP_SSE)) {
    expect(await again.call('echo', { text: 'again' })).toBe('again');
  }
});

describe('the runner, for all clients and transports,', () => {
  test('F-51: stopped for seconds in the middle of calls, answers each once when it goes on', async () => {
    const clients = await connectAll();
    const calls = clients.map((official) => official.call('slow', { ms: 400 }));
    await untilTaken('slow', clients.length);
    bridge.runner.kill('SIGSTOP');
    const meanwhile = clients.map((official) => official.call('echo', { text: 'meanwhile' }));
    await sleep(STOPPED_MS);
    bridge.runner.kill('SIGCONT');
    expect(await Promise.all(calls)).toEqual(clients.map(() => 'waited 400 ms'));
    expect(await Promise.all(meanwhile)).toEqual(clients.map(() => 'meanwhile'));
    expect(taken('slow')).toHaveLength(clients.length);
    expect(taken('echo')).toHaveLength(clients.length);
  });

  test('F-55: killed in the middle of calls, has them answered as lost and runs none again', async () => {
    const clients = await connectAll();
    const failures = clients.map((official) => failureOf(official.call('hang')));
    await untilTaken('hang', clients.length);
    await bridge.killRunner('SIGKILL');
    await bridge.startRunner();
    for (const failure of await Promise.all(failures)) expect(failure).toContain('42002');
    expect(taken('hang')).toHaveLength(clients.length);
    // What the killed runner left is swept by the next.
    expect(await bridge.processesLeft()).toEqual([]);
  });

  test('R-12: asked to end in the middle of calls, lets them finish first', async () => {
    const clients = await connectAll();
    const calls = clients.map((official) => official.call('slow', { ms: 700 }));
    await untilTaken('slow', clients.length);
    const exit = bridge.killRunner('SIGTERM');
    expect(await Promise.all(calls)).toEqual(clients.map(() => 'waited 700 ms'));
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(await bridge.processesLeft()).toEqual([]);
  });
});

/** Longer than a short network change, shorter than the time after which a silent link is given up. */
const STOPPED_MS = 5_000;

interface Told {
  readonly id?: unknown;
  readonly params?: { readonly progress: number };
}

/** The next event of a stream whose connection may be broken. */
const nextIfAny = (stream: EventReader): Promise<RawEvent | undefined> =>
  stream.next().catch(() => undefined);
