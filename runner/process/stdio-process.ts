// Owns one child process and its three pipes: lines in and out, back-pressure both ways, the facts of
// its end. A process has its own group and no shell; nothing here throws for what a process does.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { LineItem } from '../../shared/jsonrpc/lines.ts';
import { LineSplitter } from '../../shared/jsonrpc/lines.ts';
import { CgroupError } from './cgroup.ts';
import type { ProcessCgroup, ProcessLimits } from './cgroup.ts';
import type { Containment } from './containment.ts';
import type { ExitFacts, SpawnError } from './exit.ts';
import { PROCESS_MARK, RUNNER_MARK, statOf } from './process-table.ts';
import type { ProcessEntry, ProcessStat } from './process-table.ts';
import type { ProcessUser } from './process-user.ts';
import { Redaction } from './redaction.ts';
import { describeSpawnFailure } from './spawn-failure.ts';
import { StderrLines } from './stderr-lines.ts';
import { endAll, endLeader, findFamily, signalGroup } from './terminate.ts';

/** A descendant that kept stdout open may not hold back the news of an exit for longer (R-6: 1 s in all). */
const DRAIN_MS = 250;

/** What is read after an exit: more than any pipe holds, so only a descendant still writing is cut. */
const DRAIN_BYTES = 8 * 1024 * 1024;

/** A process that ends may break its stdin well before its exit is known; one that lives on is useless. */
const BROKEN_STDIN_GRACE_MS = 1_000;

/** Beyond this a process that does not read its stdin is useless. What clients send is bounded before that, answers to a process are not. */
const MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024;

const NEWLINE = new Uint8Array([0x0a]);

/** What to start. `env` is complete and already allow-listed; nothing is inherited beside it. */
export interface ProcessSpec {
  readonly server: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly maxLineBytes: number;
  /** Unique for each process; descendants inherit it, so that the last of them can be found. */
  readonly mark: string;
  /** From `runnerMark()`; tells a later runner whose process this was. */
  readonly runnerMark: string;
  /** Absent: kept together by marks alone. */
  readonly containment?: Containment | undefined;
  /** Needs a containment that allows them; without, the start fails. */
  readonly limits?: ProcessLimits | undefined;
  /** Absent: the runner's own. */
  readonly user?: ProcessUser | undefined;
  /** Taken out of stderr where they are no shorter than a password. */
  readonly secrets?: readonly string[];
}

/** What a process does, in order. After `onExit` nothing more is called. */
export interface ProcessListener {
  /** One line of stdout without its line break. May be a view of a larger buffer: copy what is kept. */
  onLine(bytes: Uint8Array): void;
  /** A line above `maxLineBytes` was dropped; reading goes on after its end. */
  onOverlong(bytes: number): void;
  /** One line of stderr: cleaned, capped and rationed, see stderr-lines.ts. */
  onStderr(text: string): void;
  /** Stdin takes bytes again after `write` had answered false. */
  onDrain(): void;
  /** The process is gone, or never came to be; all its lines were delivered before. Exactly once. */
  onExit(facts: ExitFacts): void;
}

/** One running copy of a server. */
export interface StdioProcess {
  /** Undefined if the start failed. */
  readonly pid: number | undefined;
  readonly state: 'running' | 'ending' | 'exited';
  /** Bytes that were accepted, but that the process has not taken from its pipe's entrance yet. */
  readonly unwrittenBytes: number;
  /**
   * Sends one line; the line break is added here, and the bytes must not be changed afterwards. False:
   * the bytes are kept, but hold back until `onDrain`. When not running: dropped, false, and no `onDrain`.
   */
  write(line: Uint8Array): boolean;
  /** Stops reading stdout, which soon stalls the process's writes. Lines already read still arrive. */
  pause(): void;
  resume(): void;
  /** Ends the process and its descendants within 5 s. Any number of calls; all resolve when nothing is left. */
  terminate(reason: string): Promise<ExitFacts>;
  /** The last lines of stderr, oldest first. */
  stderrTail(): string[];
}

const alive = new Set<number>();
const cgroups = new Set<ProcessCgroup>();
const clearings = new Set<Promise<void>>();

/** Kills every process group and cgroup at once. For a runner that must exit now and can wait for nothing. */
export function killAllProcesses(): void {
  for (const pid of alive) signalGroup(pid, 'SIGKILL');
  for (const cgroup of cgroups) cgroup.kill();
}

/** Resolves when nothing is left of any process that has exited so far. */
export async function allCleared(): Promise<void> {
  await Promise.all(clearings);
}

/** Starts a process. A failed start arrives as `onExit` with reason `spawn_failed`, after this returned. */
export function startProcess(spec: ProcessSpec, listener: ProcessListener): StdioProcess {
  return new OwnedProcess(spec, listener);
}

class OwnedProcess implements StdioProcess {
  readonly pid: number | undefined;
  readonly #spec: ProcessSpec;
  readonly #listener: ProcessListener;
  readonly #startedAt = performance.now();
  readonly #splitter: LineSplitter;
  readonly #stderr: StderrLines;
  readonly #cgroup: ProcessCgroup | undefined;
  readonly #child: ChildProcessWithoutNullStreams | undefined;
  #state: 'running' | 'ending' | 'exited' = 'running';
  #isHeldBack = false;
  #because: string | undefined;
  /** What the system reported of the end; the pipes may still hold lines then. */
  #reported: { code: number | null; signal: string | null } | undefined;
  #drainedBytes = 0;
  #drainTimer: NodeJS.Timeout | undefined;
  #brokenStdinTimer: NodeJS.Timeout | undefined;
  #ending: Promise<ExitFacts> | undefined;
  #startTicks: number | undefined;
  #family: readonly ProcessStat[] = [];
  #cleared: Promise<unknown> = Promise.resolve();
  readonly #leaderExited = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<ExitFacts>();

  constructor(spec: ProcessSpec, listener: ProcessListener) {
    this.#spec = spec;
    this.#listener = listener;
    this.#splitter = new LineSplitter(spec.maxLineBytes);
    this.#stderr = new StderrLines(new Redaction(spec.secrets ?? []));
    this.#cgroup = spec.containment?.open(spec.limits ?? {});
    if (this.#cgroup !== undefined) cgroups.add(this.#cgroup);
    try {
      this.#child = startChild(spec, this.#cgroup);
    } catch (error) {
      // Some errors are thrown, others emitted; to the listener both come later.
      process.nextTick(() => this.#failStart(error));
      return;
    }
    this.pid = this.#child.pid;
    this.#child.on('error', (error) => {
      if (this.pid === undefined) this.#failStart(error);
    });
    if (this.pid === undefined) return;
    this.#startTicks = statOf(this.pid)?.startTicks;
    alive.add(this.pid);
    this.#attach(this.#child);
  }

  get state(): 'running' | 'ending' | 'exited' {
    return this.#state;
  }

  get unwrittenBytes(): number {
    return this.#child?.stdin?.writableLength ?? 0;
  }

  write(line: Uint8Array): boolean {
    const stdin = this.#child?.stdin;
    if (this.pid === undefined || this.#state !== 'running' || !stdin?.writable) return false;
    // Corked, line and line break leave in one system call, and the line is not copied for it.
    stdin.cork();
    stdin.write(line);
    stdin.write(NEWLINE, this.#afterWrite);
    stdin.uncork();
    // The stream's own verdict is about its queue limit; what counts here is whether the pipe is full.
    if (stdin.writableLength > 0) this.#isHeldBack = true;
    if (stdin.writableLength > MAX_UNWRITTEN_BYTES)
      void this.terminate('it did not read its stdin');
    return !this.#isHeldBack;
  }

  pause(): void {
    if (this.#reported === undefined) this.#child?.stdout?.pause();
  }

  resume(): void {
    this.#child?.stdout?.resume();
  }

  terminate(reason: string): Promise<ExitFacts> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  stderrTail(): string[] {
    return this.#stderr.tail();
  }

  readonly #afterWrite = (): void => {
    if (!this.#isHeldBack || this.unwrittenBytes > 0 || this.#state !== 'running') return;
    this.#isHeldBack = false;
    this.#listener.onDrain();
  };

  #attach(child: ChildProcessWithoutNullStreams): void {
    child.stdout.on('data', (chunk: Buffer) => this.#readStdout(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      if (this.#state === 'exited') return;
      this.#passStderr(this.#stderr.feed(chunk, performance.now()));
    });
    child.stdin.on('error', () => this.#noticeBrokenStdin());
    // A reset pipe is an end like any other; the exit follows.
    child.stdout.on('error', () => {});
    child.stderr.on('error', () => {});
    child.on('exit', (code, signal) => this.#noticeExit(code, signal));
    child.on('close', () => this.#finish());
  }

  #readStdout(chunk: Buffer): void {
    if (this.#state === 'exited') return;
    this.#deliver(this.#splitter.feed(chunk));
    if (this.#reported === undefined) return;
    this.#drainedBytes += chunk.length;
    if (this.#drainedBytes > DRAIN_BYTES) this.#finish();
  }

  #deliver(items: readonly LineItem[]): void {
    for (const item of items) {
      if (item.type === 'line') this.#listener.onLine(item.bytes);
      else this.#listener.onOverlong(item.bytes);
    }
  }

  #passStderr(lines: readonly string[]): void {
    for (const line of lines) this.#listener.onStderr(line);
  }

  #noticeBrokenStdin(): void {
    if (this.#state !== 'running' || this.#brokenStdinTimer !== undefined) return;
    this.#brokenStdinTimer = setTimeout(() => {
      void this.terminate('it had closed its stdin');
    }, BROKEN_STDIN_GRACE_MS);
  }

  #noticeExit(code: number | null, signal: string | null): void {
    if (this.#state === 'exited' || this.#reported !== undefined) return;
    this.#reported = { code, signal };
    if (this.#state === 'running') this.#state = 'ending';
    clearTimeout(this.#brokenStdinTimer);
    this.#leaderExited.resolve();
    if (this.pid !== undefined) {
      alive.delete(this.pid);
      // At once, while the group's number can not have passed to anyone else.
      signalGroup(this.pid, 'SIGTERM');
    }
    // A paused listener gets the rest too: it is no more than the pipe held.
    this.#child?.stdout.resume();
    this.#drainTimer = setTimeout(() => this.#finish(), DRAIN_MS);
  }

  #failStart(error: unknown): void {
    if (this.#state === 'exited') return;
    const { command, cwd, env, user } = this.#spec;
    const start = {
      command,
      searchPath: env['PATH'] ?? '',
      ...(cwd === undefined ? {} : { cwd }),
      ...(user === undefined ? {} : { uid: user.uid }),
    };
    this.#finish(describeSpawnFailure(error, start));
  }

  /** The last word: the rest of the lines, then the facts, once. */
  #finish(spawnError?: SpawnError): void {
    if (this.#state === 'exited') return;
    clearTimeout(this.#drainTimer);
    clearTimeout(this.#brokenStdinTimer);
    this.#deliver(this.#splitter.flush());
    this.#passStderr(this.#stderr.flush(performance.now()));
    this.#state = 'exited';
    const facts = this.#facts(spawnError);
    const cleared = this.pid === undefined ? this.#dropCgroup() : this.#clear(this.pid);
    clearings.add(cleared);
    this.#cleared = cleared.finally(() => clearings.delete(cleared));
    this.#exited.resolve(facts);
    this.#listener.onExit(facts);
  }

  #facts(spawnError: SpawnError | undefined): ExitFacts {
    const always = {
      stderrTail: this.#stderr.tail(),
      ranMs: Math.round(performance.now() - this.#startedAt),
    };
    if (spawnError !== undefined) return { reason: 'spawn_failed', spawnError, ...always };
    const { code = null, signal = null } = this.#reported ?? {};
    const how = {
      ...(code === null ? {} : { code }),
      ...(signal === null ? {} : { signal }),
      ...always,
    };
    if (this.#because !== undefined) {
      return { reason: 'terminated', because: this.#because, ...how };
    }
    return { reason: signal === null ? 'exited' : 'signalled', ...how };
  }

  async #end(reason: string): Promise<ExitFacts> {
    const { pid } = this;
    if (pid !== undefined && this.#state === 'running') {
      this.#state = 'ending';
      this.#because = reason;
      await this.#endRunning(pid);
    }
    const facts = await this.#exited.promise;
    await this.#cleared;
    return facts;
  }

  async #endRunning(pid: number): Promise<void> {
    // While its parents live, a descendant is known even if it shed session and mark.
    void this.#findFamily(pid).then((family) => {
      this.#family = family;
    });
    const closeStdin = (): void => {
      this.#child?.stdin.end();
    };
    const exited = this.#leaderExited.promise;
    // Not even SIGKILL: it is stuck inside the kernel and no further news of it will come.
    if (!(await endLeader({ pid, closeStdin, exited }))) this.#finish();
  }

  #findFamily(leaderPid: number): Promise<ProcessEntry[]> {
    const leaderStartTicks = this.#startTicks;
    return findFamily({
      leaderPid,
      leaderStartTicks,
      mark: this.#spec.mark,
      seen: this.#family,
      contained: () => this.#cgroup?.members() ?? new Set(),
    });
  }

  async #clear(pid: number): Promise<void> {
    alive.delete(pid);
    // A descendant that kept a pipe must not keep it open in the runner too.
    this.#child?.stdin.destroy();
    this.#child?.stdout.destroy();
    this.#child?.stderr.destroy();
    await endAll(
      () => this.#findFamily(pid),
      () => this.#cgroup?.kill(),
    );
    await this.#dropCgroup();
    // Where there is no table of processes, this is all that can be done.
    if (process.platform !== 'linux') signalGroup(pid, 'SIGKILL');
  }
  async #dropCgroup(): Promise<void> {
    if (this.#cgroup === undefined) return;
    await this.#cgroup.remove();
    cgroups.delete(this.#cgroup);
  }
}

/** Throws what `spawn` throws; other failures come as its `error` event. */
function startChild(
  spec: ProcessSpec,
  cgroup: ProcessCgroup | undefined,
): ChildProcessWithoutNullStreams {
  const { command, args, cwd, env, mark, user, limits } = spec;
  const start = (): ChildProcessWithoutNullStreams =>
    spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      // With another user come no supplementary groups: libuv drops the runner's.
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      env: { ...env, [PROCESS_MARK]: mark, [RUNNER_MARK]: spec.runnerMark },
      // A session and a group of its own, so that one signal reaches all it starts.
      detached: true,
      shell: false,
      stdio: 'pipe',
    });
  if (cgroup !== undefined) return cgroup.spawnInside(start);
  if (limits !== undefined && Object.keys(limits).length > 0) throw new CgroupError();
  return start();
}
