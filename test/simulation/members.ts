// The virtual server of a world: its members as the config has them, what each lists, and when which of its processes was unwell. Names
// that clients use are nowhere made here: they are what the product's lists say.
import type { ServerConfig, VirtualConfig } from '../../runner/config/runner-config.ts';
import type { ToolRules } from '../../runner/core/tool-view.ts';
import type { Chance } from './clock.ts';
import type { MemberNode } from './member-node.ts';
import { SERVER } from './names.ts';
import type { SimulatedProcess } from './server-process.ts';

const NAMES = ['a', 'b', 'c', 'd'] as const;

/** The share of members whose names stay as they are, of those with names of the config's, of modern ones, and of those that page. */
const PLAIN_SHARE = 0.3;
const RENAMED_SHARE = 0.3;
const MODERN_SHARE = 0.4;
const PAGED_SHARE = 0.3;

/** What the tool that all members have is called before it is renamed. */
export const WORK = 'work';

/** A time in which a client's processes of a member were not there, stood still, or were only starting. */
export interface Illness {
  readonly client: string;
  readonly member: string;
  readonly from: number;
  until: number;
}

export interface ListedThing {
  readonly name: string;
  /** Of whom it is, and what it is there. */
  readonly description: string;
}

export interface Limits {
  readonly idleTimeoutMs: number;
  readonly vanishTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestLimitMs: number;
  readonly startTimeoutMs: number;
}

export class Member {
  readonly name: string;
  readonly prefix: string;
  readonly isModern: boolean;
  readonly isPaged: boolean;
  readonly tools: ToolRules | undefined;
  /** Counts the changes of its lists. */
  version = 1;
  canStart = true;
  /** Before it answers anything. */
  startMs = 0;

  constructor(name: string, chance: Chance) {
    this.name = name;
    this.prefix = chance.happens(PLAIN_SHARE) ? '' : name;
    this.tools = chance.happens(RENAMED_SHARE)
      ? { rename: { [WORK]: `labour_${name}` } }
      : undefined;
    this.isModern = chance.happens(MODERN_SHARE);
    this.isPaged = chance.happens(PAGED_SHARE);
  }

  get listed(): Readonly<Record<'tools' | 'prompts', readonly ListedThing[]>> {
    const of = (own: string): ListedThing => ({ name: own, description: `${this.name}/${own}` });
    return {
      tools: [of(WORK), of(`only_${this.name}`), of(`of${String(this.version)}_${this.name}`)],
      prompts: [of(`prompt_${this.name}`)],
    };
  }

  /** One that it lists, one that its template is for, and one that it says nothing of. */
  get uris(): readonly string[] {
    return [`r:${this.name}`, `t:${this.name}/1`, `hidden:${this.name}`];
  }
}

export class Members {
  readonly all: readonly Member[];
  readonly illnesses: Illness[] = [];
  /** Whose each name was that a list has shown. */
  readonly shown = {
    tools: new Map<string, Set<string>>(),
    prompts: new Map<string, Set<string>>(),
  };
  /** What went against a promise, as processes saw it. */
  readonly faults: string[] = [];
  /** All that were started. */
  readonly processes: SimulatedProcess[] = [];
  readonly nodes: MemberNode[] = [];
  #count = 0;

  constructor(chance: Chance) {
    this.all = NAMES.slice(0, chance.between(1, NAMES.length)).map(
      (name) => new Member(name, chance),
    );
  }

  /** A number for a process that starts. */
  number(): number {
    this.#count += 1;
    return this.#count;
  }

  of(name: string): Member {
    const found = this.all.find((member) => member.name === name);
    if (!found) throw new Error(`no member ${name}`);
    return found;
  }

  /** Whether a client's processes of a member were all well from one time to another. */
  isWell(client: string, member: string, from: number, until: number): boolean {
    return !this.illnesses.some(
      (ill) =>
        ill.client === client && ill.member === member && ill.from <= until && ill.until >= from,
    );
  }

  configs(limits: Limits): {
    readonly virtual: VirtualConfig;
    readonly servers: ReadonlyMap<string, ServerConfig>;
  } {
    const served = { ...limits, maxInFlight: 64, maxSessions: 100 };
    const virtual = {
      ...served,
      name: SERVER,
      members: this.all.map(({ name, prefix, tools }) => ({
        server: name,
        prefix,
        ...(tools && { tools }),
      })),
    };
    const servers = this.all.map(({ name }): ServerConfig => ({
      ...served,
      name,
      source: {
        kind: 'process',
        command: name,
        args: [],
        env: {},
        cwd: '/',
        inheritEnv: [],
        stderr: 'log',
      },
      secrets: [],
      warm: { min: 0, max: 0, holdMs: 0 },
      maxLineBytes: 16 * 1024 * 1024,
      stateless: false,
      maxProcesses: 4,
      parkTimeoutMs: 600_000,
    }));
    return { virtual, servers: new Map(servers.map((server) => [server.name, server])) };
  }
}
