// Texts that came as UTF-8.
import { expect, test } from 'vitest';

import {
  beginningOf,
  endingOf,
  inPieces,
  utf8Of,
  Utf8Text,
  wholeText,
} from '../../shared/bytes.ts';
import { bytesForm } from '../../shared/link/forms.ts';
import { workOn } from '../fixtures/passes.ts';

const encoder = new TextEncoder();

/** In pieces of so many bytes, or a little less where a character would be cut. */
function asBytes(text: string, room: number): Utf8Text {
  const bytes = encoder.encode(text);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const piece = bytesForm.slice(bytes, at, room);
    pieces.push(piece);
    at += piece.length;
  }
  return new Utf8Text(inPieces(pieces));
}

const TEXTS = ['plain', 'é\ufeff€\u{1f600}'.repeat(9), '\ufeff\ufeff', '\u{1f600}'.repeat(5), ''];

test.each(TEXTS)('[F-720] a text that came as bytes reads like any other: %j', (text) => {
  for (const room of [4, 5, 7, 64]) {
    const came = asBytes(text, room);
    expect(wholeText(came)).toBe(text);
    for (let units = 0; units < 12; units++) {
      expect(beginningOf(came, units)).toBe(beginningOf(text, units));
      expect(endingOf(came, units)).toBe(endingOf(text, units));
    }
    expect(utf8Of(came)?.length).toBe(encoder.encode(text).length);
  }
  expect(utf8Of(text)).toBeUndefined();
});

test('[F-720] of its beginning no more is decoded than is asked for', async () => {
  const came = asBytes('x'.repeat(1_000_000), 300_000);
  const { conversions } = await workOn(1_000_000, () => beginningOf(came, 4_000));
  expect(conversions).toBe(0);
});
