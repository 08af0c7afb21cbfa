// The storage folder of `mcp-bridge dev`: the edge's state, its secret, the keys of clients and owner, and a folder for the example's files.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { ConfigPart } from '../config/read.ts';
import { CLIENT_KEY, mintClientKey, mintOwnerKey, OWNER_KEY } from '../credential.ts';
import type { LocalSource } from './options.ts';
import { orInWords, ownFolder, readOwnSecret, writeOwnFile } from './own-storage.ts';

/** What signs session ids: 32 random bytes as hex, so 256 bits. */
const SECRET_BYTES = 32;

const SECRET = /^[0-9a-f]{64}$/u;

/** The file of the clients' key. */
const KEY = 'key';

/** The file of the owner's key. */
const OWNER = 'owner-key';

/** Where the example keeps its files; servers may do there what they like. */
const FILES = 'files';

export interface Workspace {
  readonly edgeFolder: string;
  /** Kept over restarts, so that what it signed stays valid. */
  readonly secret: string;
  /** What clients must show. Kept over restarts, so that a client that was configured once goes on working. */
  readonly key: string;
  readonly keyPath: string;
  /** The config to serve: the given files, or one written for the given command. */
  readonly configs: readonly ConfigPart[];
  /** The runner's environment, with the storage folder for a config that keeps its files there. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Makes what is missing in the folder. Throws an `EdgeStartError` for one that is not this user's alone, or cannot be used. */
export function openWorkspace(folder: string, source: LocalSource): Workspace {
  ownFolder(folder, [FILES]);
  const files = join(folder, FILES);
  orInWords(files, () => mkdirSync(files, { recursive: true }));
  // It holds a secret and state, which belong in no repository.
  writeOwnFile(join(folder, '.gitignore'), '*\n');
  return {
    edgeFolder: join(folder, 'edge'),
    secret: kept(join(folder, 'secret'), SECRET, () => randomBytes(SECRET_BYTES).toString('hex')),
    key: kept(join(folder, KEY), CLIENT_KEY, mintClientKey),
    keyPath: join(folder, KEY),
    configs: source.kind === 'config' ? source.files : [{ path: writeConfig(folder, source) }],
    environment: { ...process.env, MCP_BRIDGE_STORAGE: resolve(folder) },
  };
}

/** The owner's key of a folder that is open, for one who named no other; made when it is asked for first, and kept over restarts. */
export function ownerKeyIn(folder: string): { readonly key: string; readonly path: string } {
  const path = join(folder, OWNER);
  return { key: kept(path, OWNER_KEY, mintOwnerKey), path };
}

/** A secret of ours, made at the first start. */
function kept(path: string, form: RegExp, make: () => string): string {
  const found = readOwnSecret(path, form);
  if (found !== undefined) return found;
  const secret = make();
  writeOwnFile(path, secret);
  return secret;
}

/** Arguments may hold secrets, so only the owner may read this file too. */
function writeConfig(
  folder: string,
  { name, command }: Extract<LocalSource, { kind: 'command' }>,
): string {
  const path = resolve(folder, 'command.mcp.json');
  // The shell has filled references already; what is left of that form is meant literally.
  const [program, ...args] = command.map((word) => word.replaceAll('${', () => '$${'));
  const cwd = process.cwd().replaceAll('${', () => '$${');
  const config = { mcpServers: { [name]: { command: program, args, cwd } } };
  writeOwnFile(path, `${JSON.stringify(config, undefined, 2)}\n`);
  return path;
}
