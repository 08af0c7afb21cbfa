// Doubles of the apps that people connect: each finds its way, names itself and checks the answers as the real one is known to do.
// The internet with their documents is played here, on either host of the edge.
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hashCredential, mintOwnerKey, mintRunnerToken } from '../../runner/credential.ts';
import { readConfig } from '../../runner/config/read.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { createLog } from '../../runner/log.ts';
import { startRunner } from '../../runner/runner.ts';
import { fixedToken } from '../../runner/runner-token.ts';
import { Browser } from '../fixtures/browser.ts';
import { Canaries, contentsOf } from './canaries.ts';
import { startInternetEdge } from './internet-edge.ts';
import { temporaryFolder } from './journal.ts';

const everything = fileURLToPath(
  new URL('../../node_modules/.bin/mcp-server-everything', import.meta.url),
);

const key = mintOwnerKey();
const documents = new Map<string, object>();
const fetched: string[] = [];
const canaries = new Canaries();
const lines: string[] = [];
let storage: string;
let origin: string;

beforeAll(async () => {
  const { folder, remove } = temporaryFolder();
  const [port, token] = [await freePort(), mintRunnerToken()];
  origin = `http://127.0.0.1:${port}`;
  storage = `${folder}/edge`;
  canaries.keep('the owner key', key);
  const log = createLog({ level: 'info', write: (line) => lines.push(line) });
  const stopEdge = await startInternetEdge({
    port,
    storage,
    log: (line) => lines.push(line),
    settings: {
      BRIDGE_SECRET: 'e2e-secret-of-at-least-32-characters',
      BRIDGE_RUNNERS: JSON.stringify({ here: { token: hashCredential(token), servers: ['*'] } }),
      BRIDGE_URL: origin,
      BRIDGE_OWNER: hashCredential(key),
    },
    internet: (url) => {
      fetched.push(url);
      return documents.get(url);
    },
  });
  const config = { everything: { command: everything, args: ['stdio'] } };
  writeFileSync(
    `${folder}/mcp.json`,
    JSON.stringify({ mcpServers: config, bridge: { runner: 'here' } }),
    { mode: 0o600 },
  );
  const reading = await readConfig(`${folder}/mcp.json`, process.env);
  if (!reading.ok) throw new Error('The config is wrong.');
  const runner = startRunner({
    config: reading.config,
    token: fixedToken(token),
    edge: origin,
    log,
    record: log,
  });
  await runner.ready;
  return async () => {
    await runner.drain();
    runner.kill();
    await stopEdge();
    remove();
  };
});
afterAll(() => documents.clear());

type Json = Record<string, unknown>;

const jsonOf = async (url: string, init?: RequestInit): Promise<Json> => {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Json;
};

/** How one app differs from another. */
interface App {
  readonly name: string;
  /** The URL of its document, and what stands there; or what it registers with. */
  readonly document?: { readonly url: string; readonly members: object };
  readonly registers?: object;
  /** The address it is answered at this time. */
  readonly redirect: string;
  readonly scope?: string;
  readonly prompt?: string;
  /** Whether it looks for the metadata at the root as well. */
  readonly looksAtRoot?: boolean;
}

const CLAUDE = 'https://claude.ai/oauth/mcp-oauth-client-metadata';
const CLAUDE_CODE = 'https://claude.ai/oauth/claude-code-client-metadata';
const CHATGPT = 'https://chatgpt.com/oauth/c1/client.json';
const CODEX = 'https://chatgpt.com/oauth/codex/client.json';

const APPS: readonly App[] = [
  {
    name: 'claude.ai',
    document: {
      url: CLAUDE,
      members: {
        client_name: 'Claude',
        redirect_uris: [
          'https://claude.ai/api/mcp/auth_callback',
          'https://claude.com/api/mcp/auth_callback',
        ],
        token_endpoint_auth_method: 'none',
      },
    },
    redirect: 'https://claude.ai/api/mcp/auth_callback',
    scope: 'mcp offline_access',
    prompt: 'consent',
    looksAtRoot: true,
  },
  {
    name: 'Claude Code',
    document: {
      url: CLAUDE_CODE,
      members: {
        client_name: 'Claude Code',
        redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
      },
    },
    redirect: 'http://localhost:48123/callback',
    scope: 'mcp offline_access',
    prompt: 'consent',
  },
  {
    name: 'ChatGPT',
    document: {
      url: CHATGPT,
      members: {
        client_name: 'ChatGPT',
        redirect_uris: ['https://chatgpt.com/connector/oauth/c1'],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'],
        jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
      },
    },
    redirect: 'https://chatgpt.com/connector/oauth/c1',
  },
  {
    name: 'Cursor',
    registers: {
      client_name: 'Cursor',
      application_type: 'web',
      token_endpoint_auth_method: 'none',
      redirect_uris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
    },
    redirect: 'cursor://anysphere.cursor-mcp/oauth/callback',
  },
  {
    name: 'VS Code',
    registers: {
      client_name: 'Visual Studio Code',
      redirect_uris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
    },
    redirect: 'http://127.0.0.1:33500/',
  },
  {
    name: 'Codex',
    document: {
      url: CODEX,
      members: {
        client_name: 'Codex',
        redirect_uris: ['http://127.0.0.1/callback', 'http://127.0.0.1/callback/x1'],
      },
    },
    redirect: 'http://127.0.0.1:40111/callback/x1',
    scope: 'mcp offline_access',
  },
];

/** What an app finds out before it sends the person anywhere. */
async function discover({ looksAtRoot = false }: App) {
  const resource = `${origin}/everything/mcp`;
  const refused = await fetch(resource, { method: 'POST' });
  expect(refused.status).toBe(401);
  const challenge = refused.headers.get('www-authenticate') ?? '';
  const [, metadataUrl = ''] = /resource_metadata="([^"]*)"/u.exec(challenge) ?? [];
  expect(URL.canParse(metadataUrl)).toBe(true);
  const metadata = await jsonOf(metadataUrl);
  expect(metadata['resource']).toBe(resource);
  const root = await fetch(`${origin}/.well-known/oauth-protected-resource`);
  expect(looksAtRoot ? root.status : 404).toBe(404);
  const [issuer] = metadata['authorization_servers'] as string[];
  const server = await jsonOf(`${issuer}/.well-known/oauth-authorization-server`);
  expect([issuer, server['issuer']]).toEqual([origin, origin]);
  expect(server['code_challenge_methods_supported']).toContain('S256');
  return { resource, server };
}

async function clientIdOf({ document, registers }: App, server: Json): Promise<string> {
  if (!document) {
    const body = JSON.stringify(registers);
    const registered = await jsonOf(String(server['registration_endpoint']), {
      method: 'POST',
      body,
    });
    expect(registered['grant_types']).toContain('refresh_token');
    return String(registered['client_id']);
  }
  // Without both of these Claude's apps would register instead.
  expect(server['client_id_metadata_document_supported']).toBe(true);
  expect(server['token_endpoint_auth_methods_supported']).toContain('none');
  documents.set(document.url, { client_id: document.url, ...document.members });
  return document.url;
}

async function signIn(app: App) {
  const { resource, server } = await discover(app);
  const client = await clientIdOf(app, server);
  const verifier = canaries.keep('a verifier', randomBytes(32).toString('base64url'));
  const state = canaries.keep('a state', randomBytes(16).toString('base64url'));
  const asked = {
    response_type: 'code',
    client_id: client,
    redirect_uri: app.redirect,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state,
    resource,
    ...(app.scope !== undefined && { scope: app.scope }),
    ...(app.prompt !== undefined && { prompt: app.prompt }),
  };
  const url = `${String(server['authorization_endpoint'])}?${new URLSearchParams(asked).toString()}`;
  const back = await new Browser().allow(url, key);
  expect(back.href.startsWith(`${app.redirect}?`)).toBe(true);
  const { searchParams } = back;
  expect([searchParams.get('state'), searchParams.get('iss')]).toEqual([state, origin]);
  const exchange = async (fields: Record<string, string>): Promise<Json> => {
    const tokens = await jsonOf(String(server['token_endpoint']), {
      method: 'POST',
      body: new URLSearchParams({ client_id: client, resource, ...fields }),
    });
    for (const name of ['access_token', 'refresh_token']) canaries.keep(name, String(tokens[name]));
    return tokens;
  };
  const tokens = await exchange({
    grant_type: 'authorization_code',
    code: canaries.keep('a code', searchParams.get('code')),
    code_verifier: verifier,
    redirect_uri: app.redirect,
  });
  const renew = (token: unknown): Promise<Json> =>
    exchange({ grant_type: 'refresh_token', refresh_token: String(token) });
  return { tokens, renew, server, client };
}

async function echo(token: unknown, message: string): Promise<string> {
  const client = new Client({ name: 'double', version: '1.0.0' });
  const url = new URL(`${origin}/everything/mcp`);
  const headers = { Authorization: `Bearer ${String(token)}` };
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  const result = await client.callTool({ name: 'echo', arguments: { message } });
  await client.close();
  return JSON.stringify(result.content);
}

describe.each(APPS)('[F-429] $name', (app) => {
  test('signs in, calls, and refreshes twice at once', async () => {
    const { tokens, renew, server } = await signIn(app);
    expect(await echo(tokens['access_token'], 'near')).toContain('near');
    const both = await Promise.all([
      renew(tokens['refresh_token']),
      renew(tokens['refresh_token']),
    ]);
    for (const renewed of both) {
      expect(await echo(renewed['access_token'], 'again')).toContain('again');
      expect(await renew(renewed['refresh_token'])).toHaveProperty('access_token');
    }
    const token = String(both[0]['access_token']);
    const revoked = await fetch(String(server['revocation_endpoint']), {
      method: 'POST',
      body: new URLSearchParams({ token }),
    });
    expect(revoked.status).toBe(200);
    await expect(renew(both[0]['refresh_token'])).rejects.toThrow('invalid_grant');
  });
});

test('[F-429] a document was read for its sign-in alone, and once while it was fresh', () => {
  expect(fetched.toSorted()).toEqual([CHATGPT, CLAUDE, CLAUDE_CODE, CODEX].toSorted());
});

test('[F-430] one of two apps does not ride on the session of the other', async () => {
  const [first, second] = [APPS[0], APPS[2]] as const;
  if (!first || !second) throw new Error('no apps');
  const mine = await signIn(first);
  const theirs = await signIn(second);
  const post = (token: unknown, body: object, session?: string): Promise<Response> =>
    fetch(`${origin}/everything/mcp`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${String(token)}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...(session !== undefined && { 'Mcp-Session-Id': session }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
    });
  const clientInfo = { name: 'x', version: '1' };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
  const opened = await post(mine.tokens['access_token'], { method: 'initialize', params });
  const session = opened.headers.get('mcp-session-id') ?? '';
  expect(session).not.toBe('');
  const ping = { method: 'ping' };
  expect((await post(theirs.tokens['access_token'], ping, session)).status).toBe(404);
  expect((await post(mine.tokens['access_token'], ping, session)).status).toBe(200);
});

test('[F-431] 20 connections that each refresh twice at once and keep the first answer all live', async () => {
  const app = APPS[0] as App;
  const connections = await Promise.all(Array.from({ length: 20 }, () => signIn(app)));
  const lives = connections.map(async ({ tokens, renew }) => {
    const answers = await Promise.all([
      renew(tokens['refresh_token']),
      renew(tokens['refresh_token']),
    ]);
    const next = await renew(answers[0]['refresh_token']);
    return (await renew(next['refresh_token']))['access_token'];
  });
  const tokens = await Promise.all(lives);
  expect(new Set(tokens).size).toBe(20);
});

test('[F-540] of all that, no secret is in a log, a record or a file', () => {
  expect(canaries.count).toBeGreaterThan(100);
  expect(lines.some((line) => line.includes('"tool":"echo"'))).toBe(true);
  expect(canaries.namesIn(lines)).toEqual([]);
  expect(canaries.namesIn(contentsOf(storage))).toEqual([]);
});
