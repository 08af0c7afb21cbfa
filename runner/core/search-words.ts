// The words of a text, as tools are searched by: of names in any style, of English and of scripts that put no blanks between words. Pure.

/** A word of more characters is cut. */
const MAX_WORD = 40;

/** What says nothing of what a tool does. */
const EMPTY_WORDS: ReadonlySet<string> = new Set(
  'a an and are as at be by can do for from how i in is it me my of on or please that the this to want what which with you'.split(
    ' ',
  ),
);

/** Accents of letters; marks of other scripts are letters of words. */
const ACCENTS = /[\u0300-\u036f]/gu;

/** Where `camelCase` and `HTTPServer` begin another word. */
const HUMPS = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu;

const WORDS = /[\p{L}\p{N}\p{M}]+/gu;

/** Scripts without blanks between words. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]+/gu;

/** The words of a text, in order. */
export function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKD').replaceAll(ACCENTS, '').normalize('NFC');
  return (plain.replaceAll(HUMPS, ' ').match(WORDS) ?? []).flatMap(pieces);
}

/** The words of a name, and the whole of it as one. */
export function wordsOfName(name: string): string[] {
  const words = wordsOf(name);
  return words.length > 1 ? [...words, words.join('').slice(0, MAX_WORD)] : words;
}

/** The words of what is looked for: without those that say nothing, unless there are no others; each once. */
export function wordsToFind(query: string): string[] {
  const words = [...new Set(wordsOf(query))];
  const telling = words.filter((word) => !EMPTY_WORDS.has(word));
  return telling.length > 0 ? telling : words;
}

/** Of scripts without blanks, each two letters in a row. */
function pieces(run: string): string[] {
  const found: string[] = [];
  let end = 0;
  for (const match of run.matchAll(UNSPACED)) {
    const [letters] = match;
    if (match.index > end) found.push(stem(run.slice(end, match.index)));
    end = match.index + letters.length;
    const each = Array.from(letters);
    if (each.length === 1) found.push(letters);
    for (let at = 1; at < each.length; at++) found.push(`${each[at - 1]}${each[at]}`);
  }
  if (end < run.length) found.push(stem(run.slice(end)));
  return found;
}

/** One form for the plural and the singular of most English words. */
function stem(word: string): string {
  const lower = word.toLowerCase().slice(0, MAX_WORD);
  if (lower.length < 4 || !lower.endsWith('s') || lower.endsWith('ss')) return lower;
  if (lower.endsWith('ies')) return `${lower.slice(0, -3)}y`;
  return /(?:ch|sh|x|ss)es$/u.test(lower) ? lower.slice(0, -2) : lower.slice(0, -1);
}
