// Reads JSON with comments and trailing commas (JSONC, as editors write it), and says where each mistake is. Also finds keys
// that occur twice, which other readers ignore.
import {
  createScanner,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from 'jsonc-parser';
import type { Problem } from '../../shared/problem.ts';
import { numberWithText } from './source-number.ts';

/** A mistake and its place. `line` and `column` count from 1. */
export interface SyntaxProblem extends Problem {
  readonly line: number;
  readonly column: number;
}

/** A key that its object has already; the later value counts. `keys` lead to it. */
export interface Duplicate {
  readonly keys: readonly (string | number)[];
  readonly line: number;
}

export type Parsing =
  | { readonly ok: true; readonly value: unknown; readonly duplicates: readonly Duplicate[] }
  | { readonly ok: false; readonly problems: readonly SyntaxProblem[] };

/** No config is deeper than 10; a bound keeps a hostile file from exhausting the stack. */
const MAX_DEPTH = 64;

/** One mistake rarely causes more; a file of another kind would fill the screen. */
const MAX_PROBLEMS = 10;

/** Tokens of jsonc-parser (its SyntaxKind, which exists for its compiler only). */
const TOKEN = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 } as const;

/** The value of a JSON or JSONC text, or all its mistakes. */
export function parseJson(text: string): Parsing {
  const tooDeep = findDepthProblem(text);
  if (tooDeep !== undefined) return { ok: false, problems: [tooDeep] };
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  if (root === undefined || errors.length > 0)
    return { ok: false, problems: problemsOf(text, errors) };
  const duplicates: Duplicate[] = [];
  const value = valueOf(root, { text, positionOf: lineIndex(text), duplicates }, []);
  return { ok: true, value, duplicates };
}

function findDepthProblem(text: string): SyntaxProblem | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== TOKEN.end; token = scanner.scan()) {
    if (token === TOKEN.openBrace || token === TOKEN.openBracket) depth++;
    else if (token === TOKEN.closeBrace || token === TOKEN.closeBracket) depth--;
    if (depth > MAX_DEPTH) {
      const position = lineIndex(text)(scanner.getTokenOffset());
      return { ...position, what: 'the nesting is too deep', fix: 'Remove the inner brackets.' };
    }
  }
  return undefined;
}

interface Source {
  readonly text: string;
  readonly positionOf: PositionOf;
  readonly duplicates: Duplicate[];
}

/** Objects are made entry by entry: assigning would lose a key named `__proto__`. */
function valueOf(node: Node, source: Source, keys: readonly (string | number)[]): unknown {
  const { type, offset, length, children = [] } = node;
  if (type === 'array')
    return children.map((child, index) => valueOf(child, source, [...keys, index]));
  if (type === 'number')
    return numberWithText(Number(node.value), source.text.slice(offset, offset + length));
  if (type !== 'object') return node.value as unknown;
  const entries = new Map<string, unknown>();
  for (const { children: [name, value] = [] } of children) {
    if (name === undefined || value === undefined) continue;
    const key = String(name.value);
    const at = [...keys, key];
    if (entries.has(key))
      source.duplicates.push({ keys: at, line: source.positionOf(name.offset).line });
    entries.set(key, valueOf(value, source, at));
  }
  return Object.fromEntries(entries);
}

/** The first mistake of each line: later ones are mostly its consequences. */
function problemsOf(text: string, errors: readonly ParseError[]): SyntaxProblem[] {
  const end = text.trimEnd().length;
  if (end === 0) return [{ line: 1, column: 1, ...EMPTY }];
  const positionOf = lineIndex(text);
  const problems = new Map<number, SyntaxProblem>();
  for (const { error, offset, length } of errors) {
    if (problems.size === MAX_PROBLEMS) break;
    const position = positionOf(offset);
    const code = printParseErrorCode(error);
    const isAtEnd = offset >= end && length === 0 && !code.startsWith('Invalid');
    if (isAtEnd && problems.size > 0) break;
    if (problems.has(position.line)) continue;
    const isFirst = code === 'InvalidSymbol' && text.slice(0, offset).trim() === '';
    if (isFirst) return [{ ...position, ...NO_JSON }];
    const words = isAtEnd ? TOO_EARLY : wordsOf(code, text.slice(offset, offset + 1));
    problems.set(position.line, { ...position, ...words });
  }
  return [...problems.values()];
}

const EMPTY = { what: 'the file is empty', fix: 'Put { "mcpServers": { … } } in it.' };

const NO_JSON = {
  what: 'this is not JSON',
  fix: 'Put everything in { … }; a file in YAML or TOML needs a name that ends in .yaml or .toml.',
};

const TOO_EARLY = {
  what: 'the file ends too early',
  fix: 'Close every bracket and quote that was opened.',
};

const OPEN_STRING = {
  what: 'a string is not closed',
  fix: 'Close it with a double quote on the same line; write \\\\ for a backslash.',
};

const WRONG_ESCAPE = {
  what: 'a string has a backslash that is not a valid escape',
  fix: 'Write \\\\ for a backslash, as in "C:\\\\Users".',
};

const WRONG_NUMBER = {
  what: 'a number is not complete',
  fix: 'Write it with digits on both sides of the point, or as a string in double quotes.',
};

const NO_VALUE = {
  what: 'a value is missing',
  fix: 'Write a string in double quotes, a number, true, false, an object or an array.',
};

const NO_KEY = { what: 'a key is missing', fix: 'Write the key in double quotes.' };

const missingComma = (close: string) => ({
  what: `a comma or ${close} is missing`,
  fix: `Put a comma between two entries, or ${close} after the last.`,
});

/** By the names that jsonc-parser gives its errors. */
const WORDS: Readonly<Record<string, Problem>> = {
  InvalidNumberFormat: WRONG_NUMBER,
  UnexpectedEndOfNumber: WRONG_NUMBER,
  PropertyNameExpected: NO_KEY,
  ValueExpected: NO_VALUE,
  ColonExpected: {
    what: 'a colon is missing',
    fix: 'Put a colon between the key and its value.',
  },
  CommaExpected: missingComma('a closing bracket'),
  CloseBraceExpected: missingComma('}'),
  CloseBracketExpected: missingComma(']'),
  EndOfFileExpected: {
    what: 'there is text after the end of the JSON',
    fix: 'Remove it, or correct the brackets before it.',
  },
  UnexpectedEndOfComment: { what: 'a comment is not closed', fix: 'Close it with */.' },
  UnexpectedEndOfString: OPEN_STRING,
  InvalidUnicode: WRONG_ESCAPE,
  InvalidEscapeCharacter: WRONG_ESCAPE,
  InvalidCharacter: {
    what: 'a string holds a control character, such as a tab',
    fix: 'Write it as an escape, such as \\t.',
  },
};

function wordsOf(code: string, first: string): Problem {
  return code === 'InvalidSymbol' ? symbolWords(first) : (WORDS[code] ?? NO_VALUE);
}

const CURLY_QUOTES = /[\u2018-\u201f]/u;
/** White space that is not JSON's, and invisible characters, as in text from a web page. */
const INVISIBLE = /[\s\p{Cf}]/u;

function symbolWords(first: string): Problem {
  if (first === '#') return { what: 'there is a "#"', fix: 'Write comments with //.' };
  if (INVISIBLE.test(first)) {
    const code = (first.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const what = `there is an invisible character (U+${code})`;
    return { what, fix: 'Remove it, or write a plain space.' };
  }
  const quote = CURLY_QUOTES.test(first) ? 'there is a curly quote' : undefined;
  const word = first === "'" ? 'there is a single quote' : 'there is a word without quotes';
  return { what: quote ?? word, fix: 'Write keys and text in double quotes.' };
}

type PositionOf = (offset: number) => { line: number; column: number };

/** Finds lines by halving: a text may have as many mistakes as lines. */
function lineIndex(text: string): PositionOf {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
