// The storage folder of `mcp-bridge dev`: the edge's state, its secret, and a folder for the example's files.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { DevSource } from './options.ts';

/** What signs session ids: 32 random bytes as hex, so 256 bits. */
const SECRET_BYTES = 32;

export interface Workspace {
  readonly edgeFolder: string;
  /** Kept over restarts, so that what it signed stays valid. */
  readonly secret: string;
  /** The config to serve: the given one, or one written for the given command. */
  readonly configPath: string;
  /** The runner's environment, with the storage folder for a config that keeps its files there. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Makes what is missing in the folder. */
export function openWorkspace(folder: string, source: DevSource): Workspace {
  mkdirSync(join(folder, 'files'), { recursive: true });
  // It holds a secret and state, which belong in no repository.
  writeOnce(join(folder, '.gitignore'), '*\n');
  const secretPath = join(folder, 'secret');
  writeOnce(secretPath, randomBytes(SECRET_BYTES).toString('hex'));
  return {
    edgeFolder: join(folder, 'edge'),
    secret: readFileSync(secretPath, 'utf8').trim(),
    configPath: source.kind === 'config' ? source.path : writeConfig(folder, source),
    environment: { ...process.env, MCP_BRIDGE_STORAGE: resolve(folder) },
  };
}

/** The owner alone may read it: it may be the secret. */
function writeOnce(path: string, text: string): void {
  if (!existsSync(path)) writeFileSync(path, text, { mode: 0o600 });
}

/** Arguments may hold secrets, so the owner alone may read this file too. */
function writeConfig(
  folder: string,
  { name, command }: Extract<DevSource, { kind: 'command' }>,
): string {
  const path = resolve(folder, 'command.mcp.json');
  // The shell has filled references already; what is left of that form is meant literally.
  const [program, ...args] = command.map((word) => word.replaceAll('${', () => '$${'));
  const cwd = process.cwd().replaceAll('${', () => '$${');
  const config = { mcpServers: { [name]: { command: program, args, cwd } } };
  writeFileSync(path, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  return path;
}
