// The folder in memory for what sessions store: what is in it, what of it lasts, and that none is left. With real workerd.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { startLocalEdge, type LocalEdge } from '../../../runner/dev/local-edge.ts';
import { dropMemoryFolder, memoryFolder } from '../../../runner/dev/memory-folder.ts';

const tinyEdge = fileURLToPath(new URL('../../fixtures/tiny-edge.js', import.meta.url));

/** As the module asks for it. */
const canBe = memoryFolder();
if (canBe !== undefined) dropMemoryFolder(canBe);

function folders(): { storage: string; memory: string } {
  const storage = mkdtempSync(join(tmpdir(), 'memory-folder-'));
  const memory = memoryFolder() ?? '';
  onTestFinished(() => {
    dropMemoryFolder(memory);
    rmSync(storage, { recursive: true, force: true });
  });
  return { storage, memory };
}

async function start(storage: string, memory: string | undefined): Promise<LocalEdge> {
  const log = { info: () => undefined, warn: () => undefined };
  const edge = await startLocalEdge({
    port: 0,
    storage,
    memory,
    settings: {},
    bundle: tinyEdge,
    log,
  });
  onTestFinished(() => edge.stop());
  return edge;
}

const count = async ({ url }: LocalEdge): Promise<string> => (await fetch(`${url}/count`)).text();

const actorFiles = (folder: string, actor: string): string[] =>
  existsSync(join(folder, actor))
    ? readdirSync(join(folder, actor)).filter((name) => /^[0-9a-f]{64}\.sqlite$/u.test(name))
    : [];

test.runIf(canBe)(
  '[F-950] the files of session actors are in memory, and all others in the storage folder',
  async () => {
    const { storage, memory } = folders();
    const edge = await start(storage, memory);
    expect(await count(edge)).toBe('1');
    expect(actorFiles(memory, 'SessionActor')).toHaveLength(1);
    expect(actorFiles(join(storage, 'actors'), 'SessionActor')).toEqual([]);
    expect(existsSync(join(storage, 'actors', 'FleetActor'))).toBe(true);
    expect(statSync(memory).mode & 0o077).toBe(0);
  },
);

test.runIf(canBe)(
  '[F-950] what a session stored outlives its workerd, also one that is killed',
  async () => {
    const { storage, memory } = folders();
    const first = await start(storage, memory);
    expect(await count(first)).toBe('1');
    first.kill('SIGKILL');
    await first.exited;
    expect(await count(await start(storage, memory))).toBe('2');
  },
);

test.runIf(canBe)(
  '[F-950] what a killed program left in memory goes with its next start',
  async () => {
    const { storage, memory } = folders();
    const first = await start(storage, memory);
    expect(await count(first)).toBe('1');
    await first.stop();
    const { memory: fresh } = folders();
    const second = await start(storage, fresh);
    expect(await count(second)).toBe('1');
    expect(existsSync(memory)).toBe(false);
    expect(readFileSync(join(storage, 'memory'), 'utf8')).toBe(fresh);
  },
);

test.runIf(canBe)('[F-950] a record that leads elsewhere removes nothing', async () => {
  const { storage, memory } = folders();
  const elsewhere = mkdtempSync(join(tmpdir(), 'mcp-bridge-actors-'));
  onTestFinished(() => rmSync(elsewhere, { recursive: true, force: true }));
  const first = await start(storage, elsewhere);
  expect(await count(first)).toBe('1');
  await first.stop();
  await start(storage, memory);
  expect(actorFiles(elsewhere, 'SessionActor')).toHaveLength(1);
});
