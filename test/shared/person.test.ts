// Who calls, as the link carries it: its form, its bounds, and that it is the principal (LP28).
import { describe, expect, test } from 'vitest';

import { decodeBytes, decodeText, encodeBytes, encodeText } from '../../shared/link/codec.ts';
import { controlDown, controlUp } from '../../shared/link/control-frames.ts';
import { FACT_CHARACTERS, MOST_GROUPS } from '../../shared/link/person.ts';
import { sessionDown } from '../../shared/link/session-frames.ts';

const OWNER = { server: 'files', clientKind: 'streamable', principal: 'ann' } as const;
const OPEN = { type: 'open', session: 's'.repeat(22), ticket: 't', ...OWNER } as const;
const TAKE = { type: 'take', ...OWNER } as const;

const ANN = {
  id: 'ann',
  issuer: 'https://idp.example',
  subject: '00u1',
  email: 'ann@corp.example',
  name: 'Änn 🦊',
  groups: ['staff'],
  client: 'https://app.example/client.json',
  scopes: ['mcp'],
};

const reads = (person: object): readonly boolean[] => [
  decodeText(controlDown, encodeText({ ...OPEN, person })).ok,
  decodeBytes(sessionDown, encodeBytes({ ...TAKE, person })).ok,
];

describe('[LP28] the person of a session', () => {
  test('is told by `open` and by `take`, as far as it is known', () => {
    for (const person of [ANN, { id: 'ann' }, { id: 'ann', groups: [] }])
      expect(reads(person)).toEqual([true, true]);
    expect(decodeText(controlDown, encodeText({ ...OPEN, person: ANN }))).toMatchObject({
      frame: { header: { person: ANN } },
    });
  });

  test.each<[string, object]>([
    ['another than the principal', { id: 'bob' }],
    ['nobody', { email: 'ann@corp.example' }],
    ['one with a member that is not defined', { id: 'ann', command: 'sh' }],
    ['one with a path for an id', { id: '../bob' }],
    ['one with a line break', { id: 'ann', name: 'Ann\nBob' }],
    ['one with a NUL', { id: 'ann', email: 'a\u0000' }],
    ['one with a line separator', { id: 'ann', name: 'Ann\u2028Bob' }],
    ['one with half a character', { id: 'ann', name: 'Ann\ud800' }],
    ['an empty fact', { id: 'ann', name: '' }],
    ['a number for a name', { id: 'ann', name: 1 }],
    ['a long fact', { id: 'ann', name: 'x'.repeat(FACT_CHARACTERS + 1) }],
    ['a long group', { id: 'ann', groups: ['x'.repeat(FACT_CHARACTERS + 1)] }],
    ['more groups than may be', { id: 'ann', groups: Array(MOST_GROUPS + 1).fill('g') }],
    ['more than 4 KiB', { id: 'ann', groups: Array(60).fill('x'.repeat(80)) }],
  ])('[F-571] %s: the frame is outside the protocol', (_what, person) => {
    expect(reads(person)).toEqual([false, false]);
  });

  test.each(['.', '..', '.ann', '-ann', '@ann', 'a/b', 'a\\b', 'a:b', 'a~1', 'a b', 'å', ''])(
    '[F-571] %o is no id: it could lead to another folder',
    (id) => {
      const owned = { ...OPEN, principal: id, person: { id } };
      expect(decodeText(controlDown, encodeText(owned)).ok).toBe(false);
    },
  );
});

test('[F-573] a runner may say that its owner does not allow a session', () => {
  const refused = { type: 'refused', session: 's'.repeat(22), fault: 'not_allowed' } as const;
  expect(decodeText(controlUp, encodeText(refused)).ok).toBe(true);
});
