// Text of a server as a person must see it who judges it: characters that are invisible, that turn the direction of text, or that look
// like others are written out, with what they are. Pure.

/** What hides in a text, by ranges of code points. */
const HIDDEN: readonly (readonly [from: number, to: number, name: string])[] = [
  [0xad, 0xad, 'zero width'],
  [0x34f, 0x34f, 'zero width'],
  [0x61c, 0x61c, 'bidi control'],
  [0x115f, 0x1160, 'zero width'],
  [0x17b4, 0x17b5, 'zero width'],
  [0x180b, 0x180f, 'zero width'],
  [0x200b, 0x200d, 'zero width'],
  [0x200e, 0x200f, 'bidi control'],
  [0x2028, 0x2029, 'line separator'],
  [0x202a, 0x202e, 'bidi control'],
  [0x2060, 0x2065, 'zero width'],
  [0x2066, 0x2069, 'bidi control'],
  [0x206a, 0x206f, 'zero width'],
  [0x3164, 0x3164, 'zero width'],
  [0xfe00, 0xfe0f, 'variation selector'],
  [0xfeff, 0xfeff, 'zero width'],
  [0xffa0, 0xffa0, 'zero width'],
  [0xe0000, 0xe007f, 'Unicode tag'],
  [0xe0100, 0xe01ef, 'variation selector'],
];

const CONTROL = /^\p{Cc}$/u;
/** Formats, private ones, halves of pairs, and those that are none yet. */
const NO_CHARACTER = /^\p{C}$/u;

const PICTURE_SELECTOR = 0xfe0f;
const JOINER = 0x200d;

/** Before a selector or a joiner: it belongs to a picture. */
const PICTURE = /[\p{Extended_Pictographic}\p{Emoji_Modifier}0-9#*]/u;

/** Letters of other scripts that look like Latin ones. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map([
  ...lettersOf('Cyrillic', 'аАВеЕкКМНоОрРсСТуУхХѕЅіІјЈԁԛԝһҺӏӀүѵѴ'),
  ...lettersOf('Greek', 'αΑΒΕΖΗιΙκΚΜνΝοΟρΡΤυΥΧγϲϹϳ'),
  ...lettersOf('Armenian', 'օՕսՍհոցզքՏԼ'),
  ...lettersOf('Cherokee', 'ᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏢᏒᏚᎢᏙᏔᏃ'),
]);

function lettersOf(script: string, letters: string): [string, string][] {
  return Array.from(letters, (letter) => [letter, script]);
}

const WORD = /[\p{L}\p{M}\p{N}_]+/gu;
const LETTER = /\p{L}/u;
const LATIN = /\p{Script=Latin}/u;
const PRINTED = /^[ -~]+$/u;
/** Nothing in such a text hides. */
const PLAIN = /^[\t\n -~]*$/u;

/** The text with all that hides in it written out, such as `‹U+202E bidi control›`. */
export function shownText(text: string): string {
  if (PLAIN.test(text)) return text;
  const strange = Array.from(text).filter((sign) => LETTER.test(sign) && !LATIN.test(sign));
  // A text that is written in another script has more letters of it than those that look Latin.
  const isForeign = strange.some((letter) => !LOOKALIKES.has(letter));
  let shown = '';
  let before = '';
  for (const sign of text.replaceAll(WORD, (word) => shownWord(word, isForeign))) {
    shown += shownSign(sign, before);
    before = sign;
  }
  return shown;
}

/** Whether {@link shownText} finds something in it. */
export const hidesSomething = (text: string): boolean => shownText(text) !== text;

function shownSign(sign: string, before: string): string {
  const name = sign === '\n' || sign === '\t' ? undefined : hiddenName(sign);
  if (name === undefined) return sign;
  const code = codeOf(sign);
  const joins = code === PICTURE_SELECTOR || code === JOINER;
  const isOfPicture = PICTURE.test(before) || codeOf(before) === PICTURE_SELECTOR;
  return joins && isOfPicture ? sign : writtenOut(code, name);
}

function hiddenName(sign: string): string | undefined {
  const code = codeOf(sign);
  // What a tag says to a model that reads it.
  if (code >= 0xe0020 && code < 0xe007f)
    return `Unicode tag "${String.fromCodePoint(code - 0xe0000)}"`;
  const range = HIDDEN.find(([from, to]) => from <= code && code <= to);
  if (range) return range[2];
  if (CONTROL.test(sign)) return 'control';
  return NO_CHARACTER.test(sign) ? 'no character' : undefined;
}

/** A word is suspect if it mixes Latin letters with others that look like them, or, in a text without more of their script, has no others. */
function shownWord(word: string, isForeign: boolean): string {
  if (PRINTED.test(word)) return word;
  const letters = Array.from(word);
  const isMixed = letters.some((letter) => LATIN.test(letter));
  return letters
    .map((letter) => {
      const plain = letter.normalize('NFKC');
      if (plain !== letter && PRINTED.test(plain))
        return `${letter}${writtenOut(codeOf(letter), `like "${plain}"`)}`;
      const script = isMixed || !isForeign ? LOOKALIKES.get(letter) : undefined;
      return script === undefined
        ? letter
        : `${letter}${writtenOut(codeOf(letter), `${script}, looks Latin`)}`;
    })
    .join('');
}

const codeOf = (sign: string): number => sign.codePointAt(0) ?? 0;

const writtenOut = (code: number, what: string): string =>
  `‹U+${code.toString(16).toUpperCase().padStart(4, '0')} ${what}›`;
