// Reads the `mcpServers` file that people already have into a config the runner can trust: every default filled in, every
// reference resolved, every path absolute. Commands come from here and from nowhere else (D4).
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { isObject } from '../../shared/json-value.ts';
import { readText } from './file-text.ts';
import { parseFile } from './file-value.ts';
import { mergedConfig, tooManyServers } from './merged.ts';
import { type ConfigProblem, settingPath } from './problem.ts';
import { ConfigReader } from './reader.ts';
import {
  offeredNames,
  type ConfigReading,
  type RunnerConfig,
  type ServedConfig,
} from './runner-config.ts';

/**
 * Reads and checks a config file. All its mistakes are reported at once: those of one server are why it is left out, others
 * refuse the file. Never rejects. `project`: a folder for which the file has servers of its own, which alone are read.
 */
export async function readConfig(
  path: string,
  environment: NodeJS.ProcessEnv,
  project?: string,
): Promise<ConfigReading> {
  const read = readText(path, 'Name your config with --config <file>.');
  if (!read.ok) return { ok: false, problems: [{ file: path, path: '', ...read.problem }] };
  const parsed = await parseFile(path, read.text);
  if (parsed.ok && project !== undefined) {
    const places = { folder: project, project };
    return new ConfigReader(path, environment, places).read(projectIn(parsed.value, project));
  }
  if (parsed.ok) return new ConfigReader(path, environment).read(parsed.value, parsed.duplicates);
  const problems = parsed.problems.map(({ line, column, what, fix }) => {
    return { file: path, path: `line ${line}, column ${column}`, what, fix };
  });
  return { ok: false, problems };
}

/** Claude Code keeps the servers that are for one folder only in the file of the user, below that folder's path. */
function projectIn(file: unknown, project: string): unknown {
  const projects = isObject(file) ? file['projects'] : undefined;
  const found = isObject(projects) && Object.hasOwn(projects, project) ? projects[project] : {};
  return isObject(found) ? { mcpServers: found['mcpServers'] ?? {} } : {};
}

/** A config file, or the part of it that is for one folder. */
export interface ConfigPart {
  readonly path: string;
  readonly project?: string;
}

/** Reads several files as one config; a mistake that refuses one of them refuses all. */
export async function readConfigs(
  parts: readonly ConfigPart[],
  environment: NodeJS.ProcessEnv,
): Promise<ConfigReading> {
  const readings = await Promise.all(
    parts.map(({ path, project }) => readConfig(path, environment, project)),
  );
  const problems = readings.flatMap((reading) => (reading.ok ? [] : reading.problems));
  const [first, ...others] = readings.flatMap((reading) => (reading.ok ? [reading.config] : []));
  if (first === undefined || problems.length > 0) return { ok: false, problems };
  const config = mergedConfig([first, ...others], existsSync);
  const many = tooManyServers(config);
  return many ? { ok: false, problems: [many] } : { ok: true, config };
}

/** Why nothing can be served: a start without servers is a mistake, of the file or of all its entries. */
export function emptyProblems({
  file,
  serversAt,
  servers,
  virtual,
  leftOut,
}: RunnerConfig): ConfigProblem[] {
  if (offeredNames({ servers, virtual }).length > 0) return [];
  const fix =
    leftOut.length === 0 ? 'Add one.' : 'Correct or switch on one of those that are left out.';
  const none = { file, path: settingPath(serversAt), what: 'has no server to offer', fix };
  return [none, ...leftOut.flatMap(({ problems }) => problems)];
}

/** Settings that cannot change while the runner runs: the credential belongs to the runner's name, and both to the edge. */
const FIXED = ['edge', 'runner', 'tokenFile', 'statusPort', 'traces', 'traceRatio'] as const;

/** The settings whose change has to wait for a restart. */
export const settingsForRestart = (before: RunnerConfig, after: RunnerConfig): string[] =>
  FIXED.filter((setting) => before[setting] !== after[setting]);

/**
 * The config that a reload puts in force. An entry that has become unreadable keeps its previous server, and settings
 * that cannot change stay; removed and switched-off servers go.
 */
export function reloadedConfig(before: RunnerConfig, after: RunnerConfig): RunnerConfig {
  const kept = after.leftOut.flatMap(({ reason, servedName }) => {
    const server = before.servers.get(servedName);
    return reason === 'broken' && server !== undefined ? [[servedName, server] as const] : [];
  });
  const {
    edge: _edge,
    tokenFile: _tokenFile,
    statusPort: _statusPort,
    traces: _traces,
    ...rest
  } = after;
  const { edge, runner, tokenFile, statusPort, traces, traceRatio } = before;
  return {
    ...rest,
    runner,
    ...(edge === undefined ? {} : { edge }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(statusPort === undefined ? {} : { statusPort }),
    ...(traces === undefined ? {} : { traces }),
    traceRatio,
    servers: new Map([...after.servers, ...kept]),
  };
}

/** True when a reload leaves this server as it is, so that its processes may go on (F-92). */
export const sameServer = <Config extends ServedConfig>(left: Config, right: Config): boolean =>
  isDeepStrictEqual(left, right);
