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
import { Browser } from '../fixtures/browser.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { startTestEdge } from './edges.ts';
import { EDGE_CLIENT, LocalProvider } from './identity-provider.ts';
import { temporaryFolder } from './journal.ts';
import {
  KeptSignIn,
  SIGNING_CLIENTS,
  type Allow,
  type SigningClient,
} from './signed-in-clients.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));
const everything = fileURLToPath(
  new URL('../../node_modules/.bin/mcp-server-everything', import.meta.url),
);

/** What people are promised. */
const FIVE_MINUTES_MS = 300_000;

/** A person needs this long for a command, with all that it copies. */
const TYPING_MS = 30_000;

/** Somebody at the keyboard: commands are counted, and run in a folder that was empty. */
class Keyboard {
  readonly folder: string;
  readonly typed: string[] = [];
  readonly #startedAt = performance.now();

  constructor(folder: string) {
    this.folder = folder;
  }

  type(line: string): void {
    this.typed.push(line);
  }

  /** Runs a command to its end; what it printed. */
  bridge(...args: readonly string[]): Promise<string> {
    this.type(`mcp-bridge ${args.join(' ')}`);
    return new Promise((resolve, reject) => {
      execFile(process.execPath, [program, ...args], { cwd: this.folder }, (error, out, err) =>
        error ? reject(new Error(`${args.join(' ')}: ${err}${out}`)) : resolve(out),
      );
    });
  }

  /** How long a person needs for all of it. */
  get neededMs(): number {
    return performance.now() - this.#startedAt + this.typed.length * TYPING_MS;
  }
}

const freeUrl = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`;

/** The machine with the servers runs until the test is over. */
async function runs(keyboard: Keyboard, joined: string): Promise<void> {
  const { folder } = keyboard;
  const block = /^"bridge": (\{.*\})$/mu.exec(joined)?.[1] ?? '';
  const mcpServers = { everything: { command: everything, args: ['stdio'] } };
  const config = { mcpServers, bridge: JSON.parse(block) as object };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify(config), { mode: 0o600 });
  keyboard.type('mcp-bridge run --config mcp.json');
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
}

/** From nothing to an edge with a machine behind it, whose metadata an app would follow. */
async function fromNothing(
  url: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Keyboard> {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const keyboard = new Keyboard(folder);
  const made = await keyboard.bridge('credential', 'owner', '--out', 'owner-key');
  const [hash = ''] = /sha256:[0-9a-f]{64}/u.exec(made) ?? [];
  keyboard.type('mcp-bridge edge');
  const edge = await startTestEdge({
    port: Number(new URL(url).port),
    storage: join(folder, 'edge'),
    settings: {
      BRIDGE_SECRET: 'a-secret-of-at-least-32-characters',
      BRIDGE_URL: url,
      BRIDGE_OWNER: hash,
      ...more,
    },
    log: () => undefined,
  });
  onTestFinished(() => edge.stop());
  const asOwner = ['--edge', url, '--owner-key-file', 'owner-key'];
  const invited = await keyboard.bridge(
    'runner',
    'add',
    'home',
    '--servers',
    'everything',
    ...asOwner,
  );
  const [, line = ''] = /^mcp-bridge (join .*)$/mu.exec(invited) ?? [];
  await runs(keyboard, await keyboard.bridge(...line.split(' ')));
  const checked = await keyboard.bridge('check', '--oauth', `${url}/everything/mcp`);
  expect(checked.match(/^ok /gmu)).toHaveLength(3);
  return keyboard;
}

/** In the app: the URL. In the browser: what `allow` does. */
async function connects(url: string, allow: string | Allow): Promise<void> {
  const [app] = SIGNING_CLIENTS as [SigningClient];
  const client = await app.connect(new URL('/everything', url), new KeptSignIn(), allow);
  expect(await client.echo('home')).toContain('home');
  await client.close();
}

test('[F-544] the owner of an edge types six commands, and is connected well within five minutes', async () => {
  const url = await freeUrl();
  const keyboard = await fromNothing(url);
  await connects(url, readFileSync(join(keyboard.folder, 'owner-key'), 'utf8').trim());
  expect(keyboard.typed).toHaveLength(6);
  expect(keyboard.neededMs).toBeLessThan(FIVE_MINUTES_MS);
});

test('[F-580] with an identity provider it is the same six commands, and one setting: everybody on its list connects', async () => {
  const url = await freeUrl();
  // At the provider the operator has registered the edge, by its callback.
  const provider = await LocalProvider.for(url);
  onTestFinished(() => provider.remove());
  await provider.start('k1');
  const allow = [{ domain: 'corp.example', servers: ['everything'] }];
  const keyboard = await fromNothing(url, {
    BRIDGE_IDP: JSON.stringify({ issuer: provider.url, ...EDGE_CLIENT, allow }),
  });
  for (const name of ['ann', 'bob'])
    await connects(url, async (wish) => {
      const browser = new Browser();
      const page = await browser.open(wish.href);
      const fields = { request: page.sealed ?? '', decision: 'provider' };
      const answer = await browser.send(url, fields);
      const start = new URL(answer.headers.get('location') ?? '');
      const back = await provider.signIn(browser, start, name);
      const answered = await browser.go(back.href);
      return new URL(answered.headers.get('location') ?? '');
    });
  expect(keyboard.typed).toHaveLength(6);
  expect(keyboard.neededMs).toBeLessThan(FIVE_MINUTES_MS);
});
