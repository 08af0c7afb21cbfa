// What a config file comes to: servers with every default filled in, and what is left out, with the reasons.
import type { ProcessLimits } from '../process/cgroup.ts';
import type { ProcessUser } from '../process/process-user.ts';
import type { PerUser } from '../core/per-user.ts';
import type { PolicyRules } from '../core/policy.ts';
import type { WarmBounds } from '../core/warm-size.ts';
import type { PinSetting } from '../pin-file.ts';
import type { ToolRules } from '../core/tool-view.ts';
import type { ConfigProblem, Keys } from './problem.ts';

/** What a session needs to know of whatever is served; times in milliseconds. */
export interface ServedConfig extends PolicyRules {
  /** The name it is served under. */
  readonly name: string;
  readonly idleTimeoutMs: number;
  readonly vanishTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestLimitMs: number;
  readonly startTimeoutMs: number;
  readonly maxInFlight: number;
  readonly maxSessions: number;
  /** Clients are given two tools, which find and call the others; absent: they are given the list. */
  readonly isSearched?: true;
}

/** Who shares the processes of a server, and how many sessions there are at one. */
export interface SharingConfig {
  /** All sessions of one principal, and of one person where the processes differ by person; or all sessions. */
  readonly by: 'principal' | 'server';
  readonly sessionsPerProcess: number;
  /** Processes that those who share them may have together. */
  readonly mostProcesses: number;
}

/** A configured server: what all have in common, and what it is made of. Paths are absolute, references filled. */
export interface ServerConfig extends ServedConfig {
  /** Its name in the file, if that does not fit into a URL. */
  readonly configuredAs?: string;
  readonly source: ServerSource;
  /** Values that a log must not show: of `env`, of env files, of inherited variables, and what filled a reference. */
  readonly secrets: readonly string[];
  /** It is only a member of virtual servers. */
  readonly isMemberOnly?: true;
  /** How many processes, and session links, are kept ready. */
  readonly warm: WarmBounds;
  readonly maxLineBytes: number;
  /** Nothing is lost when two calls of a modern client run on different processes. */
  readonly stateless: boolean;
  /** Processes that the modern clients of one principal may occupy together. */
  readonly maxProcesses: number;
  /** How long a call that asked its modern client something waits for the answer. */
  readonly parkTimeoutMs: number;
  /** Absent: each session has a process of its own. */
  readonly sharing?: SharingConfig;
  /** Absent: its tools are not pinned. */
  readonly pin?: PinSetting;
}

/** What stands behind a server. */
export type ServerSource = ProcessSource | HttpSource;

/** Processes of this machine. `env` may hold secrets and is never logged. */
export interface ProcessSource {
  readonly kind: 'process';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** `cwd` was given; else it is the folder that belongs to the file. */
  readonly hasOwnCwd?: true;
  readonly inheritEnv: readonly string[];
  readonly stderr: 'log' | 'client';
  /** What its processes get of the person they are for; absent: they are the same for everybody. */
  readonly perUser?: PerUser;
  /** The user its processes run as; absent for the runner's own. */
  readonly user?: ProcessUser;
  /** What one of its processes may use, together with all that it starts. */
  readonly limits?: ProcessLimits;
}

/** A server at a URL, which each session has a session with. `headers` may hold secrets and are never logged. */
export interface HttpSource {
  readonly kind: 'http';
  readonly url: string;
  /** `any`: Streamable HTTP, or HTTP+SSE if the server does not speak that. */
  readonly transport: 'any' | 'sse';
  readonly headers: Readonly<Record<string, string>>;
  /** Certificates of authorities that are trusted beside the system's, as PEM. */
  readonly ca?: string;
}

/** A server whose source is processes of this machine. */
export type ProcessServer = ServerConfig & { readonly source: ProcessSource };

/** Those of `servers` that have processes of this machine. */
export const processServers = (servers: Iterable<ServerConfig>): ProcessServer[] =>
  [...servers].filter(isProcessServer);

/** What its processes get of the person they are for; undefined if they are the same for everybody. */
export const perUserOf = ({ source }: ServerConfig): PerUser | undefined =>
  source.kind === 'process' ? source.perUser : undefined;

export const isProcessServer = (server: ServerConfig): server is ProcessServer =>
  server.source.kind === 'process';

/** Several servers of the same config as one. */
export interface VirtualConfig extends ServedConfig {
  /** In the order in which their lists follow each other; at least one. */
  readonly members: readonly MemberConfig[];
}

export interface MemberConfig {
  /** The name of a server of the config. */
  readonly server: string;
  /** What the names of its tools and prompts begin with, before `__`; empty: they stay as they are. */
  readonly prefix: string;
  /** What clients of the virtual server see of its tools. */
  readonly tools?: ToolRules;
}

/** An entry of the file that is not served. */
export interface LeftOut {
  /** Its name in the file. */
  readonly name: string;
  /** The name it would be served under. */
  readonly servedName: string;
  /** `off` is switched off, `elsewhere` is a part of another program, `broken` cannot be served as it is. */
  readonly reason: 'off' | 'elsewhere' | 'broken';
  /** Why, and what to do; one or more. */
  readonly problems: readonly ConfigProblem[];
}

/** A whole config. `edge` is an origin without trailing slash. */
export interface RunnerConfig {
  readonly file: string;
  /** Absolute paths of the files that entries to be served take variables from, also of those that could not be read. */
  readonly envFiles: readonly string[];
  /** Where the file keeps its servers, such as `['mcpServers']`; empty when they are the file itself. */
  readonly serversAt: Keys;
  readonly edge?: string;
  readonly runner: string;
  readonly tokenFile?: string;
  readonly capacity: number;
  readonly drainTimeoutMs: number;
  readonly statusPort?: number;
  /** Where spans are POSTed by OTLP; absent: nothing is traced. */
  readonly traces?: string;
  readonly traceRatio: number;
  readonly servers: ReadonlyMap<string, ServerConfig>;
  /** By name; no server has one of these names. */
  readonly virtual: ReadonlyMap<string, VirtualConfig>;
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly ConfigProblem[];
}

/** The names under which a config is served, in its order. */
export const offeredNames = ({
  servers,
  virtual,
}: Pick<RunnerConfig, 'servers' | 'virtual'>): string[] => [
  ...[...servers.values()].flatMap(({ name, isMemberOnly }) => (isMemberOnly ? [] : [name])),
  ...virtual.keys(),
];

export type ConfigReading =
  | { readonly ok: true; readonly config: RunnerConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };
