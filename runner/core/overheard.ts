// What a process printed before its first answer, so that the error for a failed start can quote it.

/** Longest part of a line that is shown. */
const SHOWN_BYTES = 200;

/** The Language Server Protocol's framing (LSP 3.17, "Header Part"), which servers for MCP are sometimes written with. */
const FRAMING = /^content-length: *\d+\s*$/iu;
const FRAMING_BYTES = 64;

/** Completes "the server process …". */
export const FRAMED_WORDS =
  'frames its messages with Content-Length headers, as the Language Server Protocol does; an MCP server prints each message on a line of its own';

/** Prepares what a process printed for a person to read: cleaned and without secrets. `isCut`: there was more. */
export type Quote = (bytes: Uint8Array, isCut: boolean) => string;

const decoder = new TextDecoder();

/** Whether a line is a header of that framing. */
export const isFraming = (line: Uint8Array): boolean =>
  line.length <= FRAMING_BYTES && FRAMING.test(decoder.decode(line));

export class Overheard {
  readonly #quote: Quote;
  #first: { readonly bytes: Uint8Array; readonly isCut: boolean } | undefined;
  #lines = 0;
  #isFramed = false;

  constructor(quote: Quote) {
    this.#quote = quote;
  }

  /** A line that is not a message. */
  note(line: Uint8Array): void {
    this.#isFramed ||= isFraming(line);
    this.#lines++;
    this.#first ??= {
      bytes: line.slice(0, SHOWN_BYTES),
      isCut: line.length > SHOWN_BYTES,
    };
  }

  get isFramed(): boolean {
    return this.#isFramed;
  }

  /** The description of a failed start with what the process printed; `description` completes "the server process …". */
  added(description: string): string {
    if (this.#isFramed) return FRAMED_WORDS;
    if (!this.#first) return description;
    const { bytes, isCut } = this.#first;
    const text = this.#quote(bytes, isCut).trim();
    if (text === '') return description;
    const more = this.#lines > 1 ? ` and ${String(this.#lines - 1)} more` : '';
    return `${description}; on stdout it printed "${text}${isCut ? '…' : ''}"${more}`;
  }
}
