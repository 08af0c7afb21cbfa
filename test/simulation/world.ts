// One simulated deployment: clients, workers, actors, a runner and its processes on one clock, and what goes wrong there.
import { ActorNode } from './actor-node.ts';
import { ClientNode, type ClientKind } from './client-node.ts';
import { Chance, VirtualClock } from './clock.ts';
import { emptyHistory, type CallHistory, type History } from './history.ts';
import { RunnerNode } from './runner-node.ts';
import { NO_SABOTAGE, type Sabotage } from './sabotage.ts';
import type { Exchange } from './worker-node.ts';
import { Line, type Wire } from './wire.ts';

/** Virtual milliseconds of a run in which things go wrong; then everything is healed and must settle. */
const TROUBLE_MS = 60_000;
const SETTLE_MS = 700_000;

/** Runs on a slow line, and how slow: 20 KB/s to 1 MB/s. */
const SLOW_SHARE = 0.2;
const SLOW_BYTES_PER_MS = [20, 50, 200, 1_000];
const SLOW_SEED = 0x51_0e;

const KINDS: readonly ClientKind[] = ['sse2024', 'http2025-03', 'http2025-11', 'modern'];

export class World {
  readonly clock = new VirtualClock();
  readonly chance: Chance;
  readonly history: History = emptyHistory();
  readonly runner: RunnerNode;
  readonly sabotage: Sabotage;
  readonly wires = new Set<Wire>();
  readonly clientWires = new Set<Wire>();
  readonly exchanges = new Set<Exchange>();
  readonly readerMs: number;
  /** What the runner's connections share: a slow line in some runs. */
  readonly line: Line | undefined;
  isPartitioned = false;
  readonly #actors = new Map<string, ActorNode>();
  readonly #clients: ClientNode[] = [];

  constructor(seed: number, makeSabotage: (chance: Chance) => Sabotage = () => NO_SABOTAGE) {
    this.chance = new Chance(seed);
    this.sabotage = makeSabotage(this.chance);
    this.runner = new RunnerNode(this);
    // Some runs have clients that read slowly.
    // Of its own, so that a run without a slow line is what it always was.
    const lineChance = new Chance(seed ^ SLOW_SEED);
    this.line = lineChance.happens(SLOW_SHARE)
      ? new Line(lineChance.pick(SLOW_BYTES_PER_MS))
      : undefined;
    this.readerMs = this.chance.happens(0.2) ? 5_000 : 50;
  }

  actor(name: string): ActorNode {
    let actor = this.#actors.get(name);
    if (!actor) {
      actor = new ActorNode(this, name);
      this.#actors.set(name, actor);
    }
    return actor;
  }

  callsOf(session: string): CallHistory[] {
    return [...this.history.calls.values()].filter((call) => call.session === session);
  }

  /** A new boot said hello: what the old one held is lost (LP11). */
  runnerBooted(boot: string): void {
    this.#note(`runner boots as ${boot}`);
    for (const actor of this.#actors.values()) actor.giveUp();
  }

  run(): History {
    const sessions = this.chance.between(1, 3);
    for (let index = 0; index < sessions; index++) this.#startClient(index);
    const faults = this.chance.between(0, 40);
    for (let index = 0; index < faults; index++) {
      this.clock.after(this.chance.between(0, TROUBLE_MS), () => this.#trouble());
    }
    this.clock.run(TROUBLE_MS);
    this.isPartitioned = false;
    this.#note('healed');
    this.clock.run(TROUBLE_MS + SETTLE_MS);
    return this.history;
  }

  #startClient(index: number): void {
    const client = new ClientNode(this, `s${String(index)}`, this.chance.pick(KINDS));
    this.#clients.push(client);
    this.clock.after(this.chance.between(0, 500), () =>
      client.open(() => {
        if (this.chance.happens(0.8)) client.listen();
        const calls = this.chance.between(1, 12);
        for (let call = 0; call < calls; call++) {
          this.clock.after(this.chance.between(0, TROUBLE_MS / 2), () => client.call());
        }
        this.clock.after(this.chance.between(0, TROUBLE_MS / 2), () => client.notes(8));
        if (this.chance.happens(0.3))
          this.clock.after(this.chance.between(0, TROUBLE_MS / 2), () => client.cancel());
        if (this.chance.happens(0.1))
          this.clock.after(this.chance.between(TROUBLE_MS / 2, TROUBLE_MS), () => client.end());
        for (let word = 0; word < 10; word++) {
          this.clock.after(this.chance.between(0, TROUBLE_MS), () =>
            this.runner.hosted(client.name)?.process.speak(),
          );
        }
      }),
    );
  }

  #trouble(): void {
    const { chance } = this;
    const actors = [...this.#actors.entries()];
    if (actors.length === 0) return;
    const [name, actor] = chance.pick(actors);
    const hosted = this.runner.hosted(name);
    const what = chance.pick(TROUBLES);
    this.#note(`${what} (${name})`);
    switch (what) {
      case 'cut the runner link':
        return hosted?.wire?.cut();
      case 'blackhole the runner link':
        return hosted?.wire?.blackhole();
      case 'partition':
        return this.#partition(chance.pick([1_000, 5_000, 29_000, 31_000, 45_000]));
      case 'reset the actor':
        return actor.reset();
      case 'hibernate the actor':
        return actor.hibernate();
      case 'cut a follower':
        return this.#open(this.wires)?.cut();
      case 'cut a client':
        return this.#open(this.clientWires)?.cut();
      case 'kill a worker': {
        const exchanges = [...this.exchanges];
        return exchanges.length > 0 ? chance.pick(exchanges).die() : undefined;
      }
      case 'crash a process':
        return chance.happens(0.3) ? hosted?.crashProcess() : undefined;
      case 'crash the runner':
        return chance.happens(0.3) ? this.runner.crash(chance.between(100, 40_000)) : undefined;
    }
  }

  #partition(ms: number): void {
    this.isPartitioned = true;
    for (const { wire } of this.runner.sessions.values()) wire?.cut();
    this.clock.after(ms, () => {
      this.isPartitioned = false;
    });
  }

  #open(wires: ReadonlySet<Wire>): Wire | undefined {
    const open = [...wires].filter((wire) => wire.isOpen);
    return open.length > 0 ? this.chance.pick(open) : undefined;
  }

  #note(what: string): void {
    this.history.trace.push(`${String(Math.round(this.clock.now)).padStart(7)} ms  ${what}`);
  }
}

const TROUBLES = [
  'cut the runner link',
  'cut the runner link',
  'blackhole the runner link',
  'partition',
  'reset the actor',
  'reset the actor',
  'hibernate the actor',
  'cut a follower',
  'cut a client',
  'kill a worker',
  'crash a process',
  'crash the runner',
] as const;
