// The package's version, and how two of them compare.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { VERSION, versionSkew } from '../../shared/version.ts';

test('it is that of package.json', () => {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  expect((JSON.parse(text) as { version: string }).version).toBe(VERSION);
});

test.each([
  ['1.2.3', '1.2.3', undefined],
  ['1.2.3', undefined, undefined],
  ['1.2.3', '1.2.4', 'newer'],
  ['1.2.3', '1.10.0', 'newer'],
  ['1.10.0', '1.9.9', 'older'],
  ['2.0.0', '1.99.99', 'older'],
  ['1.2.0', '1.2', undefined],
  ['1.2', '1.2.1', 'newer'],
  ['1.2.3', '1.2.3-beta.1', 'older'],
  ['1.2.3-beta.1', '1.2.3', 'newer'],
  ['1.2.3', 'nonsense', 'older'],
])('[LP30] to %s, %s is %s', (own, other, skew) => {
  expect(versionSkew(own, other)).toBe(skew);
});

// In the order of Semantic Versioning 2.0.0, section 11, and of npm's own pre-releases.
const ASCENDING = [
  'nonsense',
  '0.1.0-0',
  '0.1.0-2',
  '0.1.0-10',
  '0.1.0',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0-rc-1',
  '1.0.0',
  '1.0.1-canary.0',
];

test('[LP30] [F-606] of two versions one is the older to the other, and what was built is no difference', () => {
  for (const [at, one] of ASCENDING.entries())
    for (const [place, other] of ASCENDING.entries()) {
      const skew = place < at ? 'older' : 'newer';
      const expected = at === place ? undefined : skew;
      for (const built of ['', '+build.7', '+b-1'])
        expect([one, other, versionSkew(one, other + built)]).toEqual([one, other, expected]);
    }
});
