// A runner with a key of its own: what it signs, and what the edge makes of it (F-61, F-500).
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT, type JWTPayload } from 'jose';
import { describe, expect, test } from 'vitest';

import { findRunner } from '../../../edge/access/credentials.ts';
import { boundServers } from '../../../edge/access/principal.ts';
import { readSettings } from '../../../edge/settings.ts';
import {
  assertRunner,
  isRunnerKey,
  mintRunnerKey,
  publicKeyOf,
} from '../../../runner/runner-key.ts';
import {
  ASSERTION_LIFE_S,
  ASSERTION_TYPE,
  CLOCK_TOLERANCE_S,
} from '../../../shared/link/assertion.ts';

const EDGE = 'https://bridge.example';
const HOST = 'bridge.example';
const NOW = 1_800_000_000_000;
const KEY = mintRunnerKey();

const settings = (token: unknown = publicKeyOf(KEY)) =>
  readSettings({ BRIDGE_RUNNERS: JSON.stringify({ vm: { token, servers: ['files'] } }) });

const find = (token: string, now = NOW, host = HOST) =>
  findRunner(token, { host, now }, async (proof) => settings().runners.get(proof));

test('[F-61] a signed statement opens a link to the edge it is for, and says until when it is worth something', async () => {
  const found = await find(await assertRunner(KEY, EDGE, NOW));
  expect(found).toEqual({
    ok: true,
    runner: { name: 'vm', servers: new Set(['files']) },
    use: {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/u),
      until: NOW + (ASSERTION_LIFE_S + CLOCK_TOLERANCE_S) * 1000,
    },
  });
});

test('[F-61] each statement has an id of its own, and none contains the key', async () => {
  const [first, second] = [await assertRunner(KEY, EDGE, NOW), await assertRunner(KEY, EDGE, NOW)];
  expect(first).not.toBe(second);
  expect(Buffer.from(first.split('.')[1] ?? '', 'base64url').toString()).not.toContain(
    KEY.slice(5),
  );
});

test.each([
  ['a minute early', -CLOCK_TOLERANCE_S * 1000],
  ['as it ends', (ASSERTION_LIFE_S + CLOCK_TOLERANCE_S) * 1000 - 1000],
])('[F-61] clocks may differ: %s', async (_case, offset) => {
  expect(await find(await assertRunner(KEY, EDGE, NOW), NOW + offset)).toMatchObject({ ok: true });
});

test.each([
  [-CLOCK_TOLERANCE_S * 1000 - 1000, "This runner's clock is 61 seconds ahead of the edge's."],
  [
    (ASSERTION_LIFE_S + CLOCK_TOLERANCE_S) * 1000 + 1000,
    "This runner's clock is 121 seconds behind",
  ],
])('[F-61] a clock that is off by too much is named: %i ms', async (offset, words) => {
  const found = await find(await assertRunner(KEY, EDGE, NOW), NOW + offset);
  expect(found).toEqual({ ok: false, message: expect.stringContaining(words) });
});

describe('[F-61] refused', () => {
  const other = generateKeyPairSync('ed25519');
  const xOf = (key: KeyObject): string => String(createPublicKey(key).export({ format: 'jwk' }).x);
  const kid = publicKeyOf(KEY).slice('ed25519:'.length);
  const iat = NOW / 1000;
  const claims: JWTPayload = { aud: EDGE, iat, exp: iat + ASSERTION_LIFE_S, jti: 'once' };
  const signed = (
    payload: JWTPayload,
    header: Partial<Record<'alg' | 'typ' | 'kid', string>> = {},
    key: KeyObject | Uint8Array = other.privateKey,
  ): Promise<string> =>
    new SignJWT(payload)
      .setProtectedHeader({ alg: 'EdDSA', typ: ASSERTION_TYPE, kid, ...header })
      .sign(key);

  test('a key that the edge does not know', async () => {
    const token = await signed(claims, { kid: xOf(other.privateKey) });
    expect(await find(token)).toEqual({ ok: false });
  });

  test('a known key named by another that signs', async () => {
    expect(await find(await signed(claims))).toEqual({
      ok: false,
      message: expect.stringContaining('is not signed with the runner key'),
    });
  });

  test('the public key as the secret of a MAC', async () => {
    const token = await signed(claims, { alg: 'HS256' }, Buffer.from(kid, 'base64url'));
    expect(await find(token)).toMatchObject({ ok: false });
  });

  test('no algorithm', async () => {
    const part = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'none', typ: ASSERTION_TYPE, kid })}.${part(claims)}.`;
    expect(await find(token)).toMatchObject({ ok: false });
    expect(await find(`${token}AA`)).toMatchObject({ ok: false });
  });

  describe('signed with the right key, but', () => {
    const pair = generateKeyPairSync('ed25519');
    const own = readSettings({
      BRIDGE_RUNNERS: JSON.stringify({
        vm: { token: `ed25519:${xOf(pair.privateKey)}`, servers: ['*'] },
      }),
    });
    const judge = async (payload: JWTPayload, header: object = {}) =>
      findRunner(
        await signed(payload, { kid: xOf(pair.privateKey), ...header }, pair.privateKey),
        { host: HOST, now: NOW },
        async (proof) => own.runners.get(proof),
      );

    test('nothing else is wrong: it is let in', async () => {
      expect(await judge(claims)).toMatchObject({ ok: true, use: { id: 'once' } });
    });

    test.each<[string, JWTPayload]>([
      ['for another edge', { ...claims, aud: 'https://other.example' }],
      ['for a host that only begins like ours', { ...claims, aud: `${EDGE}.evil.example` }],
      ['for several edges', { ...claims, aud: [EDGE, 'https://other.example'] }],
      ['for longer than a minute', { ...claims, exp: iat + ASSERTION_LIFE_S + 1 }],
      ['without an end', { aud: EDGE, iat, jti: 'once' }],
      ['without a beginning', { aud: EDGE, exp: iat + 1, jti: 'once' }],
      ['without an id', { aud: EDGE, iat, exp: iat + 1 }],
      ['with an empty id', { ...claims, jti: '' }],
      ['with an endless id', { ...claims, jti: 'x'.repeat(65) }],
    ])('%s', async (_case, payload) => {
      expect(await judge(payload)).toMatchObject({ ok: false });
    });

    test.each(['JWT', 'at+jwt', 'mcp-bridge-other+jwt'])('of another type: %s', async (typ) => {
      expect(await judge(claims, { typ })).toMatchObject({ ok: false });
    });
  });
});

test('[F-61] a key has a fixed form, and its public key follows from it', () => {
  expect(isRunnerKey(KEY)).toBe(true);
  expect(isRunnerKey(KEY.slice(0, -1))).toBe(false);
  expect(publicKeyOf(KEY)).toMatch(/^ed25519:[\w-]{43}$/u);
  // RFC 8032 §7.1, TEST 1.
  const secret = Buffer.from(
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'hex',
  );
  const known = Buffer.from(
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    'hex',
  );
  expect(publicKeyOf(`mcpk_${secret.toString('base64url')}`)).toBe(
    `ed25519:${known.toString('base64url')}`,
  );
});

test.each([
  'ed25519:short',
  `ed25519:${'x'.repeat(44)}`,
  `ed25519:${'!'.repeat(43)}`,
  `rsa:${'x'.repeat(43)}`,
])('a public key of another form is a mistake in BRIDGE_RUNNERS: %s', (token) => {
  const { runners, problems } = settings(token);
  expect(runners.size).toBe(0);
  expect(problems.map(({ what }) => what)).toContainEqual(
    expect.stringContaining("the 43 characters of a runner's public key"),
  );
});

test('a client has no public key', () => {
  const { clients } = readSettings({
    BRIDGE_CLIENTS: JSON.stringify({ ann: { key: publicKeyOf(KEY), servers: ['*'] } }),
  });
  expect(clients.size).toBe(0);
});

test('[F-500] a server that an entry names is bound to it', () => {
  const { runners } = readSettings({
    BRIDGE_RUNNERS: JSON.stringify({
      all: { token: `sha256:${'0'.repeat(64)}`, servers: ['*'] },
      vm: { token: publicKeyOf(KEY), servers: ['files', 'docs'] },
    }),
  });
  expect([...boundServers(runners)].toSorted()).toEqual(['docs', 'files']);
});
