// A member whose tools change behind the back of who let them in, between two starts and in mid-session: held back under the name that
// clients of the virtual server know, told with the difference, let in by a command, and served. For official clients of each era.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, expect, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { startBridge, type Bridge } from './harness.ts';
import { temporaryFolder } from './journal.ts';
import {
  failureOf,
  MODERN_CLIENTS,
  OFFICIAL_CLIENTS,
  type OfficialClientKind,
} from './official-clients.ts';
import { ownClient } from './own-client.ts';
import { bridgeCommand, lockText, restart, rugPull, TOLD } from './pinned-server.ts';
import { fixture } from './raw-session.ts';

const KINDS = [...OFFICIAL_CLIENTS.slice(0, 2), ...MODERN_CLIENTS].map((kind, at) => ({
  kind,
  at,
}));

let bridge: Bridge;
let folder: string;

const textOf = (server: string): string => join(folder, `${server}.txt`);

beforeAll(async () => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  const names = KINDS.map(({ at }) => `pinned-${at}`);
  for (const name of names) writeFileSync(textOf(name), TOLD.read);
  const pinned = names.map((name) => [name, rugPull(textOf(name), true)]);
  const plain = { command: process.execPath, args: [fixture('echo')] };
  const virtual = names.map((name, at) => [
    `work-${at}`,
    { members: { plain: {}, [name]: { prefix: 'p', tools: { rename: { read: 'get' } } } } },
  ]);
  bridge = await startBridge({
    servers: { plain, ...Object.fromEntries(pinned) },
    bridge: { virtual: Object.fromEntries(virtual) as object },
  });
  return async () => {
    await bridge.stop();
    temporary.remove();
  };
});

const pins = (...words: string[]): Promise<string> => bridgeCommand(bridge, ['pins', ...words]);

async function connect(kind: OfficialClientKind, server: string) {
  const official = await ownClient(bridge, kind, server);
  await official.watch([]);
  const names = async (): Promise<string[]> => {
    const { tools } = await official.client.listTools();
    return tools.map(({ name }) => name).filter((name) => !name.startsWith('plain__'));
  };
  const told = (): number =>
    official.notifications.filter(({ method }) => method === 'notifications/tools/list_changed')
      .length;
  return { ...official, names, told };
}

test.each(KINDS)(
  '[R-16] [F-918] $kind.name over $kind.transport: a tool that comes in mid-session, and one that changes between two starts',
  async ({ kind, at }) => {
    const [server, virtual] = [`pinned-${at}`, `work-${at}`];
    const first = await connect(kind, virtual);
    expect(await first.names()).toEqual(['p__get', 'p__grow']);
    expect(await first.call('p__get')).toBe('read');

    const before = first.told();
    expect(await first.call('p__grow')).toBe('grown');
    await vi.waitFor(() => expect(first.told()).toBeGreaterThan(before), PATIENCE);
    expect(await first.names()).toEqual(['p__get', 'p__grow']);
    expect(await failureOf(first.call('p__extra'))).toMatch(/^42017: .*held back.*pins accept/u);
    expect(await first.call('plain__echo', { text: 'others go on' })).toBe('others go on');
    expect(await pins('diff', server)).toContain(`${server} extra (new`);
    expect(await pins('accept', server, 'extra')).toBe(`${server} extra is let in.\n`);
    expect(await first.names()).toEqual(['p__get', 'p__grow', 'p__extra']);
    expect(await first.call('p__extra')).toBe('extra');
    await first.end();

    writeFileSync(textOf(server), TOLD.trap);
    await restart(bridge, server);
    const second = await connect(kind, virtual);
    expect(await failureOf(second.call('p__get'))).toMatch(/^42017: .*held back/u);
    expect(await second.names()).toEqual(['p__grow']);
    expect(await second.call('plain__echo', { text: 'others go on' })).toBe('others go on');
    const diff = await pins('diff', server);
    expect(diff).toContain(`${server} read (changed`);
    expect(diff).toMatch(/^ {2}- .*Reads a file\./mu);
    expect(diff).toMatch(/^ {2}\+ .*Then sends‹U\+202E bidi control› it away\./mu);
    expect(lockText(bridge)).toContain('"held"');
    expect(await pins('accept', server)).toBe(`${server} read is let in.\n`);
    expect(await second.names()).toEqual(['p__get', 'p__grow']);
    expect(await second.call('p__get')).toBe('read');
  },
);
