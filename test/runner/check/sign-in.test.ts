// What `check --oauth` says of edges at which some client could not sign in: one that is right, changed in one place at a time.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';

import { freePort } from '../../../runner/dev/free-port.ts';
import { checkSignIn } from '../../../runner/check/sign-in.ts';
import type { Outcome } from '../../../runner/check/outcome.ts';

interface Played {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

/** What the three addresses of a sign-in answer. */
interface Edge {
  server: Played;
  resource: Played;
  issuer: Played;
  /** Where the metadata of the issuer is. */
  issuerAt: string;
}

const PRM = '/.well-known/oauth-protected-resource/files/mcp';
const AS = '/.well-known/oauth-authorization-server';

function right(origin: string): Edge {
  const open = { 'access-control-allow-origin': '*' };
  return {
    server: {
      status: 401,
      headers: { 'www-authenticate': `Bearer resource_metadata="${origin}${PRM}", scope="mcp"` },
      body: {},
    },
    resource: {
      status: 200,
      headers: { ...open },
      body: { resource: `${origin}/files/mcp`, authorization_servers: [origin] },
    },
    issuer: {
      status: 200,
      headers: { ...open },
      body: {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        registration_endpoint: `${origin}/register`,
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
        grant_types_supported: ['authorization_code', 'refresh_token'],
        client_id_metadata_document_supported: true,
        authorization_response_iss_parameter_supported: true,
      },
    },
    issuerAt: AS,
  };
}

/** What is reported of an edge that is right but for `change`. */
async function found(change: (edge: Edge, origin: string) => void): Promise<Outcome[]> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const edge = right(origin);
  change(edge, origin);
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const played =
      request.url === PRM
        ? edge.resource
        : request.url === edge.issuerAt
          ? edge.issuer
          : edge.server;
    response.writeHead(played.status, { 'content-type': 'application/json', ...played.headers });
    response.end(JSON.stringify(played.body));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const outcomes: Outcome[] = [];
  await checkSignIn(`${origin}/files/mcp`, (outcome) => outcomes.push(outcome));
  return outcomes;
}

test('[F-434] an edge that is right passes each step', async () => {
  const outcomes = await found(() => undefined);
  expect(outcomes.map(({ verdict, subject }) => [verdict, subject])).toEqual([
    ['ok', 'challenge'],
    ['ok', 'resource metadata'],
    ['ok', 'authorization server'],
  ]);
});

/** The edge trusts an issuer that has OpenID Connect Discovery alone. */
function trustsOther(edge: Edge, origin: string): void {
  const other = origin.replace('127.0.0.1', 'localhost');
  edge.issuerAt = '/.well-known/openid-configuration';
  edge.resource.body['authorization_servers'] = [other];
  const { body } = edge.issuer;
  for (const [name, value] of Object.entries(body))
    if (typeof value === 'string') body[name] = value.replace(origin, other);
}

test('[F-434] an issuer that the edge trusts is read where OpenID Connect has its metadata', async () => {
  const outcomes = await found(trustsOther);
  expect(outcomes.map(({ verdict }) => verdict)).toEqual(['ok', 'ok', 'ok']);
  const wrong = await found((edge, origin) => {
    trustsOther(edge, origin);
    delete edge.issuer.body['registration_endpoint'];
  });
  expect(wrong.at(-1)).toMatchObject({
    verdict: 'FAIL',
    what: expect.stringContaining('no registration_endpoint'),
    fix: expect.stringContaining('BRIDGE_IDP'),
  });
});

test.each<[string, (edge: Edge, origin: string) => void, string]>([
  [
    'a relative address of the metadata',
    ({ server }) => (server.headers['www-authenticate'] = `Bearer resource_metadata="${PRM}"`),
    'claude.ai ignores it',
  ],
  [
    'metadata at another origin',
    ({ server }) =>
      (server.headers['www-authenticate'] =
        `Bearer resource_metadata="https://other.example${PRM}"`),
    'another origin than the server',
  ],
  [
    'a challenge without an address',
    ({ server }) => (server.headers['www-authenticate'] = 'Bearer'),
    'names no resource_metadata',
  ],
  [
    'a 401 without a challenge',
    ({ server }) => (server.headers = {}),
    'ChatGPT never signs in again',
  ],
  ['no sign-in at all', ({ server }) => (server.status = 200), 'answered with 200, not with 401'],
  ['no such server', ({ server }) => (server.status = 404), 'answered with 404, not with 401'],
  [
    'a host that redirects',
    ({ server }) =>
      Object.assign(server, { status: 308, headers: { location: 'https://www.other.example/' } }),
    'redirects to https://www.other.example/',
  ],
  ['a 401 on the metadata', ({ resource }) => (resource.status = 401), 'is answered with 401'],
  [
    'a 401 on the metadata of the issuer',
    ({ issuer }) => (issuer.status = 401),
    'is answered with 401',
  ],
  [
    'tokens for something else',
    ({ resource }, origin) => (resource.body['resource'] = `${origin}/files`),
    'claude.ai signs in and then never calls',
  ],
  [
    'no issuer',
    ({ resource }) => (resource.body['authorization_servers'] = []),
    'names no authorization server',
  ],
  [
    'another issuer',
    ({ issuer }) => (issuer.body['issuer'] = 'https://other.example'),
    'its issuer is https://other.example',
  ],
  [
    'an issuer with a slash',
    ({ resource, issuer }, origin) => {
      resource.body['authorization_servers'] = [`${origin}/`];
      issuer.body['issuer'] = `${origin}/`;
    },
    'which Codex does not get over',
  ],
  [
    'no S256',
    ({ issuer }) => (issuer.body['code_challenge_methods_supported'] = ['plain']),
    'does not list S256',
  ],
  [
    'no apps that name themselves by a document',
    ({ issuer }) => delete issuer.body['client_id_metadata_document_supported'],
    'have to register instead',
  ],
  [
    'no registration',
    ({ issuer }) => delete issuer.body['registration_endpoint'],
    'Cursor, opencode',
  ],
  [
    'no refresh tokens',
    ({ issuer }) => (issuer.body['grant_types_supported'] = ['authorization_code']),
    'sign in again whenever a token ends',
  ],
  [
    'endpoints elsewhere',
    ({ issuer }) => (issuer.body['token_endpoint'] = 'https://login.example/token'),
    'which Codex refuses',
  ],
])('[F-434] %s is found, with who fails on it and what to do', async (_case, change, words) => {
  const outcomes = await found(change);
  const failures = outcomes.filter(({ verdict }) => verdict === 'FAIL');
  expect(failures.map(({ what }) => what)).toContainEqual(expect.stringContaining(words));
  expect(failures.every(({ fix }) => fix !== undefined && fix !== '')).toBe(true);
});

test('[F-434] metadata that no page may read is a warning', async () => {
  const outcomes = await found(({ resource }) => (resource.headers = {}));
  expect(outcomes).toContainEqual(
    expect.objectContaining({ verdict: 'warn', what: expect.stringContaining('in a browser') }),
  );
});

test('[F-434] an edge that does not answer is told as a network problem', async () => {
  const outcomes: Outcome[] = [];
  await checkSignIn('http://127.0.0.1:1/files/mcp', (outcome) => outcomes.push(outcome));
  expect(outcomes).toMatchObject([{ verdict: 'FAIL', subject: 'challenge' }]);
});
