// `mcp-bridge audit`: what an edge has recorded, for its owner alone.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';

import { freePort } from '../../runner/dev/free-port.ts';
import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startTestEdge, type TestEdge } from './edges.ts';
import { temporaryFolder } from './journal.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));
const owner = mintOwnerKey();
const ann = mintClientKey();

let edge: TestEdge;
let keyFile: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  const port = await freePort();
  keyFile = join(folder, 'owner-key');
  writeFileSync(keyFile, `${owner}\n`, { mode: 0o600 });
  edge = await startTestEdge({
    port,
    storage: join(folder, 'edge'),
    settings: {
      BRIDGE_SECRET: 'audit-secret-of-at-least-32-characters',
      BRIDGE_URL: `http://127.0.0.1:${port}`,
      BRIDGE_OWNER: hashCredential(owner),
      BRIDGE_CLIENTS: JSON.stringify({ ann: { key: hashCredential(ann), servers: ['*'] } }),
    },
    log: () => undefined,
  });
  return async () => {
    await edge.stop();
    remove();
  };
});

const api = (headers: Record<string, string>): Promise<Response> =>
  fetch(new URL('/-/api/record', edge.url), { headers });

const ping = async (): Promise<number> => {
  const response = await fetch(new URL('/files/mcp', edge.url), {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${ann}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  });
  return response.status;
};

const args = (...words: string[]): string[] => [
  program,
  'audit',
  '--edge',
  edge.url,
  '--owner-key-file',
  keyFile,
  ...words,
];

function audit(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args(...words), (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

describe('[F-460] the record', () => {
  test('is told to the owner alone', async () => {
    expect((await api({})).status).toBe(401);
    expect((await api({ Authorization: `Bearer ${ann}` })).status).toBe(401);
    const page = { Authorization: `Bearer ${owner}`, Origin: 'https://page.example' };
    expect((await api(page)).status).toBe(403);
    expect((await api({ ...page, Origin: new URL(edge.url).origin })).status).toBe(403);
    const method = { method: 'POST', headers: { Authorization: `Bearer ${owner}` } };
    expect((await fetch(new URL('/-/api/record', edge.url), method)).status).toBe(405);
    expect((await api({ Authorization: `Bearer ${owner}` })).status).toBe(200);
  });

  test('shows who was refused what, as JSON lines, and nothing of a key', async () => {
    expect(await ping()).toBe(400);
    await vi.waitUntil(async () => (await audit()).stdout.includes('session_required'), PATIENCE);
    const { code, stdout } = await audit('--person', 'ann', '--server', 'files');
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'request refused',
        fault: 'session_required',
        principal: 'ann',
      }),
    );
    expect(stdout).not.toContain(ann);
    expect(stdout).not.toContain(owner);
    expect((await audit('--person', 'bob')).stdout).toBe('');
    expect((await audit('--outcome', 'session_required')).stdout).toContain('ann');
    expect((await audit('--outcome', 'answered')).stdout).toBe('');
  });

  test('--follow goes on with what comes', async () => {
    const child = spawn(process.execPath, args('--follow', '--person', 'ann'), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const lines = (): number => output.split('\n').length - 1;
    await ping();
    await vi.waitUntil(() => lines() > 0, PATIENCE);
    const before = lines();
    await ping();
    await vi.waitUntil(() => lines() > before, PATIENCE);
    expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toMatchObject({ principal: 'ann' });
    child.kill('SIGTERM');
    await once(child, 'exit');
  });

  test('a wrong key, a file that is none, and an edge that is not there are told apart', async () => {
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const [other, none] = [join(folder, 'other'), join(folder, 'none')];
    writeFileSync(other, mintOwnerKey(), { mode: 0o600 });
    writeFileSync(none, ann, { mode: 0o600 });
    const withFile = (file: string) => audit('--owner-key-file', file);
    expect(await withFile(other)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('401'),
    });
    expect(await withFile(none)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('client key'),
    });
    expect(await audit('--edge', `http://127.0.0.1:${await freePort()}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('record: '),
    });
  });

  test('guessing the owner key ends after ten tries, for that network', async () => {
    const seen: number[] = [];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (let n = 0; n < 15; n++)
      seen.push((await api({ Authorization: `Bearer mcpo_wrong${n}` })).status);
    expect(seen).toContain(429);
    expect(seen.filter((status) => status === 401).length).toBeLessThanOrEqual(10);
  });
});
