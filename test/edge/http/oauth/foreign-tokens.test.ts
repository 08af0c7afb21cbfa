// Access tokens of issuers that the operator trusts (BRIDGE_ISSUERS): which open a server, and that no trick does.
import type { JWTPayload } from 'jose';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { sha256 } from '../../../../edge/access/digest.ts';
import { ANN } from '../../../fixtures/edge-settings.ts';
import { headersOf, PlayedEdge, request } from '../modern-client.ts';
import { PlayedIssuer, unsignedJwt } from './played-issuer.ts';
import { ISSUER, json, OWNER_KEY, SETTINGS, statusWith } from './signing-in.ts';

const IDP = 'https://idp.example';
const START = 1_800_000_000_000;
const NOW_S = START / 1000;

/** A POST without a body is no message, whoever sends it. */
const LETS_IN = 415;
const REFUSED = 401;
const UNREACHABLE = 503;

let issuer: PlayedIssuer;
let edge: PlayedEdge;

const edgeWith = (trusted: object, settings: Record<string, string> = SETTINGS): PlayedEdge => {
  const listed = [{ issuer: IDP, allow: [{ everyone: true, servers: ['*'] }], ...trusted }];
  const made = new PlayedEdge({ ...settings, BRIDGE_ISSUERS: JSON.stringify(listed) });
  made.provider = issuer.answer;
  return made;
};

beforeEach(async () => {
  vi.useFakeTimers({ now: START, toFake: ['Date'] });
  issuer = await PlayedIssuer.start(IDP);
  edge = edgeWith({});
  return () => void vi.useRealTimers();
});

const claims = (changed: Readonly<Record<string, unknown>> = {}): JWTPayload => {
  const all = {
    iss: IDP,
    sub: 'ann',
    aud: `${ISSUER}/files/mcp`,
    client_id: 'app',
    iat: NOW_S,
    exp: NOW_S + 300,
    ...changed,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  ) as JWTPayload;
};

const status = async (token: string | Promise<string>, path = '/files/mcp'): Promise<number> =>
  statusWith(edge, await token, path);

test('[F-535] the first tokens of a fresh edge are all served, however many come at once', async () => {
  const tokens = await Promise.all(
    Array.from({ length: 40 }, (_, at) => issuer.sign(claims({ sub: `person ${at}` }))),
  );
  // It takes its time, so that all of them come while nothing is known.
  edge.provider = async (asked) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return issuer.answer(asked);
  };
  const all = await Promise.all(tokens.map((token) => status(token)));
  expect(issuer.reads.keys).toBeLessThan(10);
  expect(new Set(all)).toEqual(new Set([LETS_IN]));
});

test('[F-534] [F-700] a session is opened with all by which a policy, a list or a key can name its holder', async () => {
  edge = edgeWith({}, { ...SETTINGS, BRIDGE_CLIENT_AUTH: 'keys' });
  edge.session.script = [() => ({ kind: 'answered', message: '{"jsonrpc":"2.0","id":7}' })];
  const token = await issuer.sign(claims({ groups: ['staff', 'ops'] }));
  const opened = async (key: string, body: string, headers: Record<string, string> = {}) => {
    await edge.post(body, { ...headers, Authorization: `Bearer ${key}` });
    return edge.session.openings.at(-1)?.as;
  };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} };
  const initialize = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'initialize', params });
  const known = { groups: ['staff', 'ops'], vouched: { issuer: IDP, subject: 'ann' } };
  expect(await opened(token, initialize)).toEqual({ client: 'app', ...known });
  expect(await opened(token, request('tools/list'), headersOf('tools/list'))).toEqual({
    ...known,
    sharedByApps: true,
  });
  expect(await opened(ANN.key, initialize)).toBeUndefined();
  expect(edge.session.openings.map(({ grant }) => grant)).toEqual([
    undefined,
    undefined,
    await sha256(ANN.key),
  ]);
  expect(edge.session.openings.map(({ clientKind }) => clientKind)).toEqual([
    'streamable',
    'modern',
    'streamable',
  ]);
});

describe('[F-536] a long access token, of a person in many groups', () => {
  /** A token of about so many characters. */
  const long = (characters: number): Promise<string> => {
    const groups = Array.from({ length: Math.floor((characters * 3) / 4 / 40) }, (_, at) =>
      `${at}`.padStart(37, 'g'),
    );
    return issuer.sign(claims({ groups }));
  };

  test('opens its server, up to 16 KiB', async () => {
    const token = await long(15_500);
    expect(token.length).toBeGreaterThan(14_500);
    expect(token.length).toBeLessThan(16_384);
    expect(await status(token)).toBe(LETS_IN);
    expect(await status(await long(17_500))).toBe(REFUSED);
  });

  test('is refused at once where no issuer is trusted', async () => {
    edge = new PlayedEdge(SETTINGS);
    expect(await status(await long(15_500))).toBe(REFUSED);
    expect(issuer.reads).toEqual({ keys: 0, metadata: 0 });
  });

  test('is refused at once where it opens nothing', async () => {
    const token = `Bearer ${'a'.repeat(5_000)}`;
    for (const path of ['/metrics', '/runner/link', '/-/api/grants'])
      expect((await edge.send({ headers: { Authorization: token } }, path)).status).toBe(401);
  });
});

describe('[F-521] an access token of a trusted issuer', () => {
  test('opens its server over each transport, and no other', async () => {
    const token = await issuer.sign(claims());
    expect(await status(token)).toBe(LETS_IN);
    expect(await status(token, '/files/message')).not.toBe(REFUSED);
    expect(await status(token, '/mail/mcp')).toBe(REFUSED);
    expect(await status(issuer.sign(claims({ aud: ['x', `${ISSUER}/files/sse`] })))).toBe(LETS_IN);
  });

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('may be signed with %s', async (alg) => {
    await issuer.addKey('other', alg);
    expect(await status(issuer.sign(claims(), { kid: 'other', alg }))).toBe(LETS_IN);
  });

  test('is proved once, and remembered for half a minute, not past its end', async () => {
    const token = await issuer.sign(claims({ exp: NOW_S + 10 }));
    expect(await status(token)).toBe(LETS_IN);
    issuer.isDown = true;
    expect(await status(token)).toBe(LETS_IN);
    vi.setSystemTime(START + 80_000);
    expect(await status(token)).toBe(REFUSED);
    expect(issuer.reads).toEqual({ keys: 1, metadata: 1 });
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['of another issuer', { iss: 'https://other.example' }],
    ['of an issuer that is nearly the same', { iss: `${IDP}/` }],
    ['of no issuer', { iss: undefined }],
    ['of a list of issuers', { iss: [IDP] }],
    ['for a sibling', { aud: `${ISSUER}/mail/mcp` }],
    ['for another edge', { aud: 'https://other.example/files/mcp' }],
    ['for the edge itself', { aud: ISSUER }],
    ['for a server whose name begins the same', { aud: `${ISSUER}/files2/mcp` }],
    ['for nobody', { aud: undefined }],
    ['for an app, as ID tokens are', { aud: 'app' }],
    ['of nobody', { sub: undefined }],
    ['of a person without a name', { sub: '' }],
    ['of a number', { sub: 7 }],
    ['that is over', { exp: NOW_S - 61 }],
    ['without an end', { exp: undefined }],
    ['with an end in words', { exp: String(NOW_S + 300) }],
    ['that does not count yet', { nbf: NOW_S + 120 }],
  ])('is refused %s', async (_, changed) => {
    expect(await status(issuer.sign(claims(changed)))).toBe(REFUSED);
  });

  test.each<[string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]>([
    ['by its type', { typ: 'id+jwt' }, {}],
    ['by another type', { typ: 'logout+jwt' }, {}],
    ['by its nonce', { typ: 'JWT' }, { nonce: 'n' }],
    ['by a digest of its access token', { typ: undefined }, { at_hash: 'x' }],
    ['as some providers mark it', { typ: 'JWT' }, { token_use: 'id' }],
    ['as others mark it', { typ: 'JWT' }, { typ: 'ID' }],
  ])(
    'is no ID token, which is known %s, also where it names the server',
    async (_, header, more) => {
      expect(await status(issuer.sign(claims(more), header))).toBe(REFUSED);
    },
  );

  test('need not say its type', async () => {
    expect(await status(issuer.sign(claims(), { typ: 'JWT' }))).toBe(LETS_IN);
    expect(await status(issuer.sign(claims(), { typ: undefined }))).toBe(LETS_IN);
  });

  test('names all of the edge where the operator says how', async () => {
    edge = edgeWith({ audience: 'api://edge' });
    expect(await status(issuer.sign(claims({ aud: 'api://edge' })))).toBe(LETS_IN);
    expect(await status(issuer.sign(claims()))).toBe(REFUSED);
  });

  test('serves whom the list allows, where it allows them', async () => {
    edge = edgeWith({
      allow: [
        { domain: 'corp.example', servers: ['files'] },
        { group: 'staff', servers: ['mail'] },
      ],
    });
    const ann = { email: 'Ann@Corp.Example', email_verified: true };
    expect(await status(issuer.sign(claims(ann)))).toBe(LETS_IN);
    expect(await status(issuer.sign(claims({ ...ann, email_verified: false })))).toBe(REFUSED);
    const staff = { groups: ['staff'], aud: `${ISSUER}/mail/mcp` };
    expect(await status(issuer.sign(claims(staff)), '/mail/mcp')).toBe(LETS_IN);
    expect(await status(issuer.sign(claims({ groups: ['staff'] })))).toBe(REFUSED);
  });
});

describe('[F-521] the scopes of a token', () => {
  const policy = {
    files: {
      scopes: { read: { tools: ['get_*'] }, write: { tools: ['*'], implies: ['read'] } },
      ask: ['read'],
    },
  };

  async function call(scope: unknown, name: string): Promise<number> {
    const token = await issuer.sign(claims({ scope, jti: name }));
    const answer = await edge.send(
      {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          ...headersOf('tools/call', name),
        },
        body: request('tools/call', { name, arguments: {} }),
      },
      '/files/mcp',
    );
    return answer.status;
  }

  test.each<[unknown, boolean]>([
    ['write', true],
    ['openid read write', true],
    ['read', false],
    ['openid', false],
    ['mcp', false],
    [undefined, false],
    [['write'], true],
  ])('are those of the policy: with %s it may write: %s', async (scope, may) => {
    edge = edgeWith({}, { ...SETTINGS, BRIDGE_POLICY: JSON.stringify(policy) });
    edge.session.script = [(post) => ({ kind: 'answered', message: answerTo(post.requestIds[0]) })];
    expect(await call(scope, 'get_file')).toBe(200);
    expect(await call(scope, 'put_file')).toBe(may ? 200 : 403);
  });

  const answerTo = (id: string | undefined): string => `{"jsonrpc":"2.0","id":${id},"result":{}}`;

  test('are no more than the list lets a person have', async () => {
    const allow = [{ everyone: true, servers: ['*'], scopes: ['read'] }];
    edge = edgeWith({ allow }, { ...SETTINGS, BRIDGE_POLICY: JSON.stringify(policy) });
    edge.session.script = [(post) => ({ kind: 'answered', message: answerTo(post.requestIds[0]) })];
    expect(await call('read write', 'get_file')).toBe(200);
    expect(await call('read write', 'put_file')).toBe(403);
    edge = edgeWith({ allow });
    expect(await status(issuer.sign(claims()))).toBe(REFUSED);
  });
});

describe('[F-521] no trick with a token opens anything', () => {
  const header = { alg: 'RS256', typ: 'at+jwt', kid: 'k1' };

  test('no signature, in any spelling', async () => {
    for (const alg of ['none', 'None', 'NONE', ''])
      expect(await status(`${unsignedJwt({ ...header, alg }, claims())}.`)).toBe(REFUSED);
    const signed = await issuer.sign(claims());
    expect(await status(signed.slice(0, signed.lastIndexOf('.') + 1))).toBe(REFUSED);
  });

  test('the public key as a shared secret, also where the key set has one', async () => {
    expect(await status(issuer.signWithPublicKey(claims()))).toBe(REFUSED);
    issuer.published.push({ kty: 'oct', kid: 'k2', k: 'c2VjcmV0', alg: 'HS256' });
    expect(await status(issuer.signWithPublicKey(claims()))).toBe(REFUSED);
  });

  test('claims or a header that were changed after it was signed', async () => {
    const [head = '', , signature = ''] = (await issuer.sign(claims({ sub: 'bob' }))).split('.');
    const [, body = ''] = unsignedJwt(header, claims()).split('.');
    expect(await status(`${head}.${body}.${signature}`)).toBe(REFUSED);
    const signed = (await issuer.sign(claims())).split('.');
    const other = unsignedJwt({ ...header, typ: 'JWT' }, {}).split('.')[0];
    expect(await status([other, ...signed.slice(1)].join('.'))).toBe(REFUSED);
  });

  test('keys that the token brings along', async () => {
    const thief = await PlayedIssuer.start(IDP);
    const [jwk] = thief.published;
    const brought = { jwk, jku: 'https://thief.example/keys', x5u: 'https://thief.example/x' };
    expect(await status(thief.sign(claims(), brought))).toBe(REFUSED);
    expect(edge.asked.filter(({ url }) => url.includes('thief'))).toEqual([]);
  });

  test('extensions that must be understood', async () => {
    const signed = await issuer.sign(claims());
    const [, body = ''] = signed.split('.');
    for (const crit of [['exp'], ['b64'], [], 'x']) {
      const [head = ''] = unsignedJwt({ ...header, crit, b64: true }, {}).split('.');
      expect(await status(`${head}.${body}.${signed.split('.')[2]}`)).toBe(REFUSED);
    }
  });

  test('members that come twice: what is proved is what is read', async () => {
    const twice = `{"iss":"https://other.example",${JSON.stringify(claims()).slice(1)}`;
    expect(await status(`${unsignedJwt(header, twice)}.AAAA`)).toBe(REFUSED);
  });

  test.each(['a.b', 'a.b.c', '...', 'a.b.c.d.e', `${'e'.repeat(3_000)}.e30.e30`])(
    'what is no JWT: %s',
    async (token) => {
      expect(await status(token)).toBe(REFUSED);
      expect(edge.asked).toEqual([]);
    },
  );

  test('two keys of one name: the one that fits counts, whichever it is', async () => {
    const thief = await PlayedIssuer.start(IDP);
    const good = await issuer.sign(claims());
    issuer.published.unshift(...thief.published);
    expect(await status(good)).toBe(LETS_IN);
    const other = await PlayedIssuer.start(IDP);
    expect(await status(other.sign(claims()))).toBe(REFUSED);
  });
});

describe('[F-522] the keys of an issuer', () => {
  test('are read again for a key that is not known, and not all the time', async () => {
    expect(await status(issuer.sign(claims()))).toBe(LETS_IN);
    await issuer.addKey('k2');
    const rolled = await issuer.sign(claims(), { kid: 'k2' });
    expect(await status(rolled)).toBe(REFUSED);
    expect(issuer.reads.keys).toBe(1);
    vi.setSystemTime(START + 11_000);
    expect(await status(rolled)).toBe(LETS_IN);
    expect(issuer.reads.keys).toBe(2);
    const thief = await PlayedIssuer.start(IDP);
    await thief.addKey('k9');
    for (let at = 0; at < 5; at++)
      expect(await status(thief.sign(claims({ jti: String(at) }), { kid: 'k9' }))).toBe(REFUSED);
    expect(issuer.reads.keys).toBe(2);
  });

  test('that are taken back count no more', async () => {
    const token = await issuer.sign(claims({ exp: NOW_S + 3_600 }));
    expect(await status(token)).toBe(LETS_IN);
    issuer.published = [];
    await issuer.addKey('k2');
    vi.setSystemTime(START + 601_000);
    expect(await status(token)).toBe(REFUSED);
  });

  test('out of reach: nobody is told that a token is wrong, and an issuer that was seen before serves on', async () => {
    issuer.isDown = true;
    const token = await issuer.sign(claims({ exp: NOW_S + 10_000 }));
    expect(await status(token)).toBe(UNREACHABLE);
    issuer.isDown = false;
    vi.setSystemTime(START + 3_000);
    expect(await status(token)).toBe(LETS_IN);
    issuer.isDown = true;
    vi.setSystemTime(START + 700_000);
    expect(await status(token)).toBe(LETS_IN);
    // Whether a key that is not known is the issuer's cannot be said.
    await issuer.addKey('k2');
    const rolled = await issuer.sign(claims({ exp: NOW_S + 10_000 }), { kid: 'k2' });
    vi.setSystemTime(START + 712_000);
    expect(await status(rolled)).toBe(UNREACHABLE);
    vi.setSystemTime(START + 5_000_000);
    expect(await status(token)).toBe(UNREACHABLE);
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['another issuer', { issuer: 'https://other.example' }],
    ['a slash more', { issuer: `${IDP}/` }],
    ['no keys', { jwks_uri: undefined }],
    ['keys in the clear', { jwks_uri: 'http://idp.example/keys' }],
    ['keys in a file', { jwks_uri: 'file:///etc/passwd' }],
  ])('are not taken from metadata that names %s', async (_, changed) => {
    issuer.changed = changed;
    expect(await status(issuer.sign(claims()))).toBe(UNREACHABLE);
  });

  test('may be named by the operator, and then nothing else is asked', async () => {
    edge = edgeWith({ jwks: `${IDP}/keys` });
    expect(await status(issuer.sign(claims()))).toBe(LETS_IN);
    expect(edge.asked.map(({ url }) => url)).toEqual([`${IDP}/keys`]);
  });

  test('are not asked for by a token of anybody else', async () => {
    const other = await PlayedIssuer.start('https://other.example');
    expect(await status(other.sign(claims({ iss: other.url })))).toBe(REFUSED);
    expect(edge.asked).toEqual([]);
  });
});

describe('[F-521] with it', () => {
  test('a person who is blocked is refused within half a minute, whatever token they have', async () => {
    const token = await issuer.sign(claims());
    expect(await status(token)).toBe(LETS_IN);
    const headers = { Authorization: `Bearer ${OWNER_KEY}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ issuer: IDP, subject: 'ann' });
    const { person } = await json(
      await edge.send({ method: 'POST', headers, body }, '/-/api/blocked'),
    );
    expect(edge.withdrawn).toEqual([{ principal: person }]);
    expect(await status(issuer.sign(claims({ jti: 'other' })))).toBe(REFUSED);
    vi.setSystemTime(START + 30_000);
    expect(await status(token)).toBe(REFUSED);
    expect(await status(issuer.sign(claims({ sub: 'bob' })))).toBe(LETS_IN);
  });

  test('while the actor is out of reach nobody is told that it is wrong', async () => {
    edge.isAccessGone = true;
    expect(await status(issuer.sign(claims()))).toBe(UNREACHABLE);
  });

  test('metadata names the issuer, beside the edge if people sign in there too', async () => {
    const path = '/.well-known/oauth-protected-resource/files/mcp';
    const servers = async () =>
      (await json(await edge.send({ method: 'GET' }, path)))['authorization_servers'];
    expect(await servers()).toEqual([ISSUER, IDP]);
    edge = edgeWith({}, { BRIDGE_CLIENT_AUTH: 'keys', BRIDGE_URL: ISSUER });
    expect(await servers()).toEqual([IDP]);
    for (const gone of ['/.well-known/oauth-authorization-server', '/-/api/grants'])
      expect((await edge.send({ method: 'GET' }, gone)).status).toBe(404);
    expect((await edge.send({ method: 'GET' }, '/authorize')).status).toBe(400);
    expect(await status(issuer.sign(claims()))).toBe(LETS_IN);
  });
});
