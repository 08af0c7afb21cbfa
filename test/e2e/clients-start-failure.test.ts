// F-70: a server that cannot start. Its clients soon get an error that says why and what to do; nobody hangs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

import { startBridge, type Bridge, type ServerEntry } from './harness.ts';
import { failureOf, OFFICIAL_CLIENTS, type OfficialClientKind } from './official-clients.ts';

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
  const servers = OFFICIAL_CLIENTS.flatMap((_, index) =>
    Object.entries(entries).map(([name, entry]) => [`${name}-${index}`, entry] as const),
  );
  bridge = await startBridge({ servers: Object.fromEntries(servers) });
  return async () => {
    await bridge.stop();
    rmSync(folder, { recursive: true, force: true });
  };
});

/** The session was over before its `initialize` arrived. */
const TOO_LATE = '42012';

/**
 * Over HTTP+SSE a session opens with the stream. On a busy machine its process can fail before `initialize` comes, which then finds no
 * session and cannot be told why: the client has to connect again.
 */
async function connectTo(kind: OfficialClientKind, server: string): Promise<string> {
  const connect = (): Promise<string> => failureOf(kind.connect(new URL(`/${server}`, bridge.url)));
  let failure = await connect();
  for (let tries = 0; tries < 3 && failure.includes(TOO_LATE); tries++)
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    failure = await connect();
  return failure;
}

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

test('a server that no runner offers is answered at once as offline', async () => {
  for (const kind of OFFICIAL_CLIENTS) {
    expect(await connectTo(kind, 'unheard-of')).toMatch(
      kind.transport === 'HTTP+SSE' ? /503/u : /42001.*mcp-bridge run/u,
    );
  }
});
