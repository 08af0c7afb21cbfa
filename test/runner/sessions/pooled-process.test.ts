// What a process says before anybody listens: bounded by bytes, nothing lost, in order.
import { expect, onTestFinished, test, vi } from 'vitest';
import { AHEAD_BYTES, PooledProcess } from '../../../runner/sessions/pooled-process.ts';
import { processEnvironment } from '../../../runner/process/environment.ts';
import type { ExitFacts } from '../../../runner/process/exit.ts';
import { runnerMark } from '../../../runner/process/runner-mark.ts';
import { startProcess } from '../../../runner/process/stdio-process.ts';
import { writtenBytes } from '../../e2e/runner-facts.ts';

const decoder = new TextDecoder();

function pooled(script: string): PooledProcess {
  const process: PooledProcess = new PooledProcess({
    start: (listener) =>
      startProcess(
        {
          server: 's',
          command: globalThis.process.execPath,
          args: ['-e', script],
          env: processEnvironment(globalThis.process.env, {}, []),
          maxLineBytes: 16 * 1024 * 1024,
          mark: `pooled-${Math.random()}`,
          runnerMark: runnerMark(),
          aheadBytes: AHEAD_BYTES,
        },
        listener,
      ),
    ended: () => undefined,
    left: () => false,
  });
  onTestFinished(async () => void (await process.terminate('the test is over')));
  return process;
}

/** Listens, and gives the lines as they come. */
function listen(process: PooledProcess, onLine: (line: string) => void = () => undefined) {
  const lines: string[] = [];
  const exits: ExitFacts[] = [];
  process.listen({
    onLine: (bytes) => {
      lines.push(decoder.decode(bytes));
      onLine(lines.at(-1) ?? '');
    },
    onOverlong: () => undefined,
    onStderr: () => undefined,
    onDrain: () => undefined,
    onExit: (facts) => void exits.push(facts),
  });
  return { lines, exits };
}

/** Waits until the process has written all it can, and gives how much that was. */
async function untilStalled(process: PooledProcess): Promise<number> {
  let before = -1;
  return vi.waitUntil(
    () => {
      const now = writtenBytes(process.pid ?? 0);
      const isStalled = now === before && now > 0;
      before = now;
      return isStalled ? now : undefined;
    },
    { timeout: 60_000, interval: 200 },
  );
}

const WRITER = `const { writeSync } = require('node:fs');
  const put = (text) => { for (let at = 0; at < text.length;) { try { at += writeSync(1, text.slice(at, at + 65536)); } catch {} } };`;

test.each([
  ['lines of 15 MiB', `for (let n = 0; n < 10; n++) put(n + 'x'.repeat(15 << 20) + '\\n')`],
  ['a line that never ends', `for (;;) put('x'.repeat(65536))`],
  ['lines of one byte', `for (;;) put('x\\n'.repeat(32768))`],
])(
  '[F-135] %s: the process waits in its write, and the runner holds little',
  async (_what, say) => {
    const process = pooled(`${WRITER} ${say}`);
    // What the pipe holds, and what was read ahead.
    expect(await untilStalled(process)).toBeLessThan(1024 * 1024);
  },
);

test('[F-135] all of it comes when somebody listens, in order, and goes on', async () => {
  const process = pooled(
    `${WRITER} for (let n = 0; n < 50_000; n++) put('line ' + n + '\\n'); setInterval(() => {}, 9e4)`,
  );
  await untilStalled(process);
  const { lines } = listen(process);
  await vi.waitUntil(() => lines.length >= 50_000, { timeout: 60_000, interval: 10 });
  expect(lines.map((line, index) => line === `line ${index}`)).not.toContain(false);
});

test('a listener that pauses at once is not overrun by what was said early', async () => {
  const process = pooled(`${WRITER} put('a\\nb\\nc\\n'); setInterval(() => {}, 9e4)`);
  await untilStalled(process);
  const { lines } = listen(process, () => process.pause());
  expect(lines[0]).toBe('a');
  process.resume();
  await vi.waitUntil(() => lines.length === 3, { timeout: 60_000, interval: 10 });
});
