// Dials that meet anything but the link: the runner gives up each within bounds, explains it, and dials again.
import { chmodSync, writeFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';

import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { readTokenFile } from '../../runner/credential.ts';
import { createLog } from '../../runner/log.ts';
import { fixedToken, tokenInFile, type RunnerToken } from '../../runner/runner-token.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { FakeEdge } from './fake-edge.ts';
import { idleLink } from './idle-link.ts';
import { temporaryFolder } from './journal.ts';

const PAGE = '<!doctype html><html><body>Sign in</body></html>';

/** A control link to an edge of the test's own, and what it logs. */
async function startLink(answer?: (socket: Duplex) => void, token: RunnerToken = fixedToken('t')) {
  const edge = await FakeEdge.start();
  if (answer) edge.manners.answer = answer;
  const lines: string[] = [];
  const log = createLog({ level: 'info', pretty: false, write: (line) => lines.push(line) });
  const link = idleLink('lone', { edge: edge.url, token, log });
  onTestFinished(async () => {
    link.stop();
    await edge.stop();
  });
  return { edge, link, lines };
}

const says = (lines: readonly string[], words: string): Promise<boolean> =>
  vi.waitUntil(() => lines.some((line) => line.includes(words)), PATIENCE);

/** Writes again and again until the other side is gone. */
function flood(socket: Duplex, text: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(text), everyMs);
  socket.on('close', () => clearInterval(timer));
}

describe('[F-245] an edge, or what stands in its place, answers a dial', () => {
  /** What it does, and the words and the longest time within which the runner says so. */
  const KINDS: readonly (readonly [string, (socket: Duplex) => void, string, number])[] = [
    ['with nothing', () => undefined, 'did not answer in time', 8_000],
    [
      'with headers without end, slowly',
      (socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n');
        flood(socket, 'X-More: 1\r\n', 1_000);
      },
      'did not answer in time',
      18_000,
    ],
    [
      'with headers without end, fast',
      (socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n');
        flood(socket, `X-More: ${'x'.repeat(4_000)}\r\n`, 1);
      },
      'does not speak HTTP',
      5_000,
    ],
    [
      'with a body without end, slowly',
      (socket) => {
        socket.write('HTTP/1.1 503 No\r\nContent-Type: text/html\r\n\r\n');
        flood(socket, 'x', 500);
      },
      'a gateway in front of the edge',
      8_000,
    ],
    [
      'with a body without end, fast',
      (socket) => {
        socket.write('HTTP/1.1 503 No\r\nContent-Type: text/html\r\n\r\n');
        flood(socket, 'x'.repeat(65_536), 1);
      },
      'a gateway in front of the edge',
      3_000,
    ],
    [
      'with headers, and then stalls',
      (socket) =>
        void socket.write(
          'HTTP/1.1 200 OK\r\nContent-Length: 50\r\nContent-Type: text/html\r\n\r\n',
        ),
      'a web page came (200)',
      8_000,
    ],
    [
      'with interim answers without end',
      (socket) => flood(socket, 'HTTP/1.1 102 Processing\r\n\r\n', 10),
      'did not answer in time',
      3_000,
    ],
    [
      'with garbage',
      (socket) => void socket.write('SSH-2.0-OpenSSH_9.9\r\n'),
      'does not speak HTTP',
      3_000,
    ],
    [
      'with a page',
      (socket) =>
        void socket.end(
          `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${PAGE.length}\r\n\r\n${PAGE}`,
        ),
      'a web page came (200)',
      3_000,
    ],
    [
      'with a redirect',
      (socket) =>
        void socket.end(
          'HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\nContent-Length: 0\r\n\r\n',
        ),
      'a redirect (302)',
      3_000,
    ],
    [
      'without the proof of a handshake',
      (socket) =>
        void socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
        ),
      'does not complete the WebSocket handshake',
      3_000,
    ],
    [
      'with another protocol',
      (socket) =>
        void socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
        ),
      'does not complete the WebSocket handshake',
      3_000,
    ],
    ['by hanging up', (socket) => void socket.destroy(), 'was cut', 3_000],
  ];

  test('with whatever: given up within bounds, told in words, and dialled again', async () => {
    const failures: string[] = [];
    const tries = KINDS.map(async ([what, answer, words, withinMs]) => {
      const { lines, edge } = await startLink(answer);
      const startedAt = performance.now();
      const isTold = (): boolean => lines.some((line) => line.includes(words));
      await vi
        .waitUntil(isTold, { timeout: 40_000, interval: 20 })
        .catch(() => failures.push(`${what}: not told, but ${lines.join()}`));
      const tookMs = performance.now() - startedAt;
      // A loaded machine is late, but never by so much that a dial could count as unbounded.
      if (tookMs > withinMs + 10_000) failures.push(`${what}: told after ${tookMs} ms`);
      // With a fix, and without the peer's page among the words.
      const line = lines.find((line) => line.includes(words)) ?? '';
      if (!/"fix":"[A-Z]/u.test(line)) failures.push(`${what}: no fix in ${line}`);
      return edge;
    });
    const edges = await Promise.all(tries);
    expect(failures).toEqual([]);
    // Peers that only failed in passing are dialled again within the backoff: those that hung up, were cut off or stalled.
    const hungUp = edges.at(-1);
    delete hungUp?.manners.answer;
    expect(await hungUp?.controls.next()).toBeDefined();
  });
});

describe('[F-246] Retry-After', () => {
  const refusal = (retryAfter: string): string =>
    `HTTP/1.1 503 No\r\nRetry-After: ${retryAfter}\r\nDate: Wed, 21 Oct 2026 07:00:00 GMT\r\nContent-Length: 0\r\n\r\n`;

  test.each([
    ['seconds', '2'],
    ['a date, by the clock of who sent it', 'Wed, 21 Oct 2026 07:00:02 GMT'],
  ])('in %s is obeyed by the next dial, whatever other links find', async (_form, wish) => {
    const { edge, link, lines } = await startLink((socket) => void socket.end(refusal(wish)));
    const first = await edge.dials.next();
    await says(lines, 'refused the control link');
    link.edgeReached();
    const second = await edge.dials.next();
    expect(second.at - first.at).toBeGreaterThan(1_900);
    expect(second.at - first.at).toBeLessThan(10_000);
    delete edge.manners.answer;
    expect(await edge.controls.next()).toBeDefined();
  });
});

describe('[F-247] a token file that changes', () => {
  test('is used for the next dial; one that others can read is not, and is told once', async () => {
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const file = `${folder}/token`;
    const write = (text: string, mode = 0o600): void => {
      writeFileSync(file, text);
      chmodSync(file, mode);
    };
    write('old');
    expect(await readTokenFile(file)).toMatchObject({ ok: true });
    const lines: string[] = [];
    const log = createLog({ level: 'info', pretty: false, write: (line) => lines.push(line) });
    const token = tokenInFile(file, 'old', log);
    const { edge } = await startLink(undefined, token);
    const shown = async (): Promise<string | undefined> => (await edge.dials.next()).authorization;
    const breakLink = async (): Promise<void> => {
      void (await edge.controls.next()).send('no frame');
    };
    expect(await shown()).toBe('Bearer old');
    write('new');
    await breakLink();
    expect(await shown()).toBe('Bearer new');
    // What processes say is searched for it.
    expect(token.text).toBe('new');
    write('newer', 0o644);
    await breakLink();
    expect(await shown()).toBe('Bearer new');
    await breakLink();
    expect(await shown()).toBe('Bearer new');
    expect(lines.filter((line) => line.includes('is open to other users'))).toHaveLength(1);
    expect(lines.join()).not.toContain('newer');
    write('newer');
    await breakLink();
    expect(await shown()).toBe('Bearer newer');
  });
});
