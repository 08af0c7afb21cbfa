// Which request a large answer belongs to is read from its two ends, and is the same as the whole text says.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answeredId } from '../../../edge/core/answered.ts';
import { scanMessage } from '../../../shared/jsonrpc/scan.ts';
import { leastCpuMs } from '../../fixtures/growth.ts';

const encoder = new TextEncoder();

const filler = 'x'.repeat(70_000);
const value = fc.constantFrom(
  '{}',
  `{"text":"${filler}"}`,
  `{"id":5,"text":"${filler}","id":6}`,
  `{"text":"${filler}\\",\\"id\\":9}"}`,
  `["${filler}",{"jsonrpc":"2.0","id":8}]`,
  `{"a":{"result":{},"id":"inner"}}`,
  `{"code":1,"message":"${filler}"}`,
);
const id = fc.constantFrom(
  '7',
  '-3',
  '"seven"',
  '"a\\"b"',
  String.raw`"\u0041"`,
  `"${'i'.repeat(900)}"`,
  'null',
);
const blank = fc.constantFrom('', ' ', '  ', '\t', ' '.repeat(20));
const outcome = fc.constantFrom('result', 'error', 'params');

/** The members of a message in any order, with blanks anywhere. */
const message = fc.record({ id, outcome, value, extra: fc.option(value), blank }).chain((parts) => {
  const members = [
    '"jsonrpc":"2.0"',
    `"id"${parts.blank}:${parts.blank}${parts.id}`,
    `"${parts.outcome}":${parts.value}`,
    ...(parts.outcome === 'params' ? ['"method":"sampling/createMessage"'] : []),
    ...(parts.extra === null ? [] : [`"x"${parts.blank}:${parts.extra}`]),
  ];
  return fc
    .shuffledSubarray(members, { minLength: members.length })
    .map((shuffled) => `{${parts.blank}${shuffled.join(`${parts.blank},`)}${parts.blank}}`);
});

/** The raw id by a reading of the whole. */
function byWhole(text: string): string | undefined {
  const read = JSON.parse(text) as Record<string, unknown>;
  const isAnswer = !('method' in read) && ('result' in read || 'error' in read);
  return isAnswer && read['id'] !== null ? JSON.stringify(read['id']) : undefined;
}

test('[F-272] a large answer is known by its ends, whatever the order of its members', () => {
  fc.assert(
    fc.property(message, (text) => {
      const found = answeredId(text);
      expect(found === undefined ? undefined : JSON.stringify(JSON.parse(found))).toBe(
        byWhole(text),
      );
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['behind its result', (text: string) => `{"result":{"x":${text}},"jsonrpc":"2.0","id":7}`],
  ['before it', (text: string) => `{"jsonrpc":"2.0","id":7,"result":{"x":${text}}}`],
])('[F-272] a large answer costs far less than a reading of the whole: id %s', (_where, answer) => {
  const text = answer(`[${'{},'.repeat(1_000_000)}{}]`);
  expect(answeredId(text)).toBe('7');
  const whole = leastCpuMs(() => scanMessage(encoder.encode(text), { tokens: Infinity }), 5);
  expect(leastCpuMs(() => answeredId(text), 5) * 5).toBeLessThan(whole);
});
