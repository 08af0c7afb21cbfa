// What a terminal is shown of others has nothing in it that steers the terminal, and all that people read.
import { describe, expect, test } from 'vitest';

import { blankSteering, dropSteering, escapeSteering } from '../../shared/steering.ts';

/** Each with a letter at both sides, so that what is left shows what was taken. */
const STEERING = [
  ['a bell', '\u0007'],
  ['a carriage return', '\r'],
  ['an escape', '\u001B'],
  ['delete', '\u007F'],
  ['the one character that begins a sequence', '\u009B'],
  ['the end of a line for some', '\u0085'],
  ['a line separator', '\u2028'],
  ['a mark of direction', '\u200F'],
  ['an Arabic mark', '\u061C'],
  ['an override of direction', '\u202E'],
  ['an isolate', '\u2066'],
  ['a byte order mark', '\uFEFF'],
  ['half of a pair', '\uD83E'],
] as const;

describe.each(STEERING)('[F-745] %s', (_, character) => {
  const text = `a${character}b`;

  test('is written out in a log, left out of what a process prints, and a blank on a page', () => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    expect(escapeSteering(text)).toBe(`a\\u${code}b`);
    expect(dropSteering(text)).toBe('ab');
    expect(blankSteering(text)).toBe('a b');
  });
});

test('[F-745] what people write stays: letters of all scripts, accents, pictures with joiners', () => {
  const text = 'Grüße, مرحبا, שלום, 你好, 👩‍💻, 🇩🇪, a b';
  for (const shown of [escapeSteering, dropSteering, blankSteering]) expect(shown(text)).toBe(text);
  expect(blankSteering('one\ntwo\tthree')).toBe('one\ntwo three');
});
