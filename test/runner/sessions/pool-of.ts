// The pool of one configured server, for tests with real processes; and secrets of persons, each in a file.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { readConfig } from '../../../runner/config/read.ts';
import type { ServerConfig } from '../../../runner/config/runner-config.ts';
import { createLog, type Log } from '../../../runner/log.ts';
import { ProcessPool } from '../../../runner/sessions/process-pool.ts';
import { Starts } from '../../../runner/sessions/starts.ts';
import { temporaryFolder } from '../../e2e/journal.ts';

/** Says nothing. */
export const QUIET_LOG = createLog({ level: 'error', pretty: false, write: () => undefined });

interface Watch {
  readonly log?: Log;
  /** A process was started. */
  readonly started?: () => void;
  /** Whether others than a principal use the runner. */
  readonly isShared?: () => boolean;
  /** Those of the runner; without: the pool's own. */
  readonly starts?: Starts;
}

export interface ConfiguredPool {
  readonly config: ServerConfig;
  readonly pool: ProcessPool;
  readonly folder: string;
  /** Writes the secret of a person where `secretIn(folder)` says that it is. */
  keep(id: string, secret: string): void;
}

/** `entry`: the server's entry in the config, which may name the test's folder. All is closed when the test is over. */
export async function poolOf(
  entry: (folder: string) => object,
  {
    log = QUIET_LOG,
    started = () => undefined,
    isShared = () => false,
    starts = new Starts(isShared),
  }: Watch = {},
): Promise<ConfiguredPool> {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(folder, 'mcp.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { s: entry(folder) } }));
  const reading = await readConfig(file, {});
  const config = reading.ok ? reading.config.servers.get('s') : undefined;
  if (!config) throw new Error('The config is in order.');
  const pool = new ProcessPool(config, { token: 't', starts }, log, {
    started,
    ended: () => undefined,
    failed: () => undefined,
  });
  onTestFinished(() => pool.close());
  const keep = (id: string, secret: string): void => {
    mkdirSync(join(folder, 'people', id), { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, 'people', id, 'secret'), secret, { mode: 0o600 });
  };
  return { config, pool, folder, keep };
}

/** Per user: the secret that was kept for a person, as a variable of the process. */
export const secretIn = (folder: string): object => ({
  env: { SECRET: { file: `${folder}/people/\${person.id}/secret` } },
});
