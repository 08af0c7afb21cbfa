// Makes the config of one server from its entry: references filled in, env files read, paths absolute, defaults in place.
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { ServedConfig, ServerConfig, ServerSource } from './runner-config.ts';
import type { ProcessLimits } from '../process/cgroup.ts';
import type { WarmBounds } from '../core/warm-size.ts';
import type { PathPart } from '../core/per-user.ts';
import { INHERITED_VARIABLES, isNamed } from '../process/environment.ts';
import { type ProcessUser, findUser } from '../process/process-user.ts';
import { isRedactable } from '../process/redaction.ts';
import { byteCount } from './byte-size.ts';
import * as defaults from './defaults.ts';
import { durationMs } from './duration.ts';
import { readText } from './file-text.ts';
import { type FilePlaces, absolutePath, Filler } from './filler.ts';
import type { Findings } from './findings.ts';
import { readPerUser } from './per-user.ts';
import type { Keys } from './problem.ts';
import type { ReferenceSources, Variable } from './references.ts';
import { lockFileOf } from '../pin-file.ts';
import { httpSource } from './http-source.ts';
import type {
  LimitsBlock,
  RemoteEntry,
  RunnerBlock,
  ServerBlock,
  ServerEntry,
  SessionBlock,
} from './schema.ts';
import { readSharing } from './sharing.ts';
import { judgeNewNames, judgeToolRules } from './tool-rules.ts';
import { entryWarnings } from './warnings.ts';

/** What all servers of a file have in common. */
export interface FileGround {
  /** As it was named. */
  readonly file: string;
  readonly places: FilePlaces;
  readonly sources: ReferenceSources;
  readonly block: RunnerBlock;
  /** Found for the whole file; undefined for the runner's own. */
  readonly user: ProcessUser | undefined;
  /** The origin of the edge, if the file says it. */
  readonly edge: string | undefined;
  /** Collects the paths of env files, and of others that entries read. */
  readonly envFiles: Set<string>;
  /** Collects the paths of files that each person has. */
  readonly personFiles: (readonly PathPart[])[];
}

/** Builds the config of one server. It is good only if `findings` got no problem. */
export function serverConfig(
  name: string,
  entry: ServerEntry | RemoteEntry,
  ground: FileGround,
  findings: Findings,
): ServerConfig {
  const { bridge = {} } = entry;
  const warm = warmOf(bridge.warm, findings);
  const { source, secrets } =
    'url' in entry
      ? remoteSource(name, entry, ground, findings)
      : processSource(entry, warm, ground, findings);
  const sharing = readSharing(bridge, findings);
  return {
    name,
    source,
    secrets: [...new Set(secrets)],
    warm,
    ...sessionConfig(bridge, findings, ['bridge']),
    ...(bridge.served === false && { isMemberOnly: true }),
    maxLineBytes: bridge.maxLineBytes ?? defaults.MAX_LINE_BYTES,
    stateless: bridge.stateless ?? defaults.STATELESS,
    maxProcesses: bridge.maxProcesses ?? defaults.MAX_PROCESSES,
    parkTimeoutMs: durationMs(bridge.parkTimeout ?? defaults.PARK_TIMEOUT_MS),
    ...(sharing && { sharing }),
    ...pinOf(bridge.pin, ground),
  };
}

/** A source, and what no log may show of it. */
interface ReadSource {
  readonly source: ServerSource;
  readonly secrets: readonly string[];
}

function remoteSource(
  name: string,
  entry: RemoteEntry,
  { places, sources, edge, envFiles }: FileGround,
  findings: Findings,
): ReadSource {
  const filler = new Filler(sources, findings);
  const ground = { folder: places.folder, edge, files: envFiles };
  const { source, secrets } = httpSource(name, entry, ground, filler, findings);
  warnOfShortSecrets(filler.secrets, findings);
  return { source, secrets: [...secrets, ...filler.secrets.map(({ value }) => value)] };
}

function processSource(
  entry: ServerEntry,
  { max: mostWarm }: WarmBounds,
  ground: FileGround,
  findings: Findings,
): ReadSource {
  const { places, sources, block } = ground;
  const { bridge = {} } = entry;
  const filler = new Filler(sources, findings);
  for (const { keys, what, fix } of entryWarnings(entry)) findings.warning(keys, what, fix);
  const fileEnv = readEnvFiles(entry.envFile ?? [], ground, filler, findings);
  const ownEnv = Object.entries(entry.env ?? {}).map(
    ([key, value]) => [key, filler.filled(['env', key], value)] as const,
  );
  const env = Object.fromEntries([...fileEnv, ...ownEnv]);
  const command = filler.optionalText(['command'], entry.command) ?? '';
  const user = bridge.user === undefined ? ground.user : findUserOrSay(bridge.user, findings);
  const limits = { ...readLimits(block.limits), ...readLimits(bridge.limits) };
  const inheritEnv = bridge.inheritEnv ?? [];
  const args = (entry.args ?? []).map((arg, index) => filler.filled(['args', index], arg));
  const cwd = filler.optionalText(['cwd'], entry.cwd);
  const given = [
    ...filler.secrets,
    ...fileEnv.map(([variable, value]) => ({ name: variable, value })),
    ...inherited(inheritEnv, sources.environment),
  ];
  warnOfShortSecrets(given, findings);
  const own = { folder: places.folder, sources, env, mostWarm, personFiles: ground.personFiles };
  const perUser = bridge.perUser && readPerUser(bridge.perUser, own, findings);
  if (user === undefined && perUser?.variables.some((variable) => 'file' in variable)) {
    const what =
      'names files that all processes of this server can read, since they run as the user of the runner';
    findings.warning(
      ['bridge', 'perUser'],
      what,
      'Start mcp-bridge as root, and set "user" to another one.',
    );
  }
  return {
    source: {
      kind: 'process',
      command: command.startsWith('~/') ? absolutePath(command, places.project) : command,
      args,
      env,
      cwd: absolutePath(cwd ?? '.', places.project),
      ...(cwd !== undefined && { hasOwnCwd: true }),
      inheritEnv,
      stderr: bridge.stderr ?? defaults.STDERR,
      ...(perUser && { perUser }),
      ...(user === undefined ? {} : { user }),
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
    },
    secrets: [...given.map(({ value }) => value), ...Object.values(env)],
  };
}

/** A number is fixed. Of bounds, those that are not given give way. */
function warmOf(warm: ServerBlock['warm'], findings: Findings): WarmBounds {
  if (warm === undefined || typeof warm === 'number') {
    const fixed = warm ?? defaults.WARM;
    return { min: fixed, max: fixed, holdMs: defaults.WARM_HOLD_MS };
  }
  const max = warm.max ?? Math.max(defaults.WARM_MAX, warm.min ?? 0);
  const min = warm.min ?? defaults.WARM_MIN;
  if (min > max) {
    const fix = 'Raise "max" or lower this.';
    findings.problem(['bridge', 'warm', 'min'], 'is more than "max"', fix);
  }
  return { min, max, holdMs: durationMs(warm.hold ?? defaults.WARM_HOLD_MS) };
}

function pinOf(pin: boolean | 'warn' | undefined, { file }: FileGround): Pick<ServerConfig, 'pin'> {
  if (pin === undefined || pin === false) return {};
  return { pin: { mode: pin === 'warn' ? 'warn' : 'hold', file: lockFileOf(resolve(file)) } };
}

/** What a server, or several as one, says of its sessions. `at`: where it says so. */
export function sessionConfig(
  block: SessionBlock,
  findings: Findings,
  at: Keys,
): Omit<ServedConfig, 'name'> {
  const { tools, methods, discovery } = block;
  if (tools) judgeToolRules(tools, [...at, 'tools'], findings);
  if (tools && discovery === 'search') judgeNewNames(tools, [...at, 'tools'], findings);
  return {
    idleTimeoutMs: durationMs(block.idleTimeout ?? defaults.IDLE_TIMEOUT_MS),
    vanishTimeoutMs: durationMs(block.vanishTimeout ?? defaults.VANISH_TIMEOUT_MS),
    ...requestTimes(block, findings, at),
    startTimeoutMs: durationMs(block.startTimeout ?? defaults.START_TIMEOUT_MS),
    maxInFlight: block.maxInFlight ?? defaults.MAX_IN_FLIGHT,
    maxSessions: block.maxSessions ?? defaults.SESSIONS_PER_SERVER,
    ...(tools && { tools }),
    ...(methods && { methods }),
    ...(discovery === 'search' && { isSearched: true }),
  };
}

/** A short limit by itself shortens the default timeout; only two stated values can contradict each other. */
function requestTimes(
  bridge: SessionBlock,
  findings: Findings,
  at: Keys,
): Pick<ServedConfig, 'requestTimeoutMs' | 'requestLimitMs'> {
  const timeoutMs = durationMs(bridge.requestTimeout ?? defaults.REQUEST_TIMEOUT_MS);
  const limitMs = durationMs(bridge.requestLimit ?? Math.max(defaults.REQUEST_LIMIT_MS, timeoutMs));
  if (bridge.requestTimeout !== undefined && timeoutMs > limitMs) {
    const fix = 'Raise "requestLimit" or lower this.';
    findings.problem([...at, 'requestTimeout'], 'is longer than "requestLimit"', fix);
  }
  return { requestTimeoutMs: Math.min(timeoutMs, limitMs), requestLimitMs: limitMs };
}

/** Variables of dotenv files (`NAME=value` lines). A later file overrules an earlier one. */
function readEnvFiles(
  files: readonly string[],
  { places, envFiles }: FileGround,
  filler: Filler,
  findings: Findings,
): (readonly [string, string])[] {
  return files.flatMap((raw, index) => {
    const at = files.length === 1 ? ['envFile'] : ['envFile', index];
    const file = filler.optionalText(at, raw);
    if (file === undefined) return [];
    const path = absolutePath(file, places.folder);
    envFiles.add(path);
    const reading = readText(
      path,
      'Name the file with the variables, relative to the config file.',
    );
    if (reading.ok)
      return Object.entries(parseEnv(reading.text)).map(([k, v]) => [k, v ?? ''] as const);
    findings.problem(at, `names a file that ${reading.problem.what}`, reading.problem.fix);
    return [];
  });
}

function inherited(patterns: readonly string[], environment: NodeJS.ProcessEnv): Variable[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    const isOwn = isNamed(name, patterns) && !isNamed(name, INHERITED_VARIABLES);
    return isOwn && value !== undefined ? [{ name, value }] : [];
  });
}

/** Words of which names of secrets are made. */
const SECRET_NAME =
  /token|secret|passw|api_?key|access_?key|private_?key|credential|(?:^|_)(?:pin|pwd|auth)(?:_|$)/iu;

function warnOfShortSecrets(given: readonly Variable[], findings: Findings): void {
  for (const { name, value } of given) {
    if (value === '' || isRedactable(value) || !SECRET_NAME.test(name)) continue;
    const what = `gets ${name}, whose value is too short to be redacted from logs`;
    findings.warning(
      [],
      what,
      'Give it a longer value, or make sure that the server does not print it.',
    );
  }
}

/** The user that processes run as. */
export function findUserOrSay(
  wanted: RunnerBlock['user'],
  findings: Findings,
): ProcessUser | undefined {
  if (wanted === undefined) return undefined;
  const user = findUser(wanted);
  if (user === undefined) {
    const fix = 'Create that user, or correct the name.';
    findings.problem(USER_PLACE, 'names a user that does not exist on this machine', fix);
  }
  return user;
}

/** In a server's entry as at the top of the file. */
const USER_PLACE: Keys = ['bridge', 'user'];

function readLimits({ memory, pids, cpu }: LimitsBlock = {}): ProcessLimits {
  return {
    ...(memory === undefined ? {} : { memoryBytes: byteCount(memory) }),
    ...(pids === undefined ? {} : { pids }),
    ...(cpu === undefined ? {} : { cpus: cpu }),
  };
}
