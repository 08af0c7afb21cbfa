import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanText } from '../../../runner/process/clean-text.ts';
import { Redaction } from '../../../runner/process/redaction.ts';
import {
  STDERR_LINE_BYTES,
  STDERR_LONGEST_WINDOW_MS,
  STDERR_TAIL_CHARS,
  STDERR_TAIL_LINES,
  STDERR_WINDOW_CHARS,
  STDERR_WINDOW_LINES,
  STDERR_WINDOW_MS,
  StderrLines,
} from '../../../runner/process/stderr-lines.ts';
import { feedStderr } from './fed-stderr.ts';

const encoder = new TextEncoder();
const feedAll = (text: string): string[] => {
  const stderr = new StderrLines();
  return [...feedStderr(stderr, encoder.encode(text), 0), ...stderr.flush(0)];
};

test('[F-45] lines are whole wherever the bytes are split', () => {
  const texts = fc.array(fc.stringMatching(/^[a-z🦊é ]{1,12}$/u), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 12 }), (lines, cuts) => {
      const bytes = encoder.encode(lines.join('\n'));
      const at = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
        (a, b) => a - b,
      );
      const stderr = new StderrLines();
      let from = 0;
      const got = at.flatMap((to) => {
        const piece = feedStderr(stderr, bytes.subarray(from, to), 0);
        from = to;
        return piece;
      });
      expect([...got, ...stderr.flush(0)]).toEqual(lines);
    }),
  );
});

test.each([
  ['colour', '\u001b[1;31mred\u001b[0m alert', 'red alert'],
  ['title ended by a bell', '\u001b]0;title\u0007text', 'text'],
  ['link ended by a string terminator', '\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
  ['an unfinished title', 'text\u001b]0;and so on', 'text'],
  ['charset and reset', '\u001b(Ba\u001bcb', 'ab'],
  ['controls', 'a\u0000b\rc\u0008d\u007fe\u009b', 'abcde'],
  ['tabs', 'a\tb', 'a b'],
  ['marks that reorder or break', 'a\u202eb\u2066c\u2028d', 'abcd'],
  ['emoji and accents stay', 'é 🦊 👩‍💻', 'é 🦊 👩‍💻'],
])('[F-45] %s', (_title, raw, clean) => {
  expect(cleanText(raw)).toBe(clean);
});

test('[F-45] a line is cut at its limit, between characters', () => {
  const [line = '', ...others] = feedAll(`a${'🦊'.repeat(STDERR_LINE_BYTES)}\nnext\n`);
  expect(line).toBe(`a${'🦊'.repeat(Math.floor((STDERR_LINE_BYTES - 1) / 4))}`);
  expect(others).toEqual(['next']);
});

test('[F-45] a line without end holds no more than the limit', () => {
  const stderr = new StderrLines();
  const chunk = encoder.encode('x'.repeat(65_536));
  for (let i = 0; i < 1600; i += 1) expect(feedStderr(stderr, chunk, 0)).toEqual([]);
  expect(stderr.flush(0)).toEqual(['x'.repeat(STDERR_LINE_BYTES)]);
});

test('[F-45] a flood is rationed by the window and the rest counted; the tail is of the very end', () => {
  const stderr = new StderrLines();
  const line = 'y'.repeat(1023);
  const fits = STDERR_WINDOW_CHARS / 1024;
  const flood = encoder.encode(`${line}\n`.repeat(1000));
  const passed = feedStderr(stderr, flood, 0);
  expect(passed.length).toBeGreaterThanOrEqual(fits);
  expect(passed.length).toBeLessThan(fits + 2);
  expect(feedStderr(stderr, encoder.encode('last words\n'), STDERR_WINDOW_MS - 1)).toEqual([]);
  const withheld = 1000 - passed.length + 1;
  expect(feedStderr(stderr, encoder.encode('later\nstill\n'), STDERR_WINDOW_MS)).toEqual([
    `(${withheld} lines of stderr withheld)`,
    'later',
    'still',
  ]);
  expect(stderr.tail().slice(-3)).toEqual(['last words', 'later', 'still']);
});

test.each(['a\n', '\n', 'a\r\n', `${'é'.repeat(9000)}\n`])(
  '[F-45] [F-131] a flood of %j that never ends passes a bounded number of lines an hour, whatever its chunks',
  (line) => {
    const stderr = new StderrLines();
    const chunk = encoder.encode(line.repeat(Math.ceil(10_000 / line.length)));
    let passed = 0;
    for (let now = 0; now < 3_600_000; now += 500) passed += feedStderr(stderr, chunk, now).length;
    const windows = 3_600_000 / STDERR_LONGEST_WINDOW_MS + 4;
    expect(passed).toBeLessThanOrEqual(windows * (STDERR_WINDOW_LINES + 1));
    feedStderr(stderr, encoder.encode('the\nend\n'), 3_600_001);
    expect(stderr.tail().slice(-2)).toEqual(['the', 'end']);
  },
);

test('[F-45] what was withheld is redacted where it comes to light', () => {
  const stderr = new StderrLines(new Redaction(['hunter2-hunter2']));
  feedStderr(stderr, encoder.encode('x\n'.repeat(STDERR_WINDOW_LINES)), 0);
  expect(feedStderr(stderr, encoder.encode('\u001b[1mkey hunter2-hunter2\n'), 1)).toEqual([]);
  expect(stderr.tail().at(-1)).toBe('key [redacted]');
});

test('the tail is the last lines, bounded in number and size', () => {
  const stderr = new StderrLines();
  feedStderr(
    stderr,
    encoder.encode(Array.from({ length: 50 }, (_, i) => `line ${i}\n`).join('')),
    0,
  );
  expect(stderr.tail()).toEqual(
    Array.from({ length: STDERR_TAIL_LINES }, (_, i) => `line ${50 - STDERR_TAIL_LINES + i}`),
  );
  feedStderr(stderr, encoder.encode(`${'z'.repeat(7000)}\n`.repeat(9)), 0);
  expect(stderr.tail().join('').length).toBeLessThanOrEqual(STDERR_TAIL_CHARS);
  expect(stderr.tail().length).toBe(2);
});
