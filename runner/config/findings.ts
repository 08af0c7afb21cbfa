// Collects the mistakes in one part of a config file (the whole file, or one server), each with its place.
import type * as v from 'valibot';
import { readIssue } from './issues.ts';
import { type ConfigProblem, type Keys, settingPath } from './problem.ts';

export class Findings {
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly #file: string;
  readonly #at: Keys;

  /** All findings are below `at`. */
  constructor(file: string, at: Keys = []) {
    this.#file = file;
    this.#at = at;
  }

  problem(keys: Keys, what: string, fix: string): void {
    this.problems.push(this.#found(keys, what, fix));
  }

  warning(keys: Keys, what: string, fix: string): void {
    this.warnings.push(this.#found(keys, what, fix));
  }

  /** What the schema found in the value at `keys`. */
  issue(issue: v.BaseIssue<unknown>, keys: Keys, known: readonly string[]): void {
    const note = readIssue(issue, keys, known);
    this.problem(note.keys, note.what, note.fix);
  }

  #found(keys: Keys, what: string, fix: string): ConfigProblem {
    return { file: this.#file, path: settingPath([...this.#at, ...keys]), what, fix };
  }
}
