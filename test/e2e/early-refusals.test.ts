// Refusals that come before a body was read, for clients that write the whole body before they read: each gets the status and
// the message.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hashCredential, mintClientKey } from '../../runner/credential.ts';
import { startBridge, type Bridge } from './harness.ts';
import { RawConnection } from './raw-http.ts';
import { BOTH, fixture } from './raw-session.ts';

const key = mintClientKey();

let bridge: Bridge;

beforeAll(async () => {
  bridge = await startBridge({
    servers: { echo: { command: process.execPath, args: [fixture('echo')] } },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ alice: { key: hashCredential(key), servers: ['*'] } }),
    },
  });
});
afterAll(() => bridge.stop());

const SERVED = {
  'Content-Type': 'application/json',
  Accept: BOTH,
  Authorization: `Bearer ${key}`,
};

/** A refusal, by what is changed in a good request with a body of 6 MB. */
const REFUSALS: readonly (readonly [string, number, string, Record<string, string>, string])[] = [
  ['too large', 413, 'too_large', {}, '/echo/mcp'],
  ['another type', 415, 'unsupported_media_type', { 'Content-Type': 'text/plain' }, '/echo/mcp'],
  ['an Accept that allows no answer', 406, 'not_acceptable', { Accept: 'text/html' }, '/echo/mcp'],
  ['no key', 401, 'unauthorized', { Authorization: '' }, '/echo/mcp'],
  ['an Origin', 403, 'origin_not_allowed', { Origin: 'https://evil.example' }, '/echo/mcp'],
  ['another path', 404, 'not_found', {}, '/mcp'],
  ['another method', 405, 'method_not_allowed', {}, '/echo/sse'],
];

const BODY = Buffer.alloc(6_000_000, 'A');

/** Writes all it has before it reads a byte, as blocking programs do. */
function writeThenRead(head: readonly string[], body: readonly Uint8Array[]): Promise<string> {
  const { hostname, port } = new URL(bridge.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.pause();
    socket.on('error', () => resolve(received));
    socket.on('close', () => resolve(received));
    socket.write([...head, '', ''].join('\r\n'));
    for (const [index, chunk] of body.entries())
      socket.write(chunk, () => {
        if (index < body.length - 1) return;
        socket.on('data', (bytes: Buffer) => {
          received += bytes.toString('latin1');
        });
        socket.resume();
      });
  });
}

const headOf = (path: string, headers: Record<string, string>): string[] => [
  `POST ${path} HTTP/1.1`,
  `Host: ${new URL(bridge.url).host}`,
  'Connection: close',
  ...Object.entries(headers)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`),
];

describe.each(REFUSALS)('[F-190] %s: %d', (_, status, fault, changed, path) => {
  const headers: Record<string, string> = { ...SERVED, ...changed };

  test('reaches fetch, again and again', async () => {
    const given = Object.entries(headers).filter(([, value]) => value !== '');
    for (let n = 0; n < 3; n++) {
      const answer = await fetch(`${bridge.url}${path}`, {
        method: 'POST',
        headers: given,
        body: BODY,
      });
      expect(answer.status).toBe(status);
      expect(await answer.text()).toContain(fault);
    }
  });

  test('reaches a program that writes first, with a length and in chunks', async () => {
    const announced = headOf(path, { ...headers, 'Content-Length': String(BODY.length) });
    const chunked = headOf(path, { ...headers, 'Transfer-Encoding': 'chunked' });
    const frame = [`${BODY.length.toString(16)}\r\n`, BODY, '\r\n0\r\n\r\n'];
    const answers = [
      await writeThenRead(announced, [BODY]),
      await writeThenRead(
        chunked,
        frame.map((part) => Buffer.from(part)),
      ),
    ];
    for (const answer of answers) {
      expect(answer).toMatch(`HTTP/1.1 ${status} `);
      expect(answer).toContain(fault);
    }
  });
});

test('[F-190] curl, which waits for leave to send a large body, is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-e2e-'));
  try {
    const file = join(folder, 'body');
    writeFileSync(file, BODY);
    const flags = Object.entries(SERVED).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const { stdout } = await promisify(execFile)('curl', [
      '-s',
      '-w',
      '%{http_code}',
      '--data-binary',
      `@${file}`,
      '-H',
      'Expect: 100-continue',
      ...flags,
      `${bridge.url}/echo/mcp`,
    ]);
    expect(stdout).toMatch(/too_large.*413$/su);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('[F-190] nobody without a key holds a connection by a body that goes on', async () => {
  const begun = performance.now();
  const endless = new RawConnection(bridge.url);
  const { Authorization: _, ...keyless } = SERVED;
  const head = headOf('/echo/mcp', { ...keyless, 'Content-Length': String(4 * 1024 ** 3) });
  await endless.write([...head, '', ''].join('\r\n'));
  expect(await endless.status()).toBe(401);
  const chunk = Buffer.alloc(64 * 1024);
  let sentBytes = 0;
  while (!endless.isClosed) {
    await endless.write(chunk);
    // What is written to a connection that broke is done at once: its end must come to be heard.
    await setImmediate();
    sentBytes += chunk.length;
  }
  // What was read on, and what the buffers of the sockets hold.
  expect(sentBytes).toBeLessThan(32 * 1024 * 1024);

  const silent = new RawConnection(bridge.url);
  await silent.write([...head, '', ''].join('\r\n'));
  expect(await silent.status()).toBe(401);
  await silent.closed();
  expect(performance.now() - begun).toBeLessThan(20_000);
});
