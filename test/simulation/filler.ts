// Bytes that show it when one of them is missing, doubled or out of place.

/** More than any message is long, and where a name's part of it may begin. */
const MOST = 320_000;
const BEGINNINGS = 16_384;

/** Numbers in their order: no two places in it look alike. */
const NUMBERED = (() => {
  const pieces: string[] = [];
  for (let at = 0, chars = 0; chars < MOST + BEGINNINGS; at += 1) {
    const piece = `${at.toString(36)};`;
    pieces.push(piece);
    chars += piece.length;
  }
  return pieces.join('');
})();

/** So many characters that only this name and length have: what stands in one message at a place stands in no other's there. */
export function fillerOf(name: string, length: number): string {
  let beginning = 0;
  for (let at = 0; at < name.length; at += 1)
    beginning = (beginning * 31 + name.charCodeAt(at)) % BEGINNINGS;
  return `${name}:${NUMBERED.slice(beginning, beginning + length)}`.slice(0, length);
}
