// Reads the `mcpServers` file that people already have into a config the runner can trust: every default filled in, every
// reference resolved, every path absolute. Commands come from here and from nowhere else (D4).
import { isDeepStrictEqual } from 'node:util';
import { readText } from './config/file-text.ts';
import { parseFile } from './config/file-value.ts';
import type { ConfigProblem, Keys } from './config/problem.ts';
import { settingPath } from './config/problem.ts';
import { ConfigReader } from './config/reader.ts';
import type { ProcessLimits } from './process/cgroup.ts';
import type { ProcessUser } from './process/process-user.ts';

/** A configured server. Paths are absolute, references filled; `env` may hold secrets and is never logged. */
export interface ServerConfig {
  /** The name it is served under. */
  readonly name: string;
  /** Its name in the file, where that does not fit into a URL. */
  readonly configuredAs?: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Values that a log must not show: of `env`, of env files, of inherited variables, and what filled a reference. */
  readonly secrets: readonly string[];
  readonly cwd: string;
  readonly inheritEnv: readonly string[];
  readonly warm: number;
  readonly stderr: 'log' | 'client';
  readonly idleTimeoutMs: number;
  readonly vanishTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestLimitMs: number;
  readonly startTimeoutMs: number;
  readonly maxLineBytes: number;
  readonly maxInFlight: number;
  readonly maxSessions: number;
  /** Nothing is lost when two calls of a modern client run on different processes. */
  readonly stateless: boolean;
  /** Processes that the modern clients of one principal may occupy together. */
  readonly maxProcesses: number;
  /** How long a call that asked its modern client something waits for the answer. */
  readonly parkTimeoutMs: number;
  /** The user its processes run as; absent for the runner's own. */
  readonly user?: ProcessUser;
  /** What one of its processes may use, together with all that it starts. */
  readonly limits?: ProcessLimits;
}

/** An entry of the file that is not served. */
export interface LeftOut {
  /** Its name in the file. */
  readonly name: string;
  /** The name it would be served under. */
  readonly servedName: string;
  /** `off` is switched off, `elsewhere` is remote or a part of another program, `broken` cannot be served as it is. */
  readonly reason: 'off' | 'elsewhere' | 'broken';
  /** Why, and what to do; one or more. */
  readonly problems: readonly ConfigProblem[];
}

/** A whole config. `edge` is an origin without trailing slash. */
export interface RunnerConfig {
  readonly file: string;
  /** Where the file keeps its servers, such as `['mcpServers']`; empty when they are the file itself. */
  readonly serversAt: Keys;
  readonly edge?: string;
  readonly runner: string;
  readonly tokenFile?: string;
  readonly capacity: number;
  readonly drainTimeoutMs: number;
  readonly statusPort?: number;
  readonly servers: ReadonlyMap<string, ServerConfig>;
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly ConfigProblem[];
}

export type ConfigReading =
  | { readonly ok: true; readonly config: RunnerConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Reads and checks a config file. All its mistakes are reported at once: those of one server are why it is left out, others
 * refuse the file. Never rejects.
 */
export async function readConfig(
  path: string,
  environment: NodeJS.ProcessEnv,
): Promise<ConfigReading> {
  const read = readText(path, 'Name your config with --config <file>.');
  if (!read.ok) return { ok: false, problems: [{ file: path, path: '', ...read.fault }] };
  const parsed = await parseFile(path, read.text);
  if (parsed.ok) return new ConfigReader(path, environment).read(parsed.value, parsed.duplicates);
  const problems = parsed.faults.map(({ line, column, what, fix }) => {
    return { file: path, path: `line ${line}, column ${column}`, what, fix };
  });
  return { ok: false, problems };
}

/** Why nothing can be served: a start without servers is a mistake, be it of the file or of all its entries. */
export function emptyProblems({
  file,
  serversAt,
  servers,
  leftOut,
}: RunnerConfig): ConfigProblem[] {
  if (servers.size > 0) return [];
  const fix =
    leftOut.length === 0 ? 'Add one.' : 'Correct or switch on one of those that are left out.';
  const none = { file, path: settingPath(serversAt), what: 'has no server to offer', fix };
  return [none, ...leftOut.flatMap(({ problems }) => problems)];
}

/** Settings that hold from the start on: the credential belongs to the runner's name, and both to the edge. */
const FIXED = ['edge', 'runner', 'tokenFile', 'statusPort'] as const;

/** The settings whose change has to wait for a restart. */
export const settingsForRestart = (before: RunnerConfig, after: RunnerConfig): string[] =>
  FIXED.filter((setting) => before[setting] !== after[setting]);

/**
 * The config that a reload puts in force. An entry that has become unreadable keeps the server that it was before, and what
 * holds from the start on stays; what is removed or switched off goes.
 */
export function reloadedConfig(before: RunnerConfig, after: RunnerConfig): RunnerConfig {
  const kept = after.leftOut.flatMap(({ reason, servedName }) => {
    const server = before.servers.get(servedName);
    return reason === 'broken' && server !== undefined ? [[servedName, server] as const] : [];
  });
  const { edge: _edge, tokenFile: _tokenFile, statusPort: _statusPort, ...rest } = after;
  const { edge, runner, tokenFile, statusPort } = before;
  return {
    ...rest,
    runner,
    ...(edge === undefined ? {} : { edge }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(statusPort === undefined ? {} : { statusPort }),
    servers: new Map([...after.servers, ...kept]),
  };
}

/** True when a reload leaves this server as it is, so that its processes may go on (F-92). */
export const sameServer = (left: ServerConfig, right: ServerConfig): boolean =>
  isDeepStrictEqual(left, right);
