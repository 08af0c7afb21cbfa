// How V8 compiles, in programs of their own: what is set cannot be taken back.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

/** At the end of a program, calls a function for the first time, and prints whether it is machine code then. */
const LOOK = `
process.on('exit', () => {
  const first = (n) => n + 1;
  first(1);
  console.error('machine code: ' + %ActiveTierIsSparkplug(first));
});
`;

function isMachineCodeAfter(...args: readonly string[]): string | undefined {
  const look = `--import=data:text/javascript,${encodeURIComponent(LOOK)}`;
  const flags = ['--allow-natives-syntax', look];
  const { stderr } = spawnSync(process.execPath, [...flags, program, ...args], {
    encoding: 'utf8',
  });
  return /machine code: (\w+)/u.exec(stderr)?.[1];
}

test.each(['run', 'dev', 'edge'])(
  '[F-1041] %s compiles a function at its first call, since clients wait for it',
  (command) => {
    // It ends at once, because the file is missing.
    expect(isMachineCodeAfter(command, '--config=no-such-file.json')).toBe('true');
  },
);

test('[F-1041] a command that only answers leaves it to V8', () => {
  expect(isMachineCodeAfter('help')).toBe('false');
});
