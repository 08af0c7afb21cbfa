import fc from 'fast-check';
import { expect, test } from 'vitest';

import { createSealer, digest } from '../../../runner/sessions/sealer.ts';

const of = { server: 's', principal: 'p' };

test('a seal opens to what was sealed, reads as nothing, and is never the same twice', () => {
  const sealer = createSealer(of);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (plain) => {
      const sealed = sealer.seal(plain);
      expect(createSealer(of).open(sealed)).toBe(plain);
      expect(sealed).toMatch(/^[\w-]+$/u);
      expect(sealer.seal(plain)).not.toBe(sealed);
    }),
    { numRuns: 50 },
  );
});

test('a seal with any one character changed does not open', () => {
  const sealer = createSealer(of);
  const sealed = sealer.seal('state');
  for (let at = 0; at < sealed.length; at++) {
    for (const other of 'Ag_') {
      if (sealed[at] === other) continue;
      expect(sealer.open(sealed.slice(0, at) + other + sealed.slice(at + 1))).toBeUndefined();
    }
  }
  for (const text of ['', 'x', `${sealed}=`, `${sealed}A`, ` ${sealed}`, sealed.slice(1)]) {
    expect(sealer.open(text)).toBeUndefined();
  }
});

test('a seal is of one server and one principal', () => {
  const sealed = createSealer(of).seal('state');
  expect(createSealer({ server: 's', principal: 'q' }).open(sealed)).toBeUndefined();
  expect(createSealer({ server: 'sp', principal: '' }).open(sealed)).toBeUndefined();
});

test('digests differ for different texts', () => {
  expect(digest('a')).toBe(digest('a'));
  expect(digest('a')).not.toBe(digest('b'));
});
