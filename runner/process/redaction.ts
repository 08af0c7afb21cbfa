// Takes known secrets out of text that a process wrote (F-45): the values of its configured variables
// and the runner's token. Encoded forms (base64, URL or JSON escapes) are other texts and stay.
import { cleanText } from './clean-text.ts';

/** What stands in a secret's place. */
export const REDACTED = '[redacted]';

/** Shorter values are words such as "true" or "en_US": replacing them would only garble what is logged. */
const SHORTEST_SECRET_CHARS = 8;

/** A cut that leaves this much of a secret's beginning gives too much of it away. */
const SHORTEST_BEGINNING_CHARS = 4;

/** The secrets of one process. */
export class Redaction {
  /** Longest first, so that none is left in part because a shorter one stands inside it. */
  readonly #secrets: readonly string[];

  constructor(values: Iterable<string>) {
    // A key of several lines is logged line by line, and without its control characters.
    const lines = [...values].flatMap((value) => value.split(/\r?\n/u)).map(cleanText);
    const secrets = new Set(lines.map((line) => line.trim()));
    this.#secrets = [...secrets]
      .filter((secret) => secret.length >= SHORTEST_SECRET_CHARS)
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
