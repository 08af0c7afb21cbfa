// Config files for tests: written into a folder of the test file's own, read as the runner does, their findings in short.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { emptyProblems, readConfig } from '../../../runner/config/read.ts';
import {
  isProcessServer,
  type LeftOut,
  type ProcessServer,
  type ProcessSource,
  type RunnerConfig,
  type ServerConfig,
} from '../../../runner/config/runner-config.ts';
import { type ConfigProblem, describeProblem } from '../../../runner/config/problem.ts';

export const folder = mkdtempSync(join(tmpdir(), 'mcp-config-'));
export const file = join(folder, 'mcp.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file of the folder; an object as JSON. Answers its path. */
export function write(content: unknown, path = file): string {
  const isRaw = typeof content === 'string' || content instanceof Uint8Array;
  writeFileSync(path, isRaw ? content : JSON.stringify(content));
  return path;
}

/** The config of a file that is accepted, be it with entries left out. */
export async function accepted(
  content: unknown,
  environment: NodeJS.ProcessEnv = {},
  path = file,
): Promise<RunnerConfig> {
  const reading = await readConfig(write(content, path), environment);
  if (!reading.ok) throw new Error(reading.problems.map(describeProblem).join('\n'));
  return reading.config;
}

/** Why a file is refused: as a whole, or since none of its entries can be served. */
export async function problems(
  content: unknown,
  environment: NodeJS.ProcessEnv = {},
  path = file,
): Promise<readonly ConfigProblem[]> {
  const reading = await readConfig(write(content, path), environment);
  const found = reading.ok ? emptyProblems(reading.config) : reading.problems;
  if (found.length === 0) throw new Error('was accepted');
  return found;
}

export function serverOf(config: RunnerConfig, name = 's'): ServerConfig {
  const server = config.servers.get(name);
  if (server === undefined) throw new Error(`no server ${name}`);
  return server;
}

/** A server that has processes. */
export function processServerOf(config: RunnerConfig, name = 's'): ProcessServer {
  const server = serverOf(config, name);
  if (!isProcessServer(server)) throw new Error(`${name} has no processes`);
  return server;
}

/** What the processes of a server are made of. */
export const processOf = (config: RunnerConfig, name = 's'): ProcessSource =>
  processServerOf(config, name).source;

export const namesOf = (config: RunnerConfig): string[] => [...config.servers.keys()];

/** An entry's fate in one line: `name reason: place what`. */
export const fates = ({ leftOut }: RunnerConfig): string[] =>
  leftOut.flatMap(({ name, reason, problems: found }: LeftOut) =>
    found.map(({ path, what }) => `${name} ${reason}: ${path} ${what}`),
  );

/** The warnings in short, each as `place what`. */
export const warned = ({ warnings }: RunnerConfig): string[] =>
  warnings.map(({ path, what }) => `${path} ${what}`);

/** A neighbour that is in order, beside which another entry is tried. */
export const GOOD = { command: 'node' };

export const one = (entry: object) => ({ mcpServers: { s: { ...GOOD, ...entry } } });

/** A file with this entry, and one beside it that must be served whatever becomes of it. */
export const beside = (entry: unknown, name = 's') => ({
  mcpServers: { good: GOOD, [name]: entry },
});
