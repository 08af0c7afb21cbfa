// Reads the `mcpServers` file that people have already into a config the runner can trust: every
// default filled, every reference resolved, every path absolute (DESIGN D4: commands come from here only).
import { isDeepStrictEqual } from 'node:util';
import { readText } from './config/file-text.ts';
import { findSyntaxFault } from './config/json-syntax.ts';
import type { ConfigProblem } from './config/problem.ts';
import { ConfigReader } from './config/reader.ts';
import type { ProcessLimits } from './process/cgroup.ts';
import type { ProcessUser } from './process/process-user.ts';

/** A configured server. Paths are absolute, references filled; `env` may hold secrets and is never logged. */
export interface ServerConfig {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
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
  /** Processes that the modern clients of one principal may occupy together. */
  readonly maxProcesses: number;
  /** How long a call that asked its modern client something waits for the answer. */
  readonly parkTimeoutMs: number;
  /** Whom its processes run as; absent for the runner's own user. */
  readonly user?: ProcessUser;
  /** What one of its processes may use, together with all that it starts. */
  readonly limits?: ProcessLimits;
}

/** A whole config. `edge` is an origin without trailing slash. */
export interface RunnerConfig {
  readonly file: string;
  readonly edge?: string;
  readonly runner: string;
  readonly tokenFile?: string;
  readonly capacity: number;
  readonly drainTimeoutMs: number;
  readonly statusPort?: number;
  readonly servers: ReadonlyMap<string, ServerConfig>;
  readonly warnings: readonly ConfigProblem[];
}

export type ConfigReading =
  | { readonly ok: true; readonly config: RunnerConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Reads and checks a config file. All its mistakes are reported at once; rejects never. */
export async function readConfig(
  path: string,
  environment: NodeJS.ProcessEnv,
): Promise<ConfigReading> {
  const read = await readText(path);
  if (!read.ok) return { ok: false, problems: [{ file: path, path: '', ...read.fault }] };
  const syntax = findSyntaxFault(read.text);
  if (syntax !== undefined) {
    const { line, column, what, fix } = syntax;
    const problem = { file: path, path: `line ${line}, column ${column}`, what, fix };
    return { ok: false, problems: [problem] };
  }
  return new ConfigReader(path, environment).read(JSON.parse(read.text));
}

/** True when a reload leaves this server as it is, so that its processes may go on (F-92). */
export const sameServer = (left: ServerConfig, right: ServerConfig): boolean =>
  isDeepStrictEqual(left, right);
