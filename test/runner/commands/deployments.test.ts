// What the commands about deployments do before Cloudflare is asked: assent, an account that is another, and files that cannot be used.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, onTestFinished, test } from 'vitest';

import { isYes } from '../../../runner/commands/show.ts';

const MAIN = fileURLToPath(new URL('../../../runner/main.ts', import.meta.url));
const ACCOUNT = { id: 'a'.repeat(32), name: 'Ann' };
const NAME = 'mcp-edge-bridge';

test('[F-625] Enter and yes are a yes, and nothing else is', () => {
  expect(['', 'y', 'Y', 'yes', ' Yes '].filter((answer) => !isYes(answer))).toEqual([]);
  const others = ['n', 'no', 'q', 'quit', 'exit', 'x', 'nein', 'yesterday', 'later', '\u0003', '?'];
  expect(others.filter(isYes)).toEqual([]);
});

/** A home whose `.config` is what `make` makes there, and the program with it. */
function homeWith(make: (config: string) => void) {
  const home = mkdtempSync(join(tmpdir(), 'mcp-bridge-home-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const config = join(home, '.config');
  make(config);
  const env = { PATH: process.env['PATH'], HOME: home, CLOUDFLARE_API_TOKEN: 'none' };
  const run = async (words: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    promisify(execFile)(process.execPath, [MAIN, ...words], {
      cwd: home,
      env: { ...env, ...more },
    }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    );
  return { config, run };
}

/** A deployment that is whole, as it is remembered. */
function remembered(config: string): string {
  const folder = join(config, 'mcp-bridge', 'edges', NAME);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const done = ['upload', 'settings', 'answer', 'join'];
  // Nobody answers there.
  const deployment = { name: NAME, account: ACCOUNT, tag: 't', done, url: 'https://127.0.0.1:9' };
  writeFileSync(join(folder, 'deployment.json'), JSON.stringify(deployment), { mode: 0o600 });
  return folder;
}

test('[F-622] what the system refuses is said in words, and in JSON to a program', async () => {
  const { config, run } = homeWith((path) => writeFileSync(path, ''));
  for (const words of [
    ['deploy', '--yes'],
    ['deploy', '--yes', '--name', 'other'],
  ]) {
    const told = await run([...words, '--json', '--account', ACCOUNT.id]);
    expect(told).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(told.stdout)).toMatchObject({
      ok: false,
      error: {
        what: expect.stringContaining(config),
        fix: expect.stringMatching(/XDG_CONFIG_HOME/u),
      },
    });
    expect(told.stdout).not.toContain('--storage');
  }
  // A folder where the record is to be written.
  const inTheWay = homeWith((path) =>
    mkdirSync(join(remembered(path), 'wrangler-in-the-way'), { recursive: true }),
  );
  const state = join(inTheWay.config, 'mcp-bridge', 'edges', NAME, 'deployment.json');
  rmSync(state);
  mkdirSync(`${state}.new`);
  const told = await inTheWay.run(['deploy', '--yes', '--account', ACCOUNT.id]);
  expect(told).toMatchObject({ code: 1, stderr: expect.stringContaining('deployment.json.new') });
  expect(told.stderr).not.toMatch(/\n {4}at /u);
});

test('[F-740] --domain takes a host name alone, and says so before anybody is asked', async () => {
  const { run } = homeWith(() => undefined);
  const wrong = [
    'https://mcp.example.com',
    'mcp.example.com:8443',
    'mcp.example.com/x',
    'ann@mcp.example.com',
    '*.example.com',
    'localhost',
    '10.0.0.1',
    'my-edge.ann.workers.dev',
    '',
  ];
  const ends = await Promise.all(wrong.map((host) => run(['deploy', '--yes', '--domain', host])));
  for (const { code, stdout, stderr } of ends) {
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--domain takes the name of a host in a domain of yours');
  }
});

test('[F-623] an edge stays in its account: another one that is named stops a deployment', async () => {
  const { config, run } = homeWith((path) => void remembered(path));
  const state = join(config, 'mcp-bridge', 'edges', NAME, 'deployment.json');
  const before = readFileSync(state, 'utf8');
  const other = 'b'.repeat(32);
  const calls = [
    run(['deploy', '--yes', '--account', other]),
    run(['deploy', '--yes', '--name', NAME], { CLOUDFLARE_ACCOUNT_ID: other }),
  ];
  for (const { code, stderr } of await Promise.all(calls)) {
    expect(code).toBe(1);
    expect(stderr.replaceAll(/\s+/gu, ' ')).toContain(`in the account Ann (${ACCOUNT.id})`);
    expect(stderr).toContain(other);
    expect(stderr).toContain('--name');
  }
  expect(readFileSync(state, 'utf8')).toBe(before);
});
