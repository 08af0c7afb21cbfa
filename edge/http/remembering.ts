// Remembers what was read from texts that come again with nearly every request, such as a URL or a value of Accept.

/** When so many are known they are all forgotten: the busy ones are soon back. */
const KNOWN_TEXTS = 64;
const KNOWN_CHARACTERS = 256;

/** `read`, which answers a short text that came before with the same object. What it reads as undefined is read again. */
export function remembering<T extends object | undefined>(
  read: (text: string) => T,
): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before) return before;
    const value = read(text);
    if (!value || text.length > KNOWN_CHARACTERS) return value;
    if (known.size >= KNOWN_TEXTS) known.clear();
    known.set(text, value);
    return value;
  };
}
