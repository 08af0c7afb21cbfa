// The bound on V8's young generation, in programs of their own: what is set cannot be taken back.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { YOUNG_GENERATION_BYTES } from '../../runner/young-generation.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

/** What survives a collection is copied to another half of the same size, and on a busy machine V8 lets go of the old one later. */
const BOTH_HALVES = 2 * YOUNG_GENERATION_BYTES;

/** At the end of a program, makes many objects that live for a while, and prints how large the young generation is then. */
const LOOK = `
import { getHeapSpaceStatistics } from 'node:v8';
process.on('exit', () => {
  let kept = [];
  for (let n = 0; n < 2_000_000; n++) {
    kept.push({ n, list: [n] });
    if (kept.length > 40_000) kept = [];
  }
  const space = getHeapSpaceStatistics().find((each) => each.space_name === 'new_space');
  console.error('young generation: ' + space.space_size);
});
`;

function youngBytesAfter(...args: readonly string[]): number {
  const look = `--import=data:text/javascript,${encodeURIComponent(LOOK)}`;
  const { stderr } = spawnSync(process.execPath, [look, program, ...args], { encoding: 'utf8' });
  return Number(/young generation: (\d+)/u.exec(stderr)?.[1]);
}

test.each(['run', 'dev', 'edge'])(
  '[F-342] %s has a bounded young generation, however busy it gets',
  (command) => {
    // It ends at once, because the file is missing.
    const bytes = youngBytesAfter(command, '--config=no-such-file.json');
    expect(bytes).toBeLessThanOrEqual(BOTH_HALVES);
  },
);

test('[F-342] a program without the bound would take much more', () => {
  expect(youngBytesAfter('schema')).toBeGreaterThan(BOTH_HALVES);
});
