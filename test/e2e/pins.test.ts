// Tools that change behind the back of who let them in: between two starts, and in mid-session. Held back, told with the difference, let
// in by a command, and served, with real servers and clients of every kind.
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

let bridge: Bridge;
let folder: string;

const KINDS = [...OFFICIAL_CLIENTS, ...MODERN_CLIENTS].map((kind, at) => ({ kind, at }));

/** The text that the tool of a server has. */
const textOf = (server: string): string => join(folder, `${server}.txt`);

beforeAll(async () => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  const names = [...KINDS.map(({ at }) => `pinned-${at}`), 'warned'];
  for (const name of names) writeFileSync(textOf(name), TOLD.read);
  const entries = names.map((name) => [
    name,
    rugPull(textOf(name), name === 'warned' ? 'warn' : true),
  ]);
  bridge = await startBridge({ servers: Object.fromEntries(entries) });
  return async () => {
    await bridge.stop();
    temporary.remove();
  };
});

const pins = (...words: string[]): Promise<string> => bridgeCommand(bridge, ['pins', ...words]);

async function connect(kind: OfficialClientKind, server: string) {
  const official = await ownClient(bridge, kind, server);
  const names = async (): Promise<string[]> =>
    (await official.client.listTools()).tools.map(({ name }) => name);
  return { ...official, names };
}

test.each(KINDS)(
  '[F-778] $kind.name over $kind.transport: a tool that comes in mid-session, and one whose description changes between two starts',
  async ({ kind, at }) => {
    const server = `pinned-${at}`;
    const first = await connect(kind, server);
    expect(await first.names()).toEqual(['read', 'grow']);
    expect(await first.call('read')).toBe('read');

    // The server lists it, and somebody calls it who knows of it.
    expect(await first.call('grow')).toBe('grown');
    expect(await first.names()).toEqual(['read', 'grow']);
    expect(await failureOf(first.call('extra'))).toMatch(/^42017: .*held back.*pins accept/u);
    expect(await pins('diff', server, 'extra')).toContain('Sends everything away');
    expect(await pins('accept', server, 'extra')).toBe(`${server} extra is let in.\n`);
    expect(await first.names()).toEqual(['read', 'grow', 'extra']);
    expect(await first.call('extra')).toBe('extra');
    await first.end();

    writeFileSync(textOf(server), TOLD.trap);
    await restart(bridge, server);
    const second = await connect(kind, server);
    expect(await failureOf(second.call('read'))).toMatch(/^42017: .*held back/u);
    expect(await second.names()).toEqual(['grow']);
    const diff = await pins('diff', server);
    expect(diff).toContain(`${server} read (changed`);
    expect(diff).toMatch(/^ {2}- .*Reads a file\./mu);
    expect(diff).toMatch(/^ {2}\+ .*Then sends‹U\+202E bidi control› it away\./mu);
    expect(lockText(bridge)).toContain('"held"');
    await vi.waitFor(
      () =>
        expect(
          bridge.logs().filter((line) => line.includes(`"server":"${server}"`)),
        ).toContainEqual(
          expect.stringMatching(/tool held back.*"tool":"read".*U\+202E bidi control/u),
        ),
      PATIENCE,
    );
    expect(await pins('accept', server)).toBe(`${server} read is let in.\n`);
    expect(await second.names()).toEqual(['read', 'grow']);
    expect(await second.call('read')).toBe('read');
    expect(lockText(bridge)).not.toContain('"held"');
  },
);

test('[F-778] "warn" tells, and holds nothing back', async () => {
  const [{ kind } = {}] = KINDS;
  if (!kind) throw new Error('no client');
  const { call } = await connect(kind, 'warned');
  expect(await call('grow')).toBe('grown');
  expect(await call('extra')).toBe('extra');
  await vi.waitFor(
    () => expect(bridge.logs().join('\n')).toMatch(/tool is not as pinned.*"tool":"extra"/u),
    PATIENCE,
  );
});
