// The settings of identity providers and issuers: what is wrong is told, without its values, and opens nothing.
import { describe, expect, test } from 'vitest';

import { readSettings } from '../../edge/settings.ts';

const URL_SET = {
  BRIDGE_URL: 'https://bridge.example',
  BRIDGE_SECRET: '0123456789abcdef0123456789abcdef',
};
const ALLOW = [{ everyone: true, servers: ['*'] }];
const IDP = { issuer: 'https://idp.example/tenant/', client: 'edge', secret: 'hush', allow: ALLOW };

const signInOf = (env: object) => readSettings({ ...URL_SET, ...env });

describe('[F-523] [F-538] BRIDGE_IDP', () => {
  test('lets people sign in without an owner, and clients without keys', () => {
    const { signIn, problems } = signInOf({ BRIDGE_IDP: JSON.stringify(IDP) });
    expect(signIn).toMatchObject({
      ownerKeys: new Set(),
      issuers: [],
      provider: {
        ...IDP,
        allow: [{ everyone: true, servers: '*' }],
        scope: 'openid email profile',
        groupsClaim: 'groups',
        trustEmail: false,
      },
    });
    expect(problems.map(({ what }) => what)).toEqual([
      'BRIDGE_RUNNERS is not set, so no runner can connect',
    ]);
  });

  test.each<[string, unknown, RegExp]>([
    ['no JSON', 'hush', /not valid JSON/u],
    ['a list', [IDP], /must be an object of "issuer"/u],
    ['no secret', { ...IDP, secret: undefined }, /must be an object|"secret"/u],
    ['an unknown member', { ...IDP, alow: [] }, /must be an object of "issuer"/u],
    [
      'an issuer in the clear',
      { ...IDP, issuer: 'http://idp.example' },
      /"issuer" must be an https/u,
    ],
    ['an issuer with a query', { ...IDP, issuer: 'https://idp.example?a' }, /"issuer"/u],
    ['an empty list', { ...IDP, allow: [] }, /"allow" must list/u],
    ['an entry that means nobody', { ...IDP, allow: [{ servers: ['*'] }] }, /whom it means/u],
    ['an entry without servers', { ...IDP, allow: [{ everyone: true }] }, /"servers"|each entry/u],
    ['everyone: false', { ...IDP, allow: [{ everyone: false, servers: ['*'] }] }, /only be true/u],
    ['a domain with an @', { ...IDP, allow: [{ domain: '@a.b', servers: ['*'] }] }, /"domain"/u],
    ['an address without one', { ...IDP, allow: [{ email: 'ann', servers: ['*'] }] }, /"email"/u],
    [
      'a server that cannot be',
      { ...IDP, allow: [{ everyone: true, servers: ['a b'] }] },
      /"servers"/u,
    ],
    ['a scope without openid', { ...IDP, scope: 'email' }, /"openid"/u],
    ['a flag in words', { ...IDP, trustEmail: 'yes' }, /"trustEmail"/u],
    ['a member twice', `{"client":"a",${JSON.stringify(IDP).slice(1)}`, /key twice/u],
    [
      'a member twice in an entry',
      JSON.stringify(IDP).replace('"everyone"', String.raw`"\u0065veryone":true,"everyone"`),
      /key twice/u,
    ],
    [
      'a member that objects have',
      `{"constructor":1,${JSON.stringify(IDP).slice(1)}`,
      /cannot be/u,
    ],
    [
      'such a member in an entry',
      JSON.stringify(IDP).replace('"everyone"', '"__proto__":{},"everyone"'),
      /cannot be used/u,
    ],
    ['more depth than there is', `${'['.repeat(9_000)}${']'.repeat(9_000)}`, /nested deeper/u],
  ])('with %s lets nobody in, and says why', (_, value, what) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const { signIn, problems } = signInOf({ BRIDGE_IDP: text });
    expect(signIn).toBeUndefined();
    const mine = problems.filter((problem) => problem.what.startsWith('BRIDGE_IDP'));
    expect(mine.map((problem) => problem.what).join()).toMatch(what);
    expect(JSON.stringify(problems)).not.toContain('hush');
  });

  test('needs the edge’s own URL, and clients with credentials', () => {
    const idp = JSON.stringify(IDP);
    const without = readSettings({ BRIDGE_IDP: idp });
    expect(without.problems.map(({ what }) => what)).toContain(
      'BRIDGE_IDP is set but BRIDGE_URL is not, so nobody can sign in',
    );
    const open = signInOf({ BRIDGE_IDP: idp, BRIDGE_CLIENT_AUTH: 'none' });
    expect(open.signIn).toBeUndefined();
    expect(open.problems.map(({ what }) => what).join()).toContain('BRIDGE_IDP is set, and');
  });

  test('may be on this machine without TLS', () => {
    const idp = { ...IDP, issuer: 'http://127.0.0.1:9000' };
    expect(signInOf({ BRIDGE_IDP: JSON.stringify(idp) }).signIn?.provider?.issuer).toBe(idp.issuer);
  });
});

describe('[F-521] [F-538] BRIDGE_ISSUERS', () => {
  const issuer = { issuer: 'https://idp.example', allow: ALLOW };

  test('makes tokens of others count', () => {
    const { signIn } = signInOf({ BRIDGE_ISSUERS: JSON.stringify([issuer]) });
    expect(signIn).toMatchObject({
      ownerKeys: new Set(),
      issuers: [{ issuer: issuer.issuer, audience: undefined, jwks: undefined }],
    });
    expect(signIn?.provider).toBeUndefined();
  });

  test.each<[string, unknown, RegExp]>([
    ['one object', issuer, /must be a list/u],
    ['nobody', [], /must list an issuer/u],
    ['one twice', [issuer, issuer], /twice/u],
    [
      'more than ten',
      Array.from({ length: 11 }, (_, at) => ({ ...issuer, issuer: `https://i${at}.example` })),
      /at most 10/u,
    ],
    [
      'a member twice',
      JSON.stringify([issuer]).replace('"allow"', '"allow":[],"allow"'),
      /key twice/u,
    ],
    [
      'a member twice in an entry',
      JSON.stringify([issuer]).replace('"servers"', '"servers":["a"],"servers"'),
      /key twice/u,
    ],
    ['a member that objects have', [{ ...issuer, prototype: 1 }], /cannot be used/u],
    ['a secret', [{ ...issuer, secret: 'hush' }], /must list objects of/u],
    ['keys in the clear', [{ ...issuer, jwks: 'http://idp.example/keys' }], /"jwks"/u],
  ])('with %s makes none count, and says why', (_, value, what) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const { signIn, problems } = signInOf({ BRIDGE_ISSUERS: text });
    expect(signIn).toBeUndefined();
    expect(problems.map((problem) => problem.what).join('\n')).toMatch(what);
    expect(JSON.stringify(problems)).not.toContain('hush');
  });
});
