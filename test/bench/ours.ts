// This bridge as it runs on one machine: an edge, in workerd or on Node, and a runner as a program of its own; or `mcp-bridge dev`, which
// is both in one.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { hashCredential, mintRunnerToken } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { edgeBundle } from '../../runner/dev/bundle.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { dropMemoryFolder, memoryFolder } from '../../runner/dev/memory-folder.ts';
import { startLocalEdge } from '../../runner/dev/local-edge.ts';
import { showsInfo, type LogLevel } from '../../runner/log.ts';
import { startProgram, type Program } from './program.ts';
import { ECHO_COMMAND } from './rivals.ts';

/** A stdio server as it stands in the runner's config. */
export interface StdioServer {
  readonly command: string;
  readonly args: readonly string[];
  readonly bridge?: Readonly<Record<string, unknown>>;
}

export interface OursOptions {
  /** workerd unless told. */
  readonly edge?: 'workerd' | 'node';
  /** By name; {@link echoServers} of the echo program unless told. */
  readonly servers?: Readonly<Record<string, StdioServer>>;
  /** Virtual servers, as they stand in the runner's config. */
  readonly virtual?: Readonly<
    Record<string, { readonly members: Readonly<Record<string, { readonly prefix: string }>> }>
  >;
  /** Sessions of the runner; far above those of most phases unless told. */
  readonly capacity?: number;
  /** Below `info` no call is logged: as with the rivals, whose logs are off. */
  readonly logLevel: LogLevel;
  /** The same of the edge on Node; `warn` unless told. What the one in workerd prints is not read. */
  readonly edgeLogLevel?: LogLevel;
  /** For Node, before the runner's program. */
  readonly nodeArgs?: readonly string[];
  /** Laid over the bench's settings of the edge: no client keys, its own host. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Laid over both, for those that depend on the edge's URL. */
  readonly settingsAt?: (edgeUrl: string) => Readonly<Record<string, string>>;
  /** Where the runner dials instead of the edge itself, from the edge's URL. */
  readonly linkThrough?: (edgeUrl: string) => Promise<string>;
}

/** A running edge, whatever runs it. */
type RunningEdge = Program & { readonly url: string };

export interface Ours {
  readonly edge: RunningEdge;
  readonly runner: ChildProcess & { readonly pid: number };
  /** The runner's status pages. */
  readonly statusUrl: URL;
  /** The MCP endpoint of a server. */
  url(server: string): URL;
  /** Waits until the runner is linked to the edge, or is not. */
  untilLinked(isWanted: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** A program that is not ready by then never will be. */
const READY_MS = 30_000;

/** Longer than a runner takes to end the processes of its sessions. */
const END_MS = 20_000;

/** Far above the sessions of any phase: the bench measures load, not refusals. */
const CAPACITY = 2_000;

/** Processes kept ready: opens come one by one with a pause, so one in use and one starting are enough. */
const WARM = 2;

/** `echo`, and `ready` whose processes are started ahead; both run the command. */
export function echoServers([command = '', ...args]: readonly string[]): Readonly<
  Record<string, StdioServer>
> {
  return { echo: { command, args }, ready: { command, args, bridge: { warm: WARM } } };
}

const bridgeProgram = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

const silent = { info: () => undefined, warn: () => undefined };

export async function startBridge(options: OursOptions): Promise<Ours> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-bench-'));
  const [port, statusPort, token] = [await freePort(), await freePort(), mintRunnerToken()];
  const config = {
    mcpServers: options.servers ?? echoServers(ECHO_COMMAND),
    bridge: {
      runner: 'bench',
      statusPort,
      capacity: options.capacity ?? CAPACITY,
      ...(options.virtual && { virtual: options.virtual }),
    },
  };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify(config), { mode: 0o600 });
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 });
  const dialled =
    (await options.linkThrough?.(`http://127.0.0.1:${port}`)) ?? `http://127.0.0.1:${port}`;
  const settings = {
    BRIDGE_SECRET: 'bench-secret-of-at-least-32-characters',
    BRIDGE_RUNNERS: JSON.stringify({ bench: { token: hashCredential(token), servers: ['*'] } }),
    BRIDGE_CLIENT_AUTH: 'none',
    BRIDGE_RECORD: showsInfo(options.logLevel) ? 'all' : 'events',
    BRIDGE_HOSTS: `127.0.0.1:${port},${new URL(dialled).host}`,
    ...options.settings,
    ...options.settingsAt?.(`http://127.0.0.1:${port}`),
  };
  const startEdge = options.edge === 'node' ? startNodeEdge : startWorkerdEdge;
  const edge = await startEdge(folder, port, settings, options.edgeLogLevel ?? 'warn');
  const {
    process: runner,
    stdout,
    stderr,
  } = spawnBound(
    process.execPath,
    [
      ...(options.nodeArgs ?? []),
      bridgeProgram,
      'run',
      `--config=${join(folder, 'mcp.json')}`,
      `--edge=${dialled}`,
      `--token-file=${join(folder, 'token')}`,
      `--log-level=${options.logLevel}`,
    ],
    { cwd: folder, env: process.env },
  );
  stdout.resume();
  stderr.resume();
  const exited = once(runner, 'exit');
  const statusUrl = new URL(`http://127.0.0.1:${statusPort}`);
  const ours: Ours = {
    edge,
    runner: Object.assign(runner, { pid: runner.pid ?? 0 }),
    statusUrl,
    url: (server) => new URL(`/${server}/mcp`, edge.url),
    untilLinked: (isWanted) => untilReadiness(new URL('/readyz', statusUrl), isWanted),
    stop: async () => {
      runner.kill('SIGTERM');
      const force = setTimeout(() => runner.kill('SIGKILL'), END_MS);
      await exited;
      clearTimeout(force);
      await edge.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await ours.untilLinked(true);
  } catch (error) {
    await ours.stop();
    throw error;
  }
  return ours;
}

type StartEdge = (
  folder: string,
  port: number,
  settings: Readonly<Record<string, string>>,
  logLevel: LogLevel,
) => Promise<RunningEdge>;

/** As `mcp-bridge dev` starts it. */
const startWorkerdEdge: StartEdge = async (folder, port, settings) => {
  const memory = memoryFolder();
  const edge = await startLocalEdge({
    port,
    storage: join(folder, 'edge'),
    memory,
    settings,
    bundle: await edgeBundle(folder),
    log: silent,
  });
  return {
    ...edge,
    stop: async () => {
      await edge.stop();
      if (memory !== undefined) dropMemoryFolder(memory);
    },
  };
};

const startNodeEdge: StartEdge = async (folder, port, settings, logLevel) => {
  const args = [
    bridgeProgram,
    'edge',
    `--listen=127.0.0.1:${port}`,
    `--storage=${join(folder, 'edge')}`,
    `--log-level=${logLevel}`,
  ];
  const started = { port, cwd: folder, env: settings };
  const program = await startProgram('mcp-bridge edge', process.execPath, args, started);
  return { ...program, url: `http://127.0.0.1:${port}` };
};

/** `mcp-bridge dev`: edge and runner in one program. */
export async function startDev(
  servers: Readonly<Record<string, StdioServer>>,
  virtual: OursOptions['virtual'] = {},
): Promise<Program & { url(server: string): URL }> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-bench-'));
  const port = await freePort();
  const config = { mcpServers: servers, bridge: { capacity: CAPACITY, virtual } };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify(config), { mode: 0o600 });
  const args = [
    bridgeProgram,
    'dev',
    '--no-key',
    '--edge=node',
    `--config=${join(folder, 'mcp.json')}`,
    `--storage=${join(folder, 'state')}`,
    `--port=${port}`,
  ];
  const program = await startProgram('mcp-bridge dev', process.execPath, args, {
    port,
    cwd: folder,
  });
  const dev = {
    ...program,
    url: (server: string) => new URL(`http://127.0.0.1:${port}/${server}/mcp`),
    stop: async () => {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await untilReadiness(new URL(`http://127.0.0.1:${port}/readyz`), true);
  } catch (error) {
    await dev.stop();
    throw error;
  }
  return dev;
}

/** The status page has no event for us. */
async function untilReadiness(page: URL, isWanted: boolean): Promise<void> {
  const until = performance.now() + READY_MS;
  while (performance.now() < until) {
    const status = await statusOf(page);
    if (status !== undefined && (status === 200) === isWanted) return;
    await sleep(20);
  }
  throw new Error(
    `The runner was ${isWanted ? 'not linked' : 'still linked'} after ${READY_MS} ms.`,
  );
}

async function statusOf(page: URL): Promise<number | undefined> {
  try {
    const response = await fetch(page);
    await response.body?.cancel();
    return response.status;
  } catch {
    // Not listening yet.
    return undefined;
  }
}
