// Parses a config file by the ending of its name: JSON with comments, TOML (Codex) or YAML (Goose, Continue, LibreChat).
// Messages name places and never repeat what stands there: it may be a secret.
import { extname } from 'node:path';
import { parse as parseTomlText, TomlError } from 'smol-toml';
import { LineCounter, parseDocument, visit } from 'yaml';
import { parseJson } from './json-syntax.ts';
import type { Parsing } from './json-syntax.ts';
import { numberWithText } from './source-number.ts';

/** The value of a file, or all that its syntax has wrong. */
export function parseFile(path: string, text: string): Parsing {
  switch (extname(path).toLowerCase()) {
    case '.toml':
      return parseToml(text);
    case '.yaml':
    case '.yml':
      return parseYaml(text);
    default:
      return parseJson(text);
  }
}

function parseToml(text: string): Parsing {
  try {
    const value = parseTomlText(text, { integersAsBigInt: 'asNeeded' });
    return { ok: true, value, duplicates: [] };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    const fix = 'Correct it there; each key may occur once in its table.';
    return { ok: false, faults: [{ line, column, what: 'this is not TOML', fix }] };
  }
}

function parseYaml(text: string): Parsing {
  const lines = new LineCounter();
  const unreadable = (offset: number, why: string): Parsing => {
    const { line, col } = lines.linePos(offset);
    const what = `this is not YAML (${why})`;
    const fix = 'Correct it there: indentation, quotes, and keys that occur twice are the usual slips.';
    return { ok: false, faults: [{ line, column: col, what, fix }] };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const [error] = document.errors;
    if (error !== undefined) return unreadable(error.pos[0], error.code);
    visit(document, {
      Scalar(_key, node) {
        if (typeof node.value === 'number' && node.source !== undefined)
          node.value = numberWithText(node.value, node.source);
      },
    });
    return { ok: true, value: document.toJS(), duplicates: [] };
  } catch (error) {
    // Aliases that multiply, and nesting beyond the stack.
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    return unreadable(0, error.name);
  }
}
