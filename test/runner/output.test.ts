// How a command's own words reach a reader that is slow, gone, or a disk that is full: real commands, real streams.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

const read = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
};

test('[F-242] a command that prints and ends waits for a slow reader, and loses nothing', async () => {
  const child = spawn(process.execPath, [program, 'schema'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  await sleep(100);
  expect(JSON.parse(await read(child.stdout))).toHaveProperty('$schema');
  expect(await exit).toEqual([0, null]);
});

test('[F-242] a reader that left is no failure', async () => {
  const child = spawn(process.execPath, [program, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const said = read(child.stderr);
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await said).toBe('');
});

test('[F-242] a full disk is told in words, with exit code 1', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [program, 'schema'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  const said = read(child.stderr);
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(await said).toBe('mcp-bridge: stdout cannot be written (ENOSPC)\n');
});
