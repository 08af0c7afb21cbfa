// A large line means the same whether or not it was passed over in steps before. This includes broken texts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gistOf } from '../../shared/jsonrpc/gist.ts';
import { JsonCursor } from '../../shared/jsonrpc/json-cursor.ts';
import { KNOWN_BYTES, knownOf, OUTER_KNOWN_BYTES } from '../../shared/jsonrpc/known.ts';
import { membersOf, valueAt, withMembers } from '../../shared/jsonrpc/members.ts';
import { mend, type Said } from '../../shared/jsonrpc/mend.ts';
import { PARTS } from '../../shared/jsonrpc/noted.ts';
import { scanLine } from '../../shared/jsonrpc/scan.ts';
import { Skim } from '../../shared/jsonrpc/skim.ts';
import { compactLine, splice } from '../../shared/jsonrpc/splice.ts';
import { onlyMessageIn, viewOf, viewsIn, type MessageView } from '../../shared/jsonrpc/view.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const FILL = KNOWN_BYTES + 10;
/** Values of each kind that is passed in its own way. */
const values = (bytes: number): string[] => [
  `[${'{},'.repeat(bytes / 3)}{}]`,
  `"${'x'.repeat(bytes)}"`,
  `"${'é'.repeat(bytes / 2)}"`,
  `"${String.raw`\u0041\n`.repeat(bytes / 8)}"`,
  `{"a":{"b":"${'y'.repeat(bytes)}"},"c":[1,2.5e3,null,true]}`,
  `${'['.repeat(bytes)}${']'.repeat(bytes)}`,
  `{"${'k'.repeat(bytes)}":1}`,
  `[${'1,\r'.repeat(bytes / 3)}2]`,
  '9'.repeat(bytes),
  `[[[["${'z'.repeat(bytes)}"]]],\r"ü"]`,
  `"${'\ud83d\ude00'.repeat(bytes / 4)}"`,
];
/** Large enough to be remembered at any depth, or not far inside. */
const large = fc.constantFrom(...values(FILL), ...values(OUTER_KNOWN_BYTES + 10));
const small = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value));
const member = fc
  .tuple(
    fc.constantFrom('jsonrpc', 'id', 'result', 'error', 'method', 'params', 'x', 'ä'),
    fc.oneof(small, large, fc.constant('"2.0"'), fc.constant('7')),
  )
  .map(([key, value]) => `${JSON.stringify(key)}:${value}`);
const answer = fc
  .tuple(large, large)
  .map(([a, b]) => `{"jsonrpc":"2.0","result":{"a":${a},"b":[${b}]},"id":7}`);
const text = fc.oneof(
  answer,
  fc.array(member, { maxLength: 4 }).map((members) => `{${members.join(',')}}`),
  fc.array(answer, { maxLength: 2 }).map((answers) => `[${answers.join(', ')}]`),
  fc
    .tuple(fc.constantFrom('', ' ', 'INFO: sending ', '\u001b[0m', '\ufeff'), answer)
    .map(([head, tail]) => head + tail),
  fc
    .tuple(answer, fc.constantFrom(' ', 'done', '{"jsonrpc":"2.0","id":8,"result":{}}'))
    .map(([head, tail]) => head + tail),
);
/** Cut, or with a byte that is another: at the ends as often as amid. */
const breaking = fc.record({
  how: fc.constantFrom('none', 'cut', 'byte'),
  at: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, 0.9999)),
  byte: fc.constantFrom(
    0x22,
    0x5c,
    0x7b,
    0x7d,
    0x5b,
    0x5d,
    0x2c,
    0x0d,
    0x00,
    0xff,
    0xc3,
    0x61,
    0x1b,
  ),
  ahead: fc.nat({ max: 5 }),
});

function broken(
  whole: string,
  { how, at, byte, ahead }: { how: string; at: number; byte: number; ahead: number },
): Uint8Array {
  // Not at the beginning of its buffer, as a line may lie in a chunk.
  const bytes = encoder.encode(' '.repeat(ahead) + whole).subarray(ahead);
  const place = Math.min(bytes.length - 1, Math.floor(at * bytes.length));
  if (how === 'cut') return bytes.subarray(0, place);
  if (how === 'byte') bytes[place] = byte;
  return bytes;
}

function skimmed(line: Uint8Array): { line: Uint8Array; steps: number } {
  const skim = new Skim(line);
  let steps = 0;
  while (skim.step()) steps += 1;
  return { line: skim.line, steps };
}

const verdict = (bytes: Uint8Array): unknown => {
  const cursor = new JsonCursor(bytes, Infinity, Infinity);
  const isPassed = cursor.skipValue();
  const { fault, cut } = cursor;
  return isPassed ? [cursor.at, cursor.hasLineBreaks] : [fault, cut];
};

/** What a view tells of its message, whether its members were noted by the scan or when it is asked. */
function told(message: MessageView): unknown {
  const { kind, method, id, line } = message;
  const members = PARTS.map((part) =>
    [...message.members(part)].map(({ key, start, end, value }) => ({ key, start, end, value })),
  );
  const meta = [...message.members('result', '_meta')].map(({ key, value }) => ({ key, value }));
  return { kind, method, id, line: decoder.decode(line), members, meta };
}

/** What a scan finds. */
function found(bytes: Uint8Array): unknown {
  const scan = scanLine(bytes);
  return scan.ok ? [scan.kind, scan.compact, viewsIn(bytes, scan).map(told)] : scan;
}

function saidIn(each: Said): unknown {
  if (each.kind === 'message') return told(viewOf(each.bytes, each.envelope));
  return 'bytes' in each && each.bytes instanceof Uint8Array
    ? { ...each, bytes: decoder.decode(each.bytes) }
    : each;
}

/** All that is asked of a line on its way. */
function asked(bytes: Uint8Array): unknown {
  const scan = found(bytes);
  const members = [...membersOf(bytes)];
  const said = scanLine(bytes).ok ? [] : mend(bytes).map(saidIn);
  const spans = members.map(({ value }) => verdict(bytes.subarray(value.start, value.end)));
  const paths = [
    valueAt(bytes, 'result', 'b'),
    valueAt(bytes, 'x', 'a'),
    valueAt(bytes, 'result', 'a', 'a'),
  ];
  return {
    scan,
    members,
    said,
    spans,
    paths,
    whole: verdict(bytes),
    shorter: verdict(bytes.subarray(0, -1)),
    gist: gistOf(bytes),
    cut: gistOf(bytes, true),
  };
}

describe('[F-270] a line that was passed over in steps', () => {
  test('says the same as one that was not', () => {
    fc.assert(
      fc.property(text, breaking, (whole, how) => {
        const line = broken(whole, how);
        const plain = line.slice();
        const { line: seen } = skimmed(line);
        const scan = scanLine(plain);
        // Only JSON is rewritten, to what whoever passes it on would make of it.
        const isUtf8 = seen === line || scan.ok;
        const shown = isUtf8
          ? plain
          : encoder.encode(new TextDecoder('utf-8', { ignoreBOM: true }).decode(plain));
        expect(decoder.decode(seen)).toBe(
          decoder.decode(seen === line ? shown : compactLine(shown)),
        );
        expect(asked(seen)).toEqual(asked(seen.slice()));
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  test('says the same after it was copied with changes', () => {
    fc.assert(
      fc.property(answer, breaking, (whole, how) => {
        const line = skimmed(broken(whole, { ...how, how: 'none' })).line;
        const id = valueAt(line, 'id');
        if (!id) throw new Error('an answer has an id');
        for (const copy of [
          splice(line, [{ ...id, with: encoder.encode('"longer than before"') }]),
          splice(line, [
            { start: 0, end: 1, with: encoder.encode('{ ') },
            { ...id, with: encoder.encode('0') },
          ]),
          withMembers(line, { without: ['jsonrpc'], and: { jsonrpc: '"2.0"' } }),
        ]) {
          expect(knownOf(copy).length).toBeGreaterThan(0);
          expect(asked(copy)).toEqual(asked(copy.slice()));
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test('is no UTF-8 where it was none, with blanks around it or without', () => {
    for (const tail of ['', ' ', '\r']) {
      const line = encoder.encode(
        `{"jsonrpc":"2.0","id":1,"result":["${'é'.repeat(FILL)}"]}${tail}`,
      );
      line[200] = 0xff;
      const { line: seen } = skimmed(line);
      expect(found(seen)).toEqual(found(seen.slice()));
      expect(found(line)).toEqual(found(line.slice()));
    }
  });

  const MANY = 400_000;
  const tiny = '{},'.repeat(MANY);
  test.each([
    ['a result', `{"jsonrpc":"2.0","id":1,"result":{"x":[${tiny}{}]}}`],
    ['one that breaks at its end', `{"jsonrpc":"2.0","id":1,"result":{"x":[${tiny}{]}}`],
    ['one that is cut', `{"jsonrpc":"2.0","id":1,"result":{"x":[${tiny}`],
    [
      'deep nesting',
      `{"jsonrpc":"2.0","id":1,"result":{"x":${'['.repeat(MANY)}${']'.repeat(MANY)}}}`,
    ],
    ['one string', `{"jsonrpc":"2.0","id":1,"result":{"x":"${'x'.repeat(3 * MANY)}"}}`],
    ['one key', `{"jsonrpc":"2.0","id":1,"result":{"${'x'.repeat(3 * MANY)}":1}}`],
    [
      'what a debugging aid prints',
      `{'jsonrpc': '2.0', 'id': 1, 'result': [${"{'a': 1}, ".repeat(MANY / 4)}]}`,
    ],
    ['one behind other text', `INFO: {"jsonrpc":"2.0","id":1,"result":{"x":[${tiny}{}]}}`],
    ['several', `{"jsonrpc":"2.0","id":1,"result":{"x":[${tiny}{}]}} `.repeat(2)],
  ])('takes many steps: %s', (_what, whole) => {
    const line = encoder.encode(whole);
    const { steps } = skimmed(line);
    expect(steps).toBeGreaterThan(line.length / 20_000);
  });

  test('is jumped over by those that come after it', () => {
    const { line } = skimmed(encoder.encode(`{"jsonrpc":"2.0","id":1,"result":{"x":[${tiny}{}]}}`));
    // Were the bytes looked at again, what now stands in them would be found.
    line.fill(0, KNOWN_BYTES, -KNOWN_BYTES);
    const message = onlyMessageIn(line);
    expect(message?.line).toBe(line);
    expect(message?.at('result', 'x')?.end).toBe(line.length - 2);
    const edited = message?.edited(message.changes(['result'], { and: { y: '1' } }));
    expect(edited?.at('result', 'x')?.end).toBe(line.length - 2);
  });
});

test('[F-270] a process that answers with more messages at once than anybody asks has sent no batch', () => {
  const batch = (messages: number): Uint8Array =>
    encoder.encode(
      `[${'{"jsonrpc":"2.0","id":1,"result":{}},'.repeat(messages - 1)}{"jsonrpc":"2.0","id":1,"result":{}}]`,
    );
  expect(scanLine(batch(1_000))).toMatchObject({ ok: true });
  expect(scanLine(batch(1_001))).toMatchObject({ ok: false });
});
