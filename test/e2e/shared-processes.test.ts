// Sessions that share processes because the config says so: whose each message is, through the whole chain, with clients and servers of
// every kind; and what one session, one client or the end of a process does to the others.
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { hashCredential, mintClientKey } from '../../runner/credential.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { readJournal, temporaryFolder, type JournalFact } from './journal.ts';
import { keyedFetch } from './keyed-fetch.ts';
import { MODERN_CLIENTS, OFFICIAL_CLIENTS } from './official-clients.ts';
import { ownClient } from './own-client.ts';
import { askModern } from './raw-modern.ts';
import {
  bearer,
  fixture,
  messageOf,
  openSession,
  SseSession,
  textOf,
  toolCall,
  type RawSession,
} from './raw-session.ts';
import { untilGone } from './runner-facts.ts';

const program = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
const era = (name: string): string =>
  fileURLToPath(new URL(`../conformance/servers/${name}.mjs`, import.meta.url));

const KEYS = { ann: mintClientKey(), eve: mintClientKey() };
const PEOPLE = Object.values(KEYS);

let bridge: Bridge;
let journal: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  journal = `${folder}/journal`;
  const node = (file: string, shared: Record<string, unknown>) => ({
    command: process.execPath,
    args: [file],
    env: { JOURNAL: journal },
    bridge: shared,
  });
  const [all, own] = [{ sharing: 'server' }, { sharing: 'principal' }];
  bridge = await startBridge({
    servers: {
      all: node(fixture('echo'), all),
      own: node(fixture('echo'), own),
      few: node(fixture('echo'), { ...all, sessionsPerProcess: 2 }),
      victim: node(fixture('echo'), all),
      greedy: node(fixture('echo'), all),
      everything: {
        command: program('mcp-server-everything'),
        args: ['stdio'],
        bridge: all,
      },
      legacy: node(era('legacy'), all),
      modern: node(era('modern'), all),
      dual: node(era('dual'), all),
    },
    bridge: { capacity: 400, virtual: { work: { members: { all: {}, own: {} } } } },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({
        ann: { key: hashCredential(KEYS.ann), servers: ['*'] },
        eve: { key: hashCredential(KEYS.eve), servers: ['*'] },
      }),
    },
  });
  return async () => {
    await bridge.stop();
    remove();
  };
});

const facts = (): JournalFact[] => readJournal(journal);

const open = (server: string, key: string): Promise<RawSession> =>
  openSession(bridge, server, { key });

const pidOf = async (session: RawSession): Promise<number> => (await session.whoami()).pid;

async function opened(server: string, count: number): Promise<RawSession[]> {
  const sessions: RawSession[] = [];
  // oxlint-disable-next-line no-await-in-loop -- the first starts the process
  for (let n = 0; n < count; n += 1) sessions.push(await open(server, PEOPLE[n % 2] ?? ''));
  onTestFinished(async () => {
    await Promise.all(sessions.map((session) => session.end()));
  });
  return sessions;
}

describe('[F-878] who shares a process', () => {
  test('"server": everybody', async () => {
    const sessions = await opened('all', 6);
    const pids = await Promise.all(sessions.map(pidOf));
    expect(new Set(pids).size).toBe(1);
    const stream = await SseSession.open(bridge, 'all', { key: KEYS.eve });
    const { pid } = JSON.parse(textOf(await stream.call('whoami'))) as { pid: number };
    // HTTP+SSE is another revision, which nobody chooses for others.
    expect(pids).not.toContain(pid);
    stream.stream.destroy();
  });

  test('"principal": the sessions of one', async () => {
    const sessions = await opened('own', 6);
    const pids = await Promise.all(sessions.map(pidOf));
    expect(new Set(pids).size).toBe(2);
    expect(pids.map((pid) => pids.indexOf(pid))).toEqual([0, 1, 0, 1, 0, 1]);
  });

  test('members of a virtual server: as the server of the member says', async () => {
    const direct = await opened('all', 2);
    const sessions = await opened('work', 4);
    const pidsOf = (member: string): Promise<number[]> =>
      Promise.all(
        sessions.map(async (session) => {
          const answer = await session.call(`${member}__whoami`);
          return (JSON.parse(textOf(answer)) as { pid: number }).pid;
        }),
      );
    expect(new Set(await pidsOf('all'))).toEqual(new Set(await Promise.all(direct.map(pidOf))));
    const [first, second, ...more] = await pidsOf('own');
    expect(more).toEqual([first, second]);
    expect(second).not.toBe(first);
  });

  test('so many sessions at each process, and an empty one is filled again', async () => {
    const sessions = await opened('few', 5);
    const pids = await Promise.all(sessions.map(pidOf));
    expect(new Set(pids).size).toBe(3);
    const [, , , , last] = sessions;
    await last?.end();
    const [next] = await opened('few', 1);
    expect(next && (await pidOf(next))).toBe(pids[4]);
  });
});

describe('[F-870] [R-9] sessions at one process side by side', () => {
  test('with the same ids and progress tokens each get their own', async () => {
    const sessions = await opened('all', 24);
    const rounds = Array.from({ length: 8 }, (_, round) => round);
    const all = sessions.flatMap((session, at) =>
      rounds.map(async (round) => {
        const text = `${at}-${round}`;
        expect(textOf(await session.call('echo', { text }, round))).toBe(text);
      }),
    );
    const reports = sessions.map(async (session, at) => {
      const n = (at % 5) + 1;
      const body = toolCall('same', 'progress', { n, ms: 5 }, { progressToken: 'same' });
      const stream = await session.postStream(body);
      const events = (await stream.rest()).filter(({ data }) => data !== '');
      const messages = events.map(({ data }) => JSON.parse(data) as Record<string, never>);
      expect(messages.at(-1)).toMatchObject({ id: 'same', result: {} });
      expect(messages.slice(0, -1)).toEqual(
        Array.from({ length: n }, (_, progress) => ({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: 'same', progress: progress + 1, total: n },
        })),
      );
    });
    await Promise.all([...all, ...reports]);
  });

  test('[F-872] a client is asked nothing, and the server learns why', async () => {
    const [session] = await opened('all', 1);
    const answer = JSON.parse(textOf(await session?.call('ask', { kind: 'roots' }))) as object;
    expect(answer).toMatchObject({ error: { code: -32_601 } });
    expect(JSON.stringify(answer)).toContain('shared by several sessions');
    await vi.waitFor(() => {
      expect(bridge.logs().join('\n')).toContain('only one client could answer');
    }, PATIENCE);
  });

  test('[F-876] the end of a session cancels what it has in flight, and nothing else', async () => {
    const [one, two] = await opened('all', 2);
    if (!one || !two) throw new Error('two sessions were opened');
    const lost = one.post(toolCall(1, 'slow', { ms: 60_000 })).catch(() => undefined);
    const kept = two.call('slow', { ms: 1_500 });
    const slow = () => facts().filter(({ type, tool }) => type === 'call' && tool === 'slow');
    await vi.waitUntil(() => slow().length === 2, PATIENCE);
    await one.end();
    const mine = slow().find(({ arguments: args }) => args?.['ms'] === 60_000);
    await vi.waitFor(() => {
      const cancelled = facts().filter(({ type }) => type === 'cancelled');
      expect(cancelled.map(({ id }) => id)).toEqual([mine?.id]);
    }, PATIENCE);
    expect(textOf(await kept)).toBe('waited 1500 ms');
    await lost;
  });
});

describe('[F-879] one that does harm to the process', () => {
  test('kill -9 in the middle of calls: each gets one error, and the next sessions a new process', async () => {
    const sessions = await opened('victim', 8);
    const [first] = sessions;
    const pid = first ? await pidOf(first) : 0;
    const calls = sessions.map((session) => session.call('slow', { ms: 60_000 }));
    await vi.waitUntil(
      () => facts().filter((fact) => fact.pid === pid && fact.tool === 'slow').length === 8,
      PATIENCE,
    );
    process.kill(pid, 'SIGKILL');
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ error }) => error?.code))).toEqual(new Set([42_003]));
    await untilGone(pid);
    const [next] = await opened('victim', 1);
    expect(next && (await pidOf(next))).not.toBe(pid);
  });

  test('a client that reads nothing holds nobody up', async () => {
    const [lazy, busy] = await opened('greedy', 2);
    if (!lazy || !busy) throw new Error('two sessions were opened');
    const stream = await lazy.postStream(toolCall(1, 'notify', { n: 40, bytes: 1024 * 1024 }));
    onTestFinished(() => stream.destroy());
    for (let n = 0; n < 50; n += 1)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(textOf(await busy.call('echo', { text: `${n}` }))).toBe(`${n}`);
    const { pid } = await busy.whoami();
    const [third] = await opened('greedy', 1);
    expect(third && (await pidOf(third))).toBe(pid);
  });
});

describe.each([...OFFICIAL_CLIENTS, ...MODERN_CLIENTS])('$name over $transport', (kind) => {
  test('[F-878] server-everything, by clients of two principals at once', async () => {
    const clients = await Promise.all(
      PEOPLE.map((key) => ownClient(bridge, kind, 'everything', { fetch: keyedFetch(key) })),
    );
    await Promise.all(
      clients.map(async ({ client, call, asked }, at) => {
        expect(client.getServerVersion()).toMatchObject({ name: 'mcp-servers/everything' });
        expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
        expect(await call('echo', { message: `of ${at}` })).toBe(`Echo: of ${at}`);
        expect((await client.listResources()).resources.length).toBeGreaterThan(0);
        const progress: number[] = [];
        await call(
          'trigger-long-running-operation',
          { duration: 0.2, steps: at + 2 },
          { onprogress: (step) => progress.push(step.progress) },
        );
        // The clients drop a report that reaches them in one piece with the answer, as the last one may.
        const reports = Array.from({ length: at + 2 }, (_, step) => step + 1);
        expect(reports).toEqual(expect.arrayContaining(progress));
        expect(progress.slice(0, at + 1)).toEqual(reports.slice(0, at + 1));
        expect(asked).toEqual([]);
      }),
    );
  });

  test.each(['legacy', 'modern', 'dual'])('[F-878] a %s server', async (server) => {
    const clients = await Promise.all(
      PEOPLE.map((key) => ownClient(bridge, kind, server, { fetch: keyedFetch(key) })),
    );
    const names = await Promise.all(
      clients.map(async ({ client }) => (await client.listTools()).tools.map(({ name }) => name)),
    );
    expect(names[0]?.length).toBeGreaterThan(0);
    expect(names[1]).toEqual(names[0]);
  });
});

test('[F-878] 2026-07-28 clients of two principals at one process of the old kind', async () => {
  const asked = PEOPLE.flatMap((key, at) =>
    Array.from({ length: 10 }, async (_, round) => {
      const text = `${at}-${round}`;
      const params = { name: 'echo', arguments: { text } };
      const answer = await askModern(bridge.url, 'all', 'tools/call', {
        params,
        capabilities: { elicitation: { form: {} }, roots: {} },
        headers: bearer(key),
      });
      expect(textOf(messageOf(answer))).toBe(text);
    }),
  );
  await Promise.all(asked);
});
