// From nothing to a public edge that serves a server of this machine: the real wrangler against a played Cloudflare, on which the
// uploaded worker runs in workerd.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test, vi } from 'vitest';

import { PATIENCE } from '../fixtures/patience.ts';
import { Deployer, ending } from './deployed.ts';
import { ask } from './raw-http.ts';
import { bearer, fixture, initialize, POST_HEADERS } from './raw-session.ts';

const SCRIPT = '/accounts/:account/workers/scripts/mcp-edge-bridge';
/** A dozen programs start one after the other; on a machine that does other work each takes ten seconds. */
const HANGS_MS = 600_000;

const EDGE = 'https://mcp-edge-bridge.ann.workers.dev';

test(
  '[F-610] deploy, run, a client is served, status, destroy: each thing is made once, and no secret lies where it should not',
  async () => {
    const deployer = await Deployer.start();
    const { cloudflare, work } = deployer;
    const deployed = await deployer.run('deploy', '--yes', '--', process.execPath, fixture('echo'));
    expect(deployed.err + deployed.out).toContain(`is up at ${EDGE}`);
    expect(deployed.code).toBe(0);
    expect(deployed.out).not.toContain('✗');
    const seen = deployed.out.slice(deployed.out.indexOf('Seen from outside'));
    expect(seen.match(/^ {2}✓ [A-Za-z -]+(?=:)/gmu)).toEqual(
      [
        'TLS',
        'health',
        'settings',
        'challenge',
        'resource metadata',
        'authorization server',
        'sign-in',
      ].map((subject) => `  ✓ ${subject}`),
    );
    const changes = cloudflare.changes.map((change) => change.replace(/\?.*$/u, ''));
    expect(changes).toEqual([
      `PUT ${SCRIPT}`,
      `POST ${SCRIPT}/subdomain`,
      `PATCH ${SCRIPT}/secrets-bulk`,
    ]);

    const worker = cloudflare.workers.get('mcp-edge-bridge');
    const folder = deployer.folderOf();
    const key = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
    expect(Object.keys(worker?.secrets ?? {})).toEqual([
      'BRIDGE_SECRET',
      'BRIDGE_OWNER',
      'BRIDGE_URL',
    ]);
    expect(worker?.secrets['BRIDGE_SECRET']).toBe(key('edge-secret'));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const modes = readdirSync(folder)
      .filter((name) => name !== 'worker')
      .map((name) => [name, statSync(join(folder, name)).mode & 0o777]);
    expect(modes).toEqual(
      ['deployment.json', 'edge-secret', 'owner-key', 'runner-key'].map((name) => [name, 0o600]),
    );
    for (const secret of ['owner-key', 'edge-secret', 'runner-key'].map(key)) {
      expect(deployed.out + deployed.err).not.toContain(secret);
      expect(filesWith(deployer.home, secret)).toHaveLength(1);
      expect(filesWith(work, secret)).toEqual([]);
    }

    const asOwner = ['--edge', EDGE, '--owner-key-file', join(folder, 'owner-key')];
    const access = await deployer.run('access', 'list', ...asOwner);
    expect(access.out).toContain('Nobody was let in');
    const again = await deployer.run('deploy', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ ok: true, url: EDGE });
    expect(cloudflare.changes).toHaveLength(3);

    const runner = deployer.start('run');
    let log = '';
    runner.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
    await vi.waitUntil(() => log.includes('linked to the edge'), PATIENCE);
    const made = await deployer.run('client', 'add', 'ann', '--servers', '*', ...asOwner);
    const [clientKey = ''] = /^mcpc_[\w-]{43}$/mu.exec(made.out) ?? [];
    const headers = { ...POST_HEADERS, ...bearer(clientKey), Host: new URL(EDGE).host };
    const wish = { method: 'POST', path: '/echo/mcp', headers, body: initialize() };
    const served = await ask(`http://127.0.0.1:${worker?.port}`, wish);
    expect(served.status).toBe(200);
    const status = JSON.parse((await deployer.run('status', '--json')).out) as object;
    expect(status).toMatchObject({
      ok: true,
      url: EDGE,
      runners: [{ isLinked: true, servers: ['echo'] }],
    });
    const ended = ending(runner);
    runner.kill('SIGTERM');
    expect((await ended).code).toBe(0);

    expect(await deployer.run('destroy')).toMatchObject({ code: 2, out: '' });
    expect((await deployer.run('destroy', '--yes')).code).toBe(0);
    expect([...cloudflare.workers.keys()]).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    const gone = await deployer.run('status');
    expect(gone).toMatchObject({
      code: 1,
      err: expect.stringContaining('no edge was deployed from here'),
    });
  },
  HANGS_MS,
);

test('[F-612] without a terminal nothing is asked and nothing is made, unless it was agreed to before', async () => {
  const deployer = await Deployer.start();
  const refused = await deployer.run('deploy');
  expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringContaining('add --yes') });
  deployer.environment['CLOUDFLARE_API_TOKEN'] = '';
  const loggedOut = await deployer.run('deploy', '--yes', '--json');
  expect(loggedOut.code).toBe(1);
  expect(JSON.parse(loggedOut.out)).toMatchObject({
    ok: false,
    error: {
      what: 'there is no login at Cloudflare',
      fix: expect.stringContaining('wrangler login'),
    },
  });
  expect(deployer.cloudflare.changes).toEqual([]);
  expect(readdirSync(join(deployer.home, '.config/mcp-bridge/edges'))).not.toContain(
    'mcp-edge-bridge',
  );
});

/** Files below a folder that contain a text. */
const filesWith = (folder: string, text: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name);
    return statSync(path).isFile() && readFileSync(path, 'utf8').includes(text);
  });
