// The edge of a test, as a process of its own on 127.0.0.1: on Node or in workerd. What is tested is the same.
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Database } from '../../edge/hosts/node/database.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { edgeBundle } from '../../runner/dev/bundle.ts';
import { startLocalEdge } from '../../runner/dev/local-edge.ts';

export type EdgeHost = 'node' | 'workerd';

/** Which of them the tests of this process are run on; `test/vitest.config.ts` says it for each project. */
export const EDGE_HOST: EdgeHost =
  process.env['BRIDGE_TEST_EDGE'] === 'workerd' ? 'workerd' : 'node';

/** A running edge. */
export interface TestEdge {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  /** Settles once, however it ends. Never rejects. */
  readonly exited: Promise<unknown>;
  /** Ends it politely and waits for its end. */
  stop(): Promise<void>;
  /** Sends a signal and waits for nothing. */
  kill(signal: NodeJS.Signals): void;
}

interface TestEdgeOptions {
  readonly port: number;
  /** A folder for this edge alone. A second edge in the same folder goes on from where the first was ended. */
  readonly storage: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Takes what it prints. */
  log(line: string): void;
}

/** A loaded machine starts Node well within this. */
const READY_MS = 30_000;

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

/** Starts an edge and waits until it listens. */
export const startTestEdge = (options: TestEdgeOptions): Promise<TestEdge> =>
  EDGE_HOST === 'node' ? startOnNode(options) : startInWorkerd(options);

async function startInWorkerd({ log, ...options }: TestEdgeOptions): Promise<TestEdge> {
  const say = (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    const line = fields?.['line'];
    log(typeof line === 'string' ? line : JSON.stringify({ message, ...fields }));
  };
  return startLocalEdge({
    ...options,
    bundle: await sharedBundle(),
    log: { info: say, warn: say },
  });
}

async function startOnNode({ port, storage, settings, log }: TestEdgeOptions): Promise<TestEdge> {
  const args = [program, 'edge', `--listen=127.0.0.1:${port}`, `--storage=${storage}`];
  const { BRIDGE_TEST_EDGE: _, ...env } = process.env;
  // It works in its folder, as workerd does, so that a test finds what it keeps.
  mkdirSync(storage, { recursive: true, mode: 0o700 });
  const child = spawnBound(process.execPath, args, { cwd: storage, env: { ...env, ...settings } });
  const { process: edge } = child;
  const exited = once(edge, 'exit');
  const started = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      log(line);
      if (line.includes('"edge started"')) started.resolve();
    });
  }
  const late = setTimeout(() => started.reject(new Error('The edge did not start.')), READY_MS);
  void exited.then(() => started.reject(new Error('The edge ended before it listened.')));
  try {
    await started.promise;
  } catch (error) {
    edge.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(late);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: edge.pid ?? 0,
    exited,
    stop: async () => {
      edge.kill('SIGTERM');
      await exited;
    },
    kill: (signal) => void edge.kill(signal),
  };
}

/** What the edge in this folder keeps of sessions: files of actors in workerd, rows on Node. */
export async function keptOfSessions(storage: string): Promise<string[]> {
  if (EDGE_HOST === 'workerd') return filesIn(join(storage, 'actors'));
  // The edge holds a lock on the database, so a copy is read.
  const copy = mkdtempSync(join(tmpdir(), 'mcp-bridge-copy-'));
  try {
    for (const name of filesIn(storage)) copyFileSync(join(storage, name), join(copy, name));
    const database = await Database.open(join(copy, 'edge.sqlite'));
    const kept = ['actors', 'sessions', 'owed'].flatMap((table) =>
      database.rows(`SELECT * FROM ${table}`).map((row) => `${table} ${JSON.stringify(row)}`),
    );
    database.close();
    return kept.toSorted();
  } finally {
    rmSync(copy, { recursive: true });
  }
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true)
    .toSorted();

let bundle: Promise<string> | undefined;

/** The bundle for workerd, made once for a test process. */
function sharedBundle(): Promise<string> {
  bundle ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-bundle-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    return edgeBundle(folder);
  })();
  return bundle;
}
