// Parses TOML, the format of Codex. Messages give places and never quote the text: it may be a secret.
import { parse, TomlError } from 'smol-toml';
import type { Parsing } from './json-syntax.ts';

/** The value of a TOML text, or its first mistake. */
export function parseToml(text: string): Parsing {
  try {
    const value = parse(text, { integersAsBigInt: 'asNeeded' });
    return { ok: true, value, duplicates: [] };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    const fix = 'Correct it there; each key may occur once in its table.';
    return { ok: false, problems: [{ line, column, what: 'this is not TOML', fix }] };
  }
}
