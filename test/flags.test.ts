// The programs below test/ say what options they take, before they do anything.
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

const run = promisify(execFile);

const simulate = (...args: string[]): ReturnType<typeof run> =>
  run(process.execPath, ['test/simulation/run.ts', ...args], { cwd: ROOT });

test('a program prints its options when asked for help', async () => {
  const { stdout, stderr } = await simulate('--seed', '3', '--help');
  expect(stdout).toMatch(/^Usage: npm run simulate -- \[options\]\n/u);
  expect(stdout).toMatch(/^ {2}--seeds <n> +how many \(default: 5000\)$/mu);
  expect(stderr).toBe('');
});

test.each([
  [['--nonsense'], "simulate: Unknown option '--nonsense'"],
  [['--seeds'], "simulate: Option '--seeds <value>' argument missing"],
  [['--seeds', 'many'], 'simulate: --seeds takes a whole number of at least 1'],
])('%s is answered with what is wrong, without a stack trace', async (args, what) => {
  await expect(simulate(...args)).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr: `${what}\nSee: npm run simulate -- --help\n`,
  });
});

test('every program below test/ reads its options so', () => {
  const readers = globSync('test/**/*.{ts,mjs}', { cwd: ROOT }).filter((file) =>
    /\bparseArgs\(|\bparseArgs</u.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(readers.filter((file) => file !== 'test/flags.test.ts')).toEqual(['test/flags.ts']);
});
