// Lets processes start in turn (core/start-turns.ts). Until its turn, a process takes lines and says nothing.
import { availableParallelism } from 'node:os';
import { StartTurns } from '../core/start-turns.ts';
import type { ExitFacts } from '../process/exit.ts';
import type { ProcessListener, StdioProcess } from '../process/stdio-process.ts';
import { WakeTimer } from '../wake-timer.ts';
import type { PrincipalName } from '../../shared/ids.ts';

/** At least two, so that one slow start does not hold up every other. */
const MOST_AT_ONCE = Math.max(2, availableParallelism());

type Start = (listener: ProcessListener) => StdioProcess;

/** The starts of one runner. */
export class Starts {
  readonly #turns = new StartTurns<WaitingProcess>(MOST_AT_ONCE);
  readonly #isShared: (principal: PrincipalName | undefined) => boolean;
  readonly #timer = new WakeTimer(() => this.#begin(), { keepsAlive: false });

  /** Those whose turn has come. */
  readonly #due: WaitingProcess[] = [];
  readonly #ready: () => Promise<void> | undefined;
  #isBeginning = false;

  /**
   * `isShared`: whether others than the principal use the runner. `ready`: makes the system ready for a start, if that takes time; never
   * rejects.
   */
  constructor(
    isShared: (principal: PrincipalName | undefined) => boolean,
    ready: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#isShared = isShared;
    this.#ready = ready;
  }

  /** A process that starts in its turn, at once if there is room. `over` has to be called when it has answered or is gone, `gone` when it is gone. */
  process(principal: PrincipalName | undefined, start: Start, listener: ProcessListener): InTurn {
    const process = new WaitingProcess(start, listener);
    this.#turns.ask(process, principal);
    this.#begin();
    return {
      process,
      claim: (by) => {
        this.#turns.claim(process, by);
        this.#begin();
      },
      join: (by) => {
        this.#turns.join(process, by);
        this.#begin();
      },
      over: () => {
        this.#turns.over(process, performance.now());
        this.#begin();
      },
      gone: () => this.#turns.gone(process, performance.now()),
    };
  }

  /** Whether this principal's next process waits, since those that it had come and go. */
  holdsBack(principal: PrincipalName | undefined): boolean {
    return this.#turns.holdsBack(principal, performance.now(), this.#isShared);
  }

  #begin(): void {
    const now = performance.now();
    for (const process of this.#turns.next(now, this.#isShared)) this.#due.push(process);
    this.#timer.arm(this.#turns.wakeAt(now));
    if (!this.#isBeginning) this.#beginNext();
  }

  #beginNext(): void {
    const process = this.#due.shift();
    this.#isBeginning = process !== undefined;
    if (!process) return;
    const ready = this.#ready();
    if (ready) void ready.then(() => this.#beginOne(process));
    else this.#beginOne(process);
  }

  /** One in a turn of the event loop: the system needs some milliseconds for each, in which everybody else waits. */
  #beginOne(process: WaitingProcess): void {
    setImmediate(() => this.#beginNext());
    process.begin();
  }
}

export interface InTurn {
  readonly process: StdioProcess;
  /** It was started ahead, and a session of this principal has it now. */
  claim(principal: PrincipalName | undefined): void;
  /** A session of this principal waits for it too. */
  join(principal: PrincipalName | undefined): void;
  over(): void;
  gone(): void;
}

class WaitingProcess implements StdioProcess {
  readonly #start: Start;
  readonly #listener: ProcessListener;
  readonly #startedAt = performance.now();
  readonly #lines: Uint8Array[] = [];
  readonly #exited = Promise.withResolvers<ExitFacts>();
  #process: StdioProcess | undefined;
  /** What was last asked of its output. A process that nobody has resumed is read only so far. */
  #reading: 'pause' | 'resume' | undefined;
  #gone: ExitFacts | undefined;

  constructor(start: Start, listener: ProcessListener) {
    this.#start = start;
    this.#listener = listener;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get state(): StdioProcess['state'] {
    return this.#gone ? 'exited' : (this.#process?.state ?? 'running');
  }

  get unwrittenBytes(): number {
    return (
      this.#process?.unwrittenBytes ?? this.#lines.reduce((sum, { length }) => sum + length, 0)
    );
  }

  /** Its turn has come. */
  begin(): void {
    if (this.#gone) return;
    this.#process = this.#start(this.#listener);
    if (this.#reading) this.#process[this.#reading]();
    const lines = this.#lines.splice(0);
    let isTaken = true;
    for (const line of lines) isTaken = this.#process.write(line);
    if (isTaken && lines.length > 1) this.#listener.onDrain();
  }

  /** The first line of a session is its only one before an answer; what comes behind it holds back. */
  write(line: Uint8Array): boolean {
    if (this.#process) return this.#process.write(line);
    if (this.#gone) return false;
    this.#lines.push(line);
    return this.#lines.length === 1;
  }

  pause(): void {
    this.#reading = 'pause';
    this.#process?.pause();
  }

  resume(): void {
    this.#reading = 'resume';
    this.#process?.resume();
  }

  terminate(reason: string): Promise<ExitFacts> {
    if (this.#process) return this.#process.terminate(reason);
    this.#gone ??= this.#giveUp(reason);
    return this.#exited.promise;
  }

  stderrTail(): string[] {
    return this.#process?.stderrTail() ?? [];
  }

  #giveUp(because: string): ExitFacts {
    const ranMs = Math.round(performance.now() - this.#startedAt);
    const facts: ExitFacts = { reason: 'terminated', because, stderrTail: [], ranMs };
    // As with a process that runs, the news comes after the call that brought it about.
    process.nextTick(() => {
      this.#exited.resolve(facts);
      this.#listener.onExit(facts);
    });
    return facts;
  }
}
