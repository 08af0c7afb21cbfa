// About how much of a model's context a tool takes: an estimate, since each model counts otherwise. Pure.

/** What of a tool programs put before a model. */
export interface SizedTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema?: unknown;
}

/** Characters of English and of JSON that make one token, about. */
const CHARS_OF_A_TOKEN = 4;

/** How it is estimated, for people. */
export const ESTIMATE =
  'an estimate: a token for 4 characters of name, description and input schema, and one for each character beyond ASCII';

const BEYOND_ASCII = /[^\0-\u007f]/gu;

/** Tokens, rounded up. */
export function toolTokens({ name, description, inputSchema }: SizedTool): number {
  const text = JSON.stringify({ name, description, inputSchema });
  const others = text.match(BEYOND_ASCII)?.length ?? 0;
  const plain = text.replaceAll(BEYOND_ASCII, '').length;
  return Math.ceil(plain / CHARS_OF_A_TOKEN) + others;
}

/** `1,234`, as people write it. */
export const tokenText = (tokens: number): string => tokens.toLocaleString('en-US');
