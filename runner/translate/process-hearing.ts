// What a translator hears of one process: proper messages, those that could be mended, and in place of an answer that nobody can
// use an error in its name, so that whoever waits for it goes on at once.
import { FRAMED_WORDS, Overheard, type Quote } from '../core/overheard.ts';
import { Hearing, unusable, type Failed, type Owed } from '../core/hearing.ts';
import { earliest } from '../core/earliest.ts';
import { ProcessText, type Heard } from '../core/process-text.ts';
import { faultError } from '../../shared/fault.ts';
import { textAt, withMembers } from '../../shared/jsonrpc/members.ts';
import { errorResponse } from '../../shared/jsonrpc/message.ts';
import { scanLine, type Envelope } from '../../shared/jsonrpc/scan.ts';
import { integerOf } from '../../shared/jsonrpc/numbers.ts';

/** One message, with nothing but blanks beside it. */
export interface HeardMessage {
  readonly bytes: Uint8Array;
  readonly envelope: Envelope;
}

/** Takes note of what is dropped. */
type Drop = (words: string, fields: object, now: number) => void;

export class ProcessHearing {
  readonly #owed: Owed;
  readonly #drop: Drop;
  readonly #text = new ProcessText();
  readonly #hearing: Hearing;
  readonly #overheard: Overheard;
  #hasAnswered = false;

  constructor(parts: { readonly owed: Owed; readonly drop: Drop; readonly quote: Quote }) {
    this.#owed = parts.owed;
    this.#drop = parts.drop;
    this.#hearing = new Hearing(parts.owed);
    this.#overheard = new Overheard(parts.quote);
  }

  /** The messages of one line of the process. */
  line(line: Uint8Array, now: number): HeardMessage[] {
    const scan = scanLine(line);
    if (scan.ok) {
      const messages =
        scan.shape === 'single'
          ? [this.#message(line, scan.envelope, now)]
          : scan.messages.map((envelope) => this.#part(line, envelope, now));
      const open = this.#text.interrupted();
      return open.length === 0 ? messages : [...messages, ...this.#messages(open, now)];
    }
    const heard = this.#text.line(line, now);
    if (!this.#hasAnswered && heard.some(({ is }) => is !== 'message')) this.#note(line, now);
    return this.#messages(heard, now);
  }

  /** What became certain by waiting. Call at or after {@link wakeAt}. */
  tick(now: number): HeardMessage[] {
    const heard = this.#messages(this.#text.tick(now), now);
    return [...heard, ...this.#hearing.due(now).map(errorOf)];
  }

  get wakeAt(): number | undefined {
    return earliest([this.#text.wakeAt, this.#hearing.wakeAt]);
  }

  /** A notification was written to the process. */
  notified(now: number): void {
    this.#hearing.notified(now);
  }

  /** The description of a start that failed, with what was heard instead of an answer. */
  added(description: string): string {
    return this.#hasAnswered ? description : this.#overheard.added(description);
  }

  #note(line: Uint8Array, now: number): void {
    this.#overheard.note(line);
    if (this.#overheard.isFramed) this.#hearing.hopeless(FRAMED_WORDS, now);
  }

  #messages(heard: readonly Heard[], now: number): HeardMessage[] {
    return heard.flatMap((said) => {
      if (said.is === 'message') return [this.#message(said.bytes, said.envelope, now)];
      const { reason } = said;
      if (said.is === 'noise') {
        this.#drop('a line on stdout is not a JSON-RPC message', { reason }, now);
        return [];
      }
      this.#drop('an answer on stdout cannot be read', { reason }, now);
      const failed = this.#hearing.broken(said, now);
      return failed ? [errorOf(failed)] : [];
    });
  }

  /** One message of a batch. */
  #part(line: Uint8Array, { start, end }: Envelope, now: number): HeardMessage {
    const bytes = line.subarray(start, end);
    return this.#message(bytes, envelopeOf(bytes), now);
  }

  #message(bytes: Uint8Array, envelope: Envelope, now: number): HeardMessage {
    const { kind, id, progressToken } = envelope;
    if (kind === 'result' || kind === 'error') {
      const number = id && integerOf(textAt(bytes, id));
      // That a method is unknown says nothing of whether it can be spoken with.
      if (kind === 'result') this.#hasAnswered = true;
      if (number !== undefined && this.#owed.has(number)) {
        this.#hearing.answered(number, envelope.end - envelope.start);
      } else this.#hearing.stray(bytes, envelope, now);
    } else if (progressToken && kind === 'notification') {
      const token = integerOf(textAt(bytes, progressToken));
      if (token !== undefined) this.#hearing.alive(token);
    }
    return { bytes, envelope };
  }
}

/** The error that stands in the place of an answer. */
function errorOf({ id, reason, error }: Failed): HeardMessage {
  const bytes = error
    ? withMembers(error, { and: { id: String(id) } })
    : new TextEncoder().encode(errorResponse(String(id), faultError(unusable(reason))));
  return { bytes, envelope: envelopeOf(bytes) };
}

/** Of bytes that hold one scanned message. */
function envelopeOf(bytes: Uint8Array): Envelope {
  const scan = scanLine(bytes);
  if (!scan.ok || scan.shape !== 'single') throw new Error('this was scanned before');
  return scan.envelope;
}
