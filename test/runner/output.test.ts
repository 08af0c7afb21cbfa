// How a command's own words reach a reader that is slow, gone, or a disk that is full: real commands, real streams.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test, vi } from 'vitest';

import { openOutput, outputWritten } from '../../runner/output.ts';
import { openRecord } from '../../runner/record.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

const read = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
};

/** What a pipe of Linux holds, in bytes: once it is full, a writer waits for the reader. */
const pipeBytes = 65_536;

test('[F-242] a command that prints and ends waits for a slow reader, and loses nothing', async () => {
  const fullPipe = `{ head -c ${pipeBytes} /dev/zero; exec "$0" "$1" schema; }`;
  const slowReader = `{ sleep 1; tail -c +${pipeBytes + 1}; }`;
  const child = spawn('sh', ['-c', `${fullPipe} | ${slowReader}`, process.execPath, program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(JSON.parse(await read(child.stdout))).toHaveProperty('$schema');
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

test('[F-552] the last lines of a record in a file are there, however the program ends', async ({
  onTestFinished,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-record-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'record');
  const dying = `
    import { openRecord } from ${JSON.stringify(import.meta.resolve('../../runner/record.ts'))};
    const { log } = openRecord(${JSON.stringify(path)});
    for (const callId of ['a', 'b', 'c']) log.info('call', { callId });
    throw new Error('of the program');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', dying], {
    stdio: 'ignore',
  });
  expect(await once(child, 'exit')).toEqual([1, null]);
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  expect(lines.map((line) => JSON.parse(line).callId)).toEqual(['a', 'b', 'c']);
});

test('lines of all sizes come whole and in order, in whatever parts they wait', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'mcp-bridge-output-')), 'lines');
  const output = openOutput(openSync(path, 'w'));
  const sizes = [1, 20_000, 0, 5_000, 5_000, 5_000, 5_460, 1, 16_384, 40_000, 3];
  const lines = sizes.flatMap((size, n) => [
    `${n} ${'x'.repeat(size)}`,
    `${n} ${'€😀é'.repeat(size / 4)}`,
  ]);
  for (const line of lines.slice(0, 7)) output.line(line);
  await outputWritten();
  for (const line of lines.slice(7)) output.line(line);
  await outputWritten();
  expect(readFileSync(path, 'utf8').split('\n')).toEqual([...lines, '']);
});

describe('[F-1131] [F-1132] a record in a FIFO', () => {
  /** Lines come into it; what they are, a reader reads. */
  function fifo(onTestFinished: (end: () => void) => void) {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-fifo-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    return { path, newReader: () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) };
  }

  const readNow = (reader: number): string => {
    const buffer = Buffer.alloc(2 * pipeBytes);
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer));
    } catch {
      // It is empty.
      return '';
    }
  };

  test('goes on with the next reader, when one has left, and says what is missing', async ({
    onTestFinished,
  }) => {
    const { path, newReader } = fifo(onTestFinished);
    const first = newReader();
    const opened = openRecord(path);
    if (!opened.ok) throw new Error(opened.problem.what);
    closeSync(first);
    opened.log?.info('to nobody');
    await outputWritten();
    const second = newReader();
    opened.log?.info('to the second');
    await outputWritten();
    const lines = readNow(second).split('\n').slice(0, -1);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { message: 'log lines lost', lines: 1 },
      { message: 'to the second' },
    ]);
    closeSync(second);
  });

  test('that is full for a while loses nothing of what can wait, and all who wait hear of the end', async ({
    onTestFinished,
  }) => {
    const { path, newReader } = fifo(onTestFinished);
    const reader = newReader();
    const output = openOutput(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    const lines = Array.from({ length: 20 }, (_, n) => `${n} ${'x'.repeat(9_000)}`);
    for (const line of lines) output.line(line);
    const written = Promise.all([outputWritten(), outputWritten()]);
    // Whoever tries again at once has given up by then.
    for (let n = 0; n < 50; n++) await stat(path);
    let text = '';
    const whole = lines.map((line) => `${line}\n`).join('');
    await vi.waitUntil(() => (text += readNow(reader)).length >= whole.length);
    await written;
    expect(text === whole).toBe(true);
    closeSync(reader);
  });
});
