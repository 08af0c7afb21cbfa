// A process between its start and its session: what it says before anybody listens is kept, within bounds, and comes first.
import type { ExitFacts } from './process/exit.ts';
import type { ProcessListener, StdioProcess } from './process/stdio-process.ts';

/** A process has little to say before it is asked. Beyond this it waits in its write until somebody listens. */
export const AHEAD_BYTES = 64 * 1024;

/** What each line costs beside its bytes: lines may be tiny. */
const EARLY_COST_BYTES = 64;

/** Stderr, and what an exited process left in its pipe, is dropped beyond this: it is in the facts, or of no use. */
const MOST_EARLY_BYTES = 512 * 1024;

/** A process whose listener comes later: what it says before is kept until then. */
export class PooledProcess {
  readonly #process: StdioProcess;
  readonly #ended: (facts: ExitFacts, hasServed: boolean) => void;
  #listener: ProcessListener | undefined;
  #early: ((listener: ProcessListener) => void)[] = [];
  #earlyBytes = 0;
  #isPaused = false;
  #facts: ExitFacts | undefined;
  hasServed = false;

  constructor(
    start: (listener: ProcessListener) => StdioProcess,
    ended: (facts: ExitFacts, hasServed: boolean) => void,
  ) {
    this.#ended = ended;
    this.#process = start({
      onLine: (bytes) => this.#hear(bytes.length, (listener) => listener.onLine(bytes)),
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

  /** What was said so far comes before this returns; what stdout holds beyond it, after. */
  listen(listener: ProcessListener): void {
    this.#listener = listener;
    for (const say of this.#early.splice(0)) say(listener);
    this.#earlyBytes = 0;
    if (this.#facts) listener.onExit(this.#facts);
    else if (!this.#isPaused) this.#process.resume();
  }

  write(line: Uint8Array): boolean {
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

  #exited(facts: ExitFacts): void {
    this.#facts = facts;
    this.#ended(facts, this.hasServed);
    this.#listener?.onExit(facts);
  }

  #hear(bytes: number, say: (listener: ProcessListener) => void): void {
    if (this.#listener) return say(this.#listener);
    // Only what comes beside stdout, or with an exit, still comes when it is paused.
    if (this.#earlyBytes > MOST_EARLY_BYTES) return;
    this.#earlyBytes += bytes + EARLY_COST_BYTES;
    this.#early.push(say);
    if (this.#earlyBytes > AHEAD_BYTES) this.#process.pause();
  }
}
