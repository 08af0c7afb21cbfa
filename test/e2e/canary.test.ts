// Every flow of a whole bridge with texts that must stay where they are: keys, codes, verifiers, tokens, cookies, arguments and header
// values. At the end logs, records, files, frames, arguments and environments are searched for them.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { scanProcesses } from '../../runner/process/process-table.ts';
import { Browser } from '../fixtures/browser.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { Canaries, contentsOf, surroundingsOf } from './canaries.ts';
import { startTestEdge, type TestEdge } from './edges.ts';
import { temporaryFolder } from './journal.ts';
import { keyedFetch } from './keyed-fetch.ts';
import { LinkTap } from './link-tap.ts';
import { MODERN_CLIENTS, OFFICIAL_CLIENTS } from './official-clients.ts';
import { ask } from './raw-http.ts';
import { askModern } from './raw-modern.ts';
import {
  bearer,
  fixture,
  initialize,
  openSession,
  POST_HEADERS,
  SseSession,
} from './raw-session.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));
const { folder, remove } = temporaryFolder();
const edgeFolder = join(folder, 'edge');
const recordFile = join(folder, 'record');
const log: string[] = [];
const canaries = new Canaries();

/** The edge's own, which its environment or its config must hold. */
const OF_EDGE = ['the secret of the edge'];

const ownerKey = canaries.keep('the owner key', mintOwnerKey());
const secret = canaries.keep(OF_EDGE[0] as string, 'canary-secret-of-at-least-32-characters');
const argument = canaries.keep('an argument', `canary-argument-${randomBytes(8).toString('hex')}`);

/** What a client may send beside what the protocol knows. */
const HEADERS = {
  Cookie: `session=${canaries.keep('a cookie', 'canary-of-a-cookie')}`,
  Referer: `https://page.example/${canaries.keep('a referrer', 'canary-of-a-referrer')}`,
  'User-Agent': canaries.keep('a user agent', 'canary-of-a-user-agent'),
  'X-Canary': canaries.keep('a header', 'canary-of-a-header'),
  'X-Forwarded-For': canaries.keep('a forwarded address', 'canary-of-an-address'),
};

let edge: TestEdge;
let tap: LinkTap;
let asOwner: string[];
let stopRunner = async (): Promise<void> => undefined;
let runnerPid = 0;

beforeAll(async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  tap = await LinkTap.open(url);
  edge = await startTestEdge({
    port,
    storage: edgeFolder,
    settings: {
      BRIDGE_SECRET: secret,
      BRIDGE_URL: url,
      BRIDGE_OWNER: hashCredential(ownerKey),
      BRIDGE_HOSTS: [url, tap.url].map((origin) => new URL(origin).host).join(','),
      BRIDGE_METRICS_KEY: hashCredential(canaries.keep('the metrics key', mintClientKey())),
    },
    log: (line) => log.push(line),
  });
  writeFileSync(join(folder, 'owner-key'), ownerKey, { mode: 0o600 });
  asOwner = ['--edge', url, '--owner-key-file', join(folder, 'owner-key')];
});

afterAll(async () => {
  await stopRunner();
  await edge.stop();
  await tap.close();
  remove();
});

/** Runs `mcp-bridge` as an operator does; what it prints. */
function bridge(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...args], { cwd: folder }, (error, out, err) =>
      error ? reject(new Error(`${args.join(' ')}: ${err}`)) : resolve(out),
    );
  });
}

const printed = (name: string, form: RegExp, output: string): string =>
  canaries.keep(name, form.exec(output)?.[1]);

const CLIENT_KEY = /^(mcpc_[\w-]{43})$/mu;

const post = (path: string, body: string | Record<string, string>, headers = {}) =>
  fetch(`${edge.url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...HEADERS, ...headers },
    body: typeof body === 'string' ? body : new URLSearchParams(body),
  });

/** What the owner's API shows. */
const asked = async (path: string): Promise<string> =>
  (await fetch(`${edge.url}/-/api/${path}`, { headers: bearer(ownerKey) })).text();

async function startRunner(block: object): Promise<void> {
  const config = join(folder, 'mcp.json');
  const env = { SECRET: canaries.keep("a server's own secret", 'canary-of-the-environment') };
  const echo = { command: process.execPath, args: [fixture('echo')], env };
  const text = JSON.stringify({ mcpServers: { echo }, bridge: { ...block, edge: tap.url } });
  writeFileSync(config, text, { mode: 0o600 });
  const args = [program, 'run', '--config', config, '--record', recordFile];
  const { process: runner } = spawnBound(process.execPath, args, { cwd: folder, env: process.env });
  runnerPid = runner.pid ?? 0;
  for (const stream of [runner.stdout, runner.stderr])
    stream?.on('data', (chunk) => log.push(String(chunk)));
  const ended = Promise.withResolvers<void>();
  runner.once('exit', () => ended.resolve());
  stopRunner = async () => {
    runner.kill('SIGTERM');
    await ended.promise;
  };
  await vi.waitUntil(() => log.join('').includes('linked to the edge'), PATIENCE);
}

describe('[F-39] [F-540] no secret, argument or header value is where it does not belong', () => {
  let key = '';

  test('an operator invites a machine, which joins; a code that is none is refused', async () => {
    const none = canaries.keep('a code that is none', `enr_${'canary_code'.repeat(4)}`);
    const join_ = JSON.stringify({ code: none, key: 'canary-of-a-public-key' });
    const type = { 'Content-Type': 'application/json' };
    expect((await post('/-/join', join_, type)).status).toBe(400);
    const invited = await bridge('runner', 'add', 'vm', '--servers', 'echo', ...asOwner);
    const code = printed('the code of an invitation', /(enr_\S+)$/mu, invited);
    const joined = await bridge('join', edge.url, code);
    const runnerKey = readFileSync(join(folder, 'mcp-bridge.runner-key'), 'utf8').trim();
    canaries.keep("the runner's key", runnerKey);
    expect(canaries.namesIn([joined])).toEqual([]);
    const block = /^"bridge": (\{.*\})$/mu.exec(joined)?.[1] ?? '';
    await startRunner(JSON.parse(block) as object);
  });

  test('an operator makes, replaces and removes keys', async () => {
    const added = await bridge('client', 'add', 'ann', '--servers', 'echo', ...asOwner);
    printed('a key that was replaced', CLIENT_KEY, added);
    const rotated = await bridge('client', 'rotate', 'ann', ...asOwner);
    key = printed("a client's key", CLIENT_KEY, rotated);
    const type = { 'Content-Type': 'application/json', ...bearer(ownerKey) };
    const bob = JSON.stringify({ name: 'bob', servers: ['echo'] });
    const other = (await (await post('/-/api/clients', bob, type)).json()) as { key: string };
    canaries.keep('a key that was removed', other.key);
    const remove = { method: 'DELETE', headers: { ...HEADERS, ...bearer(ownerKey) } };
    expect((await fetch(`${edge.url}/-/api/clients/bob`, remove)).status).toBe(200);
    const wrong = canaries.keep('a wrong owner key', mintOwnerKey());
    const api = { headers: { ...HEADERS, ...bearer(wrong) } };
    expect((await fetch(`${edge.url}/-/api/clients`, api)).status).toBe(401);
    const lists = ['clients', 'runners'].map((path) => asked(path));
    expect(canaries.namesIn(await Promise.all(lists))).toEqual([]);
  });

  test('keys that are wrong, in a URL, or too many are refused', async () => {
    const wrong = canaries.keep('a wrong key', `mcpc_${'canary-of-a-key'.repeat(3)}`);
    const inUrl = canaries.keep('a key in a URL', `mcpc_${'canary-in-a-url'.repeat(3)}`);
    expect((await post('/echo/mcp', '{}', bearer(wrong))).status).toBe(401);
    expect((await post('/echo/mcp', '{}', { 'X-API-Key': wrong })).status).toBe(401);
    expect((await post(`/echo/mcp?key=${inUrl}`, '{}')).status).toBe(400);
    const two = { ...bearer(wrong), 'X-API-Key': inUrl };
    expect((await post('/echo/mcp', '{}', two)).status).toBe(400);
    const upgrade = { headers: { ...HEADERS, ...bearer(wrong) } };
    expect((await fetch(`${edge.url}/runner/link`, upgrade)).status).toBe(401);
    expect((await fetch(`${edge.url}/metrics`, upgrade)).status).toBe(401);
  });

  test('an app registers, is allowed, refreshes and is revoked; others are refused', async () => {
    const callback = 'https://app.example/callback';
    const registered = await post('/register', JSON.stringify({ redirect_uris: [callback] }));
    const { client_id: id } = (await registered.json()) as { client_id: string };
    const signIn = async (decision: string) => {
      const verifier = canaries.keep('a verifier', randomBytes(32).toString('base64url'));
      const state = canaries.keep('a state', randomBytes(32).toString('base64url'));
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      const asked = new URLSearchParams({
        response_type: 'code',
        client_id: id,
        redirect_uri: callback,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        state,
        resource: `${edge.url}/echo/mcp`,
      });
      const browser = new Browser();
      const page = await browser.open(`${edge.url}/authorize?${asked.toString()}`);
      const request = canaries.keep('a sealed request', page.sealed);
      canaries.keep('the cookie of the page', browser.cookies.split('=')[1]);
      const typed = canaries.keep('a mistyped owner key', mintOwnerKey());
      const wrong = await browser.send(edge.url, { request, key: typed, decision });
      expect(wrong.status).toBe(decision === 'allow' ? 403 : 303);
      const answer = await browser.send(edge.url, { request, key: ownerKey, decision });
      const back = new URL(answer.headers.get('location') ?? '');
      return { verifier, back };
    };
    const denied = await signIn('deny');
    expect(denied.back.searchParams.get('error')).toBe('access_denied');

    const { verifier, back } = await signIn('allow');
    const code = canaries.keep('a code', back.searchParams.get('code'));
    const token = (fields: Record<string, string>, headers = {}) =>
      post('/token', { client_id: id, ...fields }, headers);
    const redeem = { grant_type: 'authorization_code', code, redirect_uri: callback };
    type Tokens = Record<'access_token' | 'refresh_token', string>;
    const taken = await token({ ...redeem, code_verifier: verifier });
    const first = (await taken.json()) as Tokens;
    canaries.keep('an access token', first.access_token);
    canaries.keep('a refresh token', first.refresh_token);
    expect(await openSession(edge, 'echo', { key: first.access_token })).toBeDefined();
    const renew = async (refresh: string): Promise<Tokens> => {
      const renewed = await token({ grant_type: 'refresh_token', refresh_token: refresh });
      const tokens = (await renewed.json()) as Tokens;
      canaries.keep('an access token after a refresh', tokens.access_token);
      canaries.keep('a refresh token after a refresh', tokens.refresh_token);
      return tokens;
    };
    const [second] = await Promise.all([renew(first.refresh_token), renew(first.refresh_token)]);
    const third = await renew(second.refresh_token);

    const stranger = canaries.keep('a token of nobody', `mcpf_${'canary-of-a-token'.repeat(3)}`);
    const asStranger = { grant_type: 'refresh_token', refresh_token: stranger };
    expect((await token(asStranger)).status).toBe(400);
    const own = canaries.keep('a secret of an app', 'canary-of-an-app-secret');
    expect((await token({ ...asStranger, client_secret: own })).status).toBe(400);
    const basic = canaries.keep('a secret of an app, by header', btoa(`${id}:${own}`));
    expect((await token(asStranger, { Authorization: `Basic ${basic}` })).status).toBe(401);
    expect((await post('/revoke', { token: third.refresh_token })).status).toBe(200);
    // A code that comes again, and a verifier that is another's.
    const other = await signIn('allow');
    const stolen = canaries.keep('a stolen code', other.back.searchParams.get('code'));
    const theft = { ...redeem, code: stolen, code_verifier: verifier };
    expect((await token(theft)).status).toBe(400);
    expect((await token({ ...redeem, code_verifier: verifier })).status).toBe(400);
    expect(canaries.namesIn([await asked('grants')])).toEqual([]);
  });

  test('every kind of client calls, and sends what it should not', async () => {
    for (const kind of [...OFFICIAL_CLIENTS, ...MODERN_CLIENTS]) {
      const client = await kind.connect(new URL('/echo', edge.url), { fetch: keyedFetch(key) });
      expect(await client.call('echo', { text: argument })).toBe(argument);
      await client.end();
    }
    const session = await openSession(edge, 'echo', { key });
    canaries.keep('the signature of a session id', session.id.split('.')[1]);
    const lastEventId = canaries.keep('an id of an event', 'canary-of-an-event-id');
    const headers = { ...HEADERS, 'Last-Event-ID': lastEventId };
    const send = (body: object, more = {}) =>
      session.post(JSON.stringify({ jsonrpc: '2.0', id: argument, ...body }), {
        ...headers,
        ...more,
      });
    const named = { name: 'echo', arguments: { text: argument } };
    expect((await send({ method: 'tools/call', params: named })).status).toBe(200);
    const unread = { uri: `file:///${argument}` };
    expect((await send({ method: 'resources/read', params: unread })).status).toBe(200);
    expect(
      (await send({ method: 'tools/call', params: { ...named, Name: argument } })).status,
    ).toBe(200);
    expect((await session.post(`{"jsonrpc":"2.0","id":1,"x":"${argument}`, headers)).status).toBe(
      400,
    );
    const foreign = canaries.keep(
      'a foreign session id',
      `${'a'.repeat(22)}.${'canary'.repeat(4)}`,
    );
    expect((await send({ method: 'ping' }, { 'Mcp-Session-Id': foreign })).status).toBe(404);
    const page = {
      ...headers,
      Origin: `https://${canaries.keep('an origin', 'canary-origin.example')}`,
    };
    expect((await send({ method: 'ping' }, page)).status).toBe(403);
    const sse = await SseSession.open(edge, 'echo', { key });
    expect(await sse.call('echo', { text: argument })).toBeDefined();
    const modern = { params: named, headers: { ...headers, ...bearer(key) } };
    expect((await askModern(edge.url, 'echo', 'tools/call', modern)).status).toBe(200);
    const lie = {
      ...modern.headers,
      'Mcp-Name': canaries.keep('a header that lies', 'canary-of-a-header-that-lies'),
    };
    expect(
      (await askModern(edge.url, 'echo', 'tools/call', { ...modern, headers: lie })).status,
    ).toBe(400);
    const opening = { ...POST_HEADERS, ...headers, ...bearer(key) };
    const nowhere = { method: 'POST', path: '/nowhere/mcp', headers: opening, body: initialize() };
    expect((await ask(edge.url, nowhere)).status).toBe(404);
  });

  test('then none of it is in a log, a record, a file, a frame, an argument or an environment', async () => {
    // Workers on Cloudflare tell the fleet's actor of their calls a moment later.
    await vi.waitUntil(async () => (await asked('record')).includes('"tool":"echo"'), PATIENCE);
    const audit = await bridge('audit', ...asOwner);
    const record = readFileSync(recordFile, 'utf8');
    expect(record).toContain('"tool":"echo"');
    expect(canaries.count).toBeGreaterThan(40);
    expect(canaries.namesIn([log.join('')])).toEqual([]);
    expect(canaries.namesIn([audit, record])).toEqual([]);
    // The config of workerd names the secret; on Node it is in the environment.
    expect(canaries.namesIn(contentsOf(edgeFolder), OF_EDGE)).toEqual([]);
    expect(canaries.namesIn(surroundingsOf(edge.pid), OF_EDGE)).toEqual([]);
    expect(canaries.namesIn(surroundingsOf(runnerPid))).toEqual([]);
    const processes = (await scanProcesses()).filter(({ runnerMark = '' }) =>
      runnerMark.startsWith(`${runnerPid}.`),
    );
    expect(processes.length).toBeGreaterThan(0);
    for (const { pid } of processes)
      expect(canaries.namesIn(surroundingsOf(pid), ["a server's own secret"])).toEqual([]);
    // Messages travel whole, with their arguments; nothing else of a request does.
    expect(tap.passed.some((frame) => frame.includes(argument))).toBe(true);
    expect(canaries.namesIn(tap.passed, ['an argument'])).toEqual([]);
    // Statements that the runner signed for its dials.
    expect(tap.shown.every((shown) => shown.startsWith('Bearer eyJ'))).toBe(true);
    for (const statement of tap.shown)
      canaries.keep('a statement of the runner', statement.slice(7));
    expect(canaries.namesIn([log.join(''), ...tap.passed, audit, record], ['an argument'])).toEqual(
      [],
    );
  });
});
