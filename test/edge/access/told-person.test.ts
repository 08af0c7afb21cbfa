// What a runner is told of who calls: what was proved, in the form that the link has for it, whatever an identity provider says.
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';

import { ANONYMOUS, type Principal } from '../../../edge/access/principal.ts';
import { toldPerson, toldPersonOfAllApps } from '../../../edge/access/told-person.ts';
import { jsonBytes, PERSON_BYTES, personMember } from '../../../shared/link/person.ts';
import { PERSON_ID } from '../../../shared/ids.ts';

const ANN: Principal = {
  name: 'p-0123456789abcdefghijkl',
  servers: new Set(['files']),
  client: 'https://app.example/client.json',
  grant: 'g1',
  scopes: ['mcp'],
  expiresAt: 1,
  email: 'ann@corp.example',
  groups: ['staff', 'db'],
  identity: { issuer: 'https://idp.example', subject: '00u1', name: 'Ann' },
};

describe('[LP28] a runner is told', () => {
  test('who signed in, with what app, and what that was granted; nothing of the grant itself', () => {
    expect(toldPerson(ANN)).toEqual({
      id: ANN.name,
      issuer: 'https://idp.example',
      subject: '00u1',
      email: 'ann@corp.example',
      name: 'Ann',
      client: 'https://app.example/client.json',
      scopes: ['mcp'],
      groups: ['staff', 'db'],
    });
  });

  test('of a session that all apps of a person share, nothing of one of them', () => {
    const person = toldPersonOfAllApps(ANN);
    expect(person).not.toHaveProperty('client');
    expect(person).not.toHaveProperty('scopes');
    expect(person).toMatchObject({
      id: ANN.name,
      email: 'ann@corp.example',
      groups: ['staff', 'db'],
    });
  });

  test('of a client with a key, its name and no more; of one without a key, nothing', () => {
    expect(toldPerson({ name: 'ci', servers: '*' })).toEqual({ id: 'ci' });
    expect(toldPerson(ANONYMOUS)).toBeUndefined();
    expect(toldPersonOfAllApps(ANONYMOUS)).toBeUndefined();
  });

  test('[F-570] what an identity provider says in no fit form is left out, and the rest is told', () => {
    const odd = {
      ...ANN,
      email: 'ann@corp.example\r\n',
      groups: ['a\u0000', 'db', 'x'.repeat(400)],
    };
    expect(toldPerson(odd)).toEqual({ ...toldPerson(ANN), email: undefined, groups: ['db'] });
  });

  test('[F-570] of more groups than there is room for, the first', () => {
    const groups = Array.from({ length: 500 }, (_, n) => `group ${n} of a company with long names`);
    const told = toldPerson({ ...ANN, groups })?.groups ?? [];
    expect(told).toEqual(groups.slice(0, told.length));
    expect(told.length).toBe(64);
    const long = groups.map((name) => name.repeat(5));
    const person = toldPerson({ ...ANN, groups: long });
    expect(person?.groups?.length).toBeGreaterThan(10);
    expect(jsonBytes(person)).toBeLessThanOrEqual(PERSON_BYTES);
  });

  test('[F-570] whoever it is, the runner can read it', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.string({ maxLength: 400 }).map((some) => some.repeat(3)),
      fc.constantFrom('\ud83e', '"\\'.repeat(160), '漢'.repeat(320), '🦊'.repeat(160)),
    );
    const known = fc.option(text, { nil: undefined });
    const list = fc.option(fc.array(text, { maxLength: 100 }), { nil: undefined });
    const identity = fc.record({ issuer: known, subject: known, name: known });
    const anyone = fc.record({
      name: fc.oneof(fc.stringMatching(PERSON_ID), text),
      email: known,
      groups: list,
      client: known,
      scopes: list,
      identity,
    });
    fc.assert(
      fc.property(anyone, (facts) => {
        const principal = { ...facts, servers: '*' } as Principal;
        for (const person of [toldPerson(principal), toldPersonOfAllApps(principal)]) {
          const isKnown = PERSON_ID.test(facts.name) && facts.name !== 'anonymous';
          expect(person !== undefined).toBe(isKnown);
          expect(person === undefined || v.is(personMember, person)).toBe(true);
        }
      }),
    );
  });
});
