// Turns what the schema found into problems a person can act on.
import type * as v from 'valibot';
import type { Problem } from '../../shared/problem.ts';
import { type ConfigNote, type Keys, nearestWord } from './problem.ts';

/** Longest value repeated in a message. */
const SHOWN_CHARS = 40;

/**
 * The problem behind one issue, and the keys that lead to it. `at` is the place of the checked value, and `known` are the
 * names that are allowed there. Values are shown only in a `bridge` block, where no secret belongs.
 */
export function readIssue(
  issue: v.BaseIssue<unknown>,
  at: Keys,
  known: Iterable<string>,
): ConfigNote {
  const keys = [...at, ...(issue.path ?? []).map((item) => item.key as string | number)];
  const last = String(keys.at(-1) ?? '');
  if (issue.expected === 'never') return { keys, ...unknownName(last, known) };
  if (issue.received === 'undefined' && issue.expected === `"${last}"`) {
    return {
      keys,
      what: 'is missing',
      fix: missingAdvice(last, namesIn(issue.path?.at(-1)?.input)),
    };
  }
  const shown = keys[0] === 'bridge' ? shownValue(issue.input) : kindOf(issue.input);
  return { keys, what: `is ${shown}, not ${issue.message}`, fix: `Give ${issue.message}.` };
}

const namesIn = (place: unknown): string[] =>
  typeof place === 'object' && place !== null ? Object.keys(place) : [];

/** A missing setting is often there under a misspelt name. */
export function missingAdvice(name: string, names: readonly string[]): string {
  const slip = names.find((other) => nearestWord(other, [name]) !== undefined);
  return slip === undefined ? 'Add it.' : `Rename "${slip}" to "${name}".`;
}

/** What to say about a name that means nothing here. */
export function unknownName(name: string, known: Iterable<string>): Problem {
  const names = [...known];
  const near = nearestWord(name, names);
  return {
    what: 'is not a setting',
    fix:
      near === undefined
        ? `Remove it; the settings here are ${names.join(', ')}.`
        : `Did you mean "${near}"?`,
  };
}

function shownValue(value: unknown): string {
  const isPlain =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (!isPlain) return kindOf(value);
  const text = JSON.stringify(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

/** What kind of value it is, in words that reveal nothing of it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === '') return 'empty';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
