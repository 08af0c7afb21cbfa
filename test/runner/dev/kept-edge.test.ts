// A kept edge with real workerd: it comes back by itself, and never after it was stopped.
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test, vi } from 'vitest';

import { keepEdge, type KeptEdge } from '../../../runner/dev/kept-edge.ts';
import { scanProcesses } from '../../../runner/process/process-table.ts';
import { PATIENCE } from '../../fixtures/patience.ts';

const tinyEdge = fileURLToPath(new URL('../../fixtures/tiny-edge.js', import.meta.url));

async function keep(): Promise<{ edge: KeptEdge; storage: string }> {
  const storage = mkdtempSync(join(tmpdir(), 'kept-edge-'));
  const log = { info: () => undefined, warn: () => undefined };
  const edge = await keepEdge({ port: 0, storage, settings: {}, bundle: tinyEdge, log });
  onTestFinished(async () => {
    await edge.stop();
    rmSync(storage, { recursive: true, force: true });
  });
  return { edge, storage };
}

/** The workerd that works in a storage folder. */
async function workerdIn(storage: string): Promise<number | undefined> {
  const table = await scanProcesses();
  const inFolder = ({ pid }: { pid: number }): boolean => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === storage;
    } catch {
      return false;
    }
  };
  return table.find((entry) => entry.command === 'workerd' && inFolder(entry))?.pid;
}

const count = async (edge: KeptEdge): Promise<string> => (await fetch(`${edge.url}/count`)).text();

test('a workerd that is killed is started again on the same port with what it stored', async () => {
  const { edge, storage } = await keep();
  expect(await count(edge)).toBe('1');
  process.kill((await workerdIn(storage)) ?? 0, 'SIGKILL');
  await vi.waitFor(async () => expect(await count(edge)).toBe('2'), PATIENCE);
});

test('a stop during the wait for a restart is final', async () => {
  const { edge, storage } = await keep();
  const pid = (await workerdIn(storage)) ?? 0;
  process.kill(pid, 'SIGKILL');
  await vi.waitUntil(async () => (await workerdIn(storage)) !== pid, PATIENCE);
  await edge.stop();
  expect(await workerdIn(storage)).toBeUndefined();
  await expect(fetch(edge.url)).rejects.toThrow('fetch failed');
});
