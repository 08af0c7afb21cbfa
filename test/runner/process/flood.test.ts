// Processes that print without end, read in turns: nobody else waits, order holds, and what is only noise is ended.
import { expect, onTestFinished, test } from 'vitest';
import type { RecordedProcess } from './recorded-process.ts';
import { startFixture, startScript } from './recorded-process.ts';

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
  { timeout: 90_000 },
  async (kind) => {
    const flood = startFixture('flood.mjs', [kind, 'start']);
    flood.onLine = () => {
      flood.lines.length = 0;
    };
    expect(await flood.exit()).toMatchObject({
      reason: 'broken',
      because: 'printed without end what is no JSON-RPC message',
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
