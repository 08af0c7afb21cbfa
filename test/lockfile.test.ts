// `npm ci` installs what was locked: each package is identified by its hash, whatever registry npm uses.
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

const { packages } = JSON.parse(
  readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'),
) as { packages: Record<string, { integrity?: string; resolved?: string; link?: boolean }> };

/** All but the project itself, which is no download. */
const entries = Object.entries(packages).filter(([path]) => path !== '');

test('[F-250] every package of the lock file has a SHA-512', () => {
  expect(entries.length).toBeGreaterThan(100);
  const unknown = entries.filter(
    ([, { integrity }]) => !/^sha512-[\w+/]{86}==$/u.test(integrity ?? ''),
  );
  expect(unknown.map(([path]) => path)).toEqual([]);
});

test('[F-250] no package is bound to a registry’s address', () => {
  const bound = entries.filter(([, { resolved, link }]) => resolved !== undefined || link === true);
  expect(bound.map(([path]) => path)).toEqual([]);
});
