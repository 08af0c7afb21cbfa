// Turns what the schema found into problems a person can act on.
import type * as v from 'valibot';
import { nearestWord, settingPath } from './problem.ts';

type Keys = readonly (string | number)[];
type Found = { path: string; what: string; fix: string };

/** Longest value repeated in a message. */
const SHOWN_CHARS = 40;

/**
 * The problem behind one issue. `at` is where the checked value stands in the file and `known` are the
 * names allowed beside an unknown one. Values are shown only under `bridge`, where no secret belongs.
 */
export function readIssue(issue: v.BaseIssue<unknown>, at: Keys, known: Iterable<string>): Found {
  const keys = [...at, ...(issue.path ?? []).map((item) => item.key as string | number)];
  const path = settingPath(keys);
  const last = String(keys.at(-1) ?? '');
  if (issue.expected === 'never') return { path, ...unknownName(last, known) };
  if (issue.received === 'undefined' && issue.expected === `"${last}"`) {
    return { path, what: 'is missing', fix: missingAdvice(last, issue.path?.at(-1)?.input) };
  }
  const shown = keys.includes('bridge') ? shownValue(issue.input) : kindOf(issue.input);
  return { path, what: `is ${shown}, not ${issue.message}`, fix: `Give ${issue.message}.` };
}

/** A missing setting is often there under a misspelt name. */
function missingAdvice(name: string, place: unknown): string {
  const names = typeof place === 'object' && place !== null ? Object.keys(place) : [];
  const slip = names.find((other) => nearestWord(other, [name]) !== undefined);
  return slip === undefined ? 'Add it.' : `Rename "${slip}" to "${name}".`;
}

/** What to say about a name that means nothing here. */
export function unknownName(name: string, known: Iterable<string>): { what: string; fix: string } {
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

/** What a value is, in words that give nothing of it away. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === '') return 'empty';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
