// Everything that official clients of each era do, with a virtual server that has real servers, one at a URL and one of 2026-07-28 alone.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { MODERN_CLIENTS, OFFICIAL_CLIENTS, type OfficialClient } from './official-clients.ts';
import { ownClient } from './own-client.ts';
import {
  beAsked,
  log,
  OTHER,
  reportAndCancel,
  ROOTS,
  startWholeBridge,
  useLists,
  watch,
  type WholeBridge,
} from './virtual-features.ts';

let whole: WholeBridge;

beforeAll(async () => {
  whole = await startWholeBridge();
  return () => whole.stop();
});

describe.each([...OFFICIAL_CLIENTS, ...MODERN_CLIENTS])('$name over $transport', (kind) => {
  const connect = (): Promise<OfficialClient> =>
    ownClient(whole.bridge, kind, 'all', { roots: ROOTS.slice(0, 1) });

  test('[R-16] lists in pages, calls, resources, templates, prompts and completion of all members', async () => {
    const tools = await useLists(await connect(), whole.folder);
    expect(new Set(tools).size).toBe(tools.length);
  });

  test('[R-16] members ask for samples, input by form and by URL, and roots', async () => {
    expect((await beAsked(await connect())).toSorted()).toEqual([
      'elicitation/create',
      'elicitation/create',
      'elicitation/create',
      'roots/list',
      'roots/list',
      'sampling/createMessage',
    ]);
  });

  test('[R-16] progress of calls to several members at once, and one that is cancelled', async () => {
    const label = `${kind.name} ${kind.transport}`;
    expect(await reportAndCancel(await connect(), whole.facts, label)).toContain('completed');
  });

  test('[R-16] updates of a watched resource, and changes of lists', async () => {
    const updated = await watch(await connect());
    expect(updated.length).toBeGreaterThan(0);
    for (const update of updated) expect(update).toMatchObject({ uri: OTHER });
  });
});

describe.each(OFFICIAL_CLIENTS)('$name over $transport', (kind) => {
  test('[R-16] log levels of a session hold for all members; roots that change reach them', async () => {
    const official = await ownClient(whole.bridge, kind, 'all', { roots: ROOTS.slice(0, 1) });
    await log(official);
    for (const member of ['everything', 'remote'])
      expect(await official.call(`${member}__get-roots-list`)).toContain(ROOTS[0]);
    await official.changeRoots(ROOTS);
    const updated = () =>
      JSON.stringify(official.notifications).split('Roots updated: 2').length - 1;
    await vi.waitUntil(() => updated() >= 2, PATIENCE);
    for (const member of ['everything', 'remote'])
      expect(await official.call(`${member}__get-roots-list`)).toContain(ROOTS[1]);
  });
});

test('[R-16] tasks of a legacy session: made, asked for and answered by the member that has them', async () => {
  const client = new Client({ name: 'tasks', version: '1.0.0' }, { capabilities: {} });
  await client.connect(new StreamableHTTPClientTransport(whole.bridge.mcpUrl('all')));
  onTestFinished(() => client.close());
  await client.listTools();
  const run = async (member: string): Promise<{ told: string[]; text: string }> => {
    const told: string[] = [];
    const stream = client.experimental.tasks.callToolStream({
      name: `${member}__simulate-research-query`,
      arguments: { topic: member },
    });
    for await (const said of stream) {
      told.push(said.type);
      if (said.type === 'result') return { told, text: JSON.stringify(said.result) };
      if (said.type === 'error') throw said.error;
    }
    throw new Error('no result');
  };
  const members = ['everything', 'remote'];
  const results = await Promise.all(members.map(run));
  for (const [at, { told, text }] of results.entries()) {
    expect(told[0]).toBe('taskCreated');
    expect(text).toContain(`Research Report: ${members[at]}`);
  }
  const { tasks } = await client.experimental.tasks.listTasks();
  expect(new Set(tasks.map(({ taskId }) => taskId)).size).toBe(2);
});
