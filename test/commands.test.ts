// Every test is run by one of the three commands.
import { globSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';

import { expect, test } from 'vitest';

import config from './vitest.config.ts';

const ROOT = join(import.meta.dirname, '..');

/** The projects that run a file. */
function projectsOf(file: string): string[] {
  const isIn = (patterns: readonly string[] = []): boolean =>
    patterns.some((pattern) => matchesGlob(file, pattern));
  return (config.test?.projects ?? []).flatMap((project) => {
    if (typeof project !== 'object' || !('test' in project)) return [];
    const { name, include, exclude } = project.test ?? {};
    return isIn(include) && !isIn(exclude) ? [typeof name === 'string' ? name : ''] : [];
  });
}

/** Projects that run what others run too, on the other edge or with more seeds. */
const AGAIN = new Set([
  'e2e-workerd',
  'long-workerd',
  'long-workerd-alone',
  'simulation-long',
  'mutants-long',
]);

const files = globSync('test/**/*.test.ts', { cwd: ROOT }).map((file) => ({
  file,
  projects: projectsOf(file),
}));

test('each file of tests is in one project', () => {
  expect(files.length).toBeGreaterThan(100);
  const odd = files.filter(
    ({ projects }) => projects.filter((name) => !AGAIN.has(name)).length !== 1,
  );
  expect(odd).toEqual([]);
});

test('files end to end are run on either edge, unless they have none or are about the one on Node', () => {
  const again = files.filter(({ projects }) => projects.some((name) => AGAIN.has(name)));
  const isEndToEnd = ({ file }: { readonly file: string }): boolean => file.startsWith('test/e2e/');
  // The simulator's are the only others that are run again.
  expect(again.filter((each) => !isEndToEnd(each)).map(({ file }) => file)).toEqual([
    'test/simulation/access.test.ts',
    'test/simulation/mutants.test.ts',
    'test/simulation/shared-mutants.test.ts',
    'test/simulation/shared.test.ts',
    'test/simulation/simulation.test.ts',
    'test/simulation/virtual-mutants.test.ts',
    'test/simulation/virtual.test.ts',
  ]);
  expect(again.filter(({ projects }) => projects.length !== 2)).toEqual([]);
  expect(files.filter(isEndToEnd).length - again.filter(isEndToEnd).length).toBe(14);
});
