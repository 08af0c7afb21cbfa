// The view of a message tells the same as a pass over its bytes, as the scan made it and after any edits.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { changeAt, membersOf, valueAt } from '../../shared/jsonrpc/members.ts';
import { NOTED_MEMBERS, PARTS } from '../../shared/jsonrpc/noted.ts';
import { scanLine } from '../../shared/jsonrpc/scan.ts';
import {
  onlyMessageIn,
  readMessages,
  type MessageView,
  type Path,
} from '../../shared/jsonrpc/view.ts';
import { workOn } from '../fixtures/passes.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

function viewed(text: string): MessageView {
  const message = onlyMessageIn(encoder.encode(text));
  if (!message) throw new Error(`not a message: ${text}`);
  return message;
}

const blank = fc.constantFrom('', ' ', '\t', '\n', '\r\n ');
const scalar = fc.constantFrom('1', '-0.5e3', '"text"', '"ü\\u0041"', 'true', 'null');
/** Text of a value that may be noted, or have members that are. */
const { value, object } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }).map((all) => `[${all.join(',')}]`),
    tie('object'),
  ),
  object: fc
    .array(
      fc.tuple(
        blank,
        fc.constantFrom('_meta', 'progressToken', 'code', 'a', '\\u0061', 'b', 'content', 'é'),
        blank,
        tie('value'),
        blank,
      ),
      { maxLength: 5 },
    )
    .map(
      (members) =>
        `{${members.map(([before, key, gap, inner, after]) => `${before}"${key}"${gap}:${gap}${inner}${after}`).join(',')}}`,
    ),
}));

/** One line of a process, of any kind. */
const line = fc
  .tuple(
    fc.constantFrom('result', 'params', 'none'),
    fc.oneof({ weight: 4, arbitrary: object }, { weight: 1, arbitrary: value }),
    blank,
    fc.boolean(),
  )
  .map(([part, inner, gap, isFirst]) => {
    const head = part === 'result' ? '"id":7' : '"id":"seven","method":"m"';
    const members = part === 'none' ? [] : [`"${part}"${gap}:${gap}${inner}`];
    const all = isFirst ? [...members, head] : [head, ...members];
    return `${gap}{"jsonrpc":"2.0",${all.join(`,${gap}`)}${gap}}${gap}`;
  })
  .filter((text) => scanLine(encoder.encode(text)).ok);

const PATHS: readonly Path[] = [
  ['params'],
  ['result'],
  ['params', '_meta'],
  ['params', 'a'],
  ['params', '_meta', 'a'],
  ['result', '_meta', 'b'],
  ['result', 'content'],
  ['result', 'a', 'b'],
];

/** Everything that a view tells, which a pass over the bytes must tell as well. */
function agrees(message: MessageView): void {
  const { bytes } = message;
  const fresh = viewed(textOf(bytes));
  expect([message.kind, message.method, message.id]).toEqual([fresh.kind, fresh.method, fresh.id]);
  expect(message.progressToken).toBe(fresh.progressToken);
  for (const path of PATHS) {
    expect(message.at(...path)).toEqual(spanOnly(valueAt(bytes, ...path)));
    const span = valueAt(bytes, ...path);
    const members = [...message.members(...path)].map(({ key, start, end, value }) => ({
      key,
      start,
      end,
      value,
    }));
    expect(members).toEqual(span ? [...membersOf(bytes, span)] : []);
  }
  for (const part of PARTS) {
    for (const { value, elements } of message.members(part)) {
      if (elements === undefined) continue;
      expect(elements).toBe(
        (JSON.parse(textOf(bytes.subarray(value.start, value.end))) as []).length,
      );
    }
  }
}

const spanOnly = (span: { start: number; end: number } | undefined) =>
  span && expect.objectContaining({ start: span.start, end: span.end });

describe('a message view', () => {
  test('tells what a pass over the bytes tells', () => {
    fc.assert(
      fc.property(line, (text) => {
        const message = viewed(text);
        expect(message.line).toBe(message.bytes);
        agrees(message);
      }),
      { numRuns: 500 },
    );
  });

  test('tells it after changes, which do what they do to parsed JSON', () => {
    const change = fc.record({
      path: fc.constantFrom(...PATHS.filter(([part]) => part === 'params' || part === 'result')),
      without: fc.subarray(['a', '_meta', 'b', 'code']),
      and: fc.dictionary(fc.constantFrom('a', 'n', '_meta', 'content'), scalar, { maxKeys: 2 }),
    });
    fc.assert(
      fc.property(line, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        let message = viewed(text);
        for (const { path, without, and } of changes) {
          const [part] = path;
          // A request has no result, and nobody gives it one.
          if ((part === 'result') !== (message.kind === 'result')) continue;
          // To take something out of what is not there makes nothing.
          if (Object.keys(and).length === 0 && !message.has(...path)) continue;
          const expected = changeAt(message.bytes, path, { without, and });
          const edited = message.edited(message.changes(path, { without, and }));
          expect(meant(edited.bytes)).toEqual(meant(expected));
          if (onlyMessageIn(edited.bytes)) agrees(edited);
          message = edited;
        }
      }),
      { numRuns: 500 },
    );
  });

  test('follows its id and token through edits', () => {
    const text =
      '{"jsonrpc":"2.0","id":"a","method":"m","params":{"_meta":{"progressToken":"t","x":1},"a":[1]}}';
    const message = viewed(text);
    const { idAt, progressTokenAt } = message;
    if (!idAt || !progressTokenAt) throw new Error('it has both');
    const edited = message.edited([
      { ...progressTokenAt, with: encoder.encode('12') },
      { ...idAt, with: encoder.encode('12345') },
    ]);
    expect([edited.id, edited.progressToken]).toEqual(['12345', '12']);
    agrees(edited);
  });

  test('finds the token again in what was written anew around it', () => {
    const written = viewed(
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":"t"}}}',
    );
    const path: Path = ['params', '_meta'];
    const added = written.edited(written.changes(path, { and: { a: '1' } }));
    const again = added.edited(added.changes(path, { and: { b: '2' } }));
    expect(again.progressToken).toBe('"t"');
    agrees(again);
    const without = again.edited(again.changes(path, { without: ['progressToken'] }));
    expect(without.progressToken).toBeUndefined();
    agrees(without);
  });

  test('is of one message of a batch, and of a line without breaks', () => {
    const read = readMessages(
      encoder.encode(
        '[ {"jsonrpc":"2.0",\n"method":"a","params":{"a":{"b":1}}} , {"jsonrpc":"2.0","id":1,"result":{"a":2}} ]',
      ),
      scanLine,
    );
    if (!read.ok) throw new Error(read.reason);
    expect(read.isBatch).toBe(true);
    expect(read.messages.map(({ bytes }) => textOf(bytes))).toEqual([
      '{"jsonrpc":"2.0","method":"a","params":{"a":{"b":1}}}',
      '{"jsonrpc":"2.0","id":1,"result":{"a":2}}',
    ]);
    for (const message of read.messages) agrees(message);
  });

  test('of an object with many members notes none, and passes over it for what is asked', async () => {
    const member = (n: number): string => `"k${n}":${n}`;
    const members = Array.from({ length: NOTED_MEMBERS + 1 }, (_, n) => member(n));
    const message = viewed(
      `{"jsonrpc":"2.0","id":1,"result":{${members.join(',')},"_meta":{"a":1}}}`,
    );
    expect(message.text('result', '_meta', 'a')).toBe('1');
    expect([...message.members('result')]).toHaveLength(NOTED_MEMBERS + 2);
    const { bytes } = message.edited(message.changes(['result'], { without: ['k7', '_meta'] }));
    expect(Object.keys(JSON.parse(textOf(bytes)).result)).toHaveLength(NOTED_MEMBERS);
    const few = viewed(
      `{"jsonrpc":"2.0","id":1,"result":{${members.slice(2).join(',')},"_meta":{"a":1}}}`,
    );
    const work = await workOn(few.bytes.length, () => {
      few.text('result', '_meta', 'a');
      return few.edited(few.changes(['result'], { without: ['k7'], and: { a: '1' } }));
    });
    expect(work).toMatchObject({ passes: 0, copies: 1 });
  });
});

const meant = (bytes: Uint8Array): unknown => JSON.parse(textOf(bytes));
