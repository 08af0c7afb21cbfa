// From nothing to an app that somebody connects: what the owner of an edge types, counted and timed, with what each command printed put
// into the next as a person would.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test, vi } from 'vitest';

import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startTestEdge } from './edges.ts';
import { temporaryFolder } from './journal.ts';
import { KeptSignIn, SIGNING_CLIENTS, type SigningClient } from './signed-in-clients.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));
const everything = fileURLToPath(
  new URL('../../node_modules/.bin/mcp-server-everything', import.meta.url),
);

/** What people are promised. */
const FIVE_MINUTES_MS = 300_000;

/** A person needs this long for a command, with all that it copies. */
const TYPING_MS = 30_000;

test('[F-544] the owner of an edge types six commands, and is connected well within five minutes', async () => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const startedAt = performance.now();
  const typed: string[] = [];
  const type = (line: string): void => void typed.push(line);
  const bridge = async (...args: readonly string[]): Promise<string> => {
    type(`mcp-bridge ${args.join(' ')}`);
    return new Promise((resolve, reject) => {
      execFile(process.execPath, [program, ...args], { cwd: folder }, (error, out, err) =>
        error ? reject(new Error(`${args.join(' ')}: ${err}${out}`)) : resolve(out),
      );
    });
  };

  const made = await bridge('credential', 'owner', '--out', 'owner-key');
  const [hash = ''] = /sha256:[0-9a-f]{64}/u.exec(made) ?? [];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  type('mcp-bridge edge');
  const edge = await startTestEdge({
    port,
    storage: join(folder, 'edge'),
    settings: {
      BRIDGE_SECRET: 'a-secret-of-at-least-32-characters',
      BRIDGE_URL: url,
      BRIDGE_OWNER: hash,
    },
    log: () => undefined,
  });
  onTestFinished(() => edge.stop());
  const asOwner = ['--edge', url, '--owner-key-file', 'owner-key'];
  const invited = await bridge('runner', 'add', 'home', '--servers', 'everything', ...asOwner);
  const [, line = ''] = /^mcp-bridge (join .*)$/mu.exec(invited) ?? [];
  const joined = await bridge(...line.split(' '));

  const block = /^"bridge": (\{.*\})$/mu.exec(joined)?.[1] ?? '';
  const mcpServers = { everything: { command: everything, args: ['stdio'] } };
  const config = { mcpServers, bridge: JSON.parse(block) as object };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify(config), { mode: 0o600 });
  type('mcp-bridge run --config mcp.json');
  const runner = spawnBound(process.execPath, [program, 'run', '--config', 'mcp.json'], {
    cwd: folder,
    env: process.env,
  });
  const exited = once(runner.process, 'exit');
  onTestFinished(async () => {
    runner.process.kill('SIGTERM');
    await exited;
  });
  let log = '';
  runner.stderr.on('data', (text) => (log += String(text)));
  runner.stdout.resume();
  await vi.waitUntil(() => log.includes('linked to the edge'), PATIENCE);
  const checked = await bridge('check', '--oauth', `${url}/everything/mcp`);
  expect(checked.match(/^ok /gmu)).toHaveLength(3);

  // In the app: the URL. In the browser: the key, and Allow.
  const key = readFileSync(join(folder, 'owner-key'), 'utf8').trim();
  const [app] = SIGNING_CLIENTS as [SigningClient];
  const client = await app.connect(new URL('/everything', url), new KeptSignIn(), key);
  expect(await client.echo('home')).toContain('home');
  await client.close();

  expect(typed).toHaveLength(6);
  const neededMs = performance.now() - startedAt + typed.length * TYPING_MS;
  expect(neededMs).toBeLessThan(FIVE_MINUTES_MS);
});
