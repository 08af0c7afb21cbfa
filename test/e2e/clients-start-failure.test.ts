// F-70: a server that cannot start. Its clients soon get an error that says why and what to do; nobody hangs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

import { startBridge, type Bridge, type ServerEntry } from './harness.ts';
import { failureOf, OFFICIAL_CLIENTS, type OfficialClientKind } from './official-clients.ts';
import { initialize, messageOf, SseSession } from './raw-session.ts';

const exits = fileURLToPath(new URL('../fixtures/servers/exits-at-once.mjs', import.meta.url));

/** Enough for a loaded machine to start a process that ends at once; a hang is 30 s and more. */
const SOON_MS = 10_000;

const FAILURES = [
  ['missing', 'could not be started', 'was not found on the runner'],
  ['forbidden', 'could not be started', 'cannot be executed on the runner'],
  ['fails', 'exited with code 1', 'mcp-bridge check'],
  ['ends', 'exited with code 0', 'mcp-bridge check'],
] as const;

let bridge: Bridge;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-start-failure-'));
  const forbidden = join(folder, 'not-executable');
  writeFileSync(forbidden, 'text', { mode: 0o600 });
  const entries: Record<(typeof FAILURES)[number][0], ServerEntry> = {
    missing: { command: '/nowhere/no-such-program' },
    forbidden: { command: forbidden },
    fails: { command: process.execPath, args: [exits, '1'] },
    ends: { command: process.execPath, args: [exits, '0'] },
  };
  // A server each for every client: one that keeps failing is not started again at once.
  const servers = [...OFFICIAL_CLIENTS.keys(), 'late'].flatMap((whose) =>
    Object.entries(entries).map(([name, entry]) => [`${name}-${whose}`, entry] as const),
  );
  bridge = await startBridge({ servers: Object.fromEntries(servers) });
  return async () => {
    await bridge.stop();
    rmSync(folder, { recursive: true, force: true });
  };
});

/** The failure of a client that connects. */
const connectTo = (kind: OfficialClientKind, server: string): Promise<string> =>
  failureOf(kind.connect(new URL(`/${server}`, bridge.url)));

describe.each(OFFICIAL_CLIENTS)('$name over $transport', (kind) => {
  const index = OFFICIAL_CLIENTS.indexOf(kind);

  test.each(FAILURES)(
    'F-70: a server that is %s: the connection fails soon, with "%s" and "%s"',
    { timeout: SOON_MS },
    async (server, happened, advice) => {
      const failure = await connectTo(kind, `${server}-${index}`);
      expect(failure).toContain('42004');
      expect(failure).toContain(happened);
      expect(failure).toContain(advice);
    },
  );

  test('F-76: a server that keeps failing is answered without another start', async () => {
    let failure = '';
    while (!failure.includes('keeps failing')) failure = await connectTo(kind, `fails-${index}`);
    expect(failure).toContain('42004');
    expect(failure).toContain('mcp-bridge check');
  });
});

/** Over HTTP+SSE a session opens with its stream, so its process can fail before anybody has asked it for anything. */
test.each(FAILURES)(
  '[F-543] an `initialize` that comes after a server that is %s has failed is told why: "%s" and "%s"',
  async (server, happened, advice) => {
    const session = await SseSession.dial(bridge, `${server}-late`);
    await expect(session.next()).rejects.toThrow('The stream has ended.');
    const answer = await session.post(initialize({ revision: '2024-11-05' }));
    expect(messageOf(answer)).toMatchObject({
      id: 0,
      error: { code: 42_004, message: expect.stringContaining(happened) },
    });
    expect(answer.body).toContain(advice);
  },
);

test('a server that no runner offers is answered at once as offline', async () => {
  for (const kind of OFFICIAL_CLIENTS) {
    expect(await connectTo(kind, 'unheard-of')).toMatch(
      kind.transport === 'HTTP+SSE' ? /503/u : /42001.*mcp-bridge run/u,
    );
  }
});
