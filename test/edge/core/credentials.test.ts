// The rules of keys that the access actor keeps, on its tables: clients, runners and invitations (F-61, F-62, F-505).
import { describe, expect, test } from 'vitest';

import { Access } from '../../../edge/core/access.ts';
import type { AccessSteps } from '../../../edge/core/access-ports.ts';
import { memoryAccessStore } from '../../fixtures/memory-access.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

class Driven {
  now = 1_700_000_000_000;
  readonly store = memoryAccessStore();
  readonly #access = new Access(this.store);

  take<Name extends keyof AccessSteps>(
    name: Name,
    input: Parameters<AccessSteps[Name]>[0],
  ): ReturnType<AccessSteps[Name]> {
    return this.#access.take(name, input, this.now);
  }

  add(name: string, proof: string, servers: string[] = ['files'], notAfter: number | null = null) {
    return this.take('addCredential', { kind: 'client', name, proof, servers, notAfter }).kind;
  }

  holder(proof: string, kind: 'client' | 'runner' = 'client') {
    return this.take('holder', { kind, proof }).holder;
  }

  invite(runner = 'vm', servers = ['files'], id = 'i') {
    return this.take('invite', { id, code: `code of ${id}`, runner, servers }).kind;
  }

  join(
    proof: string,
    { id = 'i', code, from = '192.0.2.1' }: { id?: string; code?: string; from?: string } = {},
  ) {
    return this.take('join', { id, code: code ?? `code of ${id}`, proof, from });
  }
}

describe('[F-505] keys of clients, without a deploy', () => {
  test('a key opens what it was made for, until its name is removed', () => {
    const access = new Driven();
    expect(access.add('ann', 'a1')).toBe('added');
    expect(access.holder('a1')).toEqual({
      name: 'ann',
      servers: ['files'],
      notAfter: null,
    });
    expect(access.holder('a2')).toBeUndefined();
    expect(access.holder('a1', 'runner')).toBeUndefined();
    const removal = { kind: 'client', name: 'ann' } as const;
    expect(access.take('removeCredential', removal)).toEqual({ isRemoved: true });
    expect(access.take('removeCredential', removal)).toEqual({ isRemoved: false });
    expect(access.holder('a1')).toBeUndefined();
  });

  test('a name is given once, and a runner may have the name of a client', () => {
    const access = new Driven();
    access.add('ann', 'a1');
    expect(access.add('ann', 'a2')).toBe('taken');
    expect(access.holder('a2')).toBeUndefined();
    const runner = {
      kind: 'runner',
      name: 'ann',
      proof: 'r1',
      servers: ['*'],
      notAfter: null,
    } as const;
    expect(access.take('addCredential', runner)).toEqual({ kind: 'added' });
  });

  test('a key ends by itself', () => {
    const access = new Driven();
    access.add('ann', 'a1', ['files'], access.now + MINUTE_MS);
    access.now += MINUTE_MS - 1;
    expect(access.holder('a1')).toMatchObject({ name: 'ann' });
    access.now += 1;
    expect(access.holder('a1')).toBeUndefined();
  });

  test('a new key counts at once, the one before it for the overlap, and none before that', () => {
    const access = new Driven();
    access.add('ann', 'a1');
    const rotate = (proof: string) =>
      access.take('rotateCredential', { kind: 'client', name: 'ann', proof, overlapMs: DAY_MS });
    expect(rotate('a2')).toEqual({ kind: 'rotated' });
    expect([access.holder('a1'), access.holder('a2')]).toMatchObject([
      { notAfter: access.now + DAY_MS },
      { notAfter: null },
    ]);
    access.now += MINUTE_MS;
    rotate('a3');
    expect(access.holder('a1')).toBeUndefined();
    access.now += DAY_MS;
    expect(access.holder('a2')).toBeUndefined();
    expect(access.holder('a3')).toMatchObject({ name: 'ann' });
    const unknown = { kind: 'client', name: 'bob', proof: 'b', overlapMs: 0 } as const;
    expect(access.take('rotateCredential', unknown)).toEqual({ kind: 'unknown' });
  });

  test('the list says when each key was made, and within an hour when it was last used', () => {
    const access = new Driven();
    const madeAt = access.now;
    access.add('bob', 'b1', ['*']);
    access.add('ann', 'a1');
    access.now += DAY_MS;
    access.holder('a1');
    const usedAt = access.now;
    access.now += MINUTE_MS;
    access.holder('a1');
    expect(access.take('credentials', { kind: 'client' })).toEqual([
      { name: 'ann', servers: ['files'], keys: [{ createdAt: madeAt, usedAt, notAfter: null }] },
      { name: 'bob', servers: ['*'], keys: [{ createdAt: madeAt, usedAt: 0, notAfter: null }] },
    ]);
  });

  test('the number of names has a bound', () => {
    const access = new Driven();
    let added = 0;
    while (access.add(`c${added}`, `p${added}`) === 'added') added += 1;
    expect(added).toBe(1_000);
    expect(access.add('more', 'more')).toBe('full');
  });
});

describe('[F-62] a machine joins with a code', () => {
  test('once: the code is burned by its first use', () => {
    const access = new Driven();
    access.invite();
    expect(access.join('k1')).toEqual({ kind: 'joined', runner: 'vm', servers: ['files'] });
    expect(access.join('k2')).toEqual({ kind: 'refused' });
    expect(access.holder('k1', 'runner')).toMatchObject({ name: 'vm', servers: ['files'] });
    expect(access.holder('k2', 'runner')).toBeUndefined();
  });

  test('within ten minutes', () => {
    const access = new Driven();
    access.invite();
    access.now += 10 * MINUTE_MS;
    expect(access.join('k1')).toEqual({ kind: 'refused' });
    access.invite();
    access.now += 10 * MINUTE_MS - 1;
    expect(access.join('k1')).toMatchObject({ kind: 'joined' });
  });

  test('the fifth wrong code burns it, wherever it comes from', () => {
    const access = new Driven();
    const wrong = (from: string) => access.join('k1', { code: 'wrong', from }).kind;
    access.invite();
    for (let tries = 0; tries < 4; tries++) expect(wrong(`192.0.2.${tries}`)).toBe('refused');
    access.invite('other', ['files'], 'j');
    expect(access.join('k2')).toMatchObject({ kind: 'joined' });
    for (let tries = 0; tries < 5; tries++)
      access.join('k1', { id: 'j', code: 'wrong', from: `192.0.3.${tries}` });
    expect(access.join('k3', { id: 'j' })).toEqual({ kind: 'refused' });
  });

  test('who tries many codes is refused for a while, and nobody else', () => {
    const access = new Driven();
    const tried = Array.from({ length: 11 }, (_, index) =>
      access.join('k', { id: `none ${index}` }),
    );
    expect(tried.at(-2)).toEqual({ kind: 'refused' });
    expect(tried.at(-1)).toEqual({ kind: 'limited', retryAfterS: expect.any(Number) });
    access.invite();
    expect(access.join('k1', { from: '198.51.100.1' })).toMatchObject({ kind: 'joined' });
  });

  test('[F-860] a machine whose answer was lost is told again, with its own key and for as long as its code would serve', () => {
    const access = new Driven();
    access.invite();
    const joined = { kind: 'joined', runner: 'vm', servers: ['files'] };
    expect(access.join('k1')).toEqual(joined);
    expect(access.join('k1')).toEqual(joined);
    expect(access.join('k2')).toEqual({ kind: 'refused' });
    expect(access.holder('k2', 'runner')).toBeUndefined();
    access.now += 10 * MINUTE_MS;
    expect(access.join('k1')).toEqual({ kind: 'refused' });
  });

  test('[F-860] not if the runner was removed meanwhile', () => {
    const access = new Driven();
    access.invite();
    access.join('k1');
    access.take('removeCredential', { kind: 'runner', name: 'vm' });
    expect(access.join('k1')).toEqual({ kind: 'refused' });
  });

  test('a code that was used takes no room of others', () => {
    const access = new Driven();
    for (let at = 0; at < 150; at++) {
      expect(access.invite(`r${at}`, ['*'], `i${at}`)).toBe('invited');
      access.join(`k${at}`, { id: `i${at}`, from: `192.0.2.${at}` });
    }
  });

  test('a new invitation of a runner ends the one before it', () => {
    const access = new Driven();
    access.invite('vm', ['files'], 'i');
    access.invite('vm', ['files'], 'j');
    expect(access.join('k1', { id: 'i' })).toEqual({ kind: 'refused' });
    expect(access.join('k1', { id: 'j' })).toMatchObject({ kind: 'joined' });
  });

  test('a machine that joins again under its name changes over within a day, with what the new code opens', () => {
    const access = new Driven();
    access.invite();
    access.join('k1');
    access.invite('vm', ['mail'], 'j');
    access.join('k2', { id: 'j' });
    expect(access.holder('k1', 'runner')).toMatchObject({ servers: ['mail'] });
    access.now += DAY_MS;
    expect(access.holder('k1', 'runner')).toBeUndefined();
    expect(access.holder('k2', 'runner')).toMatchObject({ servers: ['mail'] });
  });

  test('removing a runner ends its invitation too', () => {
    const access = new Driven();
    access.invite();
    access.take('removeCredential', { kind: 'runner', name: 'vm' });
    expect(access.join('k1')).toEqual({ kind: 'refused' });
  });

  test('the number of invitations has a bound, and old ones make room', () => {
    const access = new Driven();
    let invited = 0;
    while (access.invite(`r${invited}`, ['*'], `i${invited}`) === 'invited') invited += 1;
    expect(invited).toBe(100);
    access.now += 10 * MINUTE_MS;
    expect(access.invite('late', ['*'], 'late')).toBe('invited');
  });
});

test('[F-500] the servers that runners name are bound to them', () => {
  const access = new Driven();
  access.invite('all', ['*'], 'a');
  access.join('ka', { id: 'a' });
  access.invite('vm', ['files', 'mail'], 'v');
  access.join('kv', { id: 'v' });
  expect(access.take('boundServers', {})).toEqual(['files', 'mail']);
  access.take('removeCredential', { kind: 'runner', name: 'vm' });
  expect(access.take('boundServers', {})).toEqual([]);
});
