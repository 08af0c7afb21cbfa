// Real clients sign in at a real edge, and call a real process behind it.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintOwnerKey } from '../../runner/credential.ts';
import { contentsOf } from './canaries.ts';
import { startBridge, type Bridge } from './harness.ts';
import { temporaryFolder } from './journal.ts';
import {
  KeptSignIn,
  OLD_CLIENT,
  SIGNING_CLIENTS,
  type SignedIn,
  type SigningClient,
} from './signed-in-clients.ts';

const everything = fileURLToPath(
  new URL('../../node_modules/.bin/mcp-server-everything', import.meta.url),
);

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

let bridge: Bridge;
const key = mintOwnerKey();

beforeAll(async () => {
  bridge = await startBridge({
    servers: { everything: { command: everything, args: ['stdio'] } },
    settings: { BRIDGE_CLIENT_AUTH: 'keys' },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(key) }),
  });
});
afterAll(() => bridge.stop());

const base = (): URL => new URL('/everything', bridge.url);

async function connect(kind: SigningClient, signIn = new KeptSignIn()): Promise<SignedIn> {
  const client = await kind.connect(base(), signIn, key);
  onTestFinished(() => client.close().catch(() => undefined));
  return client;
}

const form = (fields: Readonly<Record<string, string>>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
});

describe.each([...SIGNING_CLIENTS, OLD_CLIENT])('[F-423] $name', (kind) => {
  test('signs in, calls, refreshes by itself, and loses its access with its grant', async () => {
    const client = await connect(kind);
    expect(await client.echo('one')).toContain('one');
    const { signIn } = client;
    expect(signIn.sentTo).toHaveLength(1);

    // A token that no longer counts makes it refresh; nobody is asked again.
    const before = signIn.kept;
    signIn.kept = { ...before, access_token: `mcpa_${'x'.repeat(43)}`, token_type: 'Bearer' };
    const again = await connect(kind, signIn);
    expect(await again.echo('two')).toContain('two');
    expect(signIn.sentTo).toHaveLength(1);
    expect(signIn.kept?.refresh_token).not.toBe(before?.refresh_token);

    const token = signIn.kept?.refresh_token ?? '';
    const revoked = await fetch(`${bridge.url}/revoke`, form({ token }));
    expect(revoked.status).toBe(200);
    const refused = await fetch(
      `${bridge.url}/token`,
      form({
        grant_type: 'refresh_token',
        refresh_token: token,
        client_id: signIn.registered?.client_id ?? '',
      }),
    );
    expect([refused.status, await refused.json()]).toEqual([
      400,
      expect.objectContaining({ error: 'invalid_grant' }),
    ]);
  });
});

describe('[F-424] an edge that is killed between any two steps of a sign-in', () => {
  test('goes on where it was', async () => {
    const kind = SIGNING_CLIENTS[0] as SigningClient;
    const client = await connect(kind);
    const { signIn } = client;
    const { client_id: id = '' } = signIn.registered ?? {};
    const renew = async (token: string): Promise<Record<string, string>> => {
      const fields = { grant_type: 'refresh_token', refresh_token: token, client_id: id };
      const answer = await fetch(`${bridge.url}/token`, form(fields));
      return (await answer.json()) as Record<string, string>;
    };
    const first = signIn.kept?.refresh_token ?? '';
    const second = await renew(first);
    await bridge.restartEdge();
    const again = await renew(first);
    expect(again['refresh_token']).toBe(second['refresh_token']);
    await bridge.restartEdge();
    await bridge.untilReady();
    signIn.kept = { ...again, token_type: 'Bearer', access_token: second['access_token'] ?? '' };
    const later = await connect(kind, signIn);
    expect(await later.echo('three')).toContain('three');
    expect(signIn.sentTo).toHaveLength(1);
  });
});

test('[F-434] check --oauth finds nothing wrong with it', async () => {
  const args = [program, 'check', '--oauth', `${base().href}/mcp`];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout.match(/^ok /gmu)).toHaveLength(3);
});

test('[F-433] the owner sees who was let in, and ends it, from the command line', async () => {
  const { signIn } = await connect(SIGNING_CLIENTS[0] as SigningClient);
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const path = join(folder, 'owner-key');
  writeFileSync(path, `${key}\n`, { mode: 0o600 });
  const access = async (...words: string[]): Promise<string> => {
    const args = [program, 'access', ...words, `--edge=${bridge.url}`, `--owner-key-file=${path}`];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return stdout;
  };
  const id = signIn.registered?.client_id ?? '';
  const grants = JSON.parse(await access('list', '--json')) as { client: string; grant: string }[];
  const mine = grants.find(({ client }) => client === id);
  expect(mine).toMatchObject({ person: 'owner', server: 'everything', scopes: ['mcp'] });
  expect(await access('list', '--server', 'everything')).toContain('Official client (unverified)');
  expect(await access('list', '--server', 'other')).toContain('Nobody was let in');
  expect(await access('revoke', mine?.grant ?? '')).toBe('1 grant has ended.\n');
  const fields = {
    grant_type: 'refresh_token',
    refresh_token: signIn.kept?.refresh_token ?? '',
    client_id: id,
  };
  expect((await fetch(`${bridge.url}/token`, form(fields))).status).toBe(400);
  await expect(access('revoke', mine?.grant ?? '')).rejects.toMatchObject({ code: 1 });
});

test('[F-425] no secret of a sign-in is in a log or in what the edge keeps', async () => {
  const { signIn } = await connect(SIGNING_CLIENTS[0] as SigningClient);
  const secrets = [key, signIn.kept?.access_token ?? '', signIn.kept?.refresh_token ?? ''];
  expect(secrets.every((secret) => secret.length === 48)).toBe(true);
  const kept = contentsOf(bridge.edgeFolder);
  expect(kept.length).toBeGreaterThan(0);
  for (const secret of secrets) {
    expect(bridge.logs().filter((line) => line.includes(secret))).toEqual([]);
    expect(kept.filter((bytes) => bytes.includes(secret))).toHaveLength(0);
  }
});
