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

test('each file of tests is in one project; the simulator runs with few seeds and with many', () => {
  const files = globSync('test/**/*.test.ts', { cwd: ROOT });
  expect(files.length).toBeGreaterThan(100);
  const odd = files.map((file) => [file, projectsOf(file)]).filter(([, in_]) => in_?.length !== 1);
  expect(odd).toEqual([['test/simulation/simulation.test.ts', ['simulation', 'simulation-long']]]);
});
