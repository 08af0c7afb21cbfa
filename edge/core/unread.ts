// What a client has yet to read of its stream: text in the order in which it is given to the network, and what is written only to see
// whether the client lives. Pure: the host gives it to the network, and says when that has taken everything.
import { piecesOf, type Text } from '../../shared/bytes.ts';
import { livenessPing } from '../../shared/mcp/liveness.ts';
import { encodeComment, encodeEvent } from '../../shared/sse/encode.ts';

const KEEP_ALIVE = encodeComment('keep-alive');

const notAtOnce = (): boolean => false;

/** Given to the network at a time; a larger piece goes alone. Encoding it takes a fraction of a millisecond. */
const GIVEN_CHARS = 64 * 1024;

export class Unread {
  /** In the pieces in which it came; `seq`: of the event that ends there. */
  readonly #queue: { readonly text: string; readonly seq?: number | undefined }[] = [];
  #given = 0;
  #isFinished = false;

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Nothing more will be written. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** The last event of which all was given to the network. */
  get given(): number {
    return this.#given;
  }

  /** `seq`: the event that the text is the whole of. */
  write(text: Text, seq?: number): void {
    const pieces = piecesOf(text);
    for (const [at, piece] of pieces.entries())
      this.#queue.push({ text: piece, seq: at === pieces.length - 1 ? seq : undefined });
  }

  /**
   * A comment, unless the client has not read everything yet; `isAwaited`: the network has taken everything, and asks for more. A
   * client that left without a word is noticed when something is written. `atOnce`: gives a text to the network past the queue, if that
   * can take it now.
   */
  keepAlive(isAwaited: boolean, atOnce: (text: string) => boolean = notAtOnce): void {
    if (this.isEmpty && isAwaited && !atOnce(KEEP_ALIVE)) this.write(KEEP_ALIVE);
  }

  /** Has the client show that it lives: by an answer if there is an `id`, else by taking what is written. */
  probe(id: string | undefined, isAwaited: boolean): void {
    if (id === undefined) this.keepAlive(isAwaited);
    else if (!this.#isFinished) this.write(encodeEvent({ data: livenessPing(id) }));
  }

  finish(): void {
    this.#isFinished = true;
  }

  /** What is there will not be read. */
  cut(): void {
    this.#queue.length = 0;
    this.#isFinished = true;
  }

  /** What is given to the network next; `written`: the stream's last event, of which nothing else waits. */
  take(written: number): string {
    let text = '';
    let count = 0;
    for (const next of this.#queue) {
      if (count > 0 && text.length + next.text.length > GIVEN_CHARS) break;
      text += next.text;
      count += 1;
      this.#given = next.seq ?? this.#given;
    }
    this.#queue.splice(0, count);
    if (this.isEmpty) this.#given = written;
    return text;
  }
}
