// Bytes that show it when one of them is missing, doubled or out of place.

const made = new Map<string, string>();

/** What is written is checked at once or never. */
const KEPT = 16;

/** So many characters that only this name and length have. */
export function fillerOf(name: string, length: number): string {
  if (length === 0) return '';
  const key = `${name}/${String(length)}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const pieces: string[] = [];
  for (let at = 0, chars = 0; chars < length; at += 1) {
    const piece = `${name}:${String(at)};`;
    pieces.push(piece);
    chars += piece.length;
  }
  const text = pieces.join('').slice(0, length);
  made.set(key, text);
  const [oldest] = made.keys();
  if (made.size > KEPT && oldest !== undefined) made.delete(oldest);
  return text;
}
