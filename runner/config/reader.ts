// Builds a config from the parsed file: checks the shape, fills defaults and references, makes paths
// absolute, and collects every mistake on the way.
import { homedir, hostname } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import * as v from 'valibot';
import { SERVER_NAME } from '../../shared/ids.ts';
import type { ConfigReading, RunnerConfig, ServerConfig } from '../config.ts';
import { readEdgeUrl } from '../edge-url.ts';
import type { ProcessLimits } from '../process/cgroup.ts';
import { findUser } from '../process/process-user.ts';
import type { ProcessUser } from '../process/process-user.ts';
import { byteCount } from './byte-size.ts';
import * as defaults from './defaults.ts';
import { durationMs } from './duration.ts';
import { kindOf, readIssue, unknownName } from './issues.ts';
import type { ConfigProblem } from './problem.ts';
import { nearestWord, settingPath } from './problem.ts';
import { fillReferences } from './references.ts';
import type { LimitsBlock, RunnerBlock, ServerEntry } from './schema.ts';
import {
  isRunnerName,
  RESERVED_SERVER_NAMES,
  runnerBlock,
  serverBlock,
  serverEntry,
} from './schema.ts';
import { entryWarnings } from './warnings.ts';

/** Servers that fit the link's `hello` frame. */
const MAX_SERVERS = 256;

/** A value that is wrong in two ways has one message. */
const ONE_ISSUE_EACH = { abortPipeEarly: true };

type Keys = readonly (string | number)[];
type Entries = ReadonlyMap<string, ServerEntry>;

/** Collects the problems of one file while it builds the config. */
export class ConfigReader {
  readonly #file: string;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #problems: ConfigProblem[] = [];
  readonly #warnings: ConfigProblem[] = [];

  constructor(file: string, environment: NodeJS.ProcessEnv) {
    this.#file = file;
    this.#folder = dirname(resolve(file));
    this.#environment = environment;
  }

  read(file: unknown): ConfigReading {
    if (!isObject(file)) {
      this.#problem(
        [],
        `is ${kindOf(file)}, not an object`,
        'Put everything in { "mcpServers": { … } }.',
      );
      return { ok: false, problems: this.#problems };
    }
    const block = this.#runnerBlock(file['bridge']);
    const entries = this.#entries(file);
    const config = this.#config(block ?? {}, entries);
    return this.#problems.length > 0
      ? { ok: false, problems: this.#problems }
      : { ok: true, config };
  }

  #runnerBlock(block: unknown): RunnerBlock | undefined {
    const parsed = v.safeParse(runnerBlock, block ?? {}, ONE_ISSUE_EACH);
    if (parsed.success) return parsed.output;
    for (const issue of parsed.issues)
      this.#issue(issue, ['bridge'], Object.keys(runnerBlock.entries));
    return undefined;
  }

  /** The entries that can be served: checked, and without those that are disabled. */
  #entries(file: Record<string, unknown>): Entries {
    const servers = file['mcpServers'];
    const entries = new Map<string, ServerEntry>();
    if (servers === undefined) {
      // VS Code calls the same block `servers`.
      const near = 'servers' in file ? 'servers' : nearestKey('mcpServers', Object.keys(file));
      const fix =
        near === undefined ? 'Add "mcpServers": { … }.' : `Rename "${near}" to "mcpServers".`;
      this.#problem(['mcpServers'], 'is missing', fix);
      return entries;
    }
    if (!isObject(servers)) {
      this.#problem(
        ['mcpServers'],
        `is ${kindOf(servers)}, not an object`,
        'Write "mcpServers": { "<name>": { … } }.',
      );
      return entries;
    }
    const enabled = Object.entries(servers).filter(
      ([, entry]) => !isObject(entry) || entry['disabled'] !== true,
    );
    for (const [name, entry] of enabled) {
      const checked = this.#entry(name, entry);
      if (checked !== undefined) entries.set(name, checked);
    }
    if (enabled.length === 0)
      this.#problem(
        ['mcpServers'],
        'has no server to offer',
        'Add one, or remove "disabled" from one.',
      );
    if (enabled.length > MAX_SERVERS) {
      this.#problem(
        ['mcpServers'],
        `has more than ${MAX_SERVERS} servers`,
        'Spread them over several runners.',
      );
    }
    return entries;
  }

  #entry(name: string, entry: unknown): ServerEntry | undefined {
    const at = ['mcpServers', name];
    if (!SERVER_NAME.test(name)) {
      const fix =
        'Use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first: it stands in the URL.';
      this.#problem(at, 'is not a server name', fix);
    } else if (RESERVED_SERVER_NAMES.has(name.toLowerCase())) {
      this.#problem(at, 'is a name the edge uses itself', 'Choose another name for this server.');
    }
    if (
      isObject(entry) &&
      (['http', 'sse', 'streamable-http'].includes(String(entry['type'])) || 'url' in entry)
    ) {
      const fix = 'Remove this server or set "disabled": true; clients reach it at its own URL.';
      this.#problem(at, 'is a remote server, and remote servers need no bridge', fix);
      return undefined;
    }
    const parsed = v.safeParse(serverEntry, entry, ONE_ISSUE_EACH);
    if (isObject(entry)) this.#foreignKeys(at, entry);
    if (parsed.success) return parsed.output;
    for (const issue of parsed.issues) this.#issue(issue, at, Object.keys(serverBlock.entries));
    return undefined;
  }

  /** Other programs' keys pass in silence; one that looks like a slip for ours, or like a setting in the wrong place, is worth a word. */
  #foreignKeys(at: Keys, entry: Record<string, unknown>): void {
    const own = Object.keys(serverEntry.entries);
    for (const key of Object.keys(entry)) {
      if (own.includes(key) || FOREIGN_KEYS.has(key)) continue;
      if (key in serverBlock.entries) {
        this.#warning(
          [...at, key],
          'has no effect here',
          `Move it into "bridge": { "${key}": … }.`,
        );
      } else if (nearestWord(key, own) !== undefined) {
        const { what, fix } = unknownName(key, own);
        this.#warning([...at, key], what, fix);
      }
    }
  }

  #config(block: RunnerBlock, entries: Entries): RunnerConfig {
    const capacity = block.capacity ?? defaults.CAPACITY;
    const edge = this.#edge(block.edge);
    const tokenFile = this.#optionalText(['bridge', 'tokenFile'], block.tokenFile);
    return {
      file: resolve(this.#file),
      ...(edge === undefined ? {} : { edge }),
      runner: this.#runnerName(block.runner),
      ...(tokenFile === undefined ? {} : { tokenFile: this.#path(tokenFile) }),
      capacity,
      drainTimeoutMs: durationMs(block.drainTimeout ?? defaults.DRAIN_TIMEOUT_MS),
      ...(block.statusPort === undefined ? {} : { statusPort: block.statusPort }),
      servers: new Map(
        [...entries].map(([name, entry]) => [name, this.#server(name, entry, block, capacity)]),
      ),
      warnings: this.#warnings,
    };
  }

  #server(name: string, entry: ServerEntry, block: RunnerBlock, capacity: number): ServerConfig {
    const at = ['mcpServers', name];
    const { bridge = {} } = entry;
    for (const { keys, what, fix } of entryWarnings(entry))
      this.#warning([...at, ...keys], what, fix);
    const requestTimeoutMs = durationMs(bridge.requestTimeout ?? defaults.REQUEST_TIMEOUT_MS);
    // A short limit alone shortens the default timeout; only two stated values can contradict each other.
    const requestLimitMs = durationMs(
      bridge.requestLimit ?? Math.max(defaults.REQUEST_LIMIT_MS, requestTimeoutMs),
    );
    if (bridge.requestTimeout !== undefined && requestTimeoutMs > requestLimitMs) {
      const fix = 'Raise "requestLimit" or lower this.';
      this.#problem([...at, 'bridge', 'requestTimeout'], 'is longer than "requestLimit"', fix);
    }
    const env = Object.entries(entry.env ?? {});
    const user =
      bridge.user === undefined
        ? this.#user(['bridge', 'user'], block.user)
        : this.#user([...at, 'bridge', 'user'], bridge.user);
    const limits = { ...readLimits(block.limits), ...readLimits(bridge.limits) };
    return {
      name,
      command: this.#command([...at, 'command'], entry.command),
      args: (entry.args ?? []).map((arg, index) => this.#filled([...at, 'args', index], arg)),
      env: Object.fromEntries(
        env.map(([key, value]) => [key, this.#filled([...at, 'env', key], value)]),
      ),
      cwd: this.#path(this.#optionalText([...at, 'cwd'], entry.cwd) ?? '.'),
      inheritEnv: bridge.inheritEnv ?? [],
      warm: bridge.warm ?? defaults.WARM,
      stderr: bridge.stderr ?? 'log',
      idleTimeoutMs: durationMs(bridge.idleTimeout ?? defaults.IDLE_TIMEOUT_MS),
      vanishTimeoutMs: durationMs(bridge.vanishTimeout ?? defaults.VANISH_TIMEOUT_MS),
      requestTimeoutMs: Math.min(requestTimeoutMs, requestLimitMs),
      requestLimitMs,
      startTimeoutMs: durationMs(bridge.startTimeout ?? defaults.START_TIMEOUT_MS),
      maxLineBytes: bridge.maxLineBytes ?? defaults.MAX_LINE_BYTES,
      maxInFlight: bridge.maxInFlight ?? defaults.MAX_IN_FLIGHT,
      maxSessions: bridge.maxSessions ?? capacity,
      maxProcesses: bridge.maxProcesses ?? defaults.MAX_PROCESSES,
      parkTimeoutMs: durationMs(bridge.parkTimeout ?? defaults.PARK_TIMEOUT_MS),
      ...(user === undefined ? {} : { user }),
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
    };
  }

  #user(at: Keys, wanted: RunnerBlock['user']): ProcessUser | undefined {
    if (wanted === undefined) return undefined;
    const user = findUser(wanted);
    const path = settingPath(at);
    // What stands for all servers is wrong once, not once for each.
    if (user === undefined && !this.#problems.some((problem) => problem.path === path)) {
      this.#problem(
        at,
        'names a user this machine does not have',
        'Make that user, or correct the name.',
      );
    }
    return user;
  }

  /** A bare name stays bare, for PATH; `~/` is the home directory, as a shell would have it. */
  #command(at: Keys, raw: string): string {
    const command = this.#optionalText(at, raw) ?? '';
    return command.startsWith('~/') ? this.#path(command) : command;
  }

  #edge(raw: string | undefined): string | undefined {
    const at = ['bridge', 'edge'];
    const filled = this.#optionalText(at, raw);
    if (filled === undefined) return undefined;
    const url = readEdgeUrl(filled);
    if (url.ok) return url.edge;
    this.#problem(at, url.what, url.fix);
    return undefined;
  }

  #runnerName(raw: string | undefined): string {
    const at = ['bridge', 'runner'];
    const name = this.#optionalText(at, raw);
    if (name === undefined) return runnerNameOf(hostname());
    if (!isRunnerName(name)) {
      const fix =
        'Use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first.';
      this.#problem(at, 'is not a runner name', fix);
    }
    return name;
  }

  /** A filled text that may be absent but not empty. */
  #optionalText(at: Keys, raw: string | undefined): string | undefined {
    if (raw === undefined) return undefined;
    const before = this.#problems.length;
    const text = this.#filled(at, raw);
    if (this.#problems.length > before) return undefined;
    if (text === '')
      this.#problem(
        at,
        'is empty once its references are filled',
        'Set the variable, or write the value itself.',
      );
    return text === '' ? undefined : text;
  }

  #filled(at: Keys, raw: string): string {
    const filled = fillReferences(raw, this.#environment);
    if (filled.ok) return filled.text;
    this.#problem(at, filled.what, filled.fix);
    return '';
  }

  #path(text: string): string {
    if (text === '~' || text.startsWith('~/')) return join(homedir(), text.slice(1));
    return isAbsolute(text) ? text : resolve(this.#folder, text);
  }

  #issue(issue: v.BaseIssue<unknown>, at: Keys, known: readonly string[]): void {
    this.#problems.push({ file: this.#file, ...readIssue(issue, at, known) });
  }

  #problem(at: Keys, what: string, fix: string): void {
    this.#problems.push({ file: this.#file, path: settingPath(at), what, fix });
  }

  #warning(at: Keys, what: string, fix: string): void {
    this.#warnings.push({ file: this.#file, path: settingPath(at), what, fix });
  }
}

function readLimits({ memory, pids, cpu }: LimitsBlock = {}): ProcessLimits {
  return {
    ...(memory === undefined ? {} : { memoryBytes: byteCount(memory) }),
    ...(pids === undefined ? {} : { pids }),
    ...(cpu === undefined ? {} : { cpus: cpu }),
  };
}

/** Keys that other programs' files hold and that mean nothing to the bridge. */
const FOREIGN_KEYS: ReadonlySet<string> = new Set([
  'alwaysAllow',
  'autoApprove',
  'description',
  'timeout',
  'enabled',
  'name',
  'envFile',
]);

/** A host name as a runner name: `Ada's Mac.local` → `Ada-s-Mac.local`. */
export function runnerNameOf(host: string): string {
  const name = host.replaceAll(/[^A-Za-z0-9._-]/gu, '-').replace(/^[^A-Za-z0-9]+/u, '');
  return name.slice(0, 64) || 'runner';
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The key that is most likely a slip for `word`. */
const nearestKey = (word: string, keys: readonly string[]): string | undefined =>
  keys.find((key) => nearestWord(key, [word]) !== undefined);
