// The edge on this machine: one workerd with the edge's bundle, SQLite on disk, loopback only.
import { once } from 'node:events';
import { mkdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { spawnBound, type BoundChild } from './bound-child.ts';
import { tellEdgeLine, type EdgeLog } from './edge-line.ts';
import { EdgeStartError } from './edge-start-error.ts';
import { actorsIn, recordMemory } from './memory-folder.ts';
import { inWords, orInWords, ownFolder, writeOwnFile } from './own-storage.ts';
import { lockStorage, type StorageLock } from './storage-lock.ts';
import { StorageSweep } from './storage-sweep.ts';
import { EDGE_ACTORS, EDGE_SOCKET, workerdConfig } from './workerd-config.ts';

/** What one edge is started with. */
export interface LocalEdgeOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  /** A folder for this edge alone; made if missing. */
  readonly storage: string;
  /** A folder in memory for what sessions store, made for this program alone; absent: that is in `storage` too. */
  readonly memory?: string | undefined;
  /** Text bindings of the worker. They are handed over in workerd's environment. */
  readonly settings: Readonly<Record<string, string>>;
  /** Path of the edge's bundle. */
  readonly bundle: string;
  readonly log: EdgeLog;
}

/** How workerd ended. `stderrTail` holds its last lines, oldest first. */
export interface EdgeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderrTail: readonly string[];
}

/** A running edge. */
export interface LocalEdge {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Settles once, however workerd ends. Never rejects. */
  readonly exited: Promise<EdgeExit>;
  /** Ends workerd and waits for its end. Further calls wait for the same end. */
  stop(): Promise<void>;
  /** Sends a signal and waits for nothing. */
  kill(signal: NodeJS.Signals): void;
}

/** Cold start takes under a second; a loaded machine gets this long before the start counts as failed. */
const LISTEN_MS = 30_000;

/** Empty files of sessions that are over are looked for this often. */
const SWEEP_MS = 60_000;

/** workerd drains until the last socket is closed, which an idle client never does. */
const DRAIN_MS = 1_000;

/** Enough for workerd's reason for ending, which takes one or two lines. */
const STDERR_TAIL_LINES = 20;

/** Lines that only continue an exception: addresses of frames in workerd itself. */
const STACK_LINE = /^(?:stack: |\s*@?0x|\/.*@[0-9a-f]+\b)/u;

/** Starts workerd and waits until it listens. Rejects with an `EdgeStartError`; then nothing is left running. */
export async function startLocalEdge(options: LocalEdgeOptions): Promise<LocalEdge> {
  const binary = workerdBinary();
  await assertPortFree(options.port);
  ownFolder(options.storage);
  const outcome = await lockStorage(options.storage).catch((error: unknown) => {
    throw inWords(options.storage, error);
  });
  if (!outcome.ok) {
    throw new EdgeStartError('storage_in_use', {
      what: `The storage folder ${options.storage} is used by process ${outcome.holderPid}`,
      fix: 'Stop that one, or choose another folder with --storage.',
    });
  }
  try {
    return await launch(binary, options, outcome.lock);
  } catch (error) {
    outcome.lock.release();
    throw error;
  }
}

/** The path of workerd for this platform, as the workerd package itself finds it. */
function workerdBinary(): string {
  // Beside the program, or in the project it was called from (as with `npx`).
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      const found: unknown = createRequire(from)('workerd');
      const path = typeof found === 'string' ? found : (found as { default: unknown }).default;
      if (typeof path === 'string') return path;
    } catch {
      // Not there; the next place may have it.
    }
  }
  throw new EdgeStartError('workerd_missing', {
    what: 'The local edge needs workerd, which is not installed',
    fix: 'Install it with: npm install workerd',
  });
}

async function assertPortFree(port: number): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(port, '127.0.0.1');
    await once(probe, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${code})`;
    throw new EdgeStartError('port_in_use', {
      what: `Port ${port} on 127.0.0.1 ${why}`,
      fix: 'Choose another with --port.',
    });
  } finally {
    probe.close();
  }
}

async function launch(
  binary: string,
  options: LocalEdgeOptions,
  lock: StorageLock,
): Promise<LocalEdge> {
  const folder = realpathSync(options.storage);
  const durable = join(folder, 'actors');
  orInWords(folder, () => mkdirSync(durable, { recursive: true }));
  const { memory } = options;
  orInWords(folder, () => recordMemory(folder, memory));
  const actors =
    memory === undefined ? durable : orInWords(memory, () => actorsIn(memory, durable));
  const sessions = new StorageSweep(join(actors, EDGE_ACTORS.SESSION));
  sessions.clear();
  const config = workerdConfig({
    bundlePath: relative(folder, realpathSync(resolve(options.bundle))),
    actorsPath: memory === undefined ? 'actors' : actors,
    port: options.port,
    settingNames: Object.keys(options.settings),
  });
  writeOwnFile(join(folder, 'config.capnp'), config);
  const child = spawnBound(
    binary,
    ['serve', 'config.capnp', 'config', '--control-fd=3'],
    // Nothing of our environment, only what the worker needs. PWD keeps workerd from a warning.
    { cwd: folder, env: { ...options.settings, PWD: folder, TZ: 'UTC' } },
  );
  const exited = followOutput(child, options.log);
  const sweeping = setInterval(() => sessions.tidy(), SWEEP_MS);
  sweeping.unref();
  void exited.then(() => {
    clearInterval(sweeping);
    lock.release();
  });
  const pid = child.process.pid;
  if (pid === undefined) throw startFailure(await exited);
  try {
    lock.recordWorkerd(pid);
    return edgeOf(child, pid, await listening(child, exited), exited);
  } catch (error) {
    // A full disk, for one, may keep the lock from being written.
    child.process.kill('SIGKILL');
    throw inWords(folder, error);
  }
}

function edgeOf(
  child: BoundChild,
  pid: number,
  port: number,
  exited: Promise<EdgeExit>,
): LocalEdge {
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    child.process.kill('SIGTERM');
    const force = setTimeout(() => child.process.kill('SIGKILL'), DRAIN_MS);
    await exited;
    clearTimeout(force);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid,
    exited,
    stop: () => (stopping ??= stop()),
    kill: (signal) => void child.process.kill(signal),
  };
}

/** Passes workerd's lines on and collects how it ended. */
function followOutput(child: BoundChild, log: EdgeLog): Promise<EdgeExit> {
  const stderrTail: string[] = [];
  onLine(child.stdout, (line) => {
    if (!tellEdgeLine(line, log)) log.info('edge says', { line });
  });
  onLine(child.stderr, (line) => {
    if (STACK_LINE.test(line) || tellEdgeLine(line, log)) return;
    stderrTail.push(line);
    if (stderrTail.length > STDERR_TAIL_LINES) stderrTail.shift();
    log.warn('workerd says', { line });
  });
  return new Promise((settle) => {
    child.process.once('error', (error) => stderrTail.push(error.message));
    child.process.once('close', (code, signal) => settle({ code, signal, stderrTail }));
  });
}

/** workerd writes one JSON line to its control descriptor for each socket that listens. */
async function listening(child: BoundChild, exited: Promise<EdgeExit>): Promise<number> {
  const port = new Promise<number>((settle) => {
    onLine(child.control, (line) => {
      const event = JSON.parse(line) as { event?: unknown; socket?: unknown; port?: unknown };
      if (event.event !== 'listen' || event.socket !== EDGE_SOCKET) return;
      if (typeof event.port === 'number') settle(event.port);
    });
  });
  const giveUp = setTimeout(() => child.process.kill('SIGKILL'), LISTEN_MS);
  try {
    return await Promise.race([
      port,
      exited.then((exit): never => {
        throw startFailure(exit);
      }),
    ]);
  } finally {
    clearTimeout(giveUp);
  }
}

function startFailure(exit: EdgeExit): EdgeStartError {
  const end =
    exit.signal === null ? `ended with code ${exit.code}` : `was killed by ${exit.signal}`;
  return new EdgeStartError('workerd_failed', {
    what: `workerd ${end} before it listened`,
    fix:
      exit.stderrTail.length === 0
        ? 'It printed nothing; check that it runs here: npx workerd --version'
        : ['It printed:', ...exit.stderrTail].join('\n'),
  });
}

function onLine(stream: Readable, take: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', take);
}
