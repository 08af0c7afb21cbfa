// Sessions linked ahead of their clients (LP27): with a spare, nothing passes between runner and edge before the client's own message.
import { readFileSync, writeFileSync } from 'node:fs';

import { describe, expect, test, vi, type TestContext } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startFaultyBridge, type FaultyBridge } from './faulty-link.ts';
import { edgeSessions, edgeSpares, METRICS_SETTINGS, runnerSessions } from './gauges.ts';
import type { Bridge } from './harness.ts';
import { askModern } from './raw-modern.ts';
import { askForSession, messageOf, openSession, SseSession, textOf } from './raw-session.ts';

const WARM = 2;

const start = (
  { onTestFinished }: TestContext,
  limits: Readonly<Record<string, unknown>> = { warm: WARM },
): Promise<FaultyBridge> =>
  startFaultyBridge(onTestFinished, { limits, settings: METRICS_SETTINGS });

const untilSpares = async (bridge: Bridge, count = WARM): Promise<void> => {
  await vi.waitUntil(async () => (await edgeSpares(bridge)) === count, PATIENCE);
};

const called = async (bridge: Bridge, text: string): Promise<string> => {
  const params = { name: 'echo', arguments: { text } };
  return textOf(messageOf(await askModern(bridge.url, 'echo', 'tools/call', { params })));
};

describe('[R-13] [LP27] a client that gets a spare', () => {
  const clients: [string, (bridge: Bridge) => Promise<unknown>][] = [
    [
      'of Streamable HTTP',
      async (bridge) =>
        textOf(await (await openSession(bridge, 'echo')).call('echo', { text: 'x' })),
    ],
    [
      'of HTTP+SSE',
      async (bridge) => {
        const session = await SseSession.open(bridge, 'echo');
        const answer = textOf(await session.call('echo', { text: 'x' }));
        session.stream.destroy();
        return answer;
      },
    ],
    ['of 2026-07-28', (bridge) => called(bridge, 'x')],
  ];

  test.for(clients)(
    '%s reaches a process though no dial succeeds and no control frame passes',
    async ([, ask], context) => {
      const { bridge, link } = await start(context);
      await untilSpares(bridge);
      const dialled = link.dialledAt.length;
      expect(dialled).toBe(1 + WARM);
      // The control link was dialled first.
      link.swallowOldest();
      link.refuseNew();
      expect(await ask(bridge)).toBe('x');
      expect(link.dialledAt).toHaveLength(dialled);
    },
  );

  test('[F-332] each of many at once gets a session of its own, by a spare or by dialling, and spares are replaced', async (context) => {
    const { bridge } = await start(context);
    await untilSpares(bridge);
    const sessions = await Promise.all(
      Array.from({ length: 3 * WARM }, () => openSession(bridge, 'echo')),
    );
    const pids = await Promise.all(sessions.map(async (session) => (await session.whoami()).pid));
    expect(new Set(pids).size).toBe(sessions.length);
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(sessions.length);
    await untilSpares(bridge);
    expect(await edgeSessions(bridge)).toBe(sessions.length);
    expect(await runnerSessions(bridge)).toBe(sessions.length);
  });

  test('all requests of a modern client go where its first went, and on when that is over', async (context) => {
    const { bridge, facts } = await start(context, { warm: WARM, idleTimeout: '1s' });
    await untilSpares(bridge);
    const params = { name: 'whoami', arguments: {} };
    const whoami = async (): Promise<unknown> =>
      JSON.parse(textOf(messageOf(await askModern(bridge.url, 'echo', 'tools/call', { params }))));
    const [first, second] = [await whoami(), await whoami()];
    expect(second).toEqual(first);
    await vi.waitUntil(async () => (await edgeSessions(bridge)) === 0, PATIENCE);
    await untilSpares(bridge);
    expect(await whoami()).not.toEqual(first);
    expect(facts().length).toBeGreaterThan(0);
  });
});

describe('[R-13] [LP27] spares', () => {
  test('a server without `warm` has none: one dial for the control link, one for each session', async (context) => {
    const { bridge, link } = await start(context, {});
    expect(await edgeSpares(bridge)).toBe(0);
    expect(link.dialledAt).toHaveLength(1);
    await openSession(bridge, 'echo');
    expect(link.dialledAt).toHaveLength(2);
  });

  test('[F-333] are no sessions, and are there again after the edge or the runner was restarted', async (context) => {
    const { bridge, link } = await start(context);
    await untilSpares(bridge);
    expect(await edgeSessions(bridge)).toBe(0);
    expect(await runnerSessions(bridge)).toBe(0);
    await bridge.restartEdge();
    await untilSpares(bridge);
    expect(await called(bridge, 'after the edge')).toBe('after the edge');
    await bridge.killRunner('SIGKILL');
    await vi.waitUntil(() => link.size === 0, PATIENCE);
    await vi.waitUntil(async () => (await edgeSpares(bridge)) === 0, PATIENCE);
    await bridge.startRunner();
    await untilSpares(bridge);
    const session = await openSession(bridge, 'echo');
    expect(textOf(await session.call('echo', { text: 'after the runner' }))).toBe(
      'after the runner',
    );
  });

  test('[F-334] a network that is gone and back costs nobody a session, and the spares are made again', async (context) => {
    const { bridge, link } = await start(context);
    await untilSpares(bridge);
    const session = await openSession(bridge, 'echo');
    link.goDown();
    await vi.waitUntil(async () => (await edgeSpares(bridge)) === 0, PATIENCE);
    link.mend();
    await untilSpares(bridge);
    expect(textOf(await session.call('echo', { text: 'again' }))).toBe('again');
    expect(textOf(await (await openSession(bridge, 'echo')).call('echo', { text: 'new' }))).toBe(
      'new',
    );
  });

  test('[F-335] none leads to a process of a config that has changed, and none stays for a server that is gone', async (context) => {
    const { bridge } = await start(context);
    await untilSpares(bridge);
    const { config: path } = bridge.files;
    const file = JSON.parse(readFileSync(path, 'utf8')) as {
      mcpServers: Record<string, { env?: Record<string, string>; bridge?: object }>;
    };
    const { echo = {} } = file.mcpServers;
    const write = (mcpServers: object): void =>
      writeFileSync(path, JSON.stringify({ ...file, mcpServers }));
    write({ echo: { ...echo, env: { ...echo.env, CHANGED: 'yes' } } });
    const isChanged = async (): Promise<boolean> =>
      (await (await openSession(bridge, 'echo')).whoami()).envKeys.includes('CHANGED');
    // A session of before the change may end while it is being opened.
    await vi.waitUntil(() => isChanged().catch(() => false), PATIENCE);
    await untilSpares(bridge);
    const { envKeys } = await (await openSession(bridge, 'echo')).whoami();
    expect(envKeys).toContain('CHANGED');
    write({ other: { ...echo, bridge: {} } });
    await untilSpares(bridge, 0);
    expect((await askForSession(bridge, 'echo')).status).toBe(503);
  });

  test('[F-336] a runner that drains gives none away', async (context) => {
    const { bridge } = await start(context);
    await untilSpares(bridge);
    const ended = await bridge.killRunner('SIGTERM');
    expect(ended.code).toBe(0);
    await vi.waitUntil(async () => (await edgeSpares(bridge)) === 0, PATIENCE);
    expect((await askForSession(bridge, 'echo')).status).toBe(503);
    await bridge.startRunner();
    await untilSpares(bridge);
  });
});
