// Whether a URI is one of those that a resource template stands for (RFC 6570). Only to find the member that serves it, so it may be
// lenient: an expression stands for any text.

/** A longer URI or template belongs to nobody: matching costs their product. */
const MOST_CHARACTERS = 2_048;

/** How many characters of a template a URI has to match literally; undefined if it does not match. */
export function literalMatch(template: string, uri: string): number | undefined {
  if (template.length > MOST_CHARACTERS || uri.length > MOST_CHARACTERS) return undefined;
  const literals = template.split(/\{[^{}]*\}/u);
  const [head = '', ...rest] = literals;
  if (rest.length === 0) return template === uri ? template.length : undefined;
  const tail = rest.pop() ?? '';
  if (uri.length < head.length + tail.length) return undefined;
  if (!uri.startsWith(head) || !uri.endsWith(tail)) return undefined;
  let from = head.length;
  const until = uri.length - tail.length;
  // The earliest place of each is as good as any: what lies between is free.
  for (const literal of rest) {
    const at = uri.indexOf(literal, from);
    if (at < 0 || at + literal.length > until) return undefined;
    from = at + literal.length;
  }
  return literals.reduce((sum, { length }) => sum + length, 0);
}
