// Text of a server as a person must see it who judges it: characters that are invisible, that turn the direction of text, or that look
// like others are written out, with what they are. Pure.

/** What hides in a text, by ranges. */
const HIDDEN: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^[\u{e0000}-\u{e007f}]$/u, 'Unicode tag'],
  [/^[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]$/u, 'bidi control'],
  [
    /^[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0]$/u,
    'zero width',
  ],
  [/^[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]$/u, 'variation selector'],
  [/^[\u2028\u2029]$/u, 'line separator'],
  [/^\p{Cc}$/u, 'control'],
  [/^[\p{Co}\p{Cs}\p{Cn}\p{Cf}]$/u, 'no character'],
];

/** All of those. Line breaks and tabs are shown as such. */
const HIDES =
  /[\p{C}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2028\u2029\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]/u;

/** A variation selector behind one of these belongs to it: it makes a picture of a sign. */
const PICTURE = /\p{Extended_Pictographic}|[0-9#*]/u;

/** Letters of other scripts that look like Latin ones. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  [
    ['Cyrillic', 'аА bЬ вВ еЕ кК мМ нН оО рР сС тТ уУ хХ ѕЅ іІ јЈ ԁ ԛ ԝ һҺ ӏӀ ү ѵѴ гґ пП'],
    ['Greek', 'αΑ Β Ε Ζ Η ιΙ κΚ Μ νΝ οΟ ρΡ Τ υΥ Χ γ ϲϹ ϳ'],
    ['Armenian', 'օՕ սՍ հ ո ց զ ք Տ Լ'],
    ['Cherokee', 'ᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏢᏒᏚᎢᏙᏔᏃ'],
  ].flatMap(([script = '', letters = '']) =>
    [...letters].flatMap((letter) => (/[\u0080-\uffff]/u.test(letter) ? [[letter, script]] : [])),
  ) as [string, string][],
);

const WORD = /[\p{L}\p{M}\p{N}_]+/gu;
const LATIN = /\p{Script=Latin}/u;
const ASCII = /^[ -~]+$/u;

/** The text with all that hides in it written out, such as `‹U+202E bidi control›`. */
export function shownText(text: string): string {
  const plain = text.replaceAll(WORD, shownWord);
  let shown = '';
  let before = '';
  for (const sign of plain) {
    shown += shownSign(sign, before);
    before = sign;
  }
  return shown;
}

/** Whether {@link shownText} finds something in it. */
export const hidesSomething = (text: string): boolean => shownText(text) !== text;

function shownSign(sign: string, before: string): string {
  if (sign === '\n' || sign === '\t' || !HIDES.test(sign)) return sign;
  const isOfPicture = sign === '\ufe0f' || sign === '\u200d';
  if (isOfPicture && PICTURE.test(before)) return sign;
  // Joins pictures whose first one has a variation selector.
  if (sign === '\u200d' && before === '\ufe0f') return sign;
  const [, name = 'no character'] = HIDDEN.find(([pattern]) => pattern.test(sign)) ?? [];
  return written(sign, tagLetter(sign) ?? name);
}

/** What a tag character says to a model that reads it. */
function tagLetter(sign: string): string | undefined {
  const code = (sign.codePointAt(0) ?? 0) - 0xe0000;
  return code >= 0x20 && code < 0x7f ? `Unicode tag "${String.fromCodePoint(code)}"` : undefined;
}

/** A word is suspect if it mixes Latin letters with others that look like them, or has nothing but such. */
function shownWord(word: string): string {
  if (ASCII.test(word)) return word;
  const letters = [...word];
  const strange = letters.filter((letter) => /\p{L}/u.test(letter) && !LATIN.test(letter));
  const isMixed = letters.some((letter) => LATIN.test(letter));
  const isDisguise = strange.length > 0 && strange.every((letter) => LOOKALIKES.has(letter));
  return letters
    .map((letter) => {
      const plain = letter.normalize('NFKC');
      if (plain !== letter && ASCII.test(plain)) return written(letter, `like "${plain}"`);
      const script = LOOKALIKES.get(letter);
      return script !== undefined && (isMixed || isDisguise)
        ? written(letter, `${script}, looks Latin`)
        : letter;
    })
    .join('');
}

function written(sign: string, what: string): string {
  const code = (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const isSeen = !HIDES.test(sign);
  return `${isSeen ? sign : ''}‹U+${code} ${what}›`;
}
