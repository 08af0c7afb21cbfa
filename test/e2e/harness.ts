// A whole bridge for a test: an edge and a runner, each a process of its own on free ports of 127.0.0.1, with everything that
// is started ended again. What the test asks for is configured, nothing else.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { hashCredential, mintRunnerToken } from '../../runner/credential.ts';
import { mintRunnerKey, publicKeyOf } from '../../runner/runner-key.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { scanProcesses, statOf } from '../../runner/process/process-table.ts';
import { startTestEdge, type TestEdge } from './edges.ts';

/** One entry of `mcpServers` with a command, as a user writes it. */
export interface ServerEntry {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly envFile?: string;
  readonly cwd?: string;
  readonly bridge?: Readonly<Record<string, unknown>>;
}

/** One entry of a server at a URL. */
export interface UrlEntry {
  readonly url: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bridge?: Readonly<Record<string, unknown>>;
}

export interface BridgeOptions {
  readonly servers: Readonly<Record<string, ServerEntry | UrlEntry>>;
  /** The file's top-level `bridge` block. */
  readonly bridge?: Readonly<Record<string, unknown>>;
  /** Laid over the harness's settings of the edge: no client keys, hosts of this machine. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Laid over both, for those that depend on the edge's URL; asked at each start of the edge. */
  readonly settingsAt?: (edgeUrl: string) => Readonly<Record<string, string>>;
  /** Laid over the test's own environment, for the runner. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The runner signs its dials with a key of its own, in place of showing a token. */
  readonly hasRunnerKey?: boolean;
  /** Hosts that the edge answers to beside its own, such as that of a proxy for clients. */
  readonly moreHosts?: readonly string[];
  /** Where the runner dials instead of the edge itself, from the edge's URL. */
  readonly linkThrough?: (edgeUrl: string) => Promise<string>;
}

/** How a runner ended. */
export interface RunnerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Bridge {
  /** The edge's origin, without trailing slash. The same over restarts. */
  readonly url: string;
  /** The edge that runs now. */
  readonly edge: TestEdge;
  /** The runner that runs now, or the last one. */
  readonly runner: ChildProcess;
  /** The runner's own loopback status server, without trailing slash. */
  readonly statusUrl: string;
  /** The runner's files, for tests that change them or start another runner with them. */
  readonly files: { readonly config: string; readonly token: string };
  /** The folder in which the edge keeps its state. */
  readonly edgeFolder: string;
  mcpUrl(server: string): URL;
  sseUrl(server: string): URL;
  /** Kills the edge and starts it again: same port, same storage. The runner links again by itself. */
  restartEdge(): Promise<void>;
  /** Sends a signal to the runner and waits for its end. */
  killRunner(signal: NodeJS.Signals): Promise<RunnerExit>;
  /** Starts a runner with the same config after the last one has ended, and waits until it is ready. */
  startRunner(): Promise<void>;
  /** Waits until the runner is linked to the edge. */
  untilReady(): Promise<void>;
  /** Lines of the edge and the runner so far, each after its origin. */
  logs(): readonly string[];
  /** Pids of living stdio processes, and their descendants, of any runner of this bridge. */
  processesLeft(): Promise<number[]>;
  /**
   * Ends all and removes the files; further calls wait for the same end. Rejects when a runner that was
   * ended politely left a process behind (that process is ended too).
   */
  stop(): Promise<void>;
}

/** The runner's name in the edge's grants. */
const RUNNER = 'e2e';

/** A loaded machine starts Node, an edge and warm processes well within this. */
const READY_MS = 30_000;

/** Longer than the runner's longest wait for its processes' ends. */
const RUNNER_END_MS = 20_000;

/** A runner that a test has stopped (SIGSTOP) accepts a connection and says nothing. */
const ANSWER_MS = 1_000;

const runnerProgram = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

/** Starts an edge and a runner and waits until the runner is linked. A failure names the logs and leaves nothing. */
export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  const port = await freePort();
  const dialled = await options.linkThrough?.(`http://127.0.0.1:${port}`);
  const bridge = new TestBridge(options, port, await freePort(), dialled);
  try {
    await bridge.start();
  } catch (error) {
    await bridge.stop().catch(() => undefined);
    throw error;
  }
  return bridge;
}

class TestBridge implements Bridge {
  readonly url: string;
  readonly statusUrl: string;
  readonly #port: number;
  readonly #dialled: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-e2e-'));
  readonly #settings: Readonly<Record<string, string>>;
  readonly #settingsAt: BridgeOptions['settingsAt'];
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #lines: string[] = [];
  /** What the marks of this bridge's processes begin with, one entry a runner. */
  readonly #marks: string[] = [];
  #edge: TestEdge | undefined;
  #runner: ChildProcess | undefined;
  #runnerExit: Promise<RunnerExit> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(
    options: BridgeOptions,
    port: number,
    statusPort: number,
    dialled: string | undefined,
  ) {
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#dialled = dialled ?? this.url;
    this.statusUrl = `http://127.0.0.1:${statusPort}`;
    const token = options.hasRunnerKey === true ? mintRunnerKey() : mintRunnerToken();
    const known = options.hasRunnerKey === true ? publicKeyOf(token) : hashCredential(token);
    this.#settings = {
      BRIDGE_SECRET: 'e2e-secret-of-at-least-32-characters',
      BRIDGE_RUNNERS: JSON.stringify({
        [RUNNER]: { token: known, servers: ['*'] },
      }),
      BRIDGE_CLIENT_AUTH: 'none',
      BRIDGE_HOSTS: [
        `127.0.0.1:${port}`,
        `localhost:${port}`,
        new URL(this.#dialled).host,
        ...(options.moreHosts ?? []),
      ].join(','),
      ...options.settings,
    };
    this.#settingsAt = options.settingsAt;
    this.#environment = { ...process.env, ...options.environment };
    const config = {
      mcpServers: options.servers,
      bridge: { runner: RUNNER, statusPort, ...options.bridge },
    };
    writeFileSync(this.#path('mcp.json'), JSON.stringify(config), { mode: 0o600 });
    writeFileSync(this.#path('token'), token, { mode: 0o600 });
  }

  get files(): { readonly config: string; readonly token: string } {
    return { config: this.#path('mcp.json'), token: this.#path('token') };
  }

  get edgeFolder(): string {
    return this.#path('edge');
  }

  get edge(): TestEdge {
    if (this.#edge === undefined) throw new Error('The edge was not started.');
    return this.#edge;
  }

  get runner(): ChildProcess {
    if (this.#runner === undefined) throw new Error('The runner was not started.');
    return this.#runner;
  }

  mcpUrl(server: string): URL {
    return new URL(`/${server}/mcp`, this.url);
  }

  sseUrl(server: string): URL {
    return new URL(`/${server}/sse`, this.url);
  }

  async start(): Promise<void> {
    await this.#startEdge();
    await this.startRunner();
  }

  async restartEdge(): Promise<void> {
    this.edge.kill('SIGKILL');
    await this.edge.exited;
    // Else a test that then waits for the link could still see the old one.
    if (this.#isRunning()) await this.#untilReadyIs(false);
    await this.#startEdge();
  }

  async killRunner(signal: NodeJS.Signals): Promise<RunnerExit> {
    this.runner.kill(signal);
    return this.#runnerExit ?? { code: null, signal: null };
  }

  async startRunner(): Promise<void> {
    const child = spawnBound(
      process.execPath,
      [
        runnerProgram,
        'run',
        `--config=${this.#path('mcp.json')}`,
        `--edge=${this.#dialled}`,
        `--token-file=${this.#path('token')}`,
      ],
      { cwd: this.#folder, env: this.#environment },
    );
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#lines.push(`runner: ${line}`));
    }
    this.#runner = child.process;
    this.#runnerExit = once(child.process, 'exit').then(([code, signal]) => ({ code, signal }));
    const stat = statOf(child.process.pid ?? 0);
    if (stat !== undefined) this.#marks.push(`${stat.pid}.${stat.startTicks}.`);
    await this.untilReady();
  }

  untilReady(): Promise<void> {
    return this.#untilReadyIs(true);
  }

  logs(): readonly string[] {
    return this.#lines;
  }

  async processesLeft(): Promise<number[]> {
    const table = await scanProcesses();
    return table
      .filter(({ runnerMark = '' }) => this.#marks.some((mark) => runnerMark.startsWith(mark)))
      .map(({ pid }) => pid);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const runnerExit = await this.#stopRunner();
    const left = await this.processesLeft();
    for (const pid of left) process.kill(pid, 'SIGKILL');
    await this.#edge?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
    // A runner that was killed cannot have cleaned up; the next one would.
    if (left.length > 0 && runnerExit?.signal !== 'SIGKILL') {
      throw new Error(`The runner left processes behind: ${left.join(', ')}`);
    }
  }

  async #stopRunner(): Promise<RunnerExit | undefined> {
    const force = setTimeout(() => this.#runner?.kill('SIGKILL'), RUNNER_END_MS);
    this.#runner?.kill('SIGTERM');
    // A test may have left it stopped.
    this.#runner?.kill('SIGCONT');
    const exit = await this.#runnerExit;
    clearTimeout(force);
    return exit;
  }

  #isRunning(): boolean {
    return this.#runner?.exitCode === null && this.#runner.signalCode === null;
  }

  /** The runner's status page says whether it is linked; it has no event for us. */
  async #untilReadyIs(wanted: boolean): Promise<void> {
    const until = Date.now() + READY_MS;
    while (Date.now() < until) {
      if (!this.#isRunning()) throw this.#failure('The runner ended early.');
      const status = await statusOf(`${this.statusUrl}/readyz`);
      if (status !== 0 && (status === 200) === wanted) return;
      await sleep(20);
    }
    throw this.#failure(
      `The runner was ${wanted ? 'not ready' : 'still linked'} after ${READY_MS} ms.`,
    );
  }

  #failure(words: string): Error {
    return new Error([words, ...this.#lines].join('\n'));
  }

  async #startEdge(): Promise<void> {
    this.#edge = await startTestEdge({
      port: this.#port,
      storage: this.#path('edge'),
      settings: { ...this.#settings, ...this.#settingsAt?.(this.url) },
      log: (line) => this.#lines.push(`edge: ${line}`),
    });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

/** The status of a GET, 0 when nobody answers. */
async function statusOf(url: string): Promise<number> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}
