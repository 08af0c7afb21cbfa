// What a translator hears from one process: proper messages, mended ones and, in place of an answer that cannot be used, an
// error, so that its call ends at once.
import { FRAMED_WORDS, Overheard, type Quote } from '../core/overheard.ts';
import { Hearing, unusable, type Failed, type Owed } from '../core/hearing.ts';
import { earlier } from '../../shared/dues.ts';
import { ProcessText, type Heard } from '../core/process-text.ts';
import { faultError } from '../../shared/fault.ts';
import { withMembers } from '../../shared/jsonrpc/members.ts';
import { errorResponse } from '../../shared/jsonrpc/message.ts';
import { scanLine } from '../../shared/jsonrpc/scan.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import { readMessages, viewOf, type MessageView } from '../../shared/jsonrpc/view.ts';
import { ownMessage, progressTokenOf } from './message.ts';

/** Takes note of what is dropped. */
type Drop = (words: string, fields: object, now: number) => void;

export class ProcessHearing {
  readonly #owed: Owed;
  readonly #drop: Drop;
  readonly #text = new ProcessText();
  readonly #hearing: Hearing;
  readonly #overheard: Overheard;
  readonly #hidesErrors: boolean;
  #hasAnswered = false;

  /** `hidesErrors`: an error that names no request is not shown to whom it may be for. */
  constructor(parts: {
    readonly owed: Owed;
    readonly drop: Drop;
    readonly quote: Quote;
    readonly hidesErrors?: boolean;
  }) {
    this.#owed = parts.owed;
    this.#drop = parts.drop;
    this.#hearing = new Hearing(parts.owed);
    this.#overheard = new Overheard(parts.quote);
    this.#hidesErrors = parts.hidesErrors ?? false;
  }

  /** {@link line} or {@link message}. */
  said(said: Uint8Array | MessageView, now: number): MessageView[] {
    return said instanceof Uint8Array ? this.line(said, now) : this.message(said, now);
  }

  /** The messages of one line of the process. */
  line(line: Uint8Array, now: number): MessageView[] {
    const read = readMessages(line, scanLine);
    if (read.ok) {
      for (const message of read.messages) this.#heed(message, now);
      const open = this.#text.interrupted();
      return open.length === 0
        ? [...read.messages]
        : [...read.messages, ...this.#messages(open, now)];
    }
    const heard = this.#text.line(line, now);
    if (!this.#hasAnswered && heard.some(({ kind }) => kind !== 'message')) this.#note(line, now);
    return this.#messages(heard, now);
  }

  /** A message that was scanned where it was heard, and what was unfinished before it. */
  message(message: MessageView, now: number): MessageView[] {
    this.#heed(message, now);
    return [message, ...this.#messages(this.#text.interrupted(), now)];
  }

  /** Decides what has become certain by waiting. Call at or after {@link wakeAt}. */
  tick(now: number): MessageView[] {
    const heard = this.#messages(this.#text.tick(now), now);
    return [...heard, ...this.#hearing.due(now).map((failed) => this.#errorOf(failed))];
  }

  get wakeAt(): number | undefined {
    return earlier(this.#text.wakeAt, this.#hearing.wakeAt);
  }

  /** A notification was written to the process. */
  notified(now: number): void {
    this.#hearing.notified(now);
  }

  /** The description of a failed start, with what was printed instead of an answer. */
  added(description: string): string {
    return this.#hasAnswered ? description : this.#overheard.added(description);
  }

  #note(line: Uint8Array, now: number): void {
    this.#overheard.note(line);
    if (this.#overheard.isFramed) this.#hearing.hopeless(FRAMED_WORDS, now);
  }

  #messages(heard: readonly Heard[], now: number): MessageView[] {
    return heard.flatMap((said) => {
      if (said.kind === 'message') {
        const message = viewOf(said.bytes, said.envelope);
        this.#heed(message, now);
        return [message];
      }
      const { reason } = said;
      if (said.kind === 'noise') {
        this.#drop('a line on stdout is not a JSON-RPC message', { reason }, now);
        return [];
      }
      this.#drop('an answer on stdout cannot be read', { reason }, now);
      const failed = this.#hearing.broken(said, now);
      return failed ? [this.#errorOf(failed)] : [];
    });
  }

  /** Notes what a message says of the requests that are not answered. */
  #heed(message: MessageView, now: number): void {
    if (message.isAnswer) {
      const id = bridgeIdOf(message.id);
      // An unknown method does not mean that the process cannot be talked to.
      if (message.kind === 'result') this.#hasAnswered = true;
      if (id !== undefined && this.#owed.has(id)) {
        this.#hearing.answered(id, message.bytes.length);
      } else this.#hearing.stray(message, now);
    } else if (message.kind === 'notification') {
      const token = progressTokenOf(message);
      if (token !== undefined) this.#hearing.alive(token);
    }
  }

  /** The error in place of an answer. */
  #errorOf({ id, reason, error }: Failed): MessageView {
    return ownMessage(
      error && !this.#hidesErrors
        ? withMembers(error, { and: { id: String(id) } })
        : errorResponse(String(id), faultError(unusable(reason))),
    );
  }
}
