// One thing has one name: no two files of the product export the same name, unless one passes on what the other owns.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A declaration that is exported; `export { name } from` is none. */
const EXPORTED =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gmu;

/** The files that export each name, told twice where a function has overloads. */
function exporters(): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const path of globSync('{shared,edge,runner}/**/*.ts', { cwd: root })) {
    for (const [, name = ''] of readFileSync(join(root, path), 'utf8').matchAll(EXPORTED)) {
      files.set(name, (files.get(name) ?? new Set()).add(path));
    }
  }
  return files;
}

test('no name is exported by two files', () => {
  const all = exporters();
  expect(all.get('Session')?.size).toBe(1);
  const twice = [...all].filter(([, files]) => files.size > 1);
  expect(Object.fromEntries(twice.map(([name, files]) => [name, [...files]]))).toEqual({});
});
