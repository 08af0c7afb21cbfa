// An edge and a runner in one program, linked in memory: calls of any size, and nothing left of sessions that are over.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeEach, expect, test, vi } from 'vitest';

import { assembleEdge, type Assembly } from '../../../edge/hosts/node/assembly.ts';
import { Database } from '../../../edge/hosts/node/database.ts';
import type { LogLine } from '../../../edge/core/log.ts';
import { readConfig } from '../../../runner/config/read.ts';
import { hashCredential } from '../../../runner/credential.ts';
import { connectInMemory } from '../../../runner/dev/memory-link.ts';
import { createLog } from '../../../runner/log.ts';
import { startRunner } from '../../../runner/runner.ts';
import { fixedToken } from '../../../runner/runner-token.ts';
import { workOn } from '../../fixtures/passes.ts';
import { PATIENCE } from '../../fixtures/patience.ts';

const TOKEN = 'token-of-the-runner-in-this-program';
const ORIGIN = 'http://127.0.0.1:8787';
const echo = fileURLToPath(new URL('../../fixtures/servers/echo.mjs', import.meta.url));

let edge: Assembly;
let database: Database;
let lines: LogLine[];

beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-memory-'));
  const file = join(folder, 'mcp.json');
  const mcpServers = { echo: { command: process.execPath, args: [echo] } };
  writeFileSync(file, JSON.stringify({ mcpServers, bridge: { runner: 'here' } }));
  const reading = await readConfig(file, process.env);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  lines = [];
  database = await Database.open(join(folder, 'edge.sqlite'));
  edge = assembleEdge({
    settings: {
      BRIDGE_SECRET: 'secret-of-at-least-32-characters-0123456789',
      BRIDGE_RUNNERS: JSON.stringify({ here: { token: hashCredential(TOKEN), servers: ['*'] } }),
      BRIDGE_CLIENT_AUTH: 'none',
      BRIDGE_HOSTS: new URL(ORIGIN).host,
    },
    database,
    log: (line) => lines.push(line),
  });
  edge.actors.start();
  const runner = startRunner({
    config: reading.config,
    token: fixedToken(TOKEN),
    edge: ORIGIN,
    log: createLog({ level: 'error', pretty: false, write: () => undefined }),
    connect: connectInMemory(edge),
  });
  await runner.ready;
  return async () => {
    runner.kill();
    edge.actors.stop();
    database.close();
    rmSync(folder, { recursive: true });
  };
});

async function send(method: string, session?: string, message?: object): Promise<Response> {
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    ...(session !== undefined && { 'mcp-session-id': session }),
  };
  const body = message && JSON.stringify({ jsonrpc: '2.0', ...message });
  const request = new Request(`${ORIGIN}/echo/mcp`, { method, headers, ...(body && { body }) });
  return edge.fetch(request);
}

async function open(): Promise<string> {
  const clientInfo = { name: 'test', version: '1' };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
  const answer = await send('POST', undefined, { id: 0, method: 'initialize', params });
  expect(answer.status).toBe(200);
  await answer.text();
  return answer.headers.get('mcp-session-id') ?? '';
}

async function call(session: string, text: string): Promise<string> {
  const params = { name: 'echo', arguments: { text } };
  const answer = await send('POST', session, { id: 1, method: 'tools/call', params });
  return answer.text();
}

test.each([1, 1_000, 300_000, 2_000_000])(
  '[F-591] a call of %i characters arrives, and so does its answer',
  async (size) => {
    const session = await open();
    expect(await call(session, 'é'.repeat(size))).toContain(`"${'é'.repeat(size)}"`);
  },
);

test('[F-591] a call and its answer are each passed over once, at the edge and in the runner together', async () => {
  const session = await open();
  const text = 'x'.repeat(100_000);
  const { passes } = await workOn(text.length, () => call(session, text));
  expect(passes).toBe(2);
});

test('[F-720] a large answer is joined once, read once, and goes to its client as the bytes that they are', async () => {
  const session = await open();
  const bytes = 4 * 1024 * 1024;
  const params = { name: 'big', arguments: { bytes } };
  const called = async () => {
    const chunks: Uint8Array[] = [];
    let headers = new Headers();
    const work = await workOn(bytes, async () => {
      const answer = await send('POST', session, { id: 1, method: 'tools/call', params });
      ({ headers } = answer);
      for await (const chunk of answer.body ?? []) chunks.push(chunk);
    });
    return { work, headers, text: Buffer.concat(chunks).toString('utf8') };
  };
  let call = await called();
  // On a crowded machine an answer may come so late that it is a stream.
  while (call.headers.get('content-type') !== 'application/json') call = await called();
  const { work, headers, text } = call;
  // The second pass jumps over what the first has passed. Chunks of the pipe that are very small are packed together.
  expect(work).toMatchObject({ passes: 2, conversions: 0, parses: 0 });
  expect(work.copies).toBeLessThan(2);
  expect(text).toContain(`"${'x'.repeat(bytes)}"`);
  expect(headers.get('content-length')).toBe(String(text.length));
});

test('[F-318] an actor is let go when its session is over, and when there never was one', async () => {
  const sessions = await Promise.all(Array.from({ length: 4 }, () => open()));
  for (const session of sessions) expect(await call(session, 'here')).toContain('here');
  expect(edge.actors.awake).toBe(4);
  for (const session of sessions) expect((await send('DELETE', session)).status).toBe(204);
  for (const session of sessions) expect((await send('GET', session)).status).toBe(404);
  await vi.waitUntil(() => edge.actors.awake === 0, PATIENCE);
  expect(database.rows('SELECT * FROM actors')).toEqual([]);
  expect(database.rows('SELECT * FROM sessions')).toEqual([]);
});

test('[F-319] a step that storage refuses breaks off one session for a moment, and no other', async () => {
  const [one, two] = [await open(), await open()];
  const actor = edge.actors.session(one.split('.')[0] ?? '');
  const gone = vi.spyOn(database, 'step').mockImplementationOnce(() => {
    throw Object.assign(new Error('disk full'), { code: 'ERR_SQLITE_ERROR' });
  });
  await expect(actor.negotiated()).rejects.toThrow('broke away');
  gone.mockRestore();
  expect(await call(two, 'other')).toContain('other');
  // The runner dials again, and the session goes on.
  await vi.waitUntil(async () => (await call(one, 'again')).includes('"again"'), PATIENCE);
});
