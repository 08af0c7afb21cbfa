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
  ['1.2.0', '1.2', 'newer'],
  ['1.2.3', '1.2.3-beta.1', 'older'],
  ['1.2.3-beta.1', '1.2.3', 'newer'],
  ['1.2.3', 'nonsense', 'older'],
])('[LP30] to %s, %s is %s', (own, other, skew) => {
  expect(versionSkew(own, other)).toBe(skew);
});
