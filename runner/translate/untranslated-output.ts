// What a process prints before its era is known: the session gets every line unchanged, except the answer to `initialize`, which
// is looked for in it.
import { scanLine } from '../../shared/jsonrpc/scan.ts';
import { ProcessText } from '../core/process-text.ts';
import { readMessages, viewOf, type MessageView } from '../../shared/jsonrpc/view.ts';

interface Parts {
  /** A line that is no single message. */
  readonly pass: (line: Uint8Array) => void;
  readonly message: (message: MessageView, now: number) => void;
}

export class UntranslatedOutput {
  readonly #parts: Parts;
  /** Finds messages in lines that are not quite messages, and may go on. */
  readonly #text = new ProcessText();
  /** The lines of an unfinished text. */
  #pieces: Uint8Array[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  line(line: Uint8Array, now: number): void {
    const { pass, message } = this.#parts;
    const read = readMessages(line, scanLine);
    if (read.ok) {
      if (this.#text.interrupted().length > 0) this.#passPieces();
      const [only] = read.isBatch ? [] : read.messages;
      return only ? message(only, now) : pass(line);
    }
    const heard = this.#text.line(line, now);
    this.#pieces.push(line.slice());
    // The rest of it may still come.
    if (heard.length === 0) return;
    const messages = heard.filter((said) => said.kind === 'message');
    if (messages.length === 0) this.#passPieces();
    this.#pieces = [];
    for (const { bytes, envelope } of messages) message(viewOf(bytes, envelope), now);
  }

  /** Nothing more comes of an unfinished text. Call at or after {@link wakeAt}. */
  tick(now: number): void {
    if (this.#text.tick(now).length > 0) this.#passPieces();
  }

  get wakeAt(): number | undefined {
    return this.#text.wakeAt;
  }

  #passPieces(): void {
    for (const piece of this.#pieces) this.#parts.pass(piece);
    this.#pieces = [];
  }
}
