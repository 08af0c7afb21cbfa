// Programs of others judge the sign-in of a real edge: a strict OAuth library, the official conformance suite, and a client on the
// command line.
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintOwnerKey } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { Browser } from '../fixtures/browser.ts';
import { startBridge, type Bridge } from './harness.ts';

const program = (path: string): string =>
  fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));

let bridge: Bridge;
const key = mintOwnerKey();

beforeAll(async () => {
  const everything = { command: program('.bin/mcp-server-everything'), args: ['stdio'] };
  bridge = await startBridge({
    servers: { everything },
    settings: { BRIDGE_CLIENT_AUTH: 'keys' },
    settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(key) }),
  });
});
afterAll(() => bridge.stop());

const CALLBACK = 'https://app.example/callback';
const INSECURE = { [oauth.allowInsecureRequests]: true };

describe('[F-426] oauth4webapi, which takes nothing that an RFC does not allow', () => {
  async function discovered() {
    const resource = new URL('/everything/mcp', bridge.url);
    const metadata = await oauth.processResourceDiscoveryResponse(
      resource,
      await oauth.resourceDiscoveryRequest(resource, INSECURE),
    );
    const issuer = new URL(metadata.authorization_servers?.[0] ?? '');
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...INSECURE });
    const as = await oauth.processDiscoveryResponse(issuer, found);
    const registration = { redirect_uris: [CALLBACK], client_name: 'Strict' };
    const answer = await oauth.dynamicClientRegistrationRequest(as, registration, INSECURE);
    const client = await oauth.processDynamicClientRegistrationResponse(answer);
    return { resource, as, client };
  }

  async function signedIn() {
    const { resource, as, client } = await discovered();
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(as.authorization_endpoint ?? '');
    const parameters = {
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: CALLBACK,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      resource: resource.href,
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    const back = await new Browser().allow(url.href, key);
    return { as, client, verifier, state, back, resource };
  }

  test('signs in, refreshes and revokes', async () => {
    const { as, client, verifier, state, back, resource } = await signedIn();
    const proved = oauth.validateAuthResponse(as, client, back, state);
    const redeemed = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      oauth.None(),
      proved,
      CALLBACK,
      verifier,
      { additionalParameters: { resource: resource.href }, ...INSECURE },
    );
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, redeemed);
    const refresh = tokens.refresh_token ?? '';
    const renewed = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(as, client, oauth.None(), refresh, INSECURE),
    );
    const token = renewed.access_token;
    const init = { method: 'POST', headers: { Authorization: `Bearer ${token}` } };
    expect((await fetch(resource, init)).status).not.toBe(401);
    const revoked = await oauth.revocationRequest(as, client, oauth.None(), token, INSECURE);
    await oauth.processRevocationResponse(revoked);
    const late = await oauth.refreshTokenGrantRequest(
      as,
      client,
      oauth.None(),
      renewed.refresh_token ?? '',
      INSECURE,
    );
    await expect(oauth.processRefreshTokenResponse(as, client, late)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  test('refuses an answer whose issuer was taken out or changed on the way', async () => {
    const { as, client, state, back } = await signedIn();
    for (const iss of [undefined, 'https://evil.example']) {
      const changed = new URL(back);
      changed.searchParams.delete('iss');
      if (iss !== undefined) changed.searchParams.set('iss', iss);
      expect(() => oauth.validateAuthResponse(as, client, changed, state)).toThrow(/iss/u);
    }
  });

  test('reads the challenges', async () => {
    const resource = new URL('/everything/mcp', bridge.url);
    for (const [headers, parameters] of [
      [{}, {}],
      [{ Authorization: 'Bearer x' }, { error: 'invalid_token' }],
    ] as const) {
      const answer = await fetch(resource, { method: 'POST', headers });
      const error: unknown = await oauth
        .processAuthorizationCodeResponse({ issuer: bridge.url }, { client_id: 'x' }, answer)
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        cause: [
          {
            scheme: 'bearer',
            parameters: {
              scope: 'mcp',
              resource_metadata: `${bridge.url}/.well-known/oauth-protected-resource/everything/mcp`,
              ...parameters,
            },
          },
        ],
      });
    }
  });
});

/** The address of the edge's sign-in page, as programs print it. */
const AUTHORIZE_URL = /http:\/\/\S+\/authorize\?\S+/u;

/** The first one that a program prints. */
async function signInUrl(output: Readable, said: string[]): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    said.push(line);
    const [url] = AUTHORIZE_URL.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`It asked nobody to sign in:\n${said.join('\n')}`);
}

/** Plays the person's browser up to the program's own page. */
async function allowAndReturn(url: string): Promise<void> {
  const back = await new Browser().allow(url, key);
  await (await fetch(back)).text();
}

test('[F-427] the official conformance suite finds nothing wrong with the authorization server', async () => {
  const port = await freePort();
  const registered = await fetch(`${bridge.url}/register`, {
    method: 'POST',
    body: JSON.stringify({ redirect_uris: [`http://127.0.0.1:${port}/callback`] }),
  });
  const { client_id: id } = (await registered.json()) as { client_id: string };
  const child = spawnBound(
    process.execPath,
    [
      program('@modelcontextprotocol/conformance/dist/index.js'),
      'authorization',
      `--url=${bridge.url}`,
      `--client-id=${id}`,
      `--resource=${bridge.url}/everything/mcp`,
      `--port=${port}`,
    ],
    { cwd: process.cwd(), env: process.env },
  );
  onTestFinished(() => void child.process.kill('SIGKILL'));
  child.control.resume();
  const said: string[] = [];
  const asked = Promise.withResolvers<string>();
  const listens = Promise.withResolvers<void>();
  createInterface({ input: child.stderr }).on('line', (line) => void said.push(line));
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line);
    const [url] = AUTHORIZE_URL.exec(line) ?? [];
    if (url !== undefined) asked.resolve(url);
    // It prints the page's address before it listens for the answer.
    if (line.startsWith('Callback server started')) listens.resolve();
  });
  const exited = once(child.process, 'close') as Promise<[number | null]>;
  const over = exited.then(([code]) => {
    throw new Error(`The suite ended with ${code} and asked nobody:\n${said.join('\n')}`);
  });
  const [url] = await Promise.race([Promise.all([asked.promise, listens.promise]), over]);
  await allowAndReturn(url);
  const [code] = await exited;
  const text = said.join('\n');
  expect([code, text]).toEqual([0, expect.stringMatching(/3 passed, 0 failed/u)]);
});

test('[F-428] mcp-remote signs in with its own browser callback, and calls', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-remote-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      program('mcp-remote/dist/proxy.js'),
      `${bridge.url}/everything/mcp`,
      String(port),
      '--allow-http',
      '--transport',
      'http-only',
    ],
    env: { PATH: '/nowhere', HOME: folder, MCP_REMOTE_CONFIG_DIR: folder },
    stderr: 'pipe',
  });
  const client = new Client({ name: 'behind-mcp-remote', version: '1.0.0' });
  onTestFinished(() => client.close());
  const connecting = client.connect(transport);
  const said: string[] = [];
  const { stderr } = transport;
  if (!stderr) throw new Error('It has no stderr.');
  await allowAndReturn(await signInUrl(stderr as Readable, said));
  await connecting;
  const result = await client.callTool({ name: 'echo', arguments: { message: 'far' } });
  expect(JSON.stringify(result.content)).toContain('far');
});
