// People sign in at a real OpenID provider, and apps bring its access tokens.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintOwnerKey } from '../../runner/credential.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { Browser } from '../fixtures/browser.ts';
import { startBridge, type Bridge } from './harness.ts';
import { EDGE_CLIENT, LocalProvider } from './identity-provider.ts';
import { temporaryFolder } from './journal.ts';
import { fixture, openSession } from './raw-session.ts';
import { untilGone } from './runner-facts.ts';
import {
  KeptSignIn,
  SIGNING_CLIENTS,
  type SignedIn,
  type SigningClient,
} from './signed-in-clients.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));
const everything = fileURLToPath(
  new URL('../../node_modules/.bin/mcp-server-everything', import.meta.url),
);
const key = mintOwnerKey();
const [official] = SIGNING_CLIENTS as [SigningClient];

let bridge: Bridge;
let provider: LocalProvider;

/** Who may what, read at each start of the edge. */
let allow: readonly object[] = [{ domain: 'corp.example', servers: ['*'] }];
let policy: object | undefined;

beforeAll(async () => {
  const providerPort = await freePort();
  bridge = await startBridge({
    servers: {
      everything: { command: everything, args: ['stdio'] },
      echo: { command: process.execPath, args: [fixture('echo')] },
    },
    settings: { BRIDGE_CLIENT_AUTH: 'keys' },
    settingsAt: (url) => {
      const issuer = { issuer: `http://127.0.0.1:${providerPort}`, allow };
      return {
        BRIDGE_URL: url,
        BRIDGE_OWNER: hashCredential(key),
        BRIDGE_IDP: JSON.stringify({ ...issuer, ...EDGE_CLIENT }),
        BRIDGE_ISSUERS: JSON.stringify([issuer]),
        ...(policy && { BRIDGE_POLICY: JSON.stringify(policy) }),
      };
    },
  });
  provider = await LocalProvider.for(bridge.url, providerPort);
  await provider.start('k1');
});
afterAll(async () => {
  await bridge.stop();
  await provider.remove();
});

/** A browser that has allowed what a URL asks for, and is sent to the provider; or the answer if it is not. */
async function allowed(url: URL): Promise<{ browser: Browser; answer: Response }> {
  const browser = new Browser();
  const page = await browser.open(url.href);
  const fields = { request: page.sealed ?? '', decision: 'provider' };
  return { browser, answer: await browser.send(bridge.url, fields) };
}

/** A person lets an app in by signing in: what the callback of the edge answers. */
async function letIn(url: URL, name: string, cancels = false): Promise<Response> {
  const { browser, answer } = await allowed(url);
  const start = new URL(answer.headers.get('location') ?? '');
  const back = await provider.signIn(browser, start, name, cancels);
  expect(`${back.origin}${back.pathname}`).toBe(`${bridge.url}/callback`);
  return browser.go(back.href);
}

/** Where an app sends a person. */
async function wishOf(signIn = new KeptSignIn()): Promise<URL> {
  const base = new URL('/everything', bridge.url);
  const client = official.connect(base, signIn, async () => {
    throw new Error('nobody is there');
  });
  await expect(client).rejects.toThrow('nobody is there');
  return signIn.sentTo.at(-1) ?? new URL('about:blank');
}

async function signedIn(name: string, server: string): Promise<SignedIn> {
  const client = await official.connect(
    new URL(`/${server}`, bridge.url),
    new KeptSignIn(),
    async (url) => new URL((await letIn(url, name)).headers.get('location') ?? ''),
  );
  onTestFinished(() => client.close().catch(() => undefined));
  return client;
}

const textOf = async (answer: Response): Promise<string> => {
  expect(answer.headers.get('location')).toBeNull();
  return answer.text();
};

async function access(...words: string[]): Promise<string> {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const path = join(folder, 'owner-key');
  writeFileSync(path, `${key}\n`, { mode: 0o600 });
  const args = [program, 'access', ...words, `--edge=${bridge.url}`, `--owner-key-file=${path}`];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

async function statusWith(token: string, server = 'everything'): Promise<number> {
  const answer = await fetch(`${bridge.url}/${server}/mcp`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
  });
  await answer.body?.cancel();
  return answer.status;
}

/** A POST without a body is no message, whoever sends it. */
const LETS_IN = 415;

describe('[F-527] people of a real provider', () => {
  test('sign in with an official client, call, and are shown by their address', async () => {
    const client = await signedIn('ann', 'everything');
    expect(await client.echo('one')).toContain('one');
    expect(await access('list')).toMatch(/ {2}p-[\w-]{22} +ann@corp\.example +everything /u);
  });

  test('are told who they are where they are not on the list, and that they gave up', async () => {
    const url = await wishOf();
    const refused = await letIn(url, 'bob.other');
    expect([refused.status, await textOf(refused)]).toEqual([
      403,
      expect.stringContaining('bob@other.example, who may not use everything'),
    ]);
    const cancelled = await letIn(url, 'ann', true);
    expect([cancelled.status, await textOf(cancelled)]).toEqual([
      403,
      expect.stringContaining('access_denied'),
    ]);
  });

  test('are blocked: what is open ends, and nothing opens any more', async () => {
    const { signIn } = await signedIn('eve', 'echo');
    const token = signIn.kept?.access_token ?? '';
    const session = await openSession(bridge, 'echo', { key: token, revision: '2025-11-25' });
    const { pid } = await session.whoami();
    const stream = await session.get();
    const row = (await access('list'))
      .split('\n')
      .find((line) => line.includes('eve@corp.example'));
    const person = /p-[\w-]{22}/u.exec(row ?? '')?.[0] ?? '';
    expect(await access('block', person)).toBe(`${person} is blocked. 1 grant has ended.\n`);
    // oxlint-disable-next-line no-await-in-loop -- to the end
    while ((await stream.next()) !== undefined);
    await untilGone(pid);
    const answer = await letIn(await wishOf(), 'eve');
    expect([answer.status, await textOf(answer)]).toEqual([
      403,
      expect.stringContaining('blocked'),
    ]);
    const own = await provider.tokensFor(`${bridge.url}/everything/mcp`, 'eve');
    expect(await statusWith(own.access_token)).toBe(401);
    expect(await access('blocked')).toContain('eve@corp.example');
    await access('unblock', provider.url, 'eve');
    expect(await statusWith(own.access_token)).toBe(LETS_IN);
  });
});

test('[F-527] no secret of the provider, and no token of it, is in a log or in what the edge keeps', async () => {
  const url = await wishOf();
  const { browser, answer } = await allowed(url);
  const left = new URL(answer.headers.get('location') ?? '');
  const back = await provider.signIn(browser, left, 'ann');
  await browser.go(back.href);
  // One that never comes back, so that something of a journey is kept.
  const { answer: other } = await allowed(url);
  const under = new URL(other.headers.get('location') ?? '').searchParams;
  const own = await provider.tokensFor(`${bridge.url}/everything/mcp`, 'ann');
  expect(await statusWith(own.access_token)).toBe(LETS_IN);
  const secrets = [
    EDGE_CLIENT.secret,
    encodeURIComponent(EDGE_CLIENT.secret),
    own.access_token,
    back.searchParams.get('code') ?? '',
    ...['state', 'nonce'].flatMap((name) => [left.searchParams.get(name), under.get(name)]),
  ];
  const kept = readdirSync(bridge.edgeFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
  expect(kept.length).toBeGreaterThan(0);
  for (const secret of secrets) {
    expect((secret ?? '').length).toBeGreaterThan(20);
    const texts = [...bridge.logs(), ...kept];
    expect(texts.filter((text) => text.includes(secret ?? '')).length).toBe(0);
  }
});

describe('[F-528] access tokens of a real provider', () => {
  test('open their server, and no other; the ID token of the same sign-in opens none', async () => {
    const tokens = await provider.tokensFor(`${bridge.url}/echo/mcp`, 'ann');
    const session = await openSession(bridge, 'echo', {
      key: tokens.access_token,
      revision: '2025-11-25',
    });
    expect(await session.whoami()).toMatchObject({ pid: expect.any(Number) });
    expect(await statusWith(tokens.access_token, 'everything')).toBe(401);
    expect(await statusWith(tokens.id_token, 'echo')).toBe(401);
    const [head, body, signature] = tokens.access_token.split('.');
    expect(await statusWith(`${head}.${body}.${signature?.slice(0, -4)}AAAA`, 'echo')).toBe(401);
    expect(await statusWith(`${head}.${body}.`, 'echo')).toBe(401);
    const stranger = await provider.tokensFor(`${bridge.url}/echo/mcp`, 'bob.other');
    expect(await statusWith(stranger.access_token, 'echo')).toBe(401);
  });

  test('outlast a new key, an issuer that is away, and a list that changes, as far as they may', async () => {
    const resource = `${bridge.url}/everything/mcp`;
    expect(await statusWith((await provider.tokensFor(resource, 'ann')).access_token)).toBe(
      LETS_IN,
    );
    await provider.stop();
    await provider.start('k2');
    const { access_token: rolled } = await provider.tokensFor(resource, 'ann');
    // The keys are read again as soon as they have rested.
    await expect.poll(() => statusWith(rolled), { timeout: 20_000, interval: 250 }).toBe(LETS_IN);

    const client = await signedIn('ann', 'everything');
    const url = await wishOf();
    allow = [{ email: 'zoe@corp.example', servers: ['*'] }];
    await provider.stop();
    await bridge.restartEdge();
    await bridge.untilReady();
    expect(await statusWith(rolled)).toBe(503);
    const { answer: away } = await allowed(url);
    expect([away.status, await textOf(away)]).toEqual([
      503,
      expect.stringContaining('cannot be reached'),
    ]);
    await provider.start('k3');
    const { access_token: latest } = await provider.tokensFor(resource, 'ann');
    // For a moment nobody asks a provider again that was away.
    await expect.poll(() => statusWith(latest), { timeout: 20_000, interval: 250 }).toBe(401);
    const kept = client.signIn.kept;
    expect(await statusWith(kept?.access_token ?? '')).toBe(401);
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: kept?.refresh_token ?? '',
      client_id: client.signIn.registered?.client_id ?? '',
    });
    const refresh = (): Promise<Response> => fetch(`${bridge.url}/token`, { method: 'POST', body });
    expect((await refresh()).status).toBe(400);
    const zoe = await provider.tokensFor(resource, 'zoe');
    expect(await statusWith(zoe.access_token)).toBe(LETS_IN);

    allow = [{ domain: 'corp.example', servers: ['*'] }];
    await bridge.restartEdge();
    await bridge.untilReady();
    expect((await refresh()).status).toBe(200);
  });
});

test('[F-933] a deploy that leaves a person fewer scopes ends what they have open, and nothing of another; they open it anew with what is left', async () => {
  policy = { echo: { scopes: { look: { tools: ['whoami'] }, all: { tools: ['*'] } } } };
  const entry = (name: string, ...scopes: string[]) => ({
    email: `${name}@corp.example`,
    servers: ['echo'],
    scopes,
  });
  const deploy = async (...entries: object[]): Promise<void> => {
    allow = entries;
    await bridge.restartEdge();
    await bridge.untilReady();
  };
  await deploy(entry('ann', 'look', 'all'), entry('zoe', 'look', 'all'));
  const tokenOf = async (name: string): Promise<string> =>
    (await provider.tokensFor(`${bridge.url}/echo/mcp`, name)).access_token;
  const [ann, zoe] = [await tokenOf('ann'), await tokenOf('zoe')];
  const open = (key: string) => openSession(bridge, 'echo', { key, revision: '2025-11-25' });
  const [hers, neighbour] = [await open(ann), await open(zoe)];
  const { pid } = await hers.whoami();
  const left = await neighbour.whoami();

  await deploy(entry('ann', 'look'), entry('zoe', 'look', 'all'));
  const since = performance.now();
  await untilGone(pid);
  expect(performance.now() - since).toBeLessThan(30_000);
  expect(await neighbour.whoami()).toEqual(left);
  expect((await (await open(ann)).whoami()).pid).not.toBe(pid);
});
