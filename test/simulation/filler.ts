// Bytes that show when one of them is missing, doubled or out of place.

/** So many characters that only this name and length have. */
export function fillerOf(name: string, length: number): string {
  let text = '';
  for (let at = 0; text.length < length; at += 1) text += `${name}:${String(at)};`;
  return text.slice(0, length);
}
