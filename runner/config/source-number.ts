// Numbers of a config file that must keep their spelling: to a process, an account id of 20 digits in `env` is text.

/** A number whose digits differ from what JavaScript would print. */
export class SourceNumber {
  readonly value: number;
  readonly text: string;

  constructor(value: number, text: string) {
    this.value = value;
    this.text = text;
  }
}

/** The number itself if printing it gives back `text`. */
export const numberWithText = (value: number, text: string): number | SourceNumber =>
  String(value) === text ? value : new SourceNumber(value, text);

/** A text, number or boolean as text, as it is written in the file; undefined for anything else. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof SourceNumber) return value.text;
  const isPlain =
    typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint';
  return isPlain ? String(value) : undefined;
}

/** The value with plain numbers throughout, as settings need them. */
export function plainNumbers(value: unknown): unknown {
  if (value instanceof SourceNumber) return value.value;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, plainNumbers(inner)]),
  );
}
