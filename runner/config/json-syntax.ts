// Finds the first syntax error of a JSON text and says where it stands: the engine's own messages
// often name no position. Also finds a key that occurs twice, which JSON.parse swallows.

/** Where a text stops being the JSON a person meant. `line` and `column` count from 1. */
export interface SyntaxFault {
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly fix: string;
}

/** No config is deeper than 6; a bound keeps a hostile file from exhausting the stack. */
const MAX_DEPTH = 64;

const SPACE = /[ \t\n\r]*/uy;
const STRING = /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/uy;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/uy;

/** The first fault of `text`, or undefined when it is JSON without duplicate keys. */
export function findSyntaxFault(text: string): SyntaxFault | undefined {
  const walk = new SyntaxWalk(text);
  walk.document();
  return walk.fault;
}

class SyntaxWalk {
  fault: SyntaxFault | undefined;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value(0);
    if (this.fault === undefined && this.#at < this.#text.length) {
      this.#fail(
        'there is text after the end of the JSON',
        'Remove it, or correct the brackets before it.',
      );
    }
  }

  #value(depth: number): void {
    this.#match(SPACE);
    const first = this.#text[this.#at];
    if (depth > MAX_DEPTH) this.#fail('the nesting is too deep', 'Remove the inner brackets.');
    else if (first === '{') this.#members('}', depth, new Set());
    else if (first === '[') this.#members(']', depth, undefined);
    else if (this.#match(STRING) === undefined && this.#match(SCALAR) === undefined) {
      this.#unexpected(
        'a value',
        'Write a string in double quotes, a number, true, false, an object or an array.',
      );
    }
    this.#match(SPACE);
  }

  /** The inside of an object (`keys` collects its names) or of an array (`keys` is undefined). */
  #members(close: '}' | ']', depth: number, keys: Set<string> | undefined): void {
    this.#at++;
    this.#match(SPACE);
    if (this.#take(close)) return;
    while (this.fault === undefined) {
      if (keys !== undefined) this.#key(keys);
      if (this.fault !== undefined) return;
      this.#value(depth + 1);
      if (this.fault !== undefined || this.#take(close)) return;
      const comma = this.#at;
      if (!this.#take(',')) {
        this.#unexpected(
          `a comma or ${close}`,
          `Put a comma between two entries, or ${close} after the last.`,
        );
        return;
      }
      this.#match(SPACE);
      if (this.#text[this.#at] === close) {
        this.#at = comma;
        this.#fail(`there is a comma before ${close}`, 'Remove the comma after the last entry.');
      }
    }
  }

  #key(keys: Set<string>): void {
    const start = this.#at;
    const raw = this.#match(STRING);
    if (raw === undefined) {
      this.#unexpected('a key', 'Write the key in double quotes.');
      return;
    }
    const key = String(JSON.parse(raw));
    if (keys.has(key)) {
      this.#at = start;
      this.#fail(
        `the key ${JSON.stringify(key)} occurs twice in one object`,
        'Rename or remove one of the two.',
      );
      return;
    }
    keys.add(key);
    this.#match(SPACE);
    if (!this.#take(':')) this.#unexpected('a colon', 'Put a colon between the key and its value.');
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #unexpected(wanted: string, fix: string): void {
    const rest = this.#text.slice(this.#at, this.#at + 2);
    if (rest === '') {
      this.#fail('the file ends too early', 'Close every bracket and quote that was opened.');
    } else if (rest === '//' || rest === '/*') {
      this.#fail('there is a comment', 'Remove it: JSON has no comments.');
    } else if (rest.startsWith('"') && !this.#isAtString()) {
      const advice = 'Close it with a double quote on the same line; write \\\\ for a backslash.';
      this.#fail('a string is not closed or holds a wrong escape', advice);
    } else this.#fail(`${wanted} is missing`, fix);
  }

  #isAtString(): boolean {
    STRING.lastIndex = this.#at;
    return STRING.test(this.#text);
  }

  #fail(what: string, fix: string): void {
    const before = this.#text.slice(0, this.#at).split('\n');
    this.fault ??= { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, what, fix };
  }
}
