// What keys and tokens that are nobody's cost the access actor, counted in the questions that it is asked; and what others notice of them.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { mintSecret } from '../../../edge/access/minted.ts';
import type { PlayedEdge } from './modern-client.ts';
import { OWNER_KEY, PlayedApp, sha256Hex, signInEdge, statusWith } from './oauth/signing-in.ts';

const START = 1_800_000_000_000;

beforeEach(() => void vi.useFakeTimers({ now: START, toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const wait = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

/** An edge that has asked all that it asks without any key. */
async function edgeAt(address: string | undefined): Promise<PlayedEdge> {
  const edge = signInEdge();
  edge.address = address;
  await statusWith(edge, mintSecret('client'));
  edge.questions.length = 0;
  return edge;
}

const add = (edge: PlayedEdge, key: string, kind: 'client' | 'runner' = 'client'): void => {
  const wish = { kind, name: 'ann', servers: ['*'], notAfter: null };
  edge.access.take('addCredential', { ...wish, proof: sha256Hex(key) }, Date.now());
};

const asked = (edge: PlayedEdge, name: string): number =>
  edge.questions.filter((each) => each === name).length;

/** A POST without a body is no message, whoever sends it. */
const LETS_IN = 415;

describe('[F-583] keys that no one knows', () => {
  test('are asked about once, however often one comes', async () => {
    const edge = await edgeAt('192.0.2.1');
    for (const kind of ['client', 'access'] as const) {
      const key = mintSecret(kind);
      for (let call = 0; call < 20; call++) expect(await statusWith(edge, key)).toBe(401);
    }
    expect([asked(edge, 'holder'), asked(edge, 'validate')]).toEqual([1, 1]);
  });

  test('and what becomes one meanwhile serves within seconds', async () => {
    const edge = await edgeAt('192.0.2.1');
    const key = mintSecret('client');
    expect(await statusWith(edge, key)).toBe(401);
    add(edge, key);
    wait(5_000);
    expect(await statusWith(edge, key)).toBe(LETS_IN);
  });

  test.each([
    ['a network', '192.0.2.1', 120],
    ['places that nobody can tell', undefined, 1_200],
  ])('of %s are looked up so often and no more', async (_, address, most) => {
    const edge = await edgeAt(address);
    const seen = new Set<number>();
    for (let call = 0; call < 2 * most; call++)
      seen.add(await statusWith(edge, mintSecret(call % 2 === 0 ? 'client' : 'access')));
    expect(seen).toEqual(new Set([401, 429]));
    // One came before.
    expect(asked(edge, 'holder') + asked(edge, 'validate')).toBe(most - 1);
  });

  test('stop nobody who was let in before, at whatever place', async () => {
    for (const address of ['192.0.2.1', undefined]) {
      const edge = await edgeAt(address);
      const key = mintSecret('client');
      add(edge, key);
      const token = (await (await PlayedApp.registered(edge)).tokens()).access_token;
      const both = async () => [await statusWith(edge, key), await statusWith(edge, token)];
      const flood = async (): Promise<void> => {
        for (let call = 0; call < 1_300; call++) await statusWith(edge, mintSecret('client'));
        expect(await statusWith(edge, mintSecret('client'))).toBe(429);
      };
      expect(await both()).toEqual([LETS_IN, LETS_IN]);
      await flood();
      expect(await both()).toEqual([LETS_IN, LETS_IN]);
      // What was found is old then, and is asked about again.
      wait(30_000);
      await flood();
      edge.questions.length = 0;
      expect(await both()).toEqual([LETS_IN, LETS_IN]);
      expect(edge.questions.toSorted()).toEqual(['holder', 'validate']);
      edge.access.take('removeCredential', { kind: 'client', name: 'ann' }, Date.now());
      wait(30_000);
      await flood();
      expect([401, 429]).toContain(await statusWith(edge, key));
    }
  });

  test('[F-588] of clients keep out no runner that joined, seen here or not', async () => {
    for (const address of ['192.0.2.1', undefined]) {
      const edge = await edgeAt(address);
      const token = mintSecret('client');
      add(edge, token, 'runner');
      for (let call = 0; call < 1_300; call++) await statusWith(edge, mintSecret('client'));
      expect(await statusWith(edge, mintSecret('client'))).toBe(429);
      const headers = { Authorization: `Bearer ${token}` };
      // Let in, as far as an upgrade.
      expect((await edge.send({ headers }, '/runner/link')).status).toBe(426);
    }
  });

  test('of runners are looked up so often and no more', async () => {
    const edge = await edgeAt('192.0.2.1');
    const dial = async (): Promise<number> => {
      const headers = { Authorization: `Bearer ${mintSecret('client')}` };
      return (await edge.send({ headers }, '/runner/link')).status;
    };
    for (let call = 0; call < 300; call++) await dial();
    expect(await dial()).toBe(429);
    expect(asked(edge, 'holder')).toBe(120);
  });
});

describe('[F-583] what the access actor limits', () => {
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const renewal = () =>
    new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: mintSecret('refresh'),
      client_id: 'x',
    }).toString();

  test.each([
    ['renew', '/token', () => ({ method: 'POST', headers: form, body: renewal() }), 30],
    [
      'ownerKey',
      '/-/api/clients',
      () => ({ headers: { Authorization: `Bearer mcpo_${mintSecret('client').slice(5)}` } }),
      10,
    ],
  ] as const)('asks it no more until then: %s', async (name, path, request, most) => {
    const edge = await edgeAt('192.0.2.1');
    const seen = new Set<number>();
    for (let call = 0; call < 10 * most; call++)
      seen.add((await edge.send(request(), path)).status);
    expect(seen.size).toBe(2);
    expect(seen).toContain(429);
    expect(asked(edge, name)).toBe(most + 1);
    edge.address = '192.0.2.99';
    expect((await edge.send(request(), path)).status).not.toBe(429);
  });

  test('never locks the owner out', async () => {
    const edge = await edgeAt('192.0.2.1');
    const api = async (key: string) =>
      (await edge.send({ headers: { Authorization: `Bearer ${key}` } }, '/-/api/clients')).status;
    for (let call = 0; call < 50; call++) await api(`mcpo_${mintSecret('client').slice(5)}`);
    expect(await api(OWNER_KEY)).toBe(200);
  });
});
