// Removes known secrets from text that a process wrote, or that is about its start (F-45). The secrets are the values that its
// config and the runner's environment gave it, and the runner's token. They are found as they are, and as URLs, JSON and base64
// spell them.
import { Buffer } from 'node:buffer';
import { cleanText } from './clean-text.ts';

/** What stands in a secret's place. */
export const REDACTED = '[redacted]';

/** Shorter values are words such as "true" or "en_US": replacing them would only garble what is logged. */
const SHORTEST_SECRET_CHARS = 6;

/** Base64 of less is as short as a word, and a short value's middle could stand in any text. */
const SHORTEST_ENCODED_BYTES = 9;

/** A cut that leaves this much of a secret's beginning gives too much of it away. */
const SHORTEST_BEGINNING_CHARS = 4;

/** True if a value is long enough to be taken out. */
export const isRedactable = (value: string): boolean =>
  value.trim().length >= SHORTEST_SECRET_CHARS;

/** The secrets of one process. */
export class Redaction {
  /** Longest first, so that none is left in part because a shorter one stands inside it. */
  readonly #secrets: readonly string[];

  constructor(values: Iterable<string>) {
    // A key of several lines is logged line by line, and without its control characters.
    const lines = [...values].flatMap((value) => [
      ...value.split(/\r?\n/u).map(cleanText),
      ...encodedForms(value),
    ]);
    const secrets = new Set(lines.map((line) => line.trim()));
    this.#secrets = [...secrets]
      .filter(isRedactable)
      .toSorted((left, right) => right.length - left.length);
  }

  /** One cleaned line without the secrets. `isCut` says that its end is missing, perhaps amid a secret. */
  apply(line: string, isCut: boolean): string {
    let text = line;
    for (const secret of this.#secrets) text = text.replaceAll(secret, REDACTED);
    const beginning = isCut ? this.#longestBeginningAtEnd(text) : 0;
    return beginning === 0 ? text : text.slice(0, -beginning) + REDACTED;
  }

  /** Bytes that a process printed, as text of one line: cleaned and without the secrets. `isCut` as in {@link apply}. */
  quote(bytes: Uint8Array, isCut: boolean): string {
    return this.apply(cleanText(new TextDecoder().decode(bytes)), isCut);
  }

  #longestBeginningAtEnd(text: string): number {
    let longest = 0;
    for (const secret of this.#secrets) {
      for (let chars = secret.length - 1; chars >= SHORTEST_BEGINNING_CHARS; chars -= 1) {
        if (chars <= longest) break;
        if (text.endsWith(secret.slice(0, chars))) longest = chars;
      }
    }
    return longest;
  }
}

/** The forms in which programs print a value they were given: in a URL, in JSON, in a Basic or Bearer header. */
function encodedForms(value: string): string[] {
  const secret = value.trim();
  if (!isRedactable(secret)) return [];
  const url = encodeURIComponent(secret.toWellFormed());
  const json = JSON.stringify(secret).slice(1, -1);
  return [url, json, ...base64Forms(secret)];
}

/**
 * What is the same in the base64 of every text that holds `secret`: it has one of three forms, by where it begins, and the
 * characters at its ends belong to its neighbours too (RFC 4648 §4, §5).
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length < SHORTEST_ENCODED_BYTES) return [];
  const forms = [0, 1, 2].map((shift) => {
    const start = (3 - shift) % 3;
    const whole = Math.floor((bytes.length - start) / 3) * 3;
    return bytes.subarray(start, start + whole).toString('base64');
  });
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}
