// The requests a process has sent and its client has not answered.
import { gistOf } from '../../shared/jsonrpc/gist.ts';
import { skipJunk } from '../../shared/jsonrpc/junk.ts';
import { textAt } from '../../shared/jsonrpc/members.ts';
import { scanMessage } from '../../shared/jsonrpc/scan.ts';
import type { StreamId } from '../../shared/ids.ts';
import { RareMap } from '../../shared/rare-map.ts';

/** Most questions that may wait for the client's answer; servers ask one at a time. */
const MAX_ASKED = 64;

export class Questions {
  /** The streams they went out on, by their raw ids. */
  readonly #asked = new RareMap<string, string>();

  get isFull(): boolean {
    return this.#asked.size >= MAX_ASKED;
  }

  ask(id: string, stream: StreamId): void {
    this.#asked.set(id, stream);
  }

  /** The stream of a question that is answered or taken back; undefined when there is none with this raw id. */
  answered(id: string): string | undefined {
    const stream = this.#asked.get(id);
    this.#asked.delete(id);
    return stream;
  }

  /** Takes the only question, which is no longer open; returns its raw id. */
  takeOnly(): string | undefined {
    const [only, second] = this.#asked.keys();
    if (only === undefined || second !== undefined) return undefined;
    this.#asked.delete(only);
    return only;
  }

  /** Takes the questions that a client's refused message was meant to answer, which are no longer open; returns their raw ids. */
  takeAnswered(message: Uint8Array): string[] {
    if (this.#asked.size === 0) return [];
    const scan = scanMessage(message);
    if (!scan.ok) return this.#takeMeant(message);
    const envelopes = scan.kind === 'single' ? [scan.envelope] : scan.messages;
    return envelopes.flatMap(({ kind, id }) => {
      const isAnswer = kind === 'result' || kind === 'error';
      const raw = isAnswer && id ? textAt(message, id) : undefined;
      return raw !== undefined && this.#asked.delete(raw) ? [raw] : [];
    });
  }

  /** For a text that is not a message: the question whose id it has or, without an id, the only one. */
  #takeMeant(message: Uint8Array): string[] {
    const { kind, rawId } = gistOf(message.subarray(skipJunk(message)));
    if (kind !== 'answer') return [];
    if (rawId !== undefined) return this.#asked.delete(rawId) ? [rawId] : [];
    const only = this.takeOnly();
    return only === undefined ? [] : [only];
  }
}
