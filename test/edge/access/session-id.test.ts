// Session ids and tickets hold for exactly what they were signed for, and nothing else passes (F-23, F-25, LP7).
import { createHmac } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { modernSessionName, signSession, verifySession } from '../../../edge/access/session-id.ts';
import { signTicket, verifyTicket } from '../../../edge/access/ticket.ts';
import { ACTOR_NAME } from '../../../shared/ids.ts';

const SECRET = 'x'.repeat(32);
const NAME = 'V1StGXR8_Z5jdHi6B-myT0';
const OWNER = { server: 'files', principal: 'alice', clientKind: 'streamable' } as const;

describe('a session id', () => {
  test('is the name and half of an HMAC-SHA-256', async () => {
    const mac = createHmac('sha256', SECRET)
      .update(`mcp-edge-bridge session ["files","alice","streamable","${NAME}"]`)
      .digest()
      .subarray(0, 16)
      .toString('base64url');
    expect(await signSession(SECRET, { name: NAME, ...OWNER })).toBe(`${NAME}.${mac}`);
  });

  test('gives its name back to its owner', async () => {
    const id = await signSession(SECRET, { name: NAME, ...OWNER });
    expect(await verifySession(SECRET, id, OWNER)).toBe(NAME);
  });

  test.each([
    ['another principal (F-25)', SECRET, { ...OWNER, principal: 'bob' }],
    ['another kind of client', SECRET, { ...OWNER, clientKind: 'sse' as const }],
    ['another server', SECRET, { ...OWNER, server: 'memory' }],
    ['parts that only join alike', SECRET, { ...OWNER, server: 'filesa', principal: 'lice' }],
    ['another secret', 'y'.repeat(32), OWNER],
  ])('is unknown to %s', async (_, secret, owner) => {
    const id = await signSession(SECRET, { name: NAME, ...OWNER });
    expect(await verifySession(secret, id, owner)).toBeUndefined();
  });

  test('[F-422] of one app of a person is unknown to another, also after it was verified', async () => {
    const mine = { ...OWNER, principal: 'owner', client: 'app' };
    const id = await signSession(SECRET, { name: NAME, ...mine });
    for (let turn = 0; turn < 2; turn++) {
      expect(await verifySession(SECRET, id, mine)).toBe(NAME);
      for (const client of ['other', '', undefined])
        expect(await verifySession(SECRET, id, { ...mine, client })).toBeUndefined();
    }
    const keyed = await signSession(SECRET, { name: NAME, ...OWNER });
    expect(await verifySession(SECRET, keyed, { ...OWNER, client: 'app' })).toBeUndefined();
  });

  test.each([
    ['empty', ''],
    ['a bare name', NAME],
    ['a name and a dot', `${NAME}.`],
    ['1 MB', `${NAME}.${'A'.repeat(1_000_000)}`],
    ['outside the alphabet', `${NAME.slice(0, 21)}é.${'A'.repeat(22)}`],
    ['another separator', `${NAME}_${'A'.repeat(22)}`],
    ['a made-up signature', `${NAME}.${'A'.repeat(22)}`],
  ])('that is malformed is unknown: %s (F-23)', async (_, text) => {
    expect(await verifySession(SECRET, text, OWNER)).toBeUndefined();
  });

  test('is spoilt by a change of any one character', async () => {
    const id = await signSession(SECRET, { name: NAME, ...OWNER });
    const changed = Array.from(id, (own, at) =>
      ['A', 'B', '_', '.']
        .filter((other) => other !== own)
        .map((other) => id.slice(0, at) + other + id.slice(at + 1)),
    ).flat();
    const names = changed.map((text) => verifySession(SECRET, text, OWNER));
    expect(new Set(await Promise.all(names))).toEqual(new Set([undefined]));
  });

  test('survives every name, server and principal', async () => {
    const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/u);
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/u);
    await fc.assert(
      fc.asyncProperty(name, word, word, async (name, server, principal) => {
        const id = await signSession(SECRET, { ...OWNER, name, server, principal });
        expect(id).toMatch(/^[\x21-\x7e]{45}$/u);
        expect(await verifySession(SECRET, id, { ...OWNER, server, principal })).toBe(name);
      }),
      { numRuns: 50 },
    );
  });

  test('keeps holding while more secrets are seen than are kept', async () => {
    const secrets = Array.from({ length: 12 }, (_, index) => `${index}`.padStart(32, 's'));
    const ids = await Promise.all(
      secrets.map((secret) => signSession(secret, { name: NAME, ...OWNER })),
    );
    expect(new Set(ids).size).toBe(12);
    for (const [index, secret] of secrets.entries())
      expect(await verifySession(secret, ids[index] ?? '', OWNER)).toBe(NAME);
  });
});

describe('the actor of a principal’s modern requests', () => {
  test('is named by 120 bits of an HMAC-SHA-256', async () => {
    const mac = createHmac('sha256', SECRET)
      .update('mcp-edge-bridge modern ["files","alice"]')
      .digest('base64url');
    const name = await modernSessionName(SECRET, 'files', 'alice');
    expect(name).toBe(`m-${mac.slice(0, 20)}`);
    expect(name).toMatch(ACTOR_NAME);
  });

  test('is another for each server, principal and secret', async () => {
    const names = await Promise.all([
      modernSessionName(SECRET, 'files', 'alice'),
      modernSessionName(SECRET, 'memory', 'alice'),
      modernSessionName(SECRET, 'files', 'bob'),
      modernSessionName(SECRET, 'filesa', 'lice'),
      modernSessionName('y'.repeat(32), 'files', 'alice'),
    ]);
    expect(new Set(names).size).toBe(5);
  });
});

describe('[LP7] a ticket', () => {
  const SCOPE = { session: NAME, runner: 'vm', boot: 'boot-1' };

  test('lets in the boot of the runner that it was made for', async () => {
    expect(await verifyTicket(SECRET, await signTicket(SECRET, SCOPE), SCOPE)).toBe(true);
  });

  test.each([
    ['session', { ...SCOPE, session: 'A'.repeat(22) }],
    ['runner', { ...SCOPE, runner: 'other' }],
    ['boot', { ...SCOPE, boot: 'boot-2' }],
  ])('is useless for another %s', async (_, scope) => {
    expect(await verifyTicket(SECRET, await signTicket(SECRET, SCOPE), scope)).toBe(false);
  });

  test('is not held by more or less than its text', async () => {
    const ticket = await signTicket(SECRET, SCOPE);
    expect(await verifyTicket(SECRET, `${ticket}A`, SCOPE)).toBe(false);
    expect(await verifyTicket(SECRET, ticket.slice(0, -1), SCOPE)).toBe(false);
  });

  test.each(['', 'A'.repeat(22), 'A'.repeat(1_000_000)])('is not made up', async (ticket) => {
    expect(await verifyTicket(SECRET, ticket, SCOPE)).toBe(false);
  });

  test('is no session id over the same texts', async () => {
    const ticket = await signTicket(SECRET, { session: 'files', runner: 'alice', boot: NAME });
    expect(await verifySession(SECRET, `${NAME}.${ticket}`, OWNER)).toBeUndefined();
  });
});
