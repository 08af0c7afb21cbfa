// Parses YAML, the format of Goose, Continue and LibreChat. Messages give places and never quote the text: it may be a secret.
import { LineCounter, parseDocument, visit } from 'yaml';
import type { Parsing } from './json-syntax.ts';
import { numberWithText } from './source-number.ts';

/** The value of a YAML text, or its first mistake. */
export function parseYaml(text: string): Parsing {
  const lines = new LineCounter();
  const unreadable = (offset: number, why: string): Parsing => {
    const { line, col } = lines.linePos(offset);
    const what = `this is not YAML (${why})`;
    const fix =
      'Correct it there. Usual mistakes are wrong indentation, missing quotes and keys that occur twice.';
    return { ok: false, problems: [{ line, column: col, what, fix }] };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
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
    // Aliases that multiply, nesting beyond the stack, and a `<<` with something other than maps, for which it has no class.
    if (!(error instanceof Error)) throw error;
    return unreadable(0, error.name === 'Error' ? 'BAD_MERGE' : error.name);
  }
}
