// Other bridges from stdio to Streamable HTTP, in exact versions: installed into a folder of the bench's own, never a dependency.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as v from 'valibot';

/** A package that is installed for the bench. */
export interface Package {
  readonly name: string;
  readonly version: string;
}

export interface Rival extends Package {
  /** How Node runs it so that it serves the command on the port, at `/mcp`. */
  readonly nodeArgs: (modules: string, port: number, command: readonly string[]) => string[];
}

/** Imported before a program that has no option to listen on this machine alone. */
export const LOOPBACK_ONLY = new URL('loopback-only.mjs', import.meta.url).href;

/** Both serve sessions; logging is off where it can be, since it costs them a fifth of their speed. */
export const RIVALS: readonly Rival[] = [
  {
    // A process a session. It listens on all addresses and has no option against it.
    name: 'supergateway',
    version: '4.0.0',
    nodeArgs: (modules, port, command) => [
      `--import=${LOOPBACK_ONLY}`,
      join(modules, 'supergateway/dist/index.js'),
      `--stdio=${command.join(' ')}`,
      `--port=${port}`,
      '--outputTransport=streamableHttp',
      '--stateful',
      '--logLevel=none',
    ],
  },
  {
    // One process for all sessions.
    name: 'mcp-proxy',
    version: '6.7.19',
    nodeArgs: (modules, port, command) => [
      join(modules, 'mcp-proxy/dist/bin/mcp-proxy.mjs'),
      '--host=127.0.0.1',
      `--port=${port}`,
      '--server=stream',
      '--',
      ...command,
    ],
  },
];

/** npm on a slow line takes a minute; without one it must not hold the run up for longer. */
const INSTALL_MS = 180_000;

const manifest = v.object({ version: v.string() });

export type Installed =
  | { readonly ok: true; readonly modules: string }
  | { readonly ok: false; readonly reason: string };

/** Installs what is not there in its exact version. An installed one needs no network. */
export async function installRival(rival: Package, folder: string): Promise<Installed> {
  const home = join(folder, rival.name);
  const modules = join(home, 'node_modules');
  if (installedVersion(modules, rival.name) === rival.version) return { ok: true, modules };
  mkdirSync(home, { recursive: true });
  const wanted = { private: true, dependencies: { [rival.name]: rival.version } };
  writeFileSync(join(home, 'package.json'), JSON.stringify(wanted));
  const failure = await npmInstall(home);
  if (failure !== undefined) return { ok: false, reason: failure };
  const version = installedVersion(modules, rival.name);
  if (version === rival.version) return { ok: true, modules };
  return { ok: false, reason: `npm installed version ${version ?? 'none'}` };
}

function installedVersion(modules: string, name: string): string | undefined {
  const path = join(modules, name, 'package.json');
  if (!existsSync(path)) return undefined;
  const read = v.safeParse(manifest, JSON.parse(readFileSync(path, 'utf8')));
  return read.success ? read.output.version : undefined;
}

/** Install scripts are not run: neither rival needs one. */
async function npmInstall(cwd: string): Promise<string | undefined> {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = spawn('npm', ['install', ...flags], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: INSTALL_MS,
  });
  let said = '';
  npm.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  try {
    const [code] = (await once(npm, 'close')) as [number | null];
    return code === 0 ? undefined : said.trim().slice(-500) || `npm ended with ${code}`;
  } catch (error) {
    return String(error);
  }
}

/** The stdio server that every target serves. */
export const ECHO_COMMAND: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url)),
];

/** The same for many sessions: a process of theirs takes a few hundred KiB. */
export const SMALL_COMMAND: readonly string[] = [
  '/bin/sh',
  fileURLToPath(new URL('small-server.sh', import.meta.url)),
];
