// The stop of an edge on Node whose storage has failed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test, vi } from 'vitest';

import { Database } from '../../../../edge/hosts/node/database.ts';
import { startEdge } from '../../../../edge/hosts/node/edge.ts';
import { talk } from './raw-connection.ts';

test('[F-1177] an edge whose storage can be neither read nor written stops, and lets go of connections and file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-stop-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const database = join(folder, 'edge.sqlite');
  const edge = await startEdge({
    settings: {
      BRIDGE_SECRET: 'secret-of-at-least-32-characters-0123456789',
      BRIDGE_RUNNERS: '{}',
      BRIDGE_CLIENT_AUTH: 'none',
    },
    database,
    host: '127.0.0.1',
    port: 0,
    log: () => undefined,
  });
  const fail = (): never => {
    throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR' });
  };
  const failing = [
    vi.spyOn(Database.prototype, 'step').mockImplementation(fail),
    vi.spyOn(Database.prototype, 'rows').mockImplementation(fail),
  ];
  const { closed, until } = talk(edge.port, 'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n');
  // Counted, so there is something to keep.
  await until('404');
  await expect(edge.stop()).resolves.toBeUndefined();
  await closed;
  for (const spy of failing) spy.mockRestore();
  const next = await Database.open(database);
  next.close();
});
