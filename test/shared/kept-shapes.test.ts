// Code that was compiled for a call stays compiled when memory is collected at a moment at which there is no call.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../fixtures/scan-and-collect.mjs', import.meta.url));

/** As workerd runs V8; and told of code that is thrown away. */
const FLAGS = ['--no-incremental-marking', '--expose-gc', '--trace-opt', '--trace-deopt'];

/** V8's words for code that knew a shape of which there is no object any more. */
const THROWN_AWAY = 'embedded weak objects cleared';

/** Reads TypeScript, once. */
const NODES_OWN = /<SharedFunctionInfo (?:\w*Wasm\w*)>/u;

test('[F-1060] a collection throws away no code of a scan, or of reading a frame', () => {
  const said = execFileSync(process.execPath, [...FLAGS, program], { encoding: 'utf8' });
  expect(said).toMatch(/completed compiling .* scanMessage /u);
  const lines = said.split('\n').filter((line) => line.includes(THROWN_AWAY));
  expect(lines.filter((line) => !NODES_OWN.test(line))).toEqual([]);
});
