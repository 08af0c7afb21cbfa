// [F-45] [F-230] Known secrets do not reach a log or a client by way of stderr.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REDACTED, Redaction } from '../../../runner/process/redaction.ts';
import { STDERR_LINE_BYTES, StderrLines } from '../../../runner/process/stderr-lines.ts';
import { feedStderr } from './fed-stderr.ts';
import { startFixture } from './recorded-process.ts';

const SECRET = 'sk-0123456789abcdef';
const encoder = new TextEncoder();

function linesOf(text: string, secrets: readonly string[], cuts: readonly number[] = []): string[] {
  const stderr = new StderrLines(new Redaction(secrets));
  const bytes = encoder.encode(text);
  const edges = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b)];
  const lines = edges.flatMap((start, index) => {
    return feedStderr(stderr, bytes.subarray(start, edges[index + 1] ?? bytes.length), 0);
  });
  return [...lines, ...stderr.flush(0)];
}

test.each([
  ['in the middle of a line', `key=${SECRET}!`, [SECRET], [`key=${REDACTED}!`]],
  ['every time', `${SECRET} ${SECRET}`, [SECRET], [`${REDACTED} ${REDACTED}`]],
  ['with terminal controls inside', `sk-0123\u001B[1m456789abcdef`, [SECRET], [REDACTED]],
  ['one inside another', `${SECRET}-more`, [SECRET, `${SECRET}-more`], [REDACTED]],
  [
    'of several lines',
    'a\nBEGIN KEY x\nabcdefgh\r\n',
    ['BEGIN KEY x\nabcdefgh\n'],
    ['a', REDACTED, REDACTED],
  ],
  ['with a line break at its end, as files have', SECRET, [`${SECRET}\n`], [REDACTED]],
  ['that look like a pattern', 'x a+b$&(c)* y', ['a+b$&(c)*'], [`x ${REDACTED} y`]],
])('a secret is taken out: %s', (_title, text, secrets, lines) => {
  expect(linesOf(text, secrets)).toEqual(lines);
});

test.each([
  ['in a URL', (secret: string) => `GET /?key=${encodeURIComponent(secret)}&x=1`],
  ['in JSON', (secret: string) => `{"key":${JSON.stringify(secret)}}`],
  ['in base64', (secret: string) => Buffer.from(secret).toString('base64')],
  ['in base64url', (secret: string) => Buffer.from(secret).toString('base64url')],
  ['as a password', (secret: string) => `Basic ${Buffer.from(`me:${secret}`).toString('base64')}`],
  [
    'as another password',
    (secret: string) => `Basic ${Buffer.from(`joe:${secret}`).toString('base64')}`,
  ],
])('[F-230] a secret is taken out as programs write it: %s', (_title, written) => {
  for (const secret of ['p@ss/w?rd&=ü~', 'a"b\\c\nd-long-enough', SECRET]) {
    const [line = ''] = linesOf(written(secret), [secret]);
    expect(line).toContain(REDACTED);
    // All that is left of 'Basic ' and of base64 are characters that belong to a neighbour too.
    const left = line.replaceAll(REDACTED, '');
    expect(left.length).toBeLessThan(20);
    for (let at = 0; at + 6 <= secret.length; at++)
      expect(left).not.toContain(secret.slice(at, at + 6));
  }
});

test('[F-230] a command that came from a variable is not told by its failure', async () => {
  const recorded = startFixture('echo.mjs', [], {
    command: `/opt/${SECRET}/server`,
    secrets: [SECRET],
  });
  const facts = await recorded.until(() => recorded.exits[0]);
  expect(facts.spawnError?.message).toContain(`/opt/${REDACTED}/server`);
  expect(JSON.stringify(facts)).not.toContain(SECRET);
});

test('values too short to be secrets stay', () => {
  expect(linesOf('mode=true in en_US ok', ['true', 'en_US', '', ' '])).toEqual([
    'mode=true in en_US ok',
  ]);
});

test('where a long line is cut, no beginning of a secret is left', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: SECRET.length + 4 }), (back) => {
      const [line = ''] = linesOf('.'.repeat(STDERR_LINE_BYTES - back) + SECRET.repeat(3), [
        SECRET,
      ]);
      expect(line.replaceAll(REDACTED, '').replaceAll('.', '').length).toBeLessThan(4);
    }),
  );
});

test('however the bytes are split, the secret is in neither the lines nor the tail', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 8 });
  fc.assert(
    fc.property(cuts, fc.constantFrom('', ' ', 'ü'), (points, gap) => {
      const text = `a${gap}${SECRET}${gap}b\n${SECRET}`;
      expect(linesOf(text, [SECRET], points)).toEqual([`a${gap}${REDACTED}${gap}b`, REDACTED]);
    }),
  );
});

test('a process: lines, tail and facts are without what its environment held', async () => {
  const recorded = startFixture('echo.mjs', [], { secrets: [SECRET] });
  await recorded.call('stderr', { text: `failed with token ${SECRET}` });
  const line = await recorded.until(() => recorded.stderr[0]);
  expect(line).toBe(`failed with token ${REDACTED}`);
  expect(recorded.process.stderrTail()).toEqual([line]);
  const facts = await recorded.process.terminate('test over');
  expect(facts.stderrTail).toEqual([line]);
});
