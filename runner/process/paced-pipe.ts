// Reads one output pipe of a process so that no other process and no link waits for it: one slice of work at a time, and no more of
// the runner's time than the process has earned (core/output-share.ts). The order is kept. Nothing is lost; it only comes later.
import type { Readable } from 'node:stream';
import type { PipeShare } from '../core/output-share.ts';

/** Others have their turn after this; a call passes the runner twice and should not notice. */
const SLICE_MS = 1;

/** Lines between two looks at the clock: each takes some tens of microseconds at most, but for large ones. */
const STEPS_PER_LOOK = 8;

/**
 * What a process wrote before its end lies in its pipe, which holds less and is read with less work: beyond this it is a
 * descendant that still writes. The work is measured by the processor's clock, as a crowded machine must not cut anything.
 */
const DRAIN_BYTES = 8 * 1024 * 1024;
const DRAIN_WORK_MS = 1_000;

/** What a pipe's bytes are for. */
export interface PipeReader {
  /** Takes a chunk; the last one has been worked off. */
  push(chunk: Uint8Array): void;
  /** Works off one line of it, or a step of a large one; false when nothing is left. */
  step(): boolean;
  /** A large line is being worked off. */
  readonly isAmidLine: boolean;
}

export interface PacedPipeOptions {
  readonly stream: Readable;
  readonly reader: PipeReader;
  readonly share: PipeShare;
  /** No more than this is read before the first `resume`, give or take a chunk. */
  readonly aheadBytes?: number | undefined;
}

/**
 * What this thread has used of a processor; where Node cannot tell, time. Linux brings a thread's account up to date at its
 * ticks, milliseconds apart, and most slices would cost nothing; asked for the whole process it does so at once.
 */
function processorMs(): number {
  process.cpuUsage();
  const used = process.threadCpuUsage?.();
  return used === undefined ? performance.now() : (used.user + used.system) / 1_000;
}

export class PacedPipe {
  readonly #stream: Readable;
  readonly #reader: PipeReader;
  readonly #share: PipeShare;
  #aheadBytes: number;
  /** A chunk is being worked off, or the process has to wait for its share. */
  #isBusy = false;
  #isWorking = false;
  #isPaused = false;
  #isClosing = false;
  #turn: NodeJS.Immediate | undefined;
  #rest: NodeJS.Timeout | undefined;
  /** Work since others last had their turn: a poll of the event loop reads many chunks of one pipe in a row. */
  #turnMs = 0;
  #isFinished = false;
  #bytesRead = 0;
  /** What was worked on the line that is not done yet. */
  #unspentMs = 0;
  /** Of an exited process: what was worked off since. */
  #drained = { bytes: 0, ms: 0 };
  /** Chunks behind the one at work: Node itself resumes the pipes of a process that exits. */
  #behind: Uint8Array[] = [];

  constructor({ stream, reader, share, aheadBytes = Infinity }: PacedPipeOptions) {
    this.#stream = stream;
    this.#reader = reader;
    this.#share = share;
    this.#aheadBytes = aheadBytes;
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  /** Whether the process may have to wait in its write: its output is not read at once. */
  get isHeldBack(): boolean {
    return this.#isPaused || this.#isBusy;
  }

  /** Nothing more is read or passed on before {@link resume}. */
  pause(): void {
    if (this.#isClosing) return;
    this.#isPaused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#aheadBytes = Infinity;
    this.#isPaused = false;
    this.#goOn();
  }

  /**
   * The process is gone: what its pipe held is read without pause, though not without turns. Resolves when the pipe was found
   * empty, so that all the process wrote has been passed on, or when so much came that a descendant must be writing.
   */
  drain(): Promise<void> {
    this.#isClosing = true;
    this.#stop();
    this.resume();
    // Not in the middle of a poll: this pipe's turn in it may have passed.
    return new Promise((resolve) => setImmediate(() => this.#lookForEnd(resolve)));
  }

  /** Works off what was read, at once, and reads no more. */
  finish(): void {
    this.#isFinished = true;
    this.#isClosing = true;
    this.#isPaused = false;
    this.#stop();
    this.#stream.removeAllListeners('data');
    while (this.#step());
    for (let chunk = this.#unread(); chunk !== null; chunk = this.#unread()) {
      this.#reader.push(chunk);
      while (this.#step());
    }
  }

  /** Between two immediates the event loop polls once: it then reads whatever a pipe that is being read holds. */
  #lookForEnd(found: () => void): void {
    const bytesBefore = this.#isReading ? this.#bytesRead : undefined;
    setImmediate(() => {
      const isEmpty = this.#isReading && this.#bytesRead === bytesBefore;
      const { bytes, ms } = this.#drained;
      const isEnough = bytes > DRAIN_BYTES || ms > DRAIN_WORK_MS;
      if (isEmpty || isEnough || this.#isFinished) found();
      else this.#lookForEnd(found);
    });
  }

  /** All that was read has been passed on, and the pipe is asked for more, or it has ended. */
  get #isReading(): boolean {
    return !this.#isBusy && !this.#stream.isPaused();
  }

  #unread(): Uint8Array | null {
    return this.#stream.destroyed ? null : (this.#stream.read() as Uint8Array | null);
  }

  /** Works off one line of what was read; false when nothing is left. */
  #step(): boolean {
    if (this.#reader.step()) return true;
    const chunk = this.#behind.shift();
    if (chunk) this.#reader.push(chunk);
    return chunk !== undefined;
  }

  #read(chunk: Buffer): void {
    this.#bytesRead += chunk.length;
    this.#share.read(chunk.length);
    if (this.#isClosing) this.#drained.bytes += chunk.length;
    this.#aheadBytes -= chunk.length;
    if (this.#aheadBytes <= 0 && !this.#isClosing) this.#isPaused = true;
    if (this.#isBusy) {
      this.#behind.push(chunk);
      this.#stream.pause();
      return;
    }
    this.#reader.push(chunk);
    this.#work();
  }

  /** One slice. The rest waits for the next turn of the loop, or until the process has earned it. */
  #work(): void {
    const startedAt = performance.now();
    // On a crowded machine others' time passes too, which nobody here should pay for once it matters.
    const usedBefore = this.#share.isLow || this.#isClosing ? processorMs() : undefined;
    this.#isBusy = true;
    this.#isWorking = true;
    let now = startedAt;
    let isDone = false;
    do {
      for (let steps = 0; steps < STEPS_PER_LOOK && !isDone && !this.#isPaused; steps += 1) {
        isDone = !this.#step();
      }
      now = performance.now();
    } while (!isDone && !this.#isPaused && this.#turnMs + now - startedAt < SLICE_MS);
    this.#isWorking = false;
    this.#turnMs += now - startedAt;
    const ms = usedBefore === undefined ? now - startedAt : processorMs() - usedBefore;
    this.#spend(ms, now);
    if (this.#isClosing) this.#drained.ms += ms;
    this.#isBusy = !isDone;
    const restMs = this.#isClosing || this.#reader.isAmidLine ? 0 : this.#share.restMs(now);
    if (isDone && restMs === 0 && this.#turnMs < SLICE_MS) {
      if (this.#isPaused) this.#stream.pause();
      else if (this.#stream.isPaused()) this.#stream.resume();
      return;
    }
    this.#stream.pause();
    if (this.#isPaused) return;
    this.#isBusy = true;
    this.#wait(restMs);
  }

  /** The cost of a line is spent at once, however many slices it took. */
  #spend(ms: number, now: number): void {
    this.#unspentMs += ms;
    if (this.#reader.isAmidLine) return;
    this.#share.spend(this.#unspentMs, now);
    this.#unspentMs = 0;
  }

  #goOn(): void {
    if (this.#isWorking || this.#turn || this.#rest) return;
    if (this.#isBusy) this.#wait(this.#isClosing ? 0 : this.#share.restMs(performance.now()));
    else this.#stream.resume();
  }

  #wait(restMs: number): void {
    const go = (): void => {
      this.#stop();
      this.#turnMs = 0;
      if (!this.#isPaused) this.#work();
    };
    if (restMs > 0) this.#rest = setTimeout(go, restMs);
    else this.#turn = setImmediate(go);
  }

  #stop(): void {
    clearImmediate(this.#turn);
    clearTimeout(this.#rest);
    this.#turn = undefined;
    this.#rest = undefined;
  }
}
