// What hides in a text is written out for the person who judges it; honest text stays as it is.
import { describe, expect, test } from 'vitest';

import { hidesSomething, shownText } from '../../../runner/core/shown-text.ts';

const tags = (text: string): string =>
  Array.from(text, (letter) => String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0))).join(
    '',
  );

describe('[F-777] text that hides something', () => {
  test.each([
    ['a\u202eb', 'a‹U+202E bidi control›b'],
    ['a\u2066b\u2069', 'a‹U+2066 bidi control›b‹U+2069 bidi control›'],
    ['a\u200bb\ufeff', 'a‹U+200B zero width›b‹U+FEFF zero width›'],
    ['x\u00ady', 'x‹U+00AD zero width›y'],
    [`ok${tags('go')}`, 'ok‹U+E0067 Unicode tag "g"›‹U+E006F Unicode tag "o"›'],
    ['\u{e0001}', '‹U+E0001 Unicode tag›'],
    ['a\ufe01b\u{e0100}', 'a‹U+FE01 variation selector›b‹U+E0100 variation selector›'],
    ['a\u0007\u001b[0m', 'a‹U+0007 control›‹U+001B control›[0m'],
    ['a\u2028b', 'a‹U+2028 line separator›b'],
    ['\ue000', '‹U+E000 no character›'],
    ['re\u0430d', 're\u0430‹U+0430 Cyrillic, looks Latin›d'],
    [
      '\u0441\u043e\u0440\u0443 it',
      'с‹U+0441 Cyrillic, looks Latin›о‹U+043E Cyrillic, looks Latin›р‹U+0440 Cyrillic, looks Latin›у‹U+0443 Cyrillic, looks Latin› it',
    ],
    ['g\u03bfogle', 'g\u03bf‹U+03BF Greek, looks Latin›ogle'],
    ['\uff52ead', '\uff52‹U+FF52 like "r"›ead'],
    ['\u{1d42b}ead', '\u{1d42b}‹U+1D42B like "r"›ead'],
  ])('%j is shown as %s', (text, shown) => {
    expect(shownText(text)).toBe(shown);
    expect(hidesSomething(text)).toBe(true);
  });

  test.each([
    'plain text,\n\twith breaks',
    'Füße, naïve, Łódź, Ελληνικά, Привет, сам рот',
    '日本語とEnglish 한국어 עברית العربية हिन्दी',
    '👍🏽 👩‍💻 ❤️ 1️⃣ 🏴',
    '× ≠ ½ № … — “x”',
  ])('%j is shown as it is', (text) => {
    expect(shownText(text)).toBe(text);
  });
});
