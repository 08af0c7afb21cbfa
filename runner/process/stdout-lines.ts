// The lines of one process's output: cut, joined and passed over step by step, so that nobody waits for a large one, and judged by
// how much of it is no message.
import { type LineItem, type LineJoin, LineSplitter } from '../../shared/jsonrpc/lines.ts';
import { Skim, SKIMMED_BYTES } from '../../shared/jsonrpc/skim.ts';
import { looksLikeMessage, NoiseBudget } from '../core/noise-budget.ts';
import { CommonShare, OutputShare } from '../core/output-share.ts';
import { roomForLine } from './large-line-memory.ts';
import type { PipeReader } from './paced-pipe.ts';

/** What the processes of this runner share of its time. */
const commonShare = new CommonShare();

/** The share of one process. */
export const newOutputShare = (): OutputShare => new OutputShare(commonShare);

export interface StdoutLinesOptions {
  readonly maxLineBytes: number;
  readonly share: OutputShare;
  /** One line without its line break. May be a view of a larger buffer. */
  onLine(bytes: Uint8Array): void;
  /** A line above `maxLineBytes` was dropped. */
  onOverlong(bytes: number): void;
  /** Too much of it is no message. */
  onNoise(): void;
}

export class StdoutLines implements PipeReader {
  readonly #options: StdoutLinesOptions;
  readonly #splitter: LineSplitter;
  /** The large line whose last bytes are being joined, and that is then passed over before it is delivered. */
  #join: LineJoin | undefined;
  #skim: Skim | undefined;
  readonly #noise = new NoiseBudget();
  /** What was read since the last message. */
  #noiseFrom = { bytes: 0, lines: 0 };
  #isClosed = false;
  #printedAt = 0;

  constructor(options: StdoutLinesOptions) {
    this.#options = options;
    this.#splitter = new LineSplitter(options.maxLineBytes, SKIMMED_BYTES, roomForLine);
  }

  get isAmidLine(): boolean {
    return (this.#join ?? this.#skim) !== undefined;
  }

  /** When something came last, as `performance.now()` says it. */
  get printedAt(): number {
    return this.#printedAt;
  }

  push(chunk: Uint8Array): void {
    this.#printedAt = performance.now();
    this.#splitter.push(chunk);
    this.#noiseFrom.bytes += chunk.length;
  }

  step(): boolean {
    if (this.#isClosed) return false;
    if (this.#join) return this.#stepJoin(this.#join);
    if (this.#skim) return this.#stepSkim(this.#skim);
    const item = this.#splitter.next();
    if (item === undefined) {
      // What has come of a large line is put together before more of it is read.
      if (this.#splitter.long?.step() === true) return true;
      this.#judgeNoise();
      return false;
    }
    if (item.type === 'long') this.#join = item.join;
    else if (item.type === 'line') this.#takeLine(item.bytes);
    else this.#deliver(item);
    return true;
  }

  /** The flow has ended: what is left of it is its last line. Nothing is delivered any more. */
  close(): void {
    const rest = this.#splitter.flush();
    if (rest) this.#deliver(rest);
    this.#isClosed = true;
  }

  #stepJoin(join: LineJoin): true {
    if (join.step()) return true;
    this.#join = undefined;
    this.#takeLine(join.whole());
    return true;
  }

  #takeLine(line: Uint8Array): void {
    if (looksLikeMessage(line)) {
      this.#options.share.stdout.messagePassed();
      this.#noise.clear();
      this.#noiseFrom = { bytes: 0, lines: this.#splitter.lineBreaks };
    }
    if (line.length >= SKIMMED_BYTES) this.#skim = new Skim(line, this.#options.maxLineBytes);
    else this.#deliver({ type: 'line', bytes: line });
  }

  #stepSkim(skim: Skim): true {
    if (skim.step()) return true;
    this.#skim = undefined;
    const { line, overlongBytes } = skim;
    if (overlongBytes === undefined) this.#deliver({ type: 'line', bytes: line });
    else this.#deliver({ type: 'overlong', bytes: overlongBytes });
    return true;
  }

  /** At the end of each chunk. */
  #judgeNoise(): void {
    const { bytes, lines } = this.#noiseFrom;
    const { lineBreaks } = this.#splitter;
    this.#noiseFrom = { bytes: 0, lines: lineBreaks };
    // What belongs to a line that is not whole yet may become a message.
    if (lineBreaks > lines) this.#options.share.stdout.noise(bytes);
    if (this.#noise.isTooMuch(bytes, lineBreaks - lines, performance.now()))
      this.#options.onNoise();
  }

  #deliver(item: LineItem): void {
    if (item.type === 'overlong') this.#options.onOverlong(item.bytes);
    else this.#options.onLine(item.type === 'line' ? item.bytes : item.join.whole());
  }
}
