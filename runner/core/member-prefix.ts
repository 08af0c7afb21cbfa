// What the names of a member of a virtual server begin with. Pure.

/** Between a prefix and a name. Some clients take nothing but letters, digits, `_` and `-` in a tool's name. */
const BETWEEN = '__';

/** What a prefix of the config puts before each name. */
export const beforeNames = (prefix: string): string => (prefix === '' ? '' : prefix + BETWEEN);
