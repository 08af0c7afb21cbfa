// The text of an event stream, whose lines may end in three ways (HTML, "Server-sent events", "Parsing an event stream"), with one end
// of line for all: what reads it on would otherwise look for each of them in all that is left.

const CR = 0x0d;
const LF = 0x0a;

export class EventText {
  readonly #decoder = new TextDecoder();
  #endedInCr = false;

  /** The text of the next bytes; a code point that they cut comes with those behind. */
  of(chunk: Uint8Array): string {
    return this.#decoder.decode(this.#withLineFeeds(chunk), { stream: true });
  }

  #withLineFeeds(chunk: Uint8Array): Uint8Array {
    if (!this.#endedInCr && !chunk.includes(CR)) return chunk;
    const bytes = new Uint8Array(chunk.length);
    let length = 0;
    let wasCr = this.#endedInCr;
    for (const byte of chunk) {
      // The second half of a pair ends no other line.
      if (byte !== LF || !wasCr) bytes[length++] = byte === CR ? LF : byte;
      wasCr = byte === CR;
    }
    this.#endedInCr = wasCr;
    return bytes.subarray(0, length);
  }
}
