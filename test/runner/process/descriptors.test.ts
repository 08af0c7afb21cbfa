// A machine without descriptors left: what runs goes on, what is asked for is refused with words, and all recovers.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../fixtures/few-descriptors.ts', import.meta.url));

test('[F-136] a start without descriptors is refused, no judgement is made, and the next succeeds', async () => {
  const run = `ulimit -n 64; exec '${process.execPath}' '${program}'`;
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', run], { timeout: 14_000 });
  expect(JSON.parse(stdout)).toEqual({
    refusal: 'EMFILE',
    words: expect.stringContaining('try again soon'),
    answered: true,
    firstAlive: true,
    ownIsDead: false,
    gone: true,
    recovered: true,
  });
});
