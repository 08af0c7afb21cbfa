// One simulated deployment: clients, workers, actors, a runner and its processes on one clock, and what goes wrong there.
import type { SharingConfig } from '../../runner/config/runner-config.ts';
import type { PolicyRules } from '../../runner/core/policy.ts';
import { ModernHomes } from '../../edge/core/modern-homes.ts';
import { OpeningPace } from '../../edge/core/opening-pace.ts';
import { ActorNode } from './actor-node.ts';
import { ClientNode, type SimulatedKind } from './client-node.ts';
import { Chance, VirtualClock } from './clock.ts';
import { emptyHistory, type History } from './history.ts';
import { FleetNode } from './fleet-node.ts';
import { Members } from './members.ts';
import {
  isMemberTrouble,
  MEMBER_TROUBLES,
  memberTrouble,
  type MemberTrouble,
} from './member-troubles.ts';
import { clientOf, CROWD, ONE_OF_CROWD } from './names.ts';
import { RunnerNode, type HostedSession } from './runner-node.ts';
import { RULES, type Rules } from './rules.ts';
import { sharingOf } from './shared-node.ts';
import { NO_SABOTAGE, type Sabotage } from './sabotage.ts';
import type { Exchange } from './worker-node.ts';
import { VirtualJudge } from './virtual-judge.ts';
import { Line, type Wire } from './wire.ts';
import { LOOK_MS, PONG_MS, SILENCE_MS } from '../../shared/link/timing.ts';

/** Virtual milliseconds of a run in which things go wrong; then everything is healed and must settle. */
const TROUBLE_MS = 60_000;
const SETTLE_MS = 700_000;

/** Before the end of that, what a virtual server shows is looked at. */
const FINALE_MS = 200_000;

/** Then every client is gone, and nothing of any session may be left: longer than an idle session lives and the fleet takes to look. */
const EMPTY_MS = 3 * 3_600_000;

/** When all that was begun is over, and links rest. */
const RESTED_MS = 200_000;

/** Work that is done at once; and when its answer is late: the edge looks and asks, or the control link's own silence is found out first. */
const SHORT_MS = 100;
const LATE_MS = LOOK_MS + PONG_MS + 2_000;
const DEAF_LATE_MS = SILENCE_MS + PONG_MS + 4_000;

/** Runs with a second runner, and those in which a runner takes fewer sessions than are asked for. */
const SECOND_RUNNER_SHARE = 0.3;
const TIGHT_SHARE = 0.2;

/** Runs in which sessions have little room for requests. */
const CROWDED_SHARE = 0.1;
const CROWDED_SEED = 0xc0_3d;

/** Runs on a slow line, and how slow: 20 KB/s to 1 MB/s. */
const SLOW_SHARE = 0.2;
const SLOW_BYTES_PER_MS = [20, 50, 200, 1_000];
const SLOW_SEED = 0x51_0e;

/** Runs in which the runner links sessions ahead, and how many. */
const WARM_SHARE = 0.4;
const MOST_WARM = 3;
/** How often it reads another number from its config. */
const MOST_RELOADS = 3;

/** Times that a runner wants another number of them. */
const MOST_SIZES = 6;
const WARM_SEED = 0xa_ead;
const SIZES_SEED = 0x51_2e;

/** Runs in which clients vanish without a word, and how many at most. */
const VANISH_SHARE = 0.3;
const MOST_VANISHED = 4;
const VANISH_SEED = 0x90_0e;
const KNOCKS_SEED = 0x2_2;

/** Runs whose server is of the 2026-07-28 era. */
const MODERN_SHARE = 0.4;
const MODERN_SEED = 0x0d_e2;

const KINDS: readonly SimulatedKind[] = ['sse2024', 'http2025-03', 'http2025-11', 'modern'];

/** What goes wrong, each as often as it stands here. */
const TROUBLES = [
  'cut the runner link',
  'cut the runner link',
  'blackhole the runner link',
  'partition',
  'reset the actor',
  'reset the actor',
  'hibernate the actor',
  'doom the actor',
  'doom the actor',
  'doom the actor',
  'reset the fleet',
  'doom the fleet',
  'doom the fleet',
  'doom who is given up',
  'hibernate the fleet',
  'cut the control link',
  'blackhole the control link',
  'cut a follower',
  'cut a client',
  'kill a worker',
  'crash a process',
  'crash the runner',
] as const;

/** Too rare to come about by chance: the fleet dies as it hears that a session is over, and whoever told it sleeps if it may. */
const UNHEARD_END = 'doom who hears of an end';

/** As rare: the fleet sleeps, if it may, while a ticket is signed. */
const UNSIGNED_TICKET = 'hibernate who signs';

/** What can go wrong. */
export type Trouble =
  | (typeof TROUBLES)[number]
  | typeof UNHEARD_END
  | typeof UNSIGNED_TICKET
  | MemberTrouble;

/** Of virtual servers: half of the runs have nothing but members that are unwell, so that it shows who is not to be touched by that. */
const MEMBERS_SEED = 0x3e_3b;
const QUIET_SHARE = 0.5;
const ALL_TROUBLES: readonly Trouble[] = [...TROUBLES, ...MEMBER_TROUBLES, ...MEMBER_TROUBLES];

/** Of shared processes: at most so many clients more, all of one principal. */
const SHARING_SEED = 0x5_4a7e;
const MOST_SHARING = 4;

/** Breaks that heal by themselves and soon: none of them may cost a call. */
export const BREAKS: readonly Trouble[] = [
  'cut the runner link',
  'cut the control link',
  'cut a follower',
  'hibernate the actor',
  'hibernate the fleet',
];

/** Actors that die between a write and its effect, and nothing else. */
export const DOOMED: readonly Trouble[] = ['doom the actor', 'doom the fleet'];

/** Sessions that are given up while their actors die. */
export const GIVEN_UP: readonly Trouble[] = [
  ...Array.from({ length: 3 }, () => 'doom the actor' as const),
  ...Array.from({ length: 2 }, () => 'doom who is given up' as const),
  ...Array.from({ length: 3 }, () => 'crash the runner' as const),
  'hibernate the actor',
];

/** Sessions that end while the fleet dies and their actors fall asleep. */
export const UNHEARD: readonly Trouble[] = [UNHEARD_END, 'cut a client', 'hibernate the actor'];

/** Spares that are named while the fleet falls asleep. */
export const UNSIGNED: readonly Trouble[] = [UNSIGNED_TICKET, 'cut the control link'];

/** Actors and links that break away under posts. */
export const BROKEN_AWAY: readonly Trouble[] = [
  'reset the actor',
  'reset the actor',
  'doom the actor',
  'doom the actor',
  'cut the runner link',
  'partition',
  'crash the runner',
];

export interface WorldOptions {
  readonly rules?: Rules;
  /** What goes wrong in this world; by default everything. */
  readonly troubles?: readonly Trouble[];
  /** So many clients more, all of one principal. */
  readonly crowd?: number;
  /** What the runners forbid; then some calls are of the tool `forbidden`. */
  readonly policy?: PolicyRules;
  /** What is served is a virtual server. */
  readonly isVirtual?: boolean;
  /** Sessions share the processes of the server. */
  readonly isShared?: boolean;
  /** Long after all is quiet every session link dies without a word, and each client calls. */
  readonly rests?: boolean;
}

export class World {
  readonly clock = new VirtualClock();
  readonly chance: Chance;
  readonly history: History = emptyHistory();
  readonly fleet: FleetNode;
  readonly runners: readonly RunnerNode[];
  readonly sabotage: Sabotage;
  readonly rules: Rules;
  readonly wires = new Set<Wire>();
  readonly clientWires = new Set<Wire>();
  readonly exchanges = new Set<Exchange>();
  readonly readerMs: number;
  /** Requests that a session may have in flight. */
  readonly maxInFlight: number;
  /** Sessions that each runner links ahead. */
  readonly warm: number;
  /** What two isolates of the worker remember of modern clients. */
  readonly homes = [new ModernHomes(), new ModernHomes()] as const;
  readonly paces = [new OpeningPace(), new OpeningPace()] as const;
  /** What the runner's connections share: a slow line in some runs. */
  readonly line: Line | undefined;
  readonly policy: PolicyRules | undefined;
  /** The server's processes speak 2026-07-28, and no revision before. */
  readonly isModern: boolean;
  /** Nothing goes wrong. */
  readonly isCalm: boolean;
  /** All that is asked before links die is done by then. */
  readonly rests: boolean;
  /** The members of the virtual server, if that is what is served. */
  readonly members: Members | undefined;
  /** Nothing goes wrong but with members of the virtual server. */
  readonly isQuiet: boolean;
  /** How sessions share the processes of the server, if they do. */
  readonly sharing: SharingConfig | undefined;
  isPartitioned = false;
  readonly #actors = new Map<string, ActorNode>();
  readonly #clients: ClientNode[] = [];
  readonly #troubles: readonly Trouble[];
  readonly #crowd: number;
  /** Of its own, as that of what vanishes. */
  readonly #knocks: Chance;
  #posts = 0;

  constructor(
    seed: number,
    makeSabotage: (chance: Chance) => Sabotage = () => NO_SABOTAGE,
    options: WorldOptions = {},
  ) {
    const { rules = RULES, policy, rests = false, isVirtual = false, isShared = false } = options;
    const sharingChance = new Chance(seed ^ SHARING_SEED);
    this.sharing = isShared ? sharingOf(sharingChance) : undefined;
    const { crowd = isShared ? sharingChance.between(0, MOST_SHARING) : 0 } = options;
    const memberChance = new Chance(seed ^ MEMBERS_SEED);
    this.members = isVirtual ? new Members(memberChance) : undefined;
    this.isQuiet = isVirtual && memberChance.happens(QUIET_SHARE);
    const usual = this.isQuiet ? MEMBER_TROUBLES : isVirtual ? ALL_TROUBLES : TROUBLES;
    const { troubles = usual } = options;
    if (isVirtual) this.history = { ...emptyHistory(), questions: new Map() };
    this.policy = policy;
    this.rules = rules;
    this.#troubles = troubles;
    this.isCalm = troubles.length === 0;
    this.#crowd = crowd;
    this.chance = new Chance(seed);
    this.rests = rests;
    if (rests) this.clock.after(RESTED_MS, () => this.#callOnDeadLinks());
    this.sabotage = makeSabotage(this.chance);
    const isCrowded = new Chance(seed ^ CROWDED_SEED).happens(CROWDED_SHARE);
    this.maxInFlight = isCrowded && !isVirtual ? 2 : 64;
    const warmChance = new Chance(seed ^ WARM_SEED);
    this.warm = warmChance.happens(WARM_SHARE) ? warmChance.between(1, MOST_WARM) : 0;
    const reloads = this.warm > 0 ? warmChance.between(0, MOST_RELOADS) : 0;
    for (let reload = 0; reload < reloads; reload++) {
      this.clock.after(warmChance.between(0, TROUBLE_MS), () => {
        const runner = warmChance.pick(this.runners);
        runner.reload(warmChance.between(0, MOST_WARM));
        this.note(`${runner.name} reloads: ${String(runner.warm)} spares`);
      });
    }
    // Of its own, so that a run without them is what it always was.
    const sizeChance = new Chance(seed ^ SIZES_SEED);
    const sizes = this.warm > 0 && sizeChance.happens(0.5) ? sizeChance.between(1, MOST_SIZES) : 0;
    for (let size = 0; size < sizes; size++) {
      this.clock.after(sizeChance.between(0, TROUBLE_MS), () => {
        const runner = sizeChance.pick(this.runners);
        runner.resize(sizeChance.between(0, MOST_WARM));
        this.note(`${runner.name} wants ${String(runner.warm)} spares`);
      });
    }
    // Some runs have clients that read slowly.
    // Of its own, so that a run without a slow line is what it always was. Calls on dead links are timed: nothing else slows them.
    const lineChance = new Chance(seed ^ SLOW_SEED);
    this.line =
      lineChance.happens(SLOW_SHARE) && !rests && !isVirtual
        ? new Line(lineChance.pick(SLOW_BYTES_PER_MS))
        : undefined;
    this.#knocks = new Chance(seed ^ KNOCKS_SEED);
    const vanishChance = new Chance(seed ^ VANISH_SEED);
    const vanishes = vanishChance.happens(VANISH_SHARE) && troubles === TROUBLES;
    const vanishing = vanishes ? vanishChance.between(1, MOST_VANISHED) : 0;
    for (let count = 0; count < vanishing; count++) {
      this.clock.after(vanishChance.between(0, TROUBLE_MS), () => {
        this.note('a client vanishes');
        this.#open(this.clientWires)?.vanish();
      });
    }
    this.isModern = new Chance(seed ^ MODERN_SEED).happens(MODERN_SHARE);
    this.readerMs = this.chance.happens(0.2) && !rests && !this.isQuiet ? 5_000 : 50;
    this.fleet = new FleetNode(this);
    const names = this.chance.happens(SECOND_RUNNER_SHARE) ? ['r0', 'r1'] : ['r0'];
    this.runners = names.map((name) => {
      const isTight = this.chance.happens(TIGHT_SHARE) && !this.isQuiet;
      const capacity = isTight ? this.chance.between(1, 2) : 10;
      return new RunnerNode(this, name, Math.max(capacity, 2 * crowd));
    });
  }

  /** How far the clock of one machine is off, by `mostMs` at most. */
  skew(mostMs: number): number {
    return this.chance.between(-mostMs, mostMs);
  }

  freshPost(): string {
    this.#posts += 1;
    return `again${String(this.#posts)}`;
  }

  /** The newest session of a client. */
  hosted(client: string): HostedSession | undefined {
    const all = this.runners.flatMap(({ sessions }) => [...sessions.values()]);
    return all.findLast(({ principal }) => principal === client);
  }

  /** The link of an actor's runner: of a client's newest session, or of what is linked ahead. */
  #runnerWire(actor: string): Wire | undefined {
    const hosted = this.#hostedIn(actor);
    if (hosted) return hosted.wire;
    return this.runners.map(({ spares }) => spares.wireOf(actor)).find((wire) => wire);
  }

  #hostedIn(actor: string): HostedSession | undefined {
    const own = this.runners.map(({ sessions }) => sessions.get(actor)).find((hosted) => hosted);
    return own ?? this.hosted(clientOf(actor));
  }

  actor(name: string): ActorNode {
    let actor = this.#actors.get(name);
    if (!actor) {
      actor = new ActorNode(this, name);
      this.#actors.set(name, actor);
    }
    return actor;
  }

  run(): History {
    const sessions = this.chance.between(1, 3);
    for (let index = 0; index < sessions; index++) this.#startClient(index);
    for (let index = 0; index < this.#crowd; index++) this.#startOneOfMany(index);
    const faults = this.chance.between(0, 40);
    for (let index = 0; index < faults; index++) {
      this.clock.after(this.chance.between(0, TROUBLE_MS), () => this.#trouble());
    }
    this.clock.run(TROUBLE_MS);
    this.isPartitioned = false;
    this.note('healed');
    const judge = this.members && new VirtualJudge(this, this.members, this.#clients);
    if (judge) this.clock.after(SETTLE_MS - FINALE_MS, () => judge.finale());
    this.clock.run(TROUBLE_MS + SETTLE_MS);
    judge?.judge();
    for (const client of this.#clients) client.leave();
    for (const wire of this.clientWires) wire.cut();
    this.clock.run(TROUBLE_MS + SETTLE_MS + EMPTY_MS);
    this.#noteLeft();
    judge?.left();
    return this.history;
  }

  /** In some runs the control links are dead too. */
  #callOnDeadLinks(): void {
    const isDeaf = this.chance.happens(0.5);
    this.note(isDeaf ? 'every link is dead' : 'every session link is dead');
    for (const { sessions, controlWire } of this.runners) {
      for (const { wire } of sessions.values()) wire?.blackhole();
      if (isDeaf) controlWire?.blackhole(SILENCE_MS);
    }
    // Those of 2026-07-28 may wait for each other's turns.
    const calls = this.#clients
      .filter(({ kind }) => kind !== 'modern')
      .map((client) => client.call(SHORT_MS));
    this.clock.after(isDeaf ? DEAF_LATE_MS : LATE_MS, () => {
      for (const call of calls)
        if (call && !call.isForsaken && call.outcomes.length === 0)
          this.history.late.push(`call ${call.uid} waits, though its runner is there`);
    });
  }

  /** One of a principal's many clients: it opens a session early, and is busy in it for long. */
  #startOneOfMany(index: number): void {
    const client = new ClientNode(this, `${ONE_OF_CROWD}${String(index)}`, 'http2025-11', CROWD);
    this.#clients.push(client);
    this.clock.after(this.chance.between(0, TROUBLE_MS / 4), () =>
      client.open(() => {
        for (let call = 0; call < 3; call++)
          this.clock.after(this.chance.between(0, TROUBLE_MS / 2), () => client.call());
      }),
    );
  }

  #startClient(index: number): void {
    const client = new ClientNode(this, `s${String(index)}`, this.chance.pick(KINDS));
    this.#clients.push(client);
    // Most are there before the trouble begins.
    const latestMs = this.chance.happens(0.7) ? 500 : TROUBLE_MS / 2;
    this.clock.after(this.chance.between(0, latestMs), () =>
      client.open(() => {
        client.virtual?.begin();
        if (this.chance.happens(0.8)) client.listen();
        if (this.isCalm || this.#knocks.happens(0.3))
          this.clock.after(this.#knocks.between(5_000, TROUBLE_MS), () => client.knock());
        const calls = this.chance.between(1, 12);
        const busy = client.virtual ? 2 * calls : calls;
        for (let call = 0; call < busy; call++) {
          this.clock.after(this.chance.between(0, TROUBLE_MS / 2), () => client.call());
        }
        this.clock.after(this.chance.between(0, TROUBLE_MS / 2), () => client.notes(8));
        if (this.chance.happens(0.3))
          this.clock.after(this.chance.between(0, TROUBLE_MS / 2), () => client.cancel());
        if (this.chance.happens(0.1))
          this.clock.after(this.chance.between(TROUBLE_MS / 2, TROUBLE_MS), () => client.end());
        for (let word = 0; word < 10; word++) {
          this.clock.after(this.chance.between(0, TROUBLE_MS), () =>
            this.hosted(client.name)?.speak(),
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
    const runner = chance.pick(this.runners);
    const hosted = this.#hostedIn(name);
    const what = this.isCalm ? undefined : chance.pick(this.#troubles);
    if (what === undefined) return;
    if (isMemberTrouble(what)) return this.members && memberTrouble(this, this.members, what);
    this.note(`${what} (${name}, ${runner.name})`);
    switch (what) {
      case 'cut the runner link':
        return this.#runnerWire(name)?.cut();
      case 'blackhole the runner link':
        return this.#runnerWire(name)?.blackhole();
      case 'partition':
        return this.#partition(chance.pick([1_000, 5_000, 29_000, 31_000, 45_000]));
      case 'reset the actor':
        return actor.crash();
      case 'doom the actor':
        return actor.doom();
      case 'hibernate the actor':
        return actor.hibernate();
      case 'reset the fleet':
        return this.fleet.crash();
      case 'doom the fleet':
        return this.fleet.doom();
      case 'doom who is given up':
        // Nothing else tells it: its links are gone with its memory, and its runner comes back without the session.
        this.fleet.doomGivenUp(name);
        actor.crash();
        return runner.crash(chance.between(10, 400));
      case UNHEARD_END:
        return this.fleet.doomEnd();
      case UNSIGNED_TICKET:
        return this.fleet.drowse();
      case 'hibernate the fleet':
        return this.fleet.hibernate();
      case 'cut the control link':
        return runner.controlWire?.cut();
      case 'blackhole the control link':
        return runner.controlWire?.blackhole(SILENCE_MS);
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
        return chance.happens(0.3) ? runner.crash(chance.between(100, 40_000)) : undefined;
    }
  }

  #partition(ms: number): void {
    this.isPartitioned = true;
    for (const { sessions, spares, controlWire } of this.runners) {
      controlWire?.cut();
      for (const wire of spares.wires) wire.cut();
      for (const { wire } of sessions.values()) wire?.cut();
    }
    this.clock.after(ms, () => {
      this.isPartitioned = false;
    });
  }

  #open(wires: ReadonlySet<Wire>): Wire | undefined {
    const open = [...wires].filter((wire) => wire.isOpen);
    return open.length > 0 ? this.chance.pick(open) : undefined;
  }

  #noteLeft(): void {
    const { left } = this.history;
    for (const session of this.fleet.held) left.push(`the fleet still counts ${session}`);
    for (const { sessions } of this.runners)
      for (const session of sessions.keys()) left.push(`a runner still holds ${session}`);
    for (const { name, spares, warm } of this.runners) {
      const [held, booked] = [spares.ready.join(' '), this.fleet.readyOn(name).join(' ')];
      if (held !== booked) left.push(`${name} holds the spares ${held} and the fleet ${booked}`);
      if (spares.ready.length !== warm) left.push(`${name} has the spares ${held}`);
    }
    for (const { name, shared } of this.runners)
      for (const { node } of shared?.started ?? [])
        if (node.isAlive) left.push(`${name} has a shared process that nobody is at`);
    for (const [name, { isClean }] of this.#actors)
      if (!isClean) left.push(`actor ${name} still has something on disk`);
  }

  note(what: string): void {
    this.history.trace.push(`${String(Math.round(this.clock.now)).padStart(7)} ms  ${what}`);
  }
}
