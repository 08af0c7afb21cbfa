// A process between its start and its session. What it prints before a session listens is kept, within bounds, and delivered
// first. What it was told before its first answer is kept too, so that another session can take it over while it starts.
import { scanLine } from '../../shared/jsonrpc/scan.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { looksLikeMessage } from '../core/noise-budget.ts';
import type { ExitFacts } from '../process/exit.ts';
import { ticksOf } from '../process/process-table.ts';
import type { ProcessListener, StdioProcess } from '../process/stdio-process.ts';

/** A process prints little before it is asked. Beyond this it waits in its write until a session listens. */
export const AHEAD_BYTES = 64 * 1024;

/** What each line costs in addition to its bytes: lines may be tiny. */
const EARLY_COST_BYTES = 64;

/** Stderr, and what an exited process left in its pipe, is dropped beyond this: it is in the facts, or of no use. */
const MOST_EARLY_BYTES = 512 * 1024;

/** For this long after it last printed something or used the processor, a process still counts as busy. */
const BUSY_MS = 10_000;

/** Before it was watched for so long, nothing is known. */
const WATCHED_MS = 5_000;

/** A download or an unpacking uses more of a processor than this; waiting for nothing, less. */
const BUSY_SHARE = 0.005;

export interface ServerProcessListener extends ProcessListener {
  /** In place of `onLine`, a message that was scanned where it was heard; without: its line. */
  onMessage?(message: MessageView): void;
}

/** A process as those see it who speak with it. */
export interface ServerProcess {
  readonly pid: number | undefined;
  readonly state: StdioProcess['state'];
  hasServed: boolean;
  listen(listener: ServerProcessListener): void;
  /** See `StdioProcess`. `message`: what is known of the line, if it was scanned. */
  write(line: Uint8Array, message?: MessageView): boolean;
  pause(): void;
  resume(): void;
  terminate(reason: string): Promise<unknown>;
  /**
   * Nobody waits for it any more. One that has not answered yet may go on starting, for the next session: true, and its
   * listener hears no more. False: it has to be terminated.
   */
  leave(): boolean;
}

export interface PooledProcessParts {
  start(listener: ProcessListener): StdioProcess;
  ended(facts: ExitFacts, hasServed: boolean): void;
  /** It was left before it answered anything, asked at this time for the first; decides whether it goes on starting. */
  left(askedAt: number): boolean;
}

export class PooledProcess implements ServerProcess {
  readonly startedAt = performance.now();
  readonly #process: StdioProcess;
  readonly #parts: PooledProcessParts;
  readonly #settled = Promise.withResolvers<void>();
  #listener: ProcessListener | undefined;
  #early: ((listener: ProcessListener) => void)[] = [];
  #earlyBytes = 0;
  #isPaused = false;
  #facts: ExitFacts | undefined;
  #hasAnswered = false;
  /** The first line written to it, when, and whether that is still the only one. */
  #told: { readonly line: Uint8Array; readonly at: number; isOnly: boolean } | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  #watched: { readonly at: number; readonly ticks: number } | undefined;
  hasServed = false;

  constructor(parts: PooledProcessParts) {
    this.#parts = parts;
    this.#process = parts.start({
      onLine: (bytes) => this.#line(bytes),
      onOverlong: (bytes) => this.#hear(0, (listener) => listener.onOverlong(bytes)),
      onStderr: (text) => this.#hear(text.length, (listener) => listener.onStderr(text)),
      onDrain: () => this.#hear(0, (listener) => listener.onDrain()),
      onExit: (facts) => this.#exited(facts),
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get state(): StdioProcess['state'] {
    return this.#facts ? 'exited' : this.#process.state;
  }

  /** It has answered a request: it is started. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Resolves when it has answered a request, or is gone. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Whether exactly this line was written to it and nothing else, so that its answer also serves another session with the same line. */
  wasTold(line: Uint8Array): boolean {
    return this.#told?.isOnly === true && Buffer.compare(this.#told.line, line) === 0;
  }

  /** Whether it seems to be doing something, such as a download: it prints, or uses the processor. Watched from the first call on. */
  isBusy(now: number): boolean {
    if (this.#isWaiting) return true;
    if (now - this.#saidAt < BUSY_MS) return true;
    const ticks = this.pid === undefined ? 0 : ticksOf(this.pid);
    this.#watched ??= { at: now, ticks };
    const { at, ticks: before } = this.#watched;
    if (now - at < WATCHED_MS) return true;
    const isBusy = (ticks - before) * TICK_MS > (now - at) * BUSY_SHARE;
    if (isBusy) this.#watched = { at: now, ticks };
    return isBusy;
  }

  /** What was said so far comes before this returns; what stdout holds beyond it, after. */
  listen(listener: ProcessListener): void {
    this.#listener = listener;
    if (this.#hasAnswered) this.#told = undefined;
    for (const say of this.#early.splice(0)) say(listener);
    this.#earlyBytes = 0;
    if (this.#facts) listener.onExit(this.#facts);
    else if (!this.#isPaused) this.#process.resume();
  }

  write(line: Uint8Array): boolean {
    if (this.#told) this.#told.isOnly = false;
    else if (!this.#hasAnswered) this.#told = { line, at: performance.now(), isOnly: true };
    return this.#process.write(line);
  }

  pause(): void {
    this.#isPaused = true;
    this.#process.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#listener) this.#process.resume();
  }

  terminate(reason: string): Promise<ExitFacts> {
    return this.#process.terminate(reason);
  }

  leave(): boolean {
    if (this.state !== 'running' || this.#isWaiting || this.#hasAnswered) return false;
    // One that was asked nothing answers nothing: who takes it over would wait for that in vain.
    if (!this.#told || !this.#parts.left(this.#told.at)) return false;
    this.resume();
    this.#listener = undefined;
    this.isBusy(performance.now());
    return true;
  }

  /** Its turn to start has not come yet. */
  get #isWaiting(): boolean {
    return this.state === 'running' && this.pid === undefined;
  }

  #line(bytes: Uint8Array): void {
    if (!this.#hasAnswered && isAnswer(bytes)) {
      this.#hasAnswered = true;
      if (this.#listener) this.#told = undefined;
      this.#settled.resolve();
    }
    this.#hear(bytes.length, (listener) => listener.onLine(bytes));
  }

  #exited(facts: ExitFacts): void {
    this.#facts = facts;
    this.#parts.ended(facts, this.hasServed);
    this.#settled.resolve();
    this.#listener?.onExit(facts);
  }

  #hear(bytes: number, say: (listener: ProcessListener) => void): void {
    if (this.#listener) return say(this.#listener);
    this.#saidAt = performance.now();
    // While it is paused, only stderr and the output of an exit still come.
    if (this.#earlyBytes > MOST_EARLY_BYTES) return;
    this.#earlyBytes += bytes + EARLY_COST_BYTES;
    this.#early.push(say);
    if (this.#earlyBytes > AHEAD_BYTES) this.#process.pause();
  }
}

/** The kernel's unit of processor time in /proc (USER_HZ): 10 ms on every platform that Node runs on. */
const TICK_MS = 10;

/** Read laxly: an almost valid message may be the answer, and the listener decides. */
function isAnswer(line: Uint8Array): boolean {
  const scan = scanLine(line);
  if (!scan.ok || scan.kind !== 'single') return looksLikeMessage(line);
  return scan.envelope.kind === 'result' || scan.envelope.kind === 'error';
}
