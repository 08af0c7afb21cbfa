// What the runner's rules take for a process and for a server's pool, with a simulated process behind it, and the simulated time
// that translators live by. Which translator stands between is the runner's own choice (runner/sessions/process-choice.ts).
import type { ExitFacts } from '../../runner/process/exit.ts';
import type { ProcessListener } from '../../runner/process/stdio-process.ts';
import type { Log } from '../../runner/log.ts';
import type { SessionPool } from '../../runner/sessions/process-choice.ts';
import type { ServerProcess } from '../../runner/sessions/pooled-process.ts';
import { NO_ERA_KNOWN, type KnownEras } from '../../runner/translate/translator.ts';
import type { Time, Timer } from '../../runner/wake-timer.ts';
import type { Scheduled } from './clock.ts';
import { ProcessNode } from './process-node.ts';
import type { World } from './world.ts';

/** The longest that a process takes to be gone. */
const END_MS = 50;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const NO_LOG: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (words, fields) => {
    throw new Error(`${words}: ${JSON.stringify(fields)}`);
  },
  child: () => NO_LOG,
};

/** The clock of the machine that a runner is on, and timers by it. */
export const timeOf = (world: World, now: () => number): Time => ({
  now,
  timer: (wake): Timer => {
    let armed: { readonly at: number; readonly entry: Scheduled } | undefined;
    const clear = (): void => {
      armed?.entry.cancel();
      armed = undefined;
    };
    return {
      clear,
      arm(at) {
        if (at === undefined || (armed && armed.at <= at)) return;
        clear();
        const entry = world.clock.after(Math.ceil(at - now()), () => {
          armed = undefined;
          wake();
        });
        armed = { at, entry };
      },
    };
  },
});

/** What a simulated process does. */
export interface Program {
  readonly isAlive: boolean;
  die(): void;
  /** A line on stdin; false: it takes no more for now. */
  read(line: string): boolean;
  pause(): void;
  resume(): void;
  /** Says something that belongs to no request. */
  speak(): void;
}

/** Its stdout, and the word that it takes lines again. */
export interface ProgramPipes {
  print(line: string): void;
  drained(): void;
}

/** One process, from its start to the last that is heard of it. */
export class SimulatedProcess implements ServerProcess {
  readonly pid = 1;
  hasServed = false;
  readonly node: Program;
  readonly #world: World;
  #listener: ProcessListener | undefined;
  /** What it printed before anybody listened. */
  #early: string[] = [];
  #isEnding = false;
  #isGone = false;

  constructor(world: World, program: (pipes: ProgramPipes) => Program) {
    this.#world = world;
    this.node = program({
      print: (line) => void world.clock.after(0, () => this.#printed(line)),
      drained: () => {
        if (!this.#isGone) this.#listener?.onDrain();
      },
    });
  }

  get state(): ServerProcess['state'] {
    if (this.#isGone) return 'exited';
    return this.#isEnding ? 'ending' : 'running';
  }

  listen(listener: ProcessListener): void {
    this.#listener = listener;
    for (const line of this.#early.splice(0)) this.#printed(line);
  }

  write(line: Uint8Array): boolean {
    return this.node.read(decoder.decode(line));
  }

  pause(): void {
    this.node.pause();
  }

  resume(): void {
    this.node.resume();
  }

  leave(): boolean {
    return false;
  }

  terminate(reason: string): Promise<unknown> {
    this.#end({ reason: 'terminated', because: reason });
    return Promise.resolve();
  }

  crash(): void {
    if (this.node.isAlive) this.#end({ reason: 'signalled', signal: 'SIGSEGV' });
  }

  /** It cannot be started. */
  fail(): void {
    this.#end({ reason: 'spawn_failed' });
  }

  /** Its runner is gone, so nobody hears of it any more. */
  perish(): void {
    this.#isGone = true;
    this.node.die();
  }

  #printed(line: string): void {
    if (this.#isGone) return;
    if (this.#listener) this.#listener.onLine(encoder.encode(line));
    else this.#early.push(line);
  }

  /** What it printed before is heard before. */
  #end(how: Pick<ExitFacts, 'reason' | 'because' | 'signal'>): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.node.resume();
    this.node.die();
    const { clock, chance } = this.#world;
    clock.after(how.reason === 'signalled' ? 0 : chance.between(0, END_MS), () => {
      if (this.#isGone) return;
      this.#isGone = true;
      this.#listener?.onExit({ ...how, stderrTail: [], ranMs: 0 });
    });
  }
}

/** Starts a process of the one server. `client`: whose calls it is to get. */
export const serverProcess = (world: World, client: string): SimulatedProcess =>
  new SimulatedProcess(world, ({ print }) => new ProcessNode(world, () => client, print));

/** What a life of a runner has learned of its server. */
export class ServerEras {
  known: KnownEras = NO_ERA_KNOWN;
}

/** Where the processes of one session come from. */
export class SessionProcesses implements SessionPool {
  readonly secrets: readonly string[] = [];
  readonly started: SimulatedProcess[];
  readonly #start: () => SimulatedProcess;
  readonly #eras: ServerEras;

  /** `started`: takes each, beside those of other servers. */
  constructor(start: () => SimulatedProcess, eras: ServerEras, started: SimulatedProcess[] = []) {
    this.#start = start;
    this.#eras = eras;
    this.started = started;
  }

  get eras(): KnownEras {
    return this.#eras.known;
  }

  learned(era: keyof KnownEras, isServed: boolean | undefined): void {
    this.#eras.known = { ...this.#eras.known, [era]: isServed };
  }

  take(): { readonly ok: true; readonly process: SimulatedProcess } {
    const process = this.#start();
    this.started.push(process);
    return { ok: true, process };
  }

  served(process: ServerProcess): void {
    process.hasServed = true;
  }

  quote(): string {
    return '';
  }
}
