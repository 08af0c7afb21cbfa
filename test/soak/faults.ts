// The faults of a soak, one after another at random times: each is logged with its time and told to the evidence.
import { setTimeout as sleep } from 'node:timers/promises';

import { isAlive, statOf } from '../../runner/process/process-table.ts';
import type { Chance } from '../simulation/clock.ts';
import type { Bridge } from '../e2e/harness.ts';
import type { Evidence, Reach } from './evidence.ts';

/** Between two faults: short enough for hundreds in an hour, long enough that calls go well in between. */
const PAUSE_MS = { least: 2_000, most: 9_000 };

/** A stop stays below the 23 s after which a link counts as dead: it must be borne without a loss. */
const STOP_MS = { least: 500, most: 6_000 };

/** A runner that was killed is back well within the grace. */
const ABSENCE_MS = { least: 0, most: 4_000 };

const EVERY_FAULT = [
  'kill process',
  'stop process',
  'stop runner',
  'kill edge',
  'kill runner',
] as const;

type FaultName = (typeof EVERY_FAULT)[number];

/** How often each is drawn: the heavy ones end every session and must leave some to the others. */
const DRAWN: readonly FaultName[] = [
  ...Array<FaultName>(6).fill('kill process'),
  ...Array<FaultName>(5).fill('stop process'),
  ...Array<FaultName>(4).fill('stop runner'),
  ...Array<FaultName>(2).fill('kill edge'),
  ...Array<FaultName>(1).fill('kill runner'),
];

export interface FaultOptions {
  readonly bridge: Bridge;
  readonly evidence: Evidence;
  readonly chance: Chance;
  /** When edge and runner are left alive from, in ms since the epoch: growth shows only in one life. */
  readonly lightFrom: number;
  readonly log: (words: string) => void;
}

/** Makes faults; all that a fault stopped runs again when {@link run} resolves. */
export class Faults {
  readonly counts = new Map<FaultName, number>(EVERY_FAULT.map((name) => [name, 0]));
  readonly #options: FaultOptions;
  #queue: FaultName[] = [];

  constructor(options: FaultOptions) {
    this.#options = options;
  }

  /** Until aborted. Rejects when the bridge does not come back after a fault. */
  async run(signal: AbortSignal): Promise<void> {
    const { chance } = this.#options;
    // A short soak has each of them once.
    this.#queue = [...EVERY_FAULT];
    while (!signal.aborted) {
      const ms = chance.between(PAUSE_MS.least, PAUSE_MS.most);
      await sleep(ms, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const name = this.#queue.shift() ?? chance.pick(DRAWN);
      const isHeavy = name === 'kill edge' || name === 'kill runner';
      if (!isHeavy || Date.now() < this.#options.lightFrom) await this.#make(name);
    }
  }

  async #make(name: FaultName): Promise<void> {
    const { bridge, chance } = this.#options;
    switch (name) {
      case 'kill process': {
        const pid = await this.#pickProcess();
        if (pid === undefined) return;
        return this.#during(name, { meets: 'process', pid, isKilled: true }, async () => {
          signalIfAlive(pid, 'SIGKILL');
        });
      }
      case 'stop process': {
        const pid = await this.#pickProcess();
        if (pid === undefined) return;
        return this.#during(name, { meets: 'process', pid, isKilled: false }, () =>
          this.#stopFor(pid),
        );
      }
      case 'stop runner':
        return this.#during(name, { meets: 'all', ends: 'none' }, () =>
          this.#stopFor(bridge.runner.pid ?? 0),
        );
      case 'kill edge':
        return this.#during(name, { meets: 'all', ends: 'HTTP+SSE sessions' }, async () => {
          await bridge.restartEdge();
          await bridge.untilReady();
        });
      case 'kill runner':
        return this.#during(name, { meets: 'all', ends: 'every session' }, async () => {
          await bridge.killRunner('SIGKILL');
          await sleep(chance.between(ABSENCE_MS.least, ABSENCE_MS.most));
          await bridge.startRunner();
        });
    }
  }

  async #during(name: FaultName, reach: Reach, act: () => Promise<void>): Promise<void> {
    const { evidence, log } = this.#options;
    const startedAt = Date.now();
    const over = evidence.disturb(reach);
    await act();
    over();
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const who = reach.meets === 'process' ? ` ${reach.pid}` : '';
    log(`${name}${who}, ${Date.now() - startedAt} ms`);
  }

  async #pickProcess(): Promise<number | undefined> {
    const pids = await this.#options.bridge.processesLeft();
    return pids.length === 0 ? undefined : this.#options.chance.pick(pids);
  }

  async #stopFor(pid: number): Promise<void> {
    const entry = statOf(pid);
    if (entry === undefined) return;
    signalIfAlive(pid, 'SIGSTOP');
    await sleep(this.#options.chance.between(STOP_MS.least, STOP_MS.most));
    // The pid may be another's by now.
    if (isAlive(entry)) signalIfAlive(pid, 'SIGCONT');
  }
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}
