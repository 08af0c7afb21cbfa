// The days after a deployment: an edge that is behind is upgraded, and its secret and its owner key are replaced, under sessions that go on.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test, vi } from 'vitest';

import { VERSION } from '../../shared/version.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { Deployer } from './deployed.ts';
import { ask } from './raw-http.ts';
import { bearer, fixture, initialize, messageOf, POST_HEADERS, toolCall } from './raw-session.ts';

/** Many programs start one after the other; on a machine that does other work each takes ten seconds. */
const HANGS_MS = 1_800_000;

const NAME = 'mcp-edge-bridge';
const EDGE = `https://${NAME}.ann.workers.dev`;
const OLDER = '0.0.9';

/** A deployed edge with a runner that serves `echo`, and a client of it. */
async function deployed() {
  const deployer = await Deployer.start();
  const { cloudflare } = deployer;
  const made = await deployer.run('deploy', '--yes', '--', process.execPath, fixture('echo'));
  expect(made).toMatchObject({ code: 0 });
  const runner = deployer.start('run');
  let log = '';
  runner.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
  await vi.waitUntil(() => log.includes('linked to the edge'), PATIENCE);
  const ownerKeyFile = join(deployer.folderOf(), 'owner-key');
  const asOwner = ['--edge', EDGE, '--owner-key-file', ownerKeyFile];
  const { out } = await deployer.run('client', 'add', 'ann', '--servers', '*', ...asOwner);
  const [key = ''] = /^mcpc_[\w-]{43}$/mu.exec(out) ?? [];
  const post = (body: string, session?: string) =>
    ask(`http://127.0.0.1:${cloudflare.workers.get(NAME)?.port}`, {
      method: 'POST',
      path: '/echo/mcp',
      headers: {
        ...POST_HEADERS,
        ...bearer(key),
        Host: new URL(EDGE).host,
        ...(session !== undefined && { 'Mcp-Session-Id': session }),
      },
      body,
    });
  const open = async (): Promise<string> =>
    String((await post(initialize())).headers['mcp-session-id']);
  const echo = async (session: string, text: string): Promise<number | string> => {
    const answer = await post(toolCall(1, 'echo', { text }), session);
    return answer.status === 200 ? JSON.stringify(messageOf(answer).result) : answer.status;
  };
  return { deployer, cloudflare, ownerKeyFile, open, echo, log: () => log };
}

test(
  '[F-615] [LP30] an edge that is behind is seen, told to its runner, and upgraded; sessions go on',
  async () => {
    const { deployer, cloudflare, open, echo, log } = await deployed();
    await cloudflare.changeCode(NAME, (code) => code.replaceAll(`"${VERSION}"`, `"${OLDER}"`));
    await vi.waitUntil(() => log().includes('runner and edge have different versions'), PATIENCE);
    expect(log()).toContain('the edge is older than this runner');
    const session = await open();
    expect(await echo(session, 'before')).toContain('before');
    const behind = await deployer.run('status');
    expect(behind.out).toContain(`the edge has ${OLDER}, and this package is ${VERSION}`);
    expect(await deployer.run('upgrade')).toMatchObject({ code: 2, out: '' });
    const upgraded = await deployer.run('upgrade', '--yes', '--json');
    expect(JSON.parse(upgraded.out)).toMatchObject({ ok: true, version: VERSION });
    expect(cloudflare.workers.get(NAME)?.versions).toHaveLength(2);
    expect(await echo(session, 'after')).toContain('after');
    const again = await deployer.run('upgrade', '--yes', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ ok: true });
    expect(cloudflare.workers.get(NAME)?.versions).toHaveLength(2);
    await cloudflare.changeCode(NAME, (code) => code.replaceAll(`"${VERSION}"`, '"9.0.0"'));
    const older = await deployer.run('upgrade', '--yes');
    expect(older).toMatchObject({ code: 1, err: expect.stringContaining('which is older') });
  },
  HANGS_MS,
);

test(
  '[F-616] [F-620] the secret and the owner key are replaced: the old ones go on to count until they are ended',
  async () => {
    const { deployer, cloudflare, ownerKeyFile, open, echo } = await deployed();
    const secrets = () => cloudflare.workers.get(NAME)?.secrets ?? {};
    const { BRIDGE_SECRET: first } = secrets();
    const session = await open();
    expect(await deployer.run('rotate', 'secret')).toMatchObject({ code: 2 });
    expect((await deployer.run('rotate', 'secret', '--yes')).code).toBe(0);
    expect(secrets()['BRIDGE_SECRET_BEFORE']).toBe(first);
    expect(secrets()['BRIDGE_SECRET']).not.toBe(first);
    expect(await echo(session, 'kept')).toContain('kept');
    const twice = await deployer.run('rotate', 'secret', '--yes');
    expect(twice).toMatchObject({
      code: 1,
      err: expect.stringContaining('rotate secret --end-old'),
    });
    expect(secrets()['BRIDGE_SECRET_BEFORE']).toBe(first);
    const newer = await open();
    expect((await deployer.run('rotate', 'secret', '--end-old', '--yes')).code).toBe(0);
    expect(secrets()['BRIDGE_SECRET_BEFORE']).toBeUndefined();
    expect(await echo(session, 'gone')).toBe(404);
    expect(await echo(newer, 'new')).toContain('new');
    // Killed once the new one was set, before the old one was kept, and after.
    const secretFile = join(deployer.folderOf(), 'edge-secret');
    const third = randomBytes(32).toString('hex');
    const second = secrets()['BRIDGE_SECRET'] ?? '';
    for (const left of [['.next'], ['.next', '.old']]) {
      writeFileSync(`${secretFile}.next`, `${third}\n`, { mode: 0o600 });
      if (left.includes('.old')) writeFileSync(`${secretFile}.old`, `${second}\n`, { mode: 0o600 });
      const half = await deployer.run('rotate', 'secret', '--end-old', '--yes');
      expect(half).toMatchObject({ code: 1, err: expect.stringContaining('was interrupted') });
      expect((await deployer.run('rotate', 'secret', '--yes')).code).toBe(0);
      expect(secrets()).toMatchObject({
        BRIDGE_SECRET: third,
        BRIDGE_SECRET_BEFORE: second,
      });
      expect(readFileSync(secretFile, 'utf8').trim()).toBe(third);
      expect(readFileSync(`${secretFile}.old`, 'utf8').trim()).toBe(second);
      // Back to where it was.
      writeFileSync(secretFile, `${second}\n`);
      rmSync(`${secretFile}.old`);
    }
    writeFileSync(secretFile, `${third}\n`);

    const old = readFileSync(ownerKeyFile, 'utf8');
    expect((await deployer.run('rotate', 'owner-key', '--yes')).code).toBe(0);
    expect(readFileSync(ownerKeyFile, 'utf8')).not.toBe(old);
    expect(readFileSync(`${ownerKeyFile}.old`, 'utf8')).toBe(old);
    const list = async (file: string): Promise<number | null> =>
      (await deployer.run('client', 'list', '--edge', EDGE, '--owner-key-file', file)).code;
    expect([await list(ownerKeyFile), await list(`${ownerKeyFile}.old`)]).toEqual([0, 0]);
    expect((await deployer.run('rotate', 'owner-key', '--end-old', '--yes')).code).toBe(0);
    expect(existsSync(`${ownerKeyFile}.old`)).toBe(false);
    expect(secrets()['BRIDGE_OWNER']).not.toContain(',');
    expect(await list(ownerKeyFile)).toBe(0);
    expect(await echo(newer, 'still')).toContain('still');
  },
  HANGS_MS,
);

test(
  '[F-619] a worker, its settings, a key file or a runner that is gone is there again after the same command',
  async () => {
    const deployer = await Deployer.start();
    const { cloudflare } = deployer;
    expect((await deployer.run('deploy', '--yes')).code).toBe(0);
    const folder = deployer.folderOf();
    const asOwner = ['--edge', EDGE, '--owner-key-file', join(folder, 'owner-key')];
    const runners = async (): Promise<string[]> => {
      const { out } = await deployer.run('runner', 'list', ...asOwner, '--json');
      return (JSON.parse(out) as { runners: { name: string }[] }).runners.map(({ name }) => name);
    };
    const [name = ''] = await runners();

    expect((await deployer.run('runner', 'revoke', name, ...asOwner)).code).toBe(0);
    expect(await runners()).toEqual([]);
    expect((await deployer.run('deploy', '--yes')).code).toBe(0);
    expect(await runners()).toEqual([name]);

    rmSync(join(folder, 'edge-secret'));
    expect(await deployer.run('rotate', 'secret', '--yes')).toMatchObject({
      code: 1,
      err: expect.stringContaining('mcp-bridge deploy --name'),
    });
    expect((await deployer.run('deploy', '--yes')).code).toBe(0);
    const secret = readFileSync(join(folder, 'edge-secret'), 'utf8').trim();
    expect(cloudflare.workers.get(NAME)?.secrets['BRIDGE_SECRET']).toBe(secret);
    expect(cloudflare.workers.get(NAME)?.versions).toHaveLength(1);

    await cloudflare.remove(NAME);
    const again = await deployer.run('deploy', '--yes');
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining(`is up at ${EDGE}`) });
    expect(Object.keys(cloudflare.workers.get(NAME)?.secrets ?? {})).toContain('BRIDGE_OWNER');
    expect(await runners()).toEqual([name]);
  },
  HANGS_MS,
);
