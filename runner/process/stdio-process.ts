// Owns one child process and its three pipes: lines in and out, back-pressure in both directions, and the facts of its end. A
// process has a group of its own and no shell. Nothing that a process does makes this file throw.
// One file above 300 lines: any of the three pipes may be the first to show the end, so the pipes cannot be separated from it.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { ProcessCgroup } from './cgroup.ts';
import type { ExitFacts, SpawnError } from './exit.ts';
import { lookNow } from './late-look.ts';
import { PacedPipe } from './paced-pipe.ts';
import type { ProcessSpec } from './process-spec.ts';
import type { ProcessStat } from './process-table.ts';
import { Redaction } from './redaction.ts';
import { startChild, whyNotExecuted } from './start-child.ts';
import { describeSpawnFailure } from './spawn-failure.ts';
import { StderrLines } from './stderr-lines.ts';
import { newOutputShare, StdoutLines } from './stdout-lines.ts';
import type { System } from './system.ts';
import { systemOf } from './this-system.ts';
import { endAll, endLeader } from './terminate.ts';

/** So long a descendant that kept stdout open is still heard after an exit; the news of it may not wait longer (R-6: 1 s). */
const DRAIN_MS = 250;

/** A process that ends closes its pipes before its exit is known. One that lives on without stdout, or without stdin, is useless. */
const CLOSED_STDOUT_GRACE_MS = 500;
const CLOSED_STDIN_GRACE_MS = 1_000;

/** One that takes nothing out of its full stdin, and prints nothing, for this long is stuck: even a slow one reads on meanwhile. */
const STUCK_STDIN_MS = 10_000;

/** Beyond this a process that does not read its stdin is useless. Messages of clients are bounded earlier; answers to a process are not. */
const MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024;

const LF = 0x0a;
const NEWLINE = new Uint8Array([LF]);

/** Below this a line is copied to be written with its line break. */
const COPIED_BYTES = 16 * 1024;

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
  /** Stops reading stdout, which soon stalls the process's writes. No line arrives before `resume`, but for what an exit brings. */
  pause(): void;
  resume(): void;
  /** Ends the process and its descendants within 5 s. Any number of calls; all resolve when nothing is left. */
  terminate(reason: string): Promise<ExitFacts>;
  /** The last lines of stderr, oldest first. */
  stderrTail(): string[];
}

const alive = new Map<number, System>();
const cgroups = new Set<ProcessCgroup>();
const clearings = new Set<Promise<void>>();

/** Kills every process group and cgroup at once. For a runner that must exit now and can wait for nothing. */
export function killAllProcesses(): void {
  for (const system of new Set(alive.values()))
    system.killGroups([...alive].flatMap(([pid, each]) => (each === system ? [pid] : [])));
  for (const cgroup of cgroups) cgroup.kill();
}

/** Resolves when nothing is left of any process that has exited so far. */
export async function allCleared(): Promise<void> {
  await Promise.all(clearings);
  await lookNow();
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
  readonly #share = newOutputShare();
  readonly #stdout: StdoutLines;
  readonly #stderr: StderrLines;
  #stdoutPipe: PacedPipe | undefined;
  #stderrPipe: PacedPipe | undefined;
  readonly #system: System;
  readonly #cgroup: ProcessCgroup | undefined;
  readonly #child: ChildProcessWithoutNullStreams | undefined;
  #state: 'running' | 'ending' | 'exited' = 'running';
  #isHeldBack = false;
  #because: string | undefined;
  #broke: { readonly isProtocol: boolean } | undefined;
  /** What the system reported of the end; the pipes may still hold lines then. */
  #reported: { code: number | null; signal: string | null } | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #closedTimer: NodeJS.Timeout | undefined;
  #ending: Promise<ExitFacts> | undefined;
  #startTicks: number | undefined;
  #family: readonly ProcessStat[] = [];
  #cleared: Promise<unknown> = Promise.resolve();
  readonly #leaderExited = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<ExitFacts>();

  constructor(spec: ProcessSpec, listener: ProcessListener) {
    this.#spec = spec;
    this.#listener = listener;
    this.#stdout = new StdoutLines({
      maxLineBytes: spec.maxLineBytes,
      share: this.#share,
      onLine: (bytes) => listener.onLine(bytes),
      onOverlong: (bytes) => listener.onOverlong(bytes),
      onNoise: () => this.#break('kept printing text that is not JSON-RPC', { isProtocol: true }),
    });
    this.#stderr = new StderrLines(new Redaction(spec.secrets ?? []));
    this.#system = spec.containment?.system ?? systemOf(process.platform);
    this.#cgroup = spec.containment?.open(spec.limits ?? {});
    if (this.#cgroup !== undefined) cgroups.add(this.#cgroup);
    try {
      this.#child = startChild(spec, this.#cgroup, this.#system);
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
    this.#startTicks = this.#system.startOf(this.pid);
    alive.set(this.pid, this.#system);
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
    this.#writeLine(stdin, line);
    this.#share.stdout.asked();
    // The stream's own verdict is about its queue limit; what counts here is whether the pipe is full.
    if (stdin.writableLength > 0) this.#holdBack(stdin);
    if (stdin.writableLength > MAX_UNWRITTEN_BYTES) this.#break('did not read its stdin');
    return !this.#isHeldBack;
  }

  pause(): void {
    this.#stdoutPipe?.pause();
  }

  resume(): void {
    this.#stdoutPipe?.resume();
  }

  terminate(reason: string): Promise<ExitFacts> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  stderrTail(): string[] {
    return this.#stderr.tail();
  }

  /** In one system call: a short line is copied for it; of a long one that would cost more than to write two pieces. */
  #writeLine(stdin: Writable, line: Uint8Array): void {
    if (line.length < COPIED_BYTES) {
      const bytes = Buffer.allocUnsafe(line.length + 1);
      bytes.set(line);
      bytes[line.length] = LF;
      stdin.write(bytes, this.#afterWrite);
      return;
    }
    stdin.cork();
    stdin.write(line);
    stdin.write(NEWLINE, this.#afterWrite);
    stdin.uncork();
  }

  #holdBack(stdin: Writable): void {
    if (this.#isHeldBack) return;
    this.#isHeldBack = true;
    // Counts from the last byte that the process took, even amid a large write.
    if (stdin instanceof Socket) stdin.setTimeout(STUCK_STDIN_MS);
  }

  readonly #afterWrite = (): void => {
    if (!this.#isHeldBack || this.unwrittenBytes > 0 || this.#state !== 'running') return;
    this.#isHeldBack = false;
    if (this.#child?.stdin instanceof Socket) this.#child.stdin.setTimeout(0);
    this.#listener.onDrain();
  };

  /** Nothing of stdin has moved for long. One whose own output nobody takes has a reason; so has one that still prints. */
  #noticeFullStdin(stdin: Writable): void {
    if (this.#state !== 'running' || !this.#isHeldBack) return;
    const isSilent = performance.now() - this.#stdout.printedAt >= STUCK_STDIN_MS;
    if (isSilent && this.#stdoutPipe?.isHeldBack === false) {
      return this.#break(`did not read its stdin for ${STUCK_STDIN_MS / 1_000} s`);
    }
    if (stdin instanceof Socket) stdin.setTimeout(STUCK_STDIN_MS);
  }

  #attach(child: ChildProcessWithoutNullStreams): void {
    const { stdin, stdout, stderr } = child;
    this.#stdoutPipe = new PacedPipe({
      stream: stdout,
      reader: this.#stdout,
      share: this.#share.stdout,
      aheadBytes: this.#spec.aheadBytes,
    });
    this.#stderrPipe = new PacedPipe({
      stream: stderr,
      reader: {
        push: (chunk) => this.#stderr.push(chunk),
        step: () => this.#stepStderr(),
        isAmidLine: false,
      },
      share: this.#share.stderr,
    });
    stdin.on('error', () => this.#noticeClosed('stdin', CLOSED_STDIN_GRACE_MS));
    stdin.on('timeout', () => this.#noticeFullStdin(stdin));
    stdout.on('end', () => this.#noticeClosed('stdout', CLOSED_STDOUT_GRACE_MS));
    // A reset pipe is an end like any other; the exit follows.
    stdout.on('error', () => this.#noticeClosed('stdout', CLOSED_STDOUT_GRACE_MS));
    stderr.on('error', () => {});
    child.on('exit', (code, signal) => this.#noticeExit(code, signal));
    child.on('close', () => this.#finish());
  }

  #stepStderr(): boolean {
    const text = this.#state === 'exited' ? undefined : this.#stderr.next(performance.now());
    if (text !== undefined) this.#listener.onStderr(text);
    return text !== undefined;
  }

  #noticeClosed(name: string, graceMs: number): void {
    if (this.#state !== 'running' || this.#closedTimer !== undefined) return;
    const giveUp = (): void => this.#break(`closed its ${name}`);
    // A runner that was busy meanwhile first hears of an exit that has long happened.
    this.#closedTimer = setTimeout(() => setImmediate(giveUp), graceMs);
  }

  /** It lives, but nobody can speak with it any more: to its listener it is gone at once, and then it is ended. */
  #break(because: string, { isProtocol } = { isProtocol: false }): void {
    if (this.#state !== 'running') return;
    this.#because = because;
    this.#broke = { isProtocol };
    this.#finish();
  }

  #noticeExit(code: number | null, signal: string | null): void {
    this.#leaderExited.resolve();
    if (this.pid !== undefined) alive.delete(this.pid);
    if (this.#state === 'exited' || this.#reported !== undefined) return;
    this.#reported = { code, signal };
    if (this.#state === 'running') this.#state = 'ending';
    clearTimeout(this.#closedTimer);
    // At once, while the group's number cannot have passed to anyone else.
    if (this.pid !== undefined) this.#system.signalGroup(this.pid, 'SIGTERM');
    // A paused listener gets the rest too: it is no more than the pipe held.
    const drained = Promise.all([this.#stdoutPipe?.drain(), this.#stderrPipe?.drain()]);
    // However late a busy runner comes to it, all that the process wrote before its end is heard before the end is told.
    this.#drainTimer = setTimeout(() => void drained.then(() => this.#finish()), DRAIN_MS);
  }

  #failStart(error: unknown): void {
    if (this.#state === 'exited') return;
    this.#finish(this.#describe(error));
  }

  #describe(error: unknown): SpawnError {
    const { command, cwd, env, user } = this.#spec;
    const start = {
      command,
      searchPath: env['PATH'] ?? '',
      ...(cwd === undefined ? {} : { cwd }),
      ...(user === undefined ? {} : { uid: user.uid }),
    };
    const described = describeSpawnFailure(error, start);
    // A command or folder may have come from a variable.
    const redaction = new Redaction(this.#spec.secrets ?? []);
    return { ...described, message: redaction.apply(described.message, false) };
  }

  /** The last word: the rest of the lines, then the facts, once. */
  #finish(spawnError?: SpawnError): void {
    if (this.#state === 'exited') return;
    clearTimeout(this.#drainTimer);
    clearTimeout(this.#closedTimer);
    if (this.#broke === undefined) {
      this.#stdoutPipe?.finish();
      this.#stderrPipe?.finish();
    }
    this.#stdout.close();
    for (const text of this.#stderr.flush(performance.now())) this.#listener.onStderr(text);
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
    const refused =
      this.#because === undefined ? whyNotExecuted(code, always.stderrTail) : undefined;
    if (refused && this.#spec.user !== undefined) {
      return { reason: 'spawn_failed', spawnError: this.#describe(refused), ...always };
    }
    const how = {
      ...(code === null ? {} : { code }),
      ...(signal === null ? {} : { signal }),
      ...always,
    };
    if (this.#because !== undefined) {
      const reason = this.#broke === undefined ? 'terminated' : 'broken';
      const isProtocol = this.#broke?.isProtocol === true;
      return { reason, because: this.#because, ...(isProtocol ? { isProtocol } : {}), ...how };
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
    // Not even SIGKILL: it is stuck inside the kernel and no further news of it will come.
    if (!(await this.#endLeader(pid))) this.#finish();
  }

  #endLeader(pid: number): Promise<boolean> {
    const closeStdin = (): void => {
      this.#child?.stdin.end();
    };
    return endLeader({ pid, closeStdin, exited: this.#leaderExited.promise }, this.#system);
  }

  #findFamily(leaderPid: number): Promise<ProcessStat[]> {
    const leaderStartTicks = this.#startTicks;
    return this.#system.family({
      leaderPid,
      leaderStartTicks,
      mark: this.#spec.mark,
      seen: this.#family,
      contained: () => this.#cgroup?.members() ?? new Set(),
      leaders: alive,
    });
  }

  async #clear(pid: number): Promise<void> {
    if (this.#broke !== undefined) {
      // Nobody reads its output any more.
      this.#child?.stdout.destroy();
      this.#child?.stderr.destroy();
      this.#family = await this.#findFamily(pid);
      await this.#endLeader(pid);
    }
    alive.delete(pid);
    // A descendant that kept a pipe must not keep it open in the runner too.
    this.#child?.stdin.destroy();
    this.#child?.stdout.destroy();
    this.#child?.stderr.destroy();
    await endAll({
      find: () => this.#findFamily(pid),
      isAlive: (found) => this.#system.isAlive(found),
      killGroup: () => {
        this.#cgroup?.kill();
        this.#system.strike(pid);
      },
    });
    this.#system.lookLater(this.#spec.mark, this.#startTicks);
    await this.#dropCgroup();
  }
  async #dropCgroup(): Promise<void> {
    if (this.#cgroup === undefined) return;
    await this.#cgroup.remove();
    cgroups.delete(this.#cgroup);
  }
}
