// Which names of tools and methods a list of patterns lets through, for the policies of edge and runner. Pure.

/** Names and patterns, in which `*` stands for any text. With `allow`, what it does not name is forbidden; `deny` always is. */
export interface NameRules {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** Whether a name may be used. */
export type Judge = (name: string) => boolean;

/**
 * What is allowed must be named exactly. What is denied is also found in other spellings that a careless process could take for it:
 * other case, other forms of the same letters, blanks and characters that nobody sees.
 */
export function judgeOf({ allow, deny = [] }: NameRules = {}): Judge {
  const allowed = allow && matcher(allow);
  const denied = matcher(deny, folded);
  return (name) =>
    (allowed?.(name) ?? true) &&
    (deny.length === 0 || (!CONTROL.test(name) && !denied(folded(name))));
}

/** A process in C may read a name up to a NUL only. */
const CONTROL = /\p{Cc}/u;

const UNSEEN = /[\p{Z}\p{C}\p{DI}]/gu;

/** A text as the most careless reader of names sees it. */
export const folded = (text: string): string =>
  text.normalize('NFKC').replaceAll(UNSEEN, '').toUpperCase().toLowerCase();

/** Whether a text is one of the names, or matches one of the patterns; `form`: what is done to the text between stars before. */
export function matcher(
  patterns: readonly string[],
  form: (text: string) => string = (text) => text,
): Judge {
  const split = patterns.map((pattern) => pattern.split('*').map(form));
  const exact = new Set(split.flatMap(([only = '', ...rest]) => (rest.length === 0 ? [only] : [])));
  const globs = split.filter(({ length }) => length > 1);
  return (name) => exact.has(name) || globs.some((parts) => matches(parts, name));
}

/** Takes the first place for each part between stars, which is as good as any later one, so it never goes back. */
function matches(parts: readonly string[], name: string): boolean {
  const [head = '', ...others] = parts;
  const tail = others.pop() ?? '';
  if (!name.startsWith(head) || name.length < head.length + tail.length) return false;
  let at = head.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + tail.length <= name.length && name.endsWith(tail);
}
