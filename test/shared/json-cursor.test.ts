// Interiors of strings are passed by words: each byte counts as it would alone, wherever it lies in them and whatever is beside it.
import { expect, test } from 'vitest';

import { JsonCursor } from '../../shared/jsonrpc/json-cursor.ts';

/** Long enough for words on both sides of the byte. */
const INTERIOR_BYTES = 64;

/** Bytes at the edges of what is looked for, of which a carry could come. */
const BESIDE = [0x20, 0x21, 0x23, 0x5b, 0x5d, 0x5e, 0x7f, 0x80, 0xff];

/** A string of `beside`, with `byte` at the place `at` of its interior, that begins `shift` bytes behind an aligned place. */
function stringOf(byte: number, beside: number, at: number, shift: number): Uint8Array {
  const text = new Uint8Array(shift + INTERIOR_BYTES + 2).subarray(shift).fill(beside);
  text[0] = 0x22;
  text[at + 1] = byte;
  text[INTERIOR_BYTES + 1] = 0x22;
  return text;
}

/** How far a pass comes, and whether it found something that is no ASCII. */
function passed(text: Uint8Array): readonly [end: number, isAscii: boolean] {
  const cursor = new JsonCursor(text, Infinity, Infinity);
  cursor.peek();
  const isPassed = cursor.skipValue();
  return [isPassed ? cursor.at : -1, cursor.nonAscii === undefined];
}

test('each byte at each place of words, beside each other', () => {
  const wrong: string[] = [];
  for (let byte = 0; byte < 256; byte++)
    for (const beside of BESIDE)
      for (let shift = 0; shift < 4; shift++)
        for (let at = 24; at < 40; at++) {
          const isStop = byte < 0x20 || byte === 0x5c;
          const end = isStop ? -1 : byte === 0x22 ? at + 2 : INTERIOR_BYTES + 2;
          const isAscii = byte <= 0x7f && beside <= 0x7f;
          // An escape may be one that JSON has.
          if (byte === 0x5c && beside === 0x5c) continue;
          const [foundEnd, foundAscii] = passed(stringOf(byte, beside, at, shift));
          if (foundEnd !== end || (end !== -1 && foundAscii !== isAscii))
            wrong.push(`${byte} beside ${beside} at ${at}, shifted by ${shift}: ${foundEnd}`);
        }
  expect(wrong).toEqual([]);
});
