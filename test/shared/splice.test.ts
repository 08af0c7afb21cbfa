import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { scanMessage } from '../../shared/jsonrpc/scan.ts';
import { compactLine, splice } from '../../shared/jsonrpc/splice.ts';
import { readMessages } from '../../shared/jsonrpc/view.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);

describe('splice', () => {
  test('keeps every byte outside the edits, at any place, size and number of them', () => {
    const cuts = fc.uniqueArray(fc.nat({ max: 200 }), { maxLength: 10 });
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 200, maxLength: 400 }),
        cuts,
        fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 5, maxLength: 5 }),
        (bytes, places, replacements) => {
          const sorted = places.toSorted((a, b) => a - b);
          const edits = [];
          for (let i = 0; i + 1 < sorted.length; i += 2) {
            const [start = 0, end = 0] = sorted.slice(i, i + 2);
            edits.push({ start, end, with: replacements[i / 2] ?? new Uint8Array() });
          }
          const expected: number[] = [];
          let from = 0;
          for (const edit of edits) {
            expected.push(...bytes.subarray(from, edit.start), ...edit.with);
            from = edit.end;
          }
          expected.push(...bytes.subarray(from));
          expect([...splice(bytes, edits)]).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('[F-19] changes the id and not one byte of numbers, duplicate keys, escapes and spacing', () => {
    const text =
      '{ "jsonrpc" : "2.0","id": "client" ,"method":"tools/call","params":{"a":9007199254740993,"b":1e400,"c":-0,"d":1.0,"a":"\u2028\\u2028\\/","__proto__":{}} }';
    const bytes = bytesOf(text);
    const result = scanMessage(bytes);
    if (!result.ok || result.kind !== 'single' || !result.envelope.id) throw new Error('scan');
    const edit = { ...result.envelope.id, with: bytesOf('17') };
    expect(decoder.decode(splice(bytes, [edit]))).toBe(text.replace('"client"', '17'));
  });

  test('without edits copies nothing', () => {
    const bytes = bytesOf('0123456789');
    expect(splice(bytes, [])).toBe(bytes);
    expect(compactLine(bytes)).toBe(bytes);
  });

  test('throws on edits that overlap, go backwards or leave the bytes', () => {
    const bytes = bytesOf('0123456789');
    const at = (start: number, end: number) => ({ start, end, with: bytesOf('x') });
    expect(() => splice(bytes, [at(2, 5), at(4, 6)])).toThrow(RangeError);
    expect(() => splice(bytes, [at(5, 6), at(2, 3)])).toThrow(RangeError);
    expect(() => splice(bytes, [at(6, 5)])).toThrow(RangeError);
    expect(() => splice(bytes, [at(9, 11)])).toThrow(RangeError);
  });
});

describe('compactLine', () => {
  const breaks = fc.constantFrom('\n', '\r\n', '\r', '\n\n\r ');

  test('[F-19b] makes one line of a pretty-printed message, with the same value and the same strings', () => {
    fc.assert(
      fc.property(fc.jsonValue(), breaks, fc.nat({ max: 6 }), (result, lineBreak, spaces) => {
        const text = JSON.stringify({ jsonrpc: '2.0', id: 1, result }, null, spaces + 1);
        const bytes = bytesOf(`${lineBreak}${text.replaceAll('\n', lineBreak)}${lineBreak}`);
        const line = decoder.decode(compactLine(bytes));
        expect(line).not.toMatch(/[\r\n]/u);
        expect(line).toBe(decoder.decode(bytes).replaceAll(/[\r\n]/gu, ''));
        expect(JSON.parse(line)).toEqual(JSON.parse(text));
      }),
      { numRuns: 200 },
    );
  });
});

test('[F-19b] a call hidden between line breaks ends up inside the one line it came in', () => {
  const text =
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":\n{"jsonrpc":"2.0","id":99,"method":"tools/call"}\r\n}}\n';
  const read = readMessages(bytesOf(text), scanMessage);
  const [only, second] = read.ok ? read.messages : [];
  if (!only?.idAt || second) throw new Error('one request');
  const line = decoder.decode(only.edited([{ ...only.idAt, with: bytesOf('"bridge-7"') }]).bytes);
  expect(line).toBe(text.replaceAll(/[\r\n]/gu, '').replace('"id":1', '"id":"bridge-7"'));
});
