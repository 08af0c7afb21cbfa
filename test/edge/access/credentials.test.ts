// Which credentials are taken from a request, and whose they are (F-30, F-34).
import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import {
  bearerToken,
  findClient as findClientOf,
  findRunner,
  isMetricsKey,
} from '../../../edge/access/credentials.ts';
import { grants } from '../../../edge/access/principal.ts';
import { readSettings, type Settings } from '../../../edge/settings.ts';

const HERE = new URL('https://bridge.example/files/mcp');

const sha256 = (text: string): string =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Whose token it is. */
const findClient = (settings: Settings, token: string | undefined) =>
  findClientOf(settings, token === undefined ? undefined : sha256(token).slice('sha256:'.length));

const SETTINGS = readSettings({
  BRIDGE_CLIENTS: JSON.stringify({
    alice: { key: [sha256('alice-new'), sha256('alice-old')], servers: ['files'] },
    bob: { key: sha256('bob-key'), servers: ['*'] },
  }),
  BRIDGE_RUNNERS: JSON.stringify({ vm: { token: sha256('vm-token'), servers: ['files'] } }),
  BRIDGE_METRICS_KEY: sha256('metrics'),
});

describe('F-30 the Authorization header', () => {
  test.each(['Bearer abc', 'bearer abc', 'BEARER   abc', 'Bearer abc  '])(
    '%j is taken',
    (value) => {
      expect(bearerToken(new Headers({ authorization: value }), HERE)).toEqual({
        ok: true,
        token: 'abc',
      });
    },
  );

  test.each([
    [undefined, 'unauthorized', false],
    ['', 'unauthorized', false],
    ['Bearer', 'unauthorized', false],
    ['Bearer ', 'unauthorized', false],
    ['Basic YTpi', 'unauthorized', false],
    ['Basic Bearer abc', 'unauthorized', false],
    ['BearerX abc', 'unauthorized', false],
    ['abc', 'unauthorized', false],
    ['Digest username="a", realm="b"', 'unauthorized', false],
    ['Bearer a b', 'unauthorized', true],
    ['Bearer a"b', 'unauthorized', true],
    [`Bearer ${'a'.repeat(5000)}`, 'unauthorized', true],
    ['Bearer a, Bearer b', 'malformed_authorization', true],
    ['Bearer a,b', 'malformed_authorization', true],
    ['Basic YTpi, Bearer abc', 'malformed_authorization', false],
  ])('%j is refused as %s', (value, fault, tokenSent) => {
    const headers = new Headers(value === undefined ? {} : { authorization: value });
    expect(bearerToken(headers, HERE)).toEqual({ ok: false, fault: { fault }, tokenSent });
  });

  test('sent twice is refused', () => {
    const headers = new Headers();
    headers.append('authorization', 'Bearer alice-new');
    headers.append('authorization', 'Bearer alice-new');
    expect(bearerToken(headers, HERE)).toMatchObject({
      fault: { fault: 'malformed_authorization' },
    });
  });
});

describe('[F-450] X-API-Key', () => {
  const given = (apiKey: string, authorization?: string): Headers =>
    new Headers({ 'x-api-key': apiKey, ...(authorization !== undefined && { authorization }) });

  test.each([
    ['abc', undefined],
    [' abc ', undefined],
    ['abc', 'Bearer abc'],
    ['abc', ''],
    ['', 'Bearer abc'],
  ])('%j beside Authorization %j is taken', (apiKey, authorization) => {
    expect(bearerToken(given(apiKey, authorization), HERE)).toEqual({ ok: true, token: 'abc' });
  });

  test.each([
    ['abc', 'Bearer abcd'],
    ['abc', 'Basic YTpi'],
    ['abc', 'abc'],
    ['abc', 'Bearer'],
    ['a b', 'Bearer abc'],
    ['Bearer abc', 'Bearer abc'],
  ])('%j beside Authorization %j is refused in words', (apiKey, authorization) => {
    expect(bearerToken(given(apiKey, authorization), HERE)).toMatchObject({
      fault: { fault: 'malformed_authorization', message: expect.stringContaining('X-API-Key') },
    });
  });

  test.each([
    ['a, a', 'malformed_authorization'],
    ['a b', 'unauthorized'],
    ['Bearer abc', 'unauthorized'],
    ['a'.repeat(5000), 'unauthorized'],
  ])('%j alone is refused as %s', (apiKey, fault) => {
    expect(bearerToken(given(apiKey), HERE)).toEqual({
      ok: false,
      fault: { fault },
      tokenSent: true,
    });
  });
});

describe('F-34 a key in the query', () => {
  test.each(['access_token', 'token', 'key', 'api_key', 'Access_Token', 'acc%65ss_token'])(
    '?%s= is refused beside a right header, and its value is not told',
    (name) => {
      const url = new URL(`${HERE.href}?a=1&${name}=canary`);
      const result = bearerToken(new Headers({ authorization: 'Bearer alice-new' }), url);
      expect(result).toMatchObject({ ok: false, fault: { fault: 'malformed_authorization' } });
      expect(JSON.stringify(result)).not.toContain('canary');
    },
  );

  test('other parameters are left alone', () => {
    const url = new URL(`${HERE.href}?sessionId=x&tokens=1`);
    expect(bearerToken(new Headers({ authorization: 'Bearer a' }), url)).toMatchObject({
      ok: true,
    });
  });
});

describe('a client', () => {
  test('is found by either of its two keys', () => {
    for (const key of ['alice-new', 'alice-old'])
      expect(findClient(SETTINGS, key)).toEqual({
        name: 'alice',
        servers: new Set(['files']),
        key: sha256(key).slice('sha256:'.length),
      });
  });

  test.each([undefined, '', 'alice', 'vm-token', 'metrics', sha256('alice-new')])(
    'is not found by %j',
    (token) => {
      expect(findClient(SETTINGS, token)).toBeUndefined();
    },
  );

  test('is not found while none is configured', () => {
    expect(findClient(readSettings({}), 'alice-new')).toBeUndefined();
  });

  test('is anonymous where no key is asked for, whatever it sends', () => {
    const open = readSettings({ BRIDGE_CLIENT_AUTH: 'none', BRIDGE_HOSTS: 'bridge.example' });
    const anonymous = { name: 'anonymous', servers: '*' };
    expect(findClient(open, undefined)).toEqual(anonymous);
    expect(findClient(open, 'junk')).toEqual(anonymous);
  });
});

test('a runner is found by its token only', async () => {
  const find = (settings: Settings, token: string) =>
    findRunner(token, { host: 'bridge.example', now: 0 }, async (proof) =>
      settings.runners.get(proof),
    );
  expect(await find(SETTINGS, 'vm-token')).toEqual({
    ok: true,
    runner: { name: 'vm', servers: new Set(['files']) },
  });
  expect(await find(SETTINGS, 'alice-new')).toEqual({ ok: false });
  const open = readSettings({ BRIDGE_CLIENT_AUTH: 'none' });
  expect(await find(open, 'x')).toEqual({ ok: false });
});

test('metrics open with their own key, and with none while none is set', async () => {
  expect(await isMetricsKey(SETTINGS, 'metrics')).toBe(true);
  expect(await isMetricsKey(SETTINGS, 'alice-new')).toBe(false);
  expect(await isMetricsKey(readSettings({}), '')).toBe(false);
});

test('a principal reaches the servers it was granted', () => {
  const alice = findClient(SETTINGS, 'alice-new');
  const bob = findClient(SETTINGS, 'bob-key');
  expect(alice && grants(alice, 'files')).toBe(true);
  expect(alice && grants(alice, 'memory')).toBe(false);
  expect(alice && grants(alice, '*')).toBe(false);
  expect(bob && grants(bob, 'memory')).toBe(true);
});
