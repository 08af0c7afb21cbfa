// For a session that comes while processes of its server are still starting, left by earlier sessions. It takes over the one
// that was told the same, and starts another only if those seem to do nothing or were told something else. The first to answer
// serves. No line is written twice: a process is never told again what it was told already.
import type { ExitFacts } from '../process/exit.ts';
import type { ProcessListener, StdioProcess } from '../process/stdio-process.ts';
import type { PooledProcess, ServerProcess } from './pooled-process.ts';

/** Looking again whether those that start are doing something. */
const LOOK_MS = 1_000;

/** Most processes of one race. */
export const MOST_STARTING = 2;

export interface StartRaceParts {
  /** Those that were left while they started, at least one. */
  readonly left: readonly PooledProcess[];
  /** One more, unless the server may not be started now. */
  start(): PooledProcess | undefined;
}

export class StartRace implements ServerProcess {
  readonly #start: () => PooledProcess | undefined;
  /** Processes that were told something else: their answers are of no use, but they are waited for while they seem busy with what every start needs. */
  readonly #others = new Set<PooledProcess>();
  readonly #runners = new Set<PooledProcess>();
  #winner: PooledProcess | undefined;
  #listener: ProcessListener | undefined;
  #first: Uint8Array | undefined;
  /** What was said to it before anybody had won. */
  #behind: Uint8Array[] = [];
  #isPaused = false;
  #isOver = false;
  #hasServed = false;
  #look: NodeJS.Timeout | undefined;

  constructor({ left, start }: StartRaceParts) {
    this.#start = start;
    for (const process of left) this.#others.add(process);
  }

  get pid(): number | undefined {
    return (this.#winner ?? this.#all[0])?.pid;
  }

  get state(): StdioProcess['state'] {
    return this.#winner?.state ?? (this.#isOver ? 'exited' : 'running');
  }

  get hasServed(): boolean {
    return this.#hasServed;
  }

  set hasServed(hasServed: boolean) {
    this.#hasServed = hasServed;
    if (this.#winner) this.#winner.hasServed = hasServed;
  }

  get #all(): PooledProcess[] {
    return [...this.#runners, ...this.#others];
  }

  listen(listener: ProcessListener): void {
    this.#listener = listener;
  }

  write(line: Uint8Array): boolean {
    if (this.#winner) return this.#winner.write(line);
    if (this.#isOver) return false;
    if (this.#first !== undefined) {
      this.#behind.push(line);
      return false;
    }
    this.#first = line;
    for (const process of this.#all) {
      if (process.wasTold(line)) {
        this.#others.delete(process);
        this.#runners.add(process);
      }
      this.#watch(process);
    }
    this.#judge();
    return true;
  }

  pause(): void {
    this.#isPaused = true;
    this.#winner?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#winner?.resume();
  }

  async terminate(reason: string): Promise<void> {
    if (this.#winner) return void (await this.#winner.terminate(reason));
    const all = this.#all;
    this.#finish();
    const facts = await Promise.all(all.map((process) => process.terminate(reason)));
    this.#exit(facts[0]);
  }

  leave(): boolean {
    if (this.#winner) return this.#winner.leave();
    const all = this.#all;
    const ended = all.filter((process) => !process.leave());
    if (ended.length === all.length) return false;
    this.#finish();
    for (const process of ended) void process.terminate('another one goes on starting');
    return true;
  }

  #watch(process: PooledProcess): void {
    void process.settled.then(() => this.#judge(process));
  }

  /** Something may have changed: `settled` has answered or is gone, or time has passed. */
  #judge(settled?: PooledProcess): void {
    if (this.#isOver || this.#first === undefined) return;
    const answered = [...this.#runners].find((process) => process.hasAnswered);
    if (answered) return this.#win(answered);
    // It was told the same and failed; another would fail too.
    const hasFailed = settled?.state === 'exited' && this.#runners.has(settled);
    for (const process of this.#all) if (process.state === 'exited') this.#forget(process);
    // The next start can use what these have achieved, such as a download.
    for (const process of this.#others) if (process.hasAnswered) this.#dismiss(process);
    const now = performance.now();
    const areBusy = this.#all.map((process) => process.isBusy(now)).includes(true);
    const isRoom = this.#all.length < MOST_STARTING;
    if (isRoom && !areBusy && !hasFailed) this.#startOne(this.#first);
    if (this.#all.length === 0) return this.#lose(settled);
    clearTimeout(this.#look);
    this.#look = setTimeout(() => this.#judge(), LOOK_MS);
  }

  #startOne(first: Uint8Array): void {
    const process = this.#start();
    if (!process) return;
    this.#runners.add(process);
    process.write(first);
    this.#watch(process);
  }

  #win(winner: PooledProcess): void {
    this.#forget(winner);
    const others = this.#all;
    this.#finish();
    for (const process of others) void process.terminate('another one was quicker');
    this.#winner = winner;
    winner.hasServed = this.#hasServed;
    if (this.#isPaused) winner.pause();
    const behind = this.#behind.splice(0);
    let isTaken = true;
    for (const line of behind) isTaken = winner.write(line);
    if (this.#listener) winner.listen(this.#listener);
    if (behind.length > 0 && isTaken) this.#listener?.onDrain();
  }

  #lose(last: PooledProcess | undefined): void {
    this.#finish();
    last?.listen({ ...DEAF, onExit: (facts) => this.#exit(facts) });
  }

  #exit(facts: ExitFacts | undefined): void {
    this.#listener?.onExit(facts ?? { reason: 'spawn_failed', stderrTail: [], ranMs: 0 });
  }

  #dismiss(process: PooledProcess): void {
    this.#forget(process);
    void process.terminate('it was started for another client');
  }

  #forget(process: PooledProcess): void {
    this.#runners.delete(process);
    this.#others.delete(process);
  }

  #finish(): void {
    this.#isOver = true;
    clearTimeout(this.#look);
    this.#runners.clear();
    this.#others.clear();
  }
}

const DEAF = {
  onLine: () => undefined,
  onOverlong: () => undefined,
  onStderr: () => undefined,
  onDrain: () => undefined,
};
