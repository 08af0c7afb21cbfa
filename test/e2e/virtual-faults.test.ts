// Members of a virtual server that cannot start, are killed, stand still, or use the ids of others, through the whole bridge: the session
// and the other members go on.
import { beforeAll, describe, expect, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import {
  failureOf,
  MODERN_CLIENTS,
  OFFICIAL_CLIENTS,
  type OfficialClient,
} from './official-clients.ts';
import { ownClient } from './own-client.ts';
import { askModern } from './raw-modern.ts';
import { fixture, messageOf } from './raw-session.ts';
import { runnerMetric } from './runner-facts.ts';

const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

let bridge: Bridge;

beforeAll(async () => {
  const run = (name: string) => ({ command: process.execPath, args: [fixture(name)] });
  bridge = await startBridge({
    servers: {
      one: run('echo'),
      two: run('echo'),
      lazy: run('echo'),
      first: run('modern-tasks'),
      second: run('modern-tasks'),
      gone: { command: '/nowhere/server' },
    },
    bridge: {
      virtual: {
        work: { members: { one: {}, two: {}, gone: {} } },
        known: { members: { lazy: {}, first: {} } },
        clash: { members: { first: {}, second: {} } },
      },
    },
  });
  return () => bridge.stop();
});

const namesOf = async ({ client }: OfficialClient): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name);

const pidOf = async ({ call }: OfficialClient, member: string): Promise<number> =>
  (JSON.parse(await call(`${member}__whoami`)) as { pid: number }).pid;

const starts = (): Promise<number> => runnerMetric(bridge, 'mcp_bridge_process_starts_total');

const KINDS = [...OFFICIAL_CLIENTS.slice(0, 1), ...MODERN_CLIENTS.slice(1)];

describe.each(KINDS)('$name over $transport', (kind) => {
  const connect = (server: string): Promise<OfficialClient> => ownClient(bridge, kind, server);

  test('[R-16] [F-750] one that cannot start: its tools are not listed, a call says why, the others serve', async () => {
    const official = await connect('work');
    const names = await namesOf(official);
    expect(names).toEqual(expect.arrayContaining(['one__echo', 'two__echo']));
    expect(names.filter((name) => name.startsWith('gone'))).toEqual([]);
    expect(await failureOf(official.call('gone__echo'))).toMatch(/^42004: .*process/u);
    expect(await official.call('two__echo', { text: 'here' })).toBe('here');
  });

  test('[R-16] [F-751] one that is killed: its calls fail, those of another do not, and it comes back', async () => {
    const official = await connect('work');
    const pid = await pidOf(official, 'one');
    const failing = failureOf(official.call('one__hang'));
    const going = official.call('two__slow', { ms: 1_500 });
    await official.call('one__echo');
    process.kill(pid, 'SIGKILL');
    expect(await failing).toMatch(/^42003: /u);
    expect(await going).toBe('waited 1500 ms');
    await vi.waitFor(async () => expect(await pidOf(official, 'one')).not.toBe(pid), PATIENCE);
    expect(await namesOf(official)).toContain('one__echo');
    const told = official.notifications.map(({ method }) => method);
    const isTold = told.includes('notifications/tools/list_changed');
    // A client of 2026-07-28 hears of changes when it listens.
    expect(isTold || MODERN_CLIENTS.includes(kind)).toBe(true);
  });

  test('[R-16] [F-753] what is known is listed without starting anything; a call starts its member alone', async () => {
    await namesOf(await connect('known'));
    const before = await starts();
    const official = await connect('known');
    const names = await namesOf(official);
    expect(names).toEqual(expect.arrayContaining(['lazy__echo', 'first__later']));
    const isShared = MODERN_CLIENTS.includes(kind);
    expect(await starts()).toBe(before);
    expect(await official.call('lazy__echo', { text: 'here' })).toBe('here');
    expect(await starts()).toBe(isShared ? before : before + 1);
  });
});

test('[R-16] [F-756] two servers that give their tasks the same ids: each is asked of its own', async () => {
  const call = async (method: string, params: Record<string, unknown>) => {
    const headers = typeof params['taskId'] === 'string' ? { 'Mcp-Name': params['taskId'] } : {};
    const answer = await askModern(bridge.url, 'clash', method, {
      params,
      headers,
      capabilities: TASKS,
    });
    return messageOf(answer);
  };
  const begin = async (member: string): Promise<unknown> => {
    const params = { name: `${member}__later`, arguments: { text: member } };
    const { result } = await call('tools/call', params);
    return (result as { taskId?: unknown } | undefined)?.taskId;
  };
  const [first, second] = [await begin('first'), await begin('second')];
  expect(second).toBe(`second__${String(first)}`);
  for (const [taskId, text] of [
    [first, 'first'],
    [second, 'second'],
  ])
    await vi.waitFor(async () => {
      const { result } = await call('tasks/get', { taskId });
      expect(result).toMatchObject({
        taskId,
        status: 'completed',
        result: { content: [{ text }] },
      });
    }, PATIENCE);
});
