// Who is on the operator's list, by what their issuer says of them.
import { describe, expect, test } from 'vitest';

import { allowedTo, within, type AllowEntry } from '../../../edge/access/allow-list.ts';
import { factsIn, lacksGroups } from '../../../edge/access/claims.ts';
import { readSettings } from '../../../edge/settings.ts';

const TERMS = { groupsClaim: 'groups', trustEmail: false };

const list = (...entries: object[]): readonly AllowEntry[] => {
  const allow = entries.map((entry) => ({ servers: ['docs'], ...entry }));
  const idp = { issuer: 'https://idp.example', client: 'edge', secret: 's', allow };
  const { signIn, problems } = readSettings({
    BRIDGE_URL: 'https://bridge.example',
    BRIDGE_IDP: JSON.stringify(idp),
  });
  expect(problems.filter(({ what }) => what.includes('BRIDGE_IDP'))).toEqual([]);
  return signIn?.provider?.allow ?? [];
};

const isAllowed = (person: object, entries: readonly AllowEntry[], server = 'docs'): boolean =>
  allowedTo({ id: 'p-1', subject: 'ann', ...person }, entries, server) !== undefined;

describe('[F-523] the list', () => {
  test.each<[string, object, object, boolean]>([
    ['an address', { email: 'Ann@corp.example' }, { email: 'ann@Corp.example' }, true],
    ['another address', { email: 'ann@corp.example' }, { email: 'joann@corp.example' }, false],
    ['a domain', { domain: 'Corp.example' }, { email: 'bob@CORP.example' }, true],
    ['a subdomain', { domain: 'corp.example' }, { email: 'bob@x.corp.example' }, false],
    [
      'a domain that ends the same',
      { domain: 'corp.example' },
      { email: 'b@evilcorp.example' },
      false,
    ],
    ['a domain that goes on', { domain: 'corp.example' }, { email: 'b@corp.example.evil' }, false],
    ['a domain in quotes', { domain: 'corp.example' }, { email: '"b@evil"@corp.example' }, false],
    ['two domains', { domain: 'corp.example' }, { email: 'b@evil.example@corp.example' }, false],
    [
      'a letter that looks the same',
      { domain: 'kit.example' },
      { email: 'b@\u212Ait.example' },
      false,
    ],
    ['a space behind', { domain: 'corp.example' }, { email: 'b@corp.example ' }, false],
    ['no address', { domain: 'corp.example' }, {}, false],
    ['a group', { group: 'staff' }, { groups: ['a', 'staff'] }, true],
    ['another case of a group', { group: 'staff' }, { groups: ['Staff'] }, false],
    ['no group', { group: 'staff' }, { groups: [] }, false],
    ['a subject', { subject: 'ann' }, {}, true],
    ['another subject', { subject: 'bob' }, {}, false],
    ['everyone', { everyone: true }, {}, true],
    [
      'both of two',
      { domain: 'corp.example', group: 'staff' },
      { email: 'b@corp.example', groups: ['staff'] },
      true,
    ],
    ['one of two', { domain: 'corp.example', group: 'staff' }, { email: 'b@corp.example' }, false],
    ['everyone of a group', { everyone: true, group: 'staff' }, {}, false],
  ])('means %s', (_, entry, person, is) => {
    expect(isAllowed(person, list(entry))).toBe(is);
  });

  test('opens the servers it names, and nothing where nobody matches', () => {
    expect(isAllowed({}, list({ everyone: true }), 'mail')).toBe(false);
    expect(isAllowed({}, list({ everyone: true, servers: ['mail', '*'] }), 'any')).toBe(true);
    expect(isAllowed({}, [])).toBe(false);
  });

  test('gives the scopes of all entries that match, or all where one names none', () => {
    const one = list({ everyone: true, scopes: ['read'] }, { subject: 'ann', scopes: ['write'] });
    const ann = allowedTo({ id: 'p-1', subject: 'ann' }, one, 'docs');
    const bob = allowedTo({ id: 'p-2', subject: 'bob' }, one, 'docs');
    const scopes = ['read', 'write', 'all'];
    expect([ann, bob].map((allowed) => allowed && within(scopes, allowed))).toEqual([
      ['read', 'write'],
      ['read'],
    ]);
    const open = list({ everyone: true, scopes: ['read'] }, { subject: 'ann' });
    const all = allowedTo({ id: 'p-1', subject: 'ann' }, open, 'docs');
    expect(all && within(scopes, all)).toEqual(scopes);
  });
});

describe('[F-523] what an issuer says', () => {
  const email = 'ann@corp.example';

  test.each<[unknown, boolean, boolean]>([
    [true, false, true],
    ['true', false, true],
    [false, false, false],
    ['false', false, false],
    [undefined, false, false],
    [1, false, false],
    [undefined, true, true],
  ])('vouches for an address with %s, or where the operator says so', (verified, trust, is) => {
    const facts = factsIn({ email, email_verified: verified }, { ...TERMS, trustEmail: trust });
    expect(facts.email).toBe(is ? email : undefined);
  });

  test('of groups is read wherever the operator says that it stands', () => {
    const read = (claims: Readonly<Record<string, unknown>>, groupsClaim = 'groups') =>
      factsIn(claims, { ...TERMS, groupsClaim }).groups;
    expect(read({ groups: ['a', 'b', 'a', 7] })).toEqual(['a', 'b']);
    expect(read({ groups: 'a' })).toEqual(['a']);
    expect(read({ groups: { a: true } })).toBeUndefined();
    expect(read({})).toBeUndefined();
    expect(read({ 'https://x.example/groups': ['a'] }, 'https://x.example/groups')).toEqual(['a']);
    expect(read({ realm_access: { roles: ['a'] } }, 'realm_access.roles')).toEqual(['a']);
    expect(read({}, '__proto__.constructor')).toBeUndefined();
  });

  test('may leave out groups when there are too many', () => {
    expect(lacksGroups({ _claim_names: { groups: 'src1' } }, TERMS)).toBe(true);
    expect(lacksGroups({ hasgroups: 'true' }, TERMS)).toBe(true);
    expect(lacksGroups({ groups: ['a'], _claim_names: {} }, TERMS)).toBe(false);
  });
});
