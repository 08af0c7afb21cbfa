// The processes of one life of a runner that its sessions share (`sharing`): hosts runner/seats on simulated processes and time. Its hub
// hosts are the runner's own (runner/sessions/hub-host.ts).
import type { SharingConfig } from '../../runner/config/runner-config.ts';
import type { SessionPool } from '../../runner/sessions/process-choice.ts';
import type { ServerProcess } from '../../runner/sessions/pooled-process.ts';
import type { SharedProcesses } from '../../runner/sessions/shared-processes.ts';
import type { KnownEras } from '../../runner/translate/translator.ts';
import type { OpenFrame } from '../../shared/link/control-frames.ts';
import type { Chance } from './clock.ts';
import { principalOf } from './names.ts';
import { ProcessNode } from './process-node.ts';
import { NO_LOG, SimulatedProcess, timeOf, type ServerEras } from './server-process.ts';
import type { World } from './world.ts';

/** More than sessions of a run need: none is refused for want of a process. */
const MOST_PROCESSES = 60;

export const sharingOf = (chance: Chance): SharingConfig => ({
  by: chance.pick(['principal', 'server']),
  sessionsPerProcess: chance.pick([2, 3, 200]),
  mostProcesses: MOST_PROCESSES,
});

/** What a runner gives its shared processes. */
interface SharedHost {
  readonly eras: ServerEras;
  now(): number;
}

interface SharedLimits {
  readonly requestTimeoutMs: number;
  readonly startTimeoutMs: number;
}

export class SharedNode {
  /** All that were started. */
  readonly started: SimulatedProcess[] = [];
  readonly sharing: SharingConfig;
  readonly #world: World;
  readonly #host: SharedHost;
  readonly #shared: SharedProcesses;
  /** Another life of the runner has other processes. */
  #isGone = false;

  constructor(world: World, sharing: SharingConfig, limits: SharedLimits, host: SharedHost) {
    this.#world = world;
    this.sharing = sharing;
    this.#host = host;
    const { requestTimeoutMs, startTimeoutMs } = limits;
    const time = timeOf(world, host.now);
    const unlessGone = (run: () => void) => (): void => (this.#isGone ? undefined : run());
    this.#shared = new world.rules.SharedProcesses({
      sharing,
      hub: { requestTimeoutMs, startTimeoutMs, quote: () => '' },
      log: NO_LOG,
      showsStderr: false,
      time: {
        now: time.now,
        timer: (wake) => time.timer(unlessGone(wake)),
        soon: (run) => void world.clock.after(0, unlessGone(run)),
      },
    });
  }

  /** The runner died. */
  perish(): void {
    this.#isGone = true;
    for (const process of this.started) process.perish();
  }

  /** Where the processes of one session come from. */
  poolOf({ principal, session }: OpenFrame): SessionPool & { take(): TakenSeat } {
    const { eras } = this.#host;
    const group = this.#shared.groupOf(principal, undefined);
    const start = (): TakenSeat => ({ ok: true, process: this.#start(principal) });
    return {
      get eras(): KnownEras {
        return eras.known;
      },
      learned: (era, isServed) => {
        eras.known = { ...eras.known, [era]: isServed };
      },
      take: () => ({ ok: true, process: this.#shared.seat(group, session, start) }),
      served: (process) => {
        process.hasServed = true;
      },
      quote: () => '',
    };
  }

  /** One of a principal's processes expects nobody else's calls; one that all share is told by each call whose it is. */
  #start(principal: string): SimulatedProcess {
    const ownerOf = this.sharing.by === 'principal' ? (): string => principal : principalOf;
    const process = new SimulatedProcess(
      this.#world,
      ({ print }) => new ProcessNode(this.#world, ownerOf, print, true),
    );
    this.started.push(process);
    return process;
  }
}

interface TakenSeat {
  readonly ok: true;
  readonly process: ServerProcess;
}
