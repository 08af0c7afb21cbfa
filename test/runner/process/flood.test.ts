// Processes that print without end, read in turns: nobody else waits, order holds, and what is only noise is ended.
import { expect, onTestFinished, test } from 'vitest';
import { scanLine } from '../../../shared/jsonrpc/scan.ts';
import { PROCESS_LINE_BYTES } from '../../../shared/limits.ts';
import { leastCpuMs } from '../../fixtures/growth.ts';
import { type RecordedProcess, startFixture, startScript } from './recorded-process.ts';

function owned(recorded: RecordedProcess): RecordedProcess {
  onTestFinished(async () => void (await recorded.process.terminate('the test is over')));
  return recorded;
}

/** Forgets lines as they come. */
function forgetful(recorded: RecordedProcess): RecordedProcess {
  recorded.onLine = () => {
    recorded.lines.length = 0;
  };
  return owned(recorded);
}

test.each([
  'text',
  'empty',
  'braces',
  'endless',
  'answers',
  'stderr',
  'stderr-empty',
  'stderr-endless',
])('[F-131] beside a flood of %s a neighbour answers call after call', async (kind) => {
  const flood = forgetful(startFixture('flood.mjs', [kind, 'start']));
  const neighbour = owned(startFixture('echo.mjs'));
  for (let id = 1; id <= 50; id += 1) {
    expect(await neighbour.call('echo', { text: `${id}` }, id)).toBe(`${id}`);
  }
  // What it passed on is bounded, whatever it printed.
  expect(flood.stderr.length).toBeLessThan(2_000);
});

test.concurrent.each(['text', 'empty', 'braces', 'endless'])(
  '[F-131] a flood of %s, which is no message, ends its process in the end',
  async (kind) => {
    const flood = startFixture('flood.mjs', [kind, 'start']);
    flood.onLine = () => {
      flood.lines.length = 0;
    };
    expect(await flood.exit()).toMatchObject({
      reason: 'broken',
      because: 'kept printing text that is not JSON-RPC',
      isProtocol: true,
    });
  },
);

test('[F-131] messages without end are no noise: it is read on, and answers', async () => {
  const flood = owned(startFixture('flood.mjs', ['notes', 'start']));
  let answer: string | undefined;
  flood.onLine = () => {
    const line = flood.lines.pop();
    if (line?.includes('"id":1')) answer = line;
  };
  flood.send({ id: 1, method: 'ping' });
  await flood.until(() => answer);
  expect(flood.exits).toEqual([]);
});

const LARGE = { maxLineBytes: PROCESS_LINE_BYTES };

/** Prints a number of large answers, and a small line behind each. */
const largeAnswers = (count: number): string => `
  const large = '{"jsonrpc":"2.0","id":1,"result":{"x":[' + '{},'.repeat(4e6) + '{}]}}';
  for (let i = 0; i < ${count}; i += 1) process.stdout.write(large + '\\n{"small":' + i + '}\\n');`;

test('[F-271] whoever is given a large line has little work with it: it was passed over before', async () => {
  const recorded = owned(startScript(largeAnswers(1), LARGE));
  const work: number[] = [];
  recorded.onLine = (bytes) => {
    // A copy is read as if nothing were known of it.
    for (const each of [bytes, bytes.slice()]) {
      expect(scanLine(each).ok).toBe(bytes.length > 1_000);
      work.push(leastCpuMs(() => scanLine(each)));
    }
  };
  await recorded.until(() => recorded.lines.length === 2 || undefined);
  const [known = Infinity, unknown = 0] = work;
  expect(known * 4).toBeLessThan(unknown);
});

test('[F-271] large lines keep their place among others, and come before the news of the exit', async () => {
  const recorded = owned(startScript(largeAnswers(3), LARGE));
  expect(await recorded.exit()).toMatchObject({ reason: 'exited', code: 0 });
  expect(recorded.lines.map((line) => line.slice(-12))).toEqual(
    [0, 1, 2].flatMap((i) => [',{},{},{}]}}', `{"small":${i}}`]),
  );
  expect(recorded.linesAtExit).toBe(6);
});

test('lines keep their order through turns, rests and pauses, and none is lost', async () => {
  const script = `
    const { writeSync } = require('node:fs');
    for (let i = 0; i < 200000; i += 10) {
      let text = '';
      for (let j = i; j < i + 10; j += 1) text += j + '\\n';
      for (let at = 0; at < text.length;) {
        try { at += writeSync(1, text.slice(at)); } catch {}
      }
    }`;
  const recorded = owned(startScript(script));
  let wanted = 0;
  const wrong: string[] = [];
  recorded.onLine = () => {
    const line = recorded.lines.pop() ?? '';
    if (line !== String(wanted)) wrong.push(line);
    wanted += 1;
    if (wanted % 5_000 !== 0) return;
    recorded.process.pause();
    setTimeout(() => recorded.process.resume(), 1);
  };
  await recorded.exit();
  expect(wrong).toEqual([]);
  expect(wanted).toBe(200_000);
});

test('a pause holds back even what was read already', async () => {
  const recorded = owned(startScript(`console.log('a\\nb\\nc'); setInterval(() => {}, 9e4)`));
  recorded.onLine = () => {
    if (recorded.lines.length === 1) recorded.process.pause();
  };
  await recorded.line('a');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(recorded.lines).toEqual(['a']);
  recorded.process.resume();
  await recorded.line('c');
  expect(recorded.lines).toEqual(['a', 'b', 'c']);
});

/** What else a busy runner does in one turn of its loop, and with one line. */
const TURN_MS = 400;
const LINE_MS = 0.2;

function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('[F-71] all that a process printed before its end is heard before the end is told, however busy the runner is', async () => {
  const wanted = 2_048;
  const script = `
    const { writeSync } = require('node:fs');
    for (let i = 0; i < ${wanted}; i += 32) {
      let text = '';
      for (let j = i; j < i + 32; j += 1) text += String(j).padStart(2_047) + '\\n';
      for (let at = 0; at < text.length;) {
        try { at += writeSync(1, text.slice(at)); } catch {}
      }
    }
    process.exit(9);`;
  const flood = owned(startFixture('flood.mjs', ['answers', 'start']));
  let flooded = 0;
  flood.onLine = () => {
    flooded += 1;
    flood.lines.length = 0;
  };
  await flood.until(() => flooded > 0 || undefined);
  const recorded = owned(startScript(script));
  const turn = (): void => {
    spin(TURN_MS);
    if (recorded.exits.length === 0) setImmediate(turn);
  };
  recorded.onLine = () => {
    spin(LINE_MS);
    if (recorded.lines.length !== wanted - 80) return;
    // Read on after the end: the rest fits into the pipe and the stream before it, and needs both.
    recorded.process.pause();
    setImmediate(turn);
  };
  expect(await recorded.exit()).toMatchObject({ reason: 'exited', code: 9 });
  expect(recorded.lines.map(Number)).toEqual(Array.from({ length: wanted }, (_, i) => i));
  expect(recorded.linesAtExit).toBe(wanted);
});

test.each(['{"jsonrpc":"2.0","id":4711,"result":{}}', 'text', ''])(
  '[F-71] [R-6] a descendant that floods the stdout it inherited with "%s" does not hold back the end',
  async (text) => {
    const script = `
      const { spawn } = require('node:child_process');
      const stdio = ['ignore', 'inherit', 'ignore'];
      process.stdin.once('data', () => process.exit(3));
      console.log('ready');
      spawn('yes', [process.argv[1]], { detached: true, stdio }).unref();`;
    const recorded = owned(startScript(script, { args: ['-e', script, text] }));
    let heard = 0;
    recorded.onLine = () => {
      heard += 1;
      recorded.lines.length = 0;
    };
    await recorded.until(() => heard > 0 || undefined);
    recorded.send({ id: 1, method: 'ping' });
    expect(await recorded.exit()).toMatchObject({ reason: 'exited', code: 3 });
  },
);
