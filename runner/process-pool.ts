// Starts processes for sessions, some of them ahead of time (`warm`), and keeps a server that crashes from being started
// in a loop.
import { nanoid } from 'nanoid';
import type { ServerConfig } from './config.ts';
import { Breaker } from './core/breaker.ts';
import { failureFields } from './failure.ts';
import type { Log } from './log.ts';
import { AHEAD_BYTES, PooledProcess } from './pooled-process.ts';
import { containedListener } from './process/contained-listener.ts';
import type { Containment } from './process/containment.ts';
import { processEnvironment } from './process/environment.ts';
import { isFailure, type ExitFacts } from './process/exit.ts';
import { Redaction } from './process/redaction.ts';
import { startProcess } from './process/stdio-process.ts';
import { runnerMark } from './process/runner-mark.ts';
import type { Fault } from '../shared/fault.ts';
import type { ProcessSnapshot } from './running-runner.ts';
import type { KnownEras } from './translate/translator.ts';

export type Taken =
  | { readonly ok: true; readonly process: PooledProcess }
  /** `description` completes the sentence "the server process …". */
  | { readonly ok: false; readonly fault: Fault; readonly description: string };

/** What all processes of a runner have in common. `token` is named so that none of them can log it. */
export interface ProcessGround {
  readonly token: string;
  readonly containment?: Containment | undefined;
}

/** The processes of one server. */
export class ProcessPool {
  /** Learned from its processes, and true for as long as this configuration is. */
  readonly eras: KnownEras = { legacy: undefined, modern: undefined };
  readonly #server: ServerConfig;
  readonly #ground: ProcessGround;
  readonly #log: Log;
  readonly #breaker = new Breaker();
  readonly #warm: PooledProcess[] = [];
  readonly #all = new Set<PooledProcess>();
  readonly #exited: () => void;
  #redaction: Redaction | undefined;
  #isClosed = false;

  constructor(server: ServerConfig, ground: ProcessGround, log: Log, exited: () => void) {
    this.#server = server;
    this.#ground = ground;
    this.#log = log;
    this.#exited = exited;
    this.#replenish();
  }

  /** A process for a session: a warm one where there is one. */
  take(): Taken {
    const now = performance.now();
    const warm = this.#warm.shift();
    // Its replacement is started once it has served: a start takes the very time that a warm process saves.
    if (warm) return { ok: true, process: warm };
    const verdict = this.#breaker.allow(now);
    if (verdict.ok) return { ok: true, process: this.#start() };
    const seconds = String(Math.ceil(verdict.retryAfterMs / 1000));
    const description = `keeps failing to start; the next attempt is possible in ${seconds} s`;
    const message = `The server "${this.#server.name}" ${description}. Run \`mcp-bridge check\` on the runner to see why.`;
    return { ok: false, fault: { fault: 'process_start_failed', message }, description };
  }

  /** A process of this server answered its first request. */
  served(process: PooledProcess): void {
    process.hasServed = true;
    this.#breaker.served();
    this.#replenish();
  }

  /** What a process of this server printed, as it may be shown to a client: on one line, without secrets. */
  quote(bytes: Uint8Array, isCut: boolean): string {
    this.#redaction ??= new Redaction(this.#secrets);
    return this.#redaction.quote(bytes, isCut);
  }

  snapshot(): ProcessSnapshot[] {
    return [...this.#all].map((process) => ({
      server: this.#server.name,
      pid: process.pid,
      state: this.#warm.includes(process) ? 'warm' : process.state,
    }));
  }

  /** Ends the warm processes; those of sessions end with their sessions. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(
      this.#warm
        .splice(0)
        .map((process) => process.terminate('the server is not offered any more')),
    );
  }

  get #secrets(): readonly string[] {
    return [this.#ground.token, ...this.#server.secrets];
  }

  #replenish(): void {
    while (!this.#isClosed && this.#warm.length < this.#server.warm) {
      if (!this.#breaker.allow(performance.now()).ok) return;
      this.#warm.push(this.#start());
    }
  }

  #start(): PooledProcess {
    const { name, command, args, env, cwd, inheritEnv, maxLineBytes, user, limits } = this.#server;
    const { containment } = this.#ground;
    const spec = {
      server: name,
      command,
      args,
      cwd,
      maxLineBytes,
      env: processEnvironment(process.env, env, inheritEnv, user),
      mark: nanoid(),
      runnerMark: runnerMark(),
      aheadBytes: AHEAD_BYTES,
      containment,
      limits,
      user,
      secrets: this.#secrets,
    };
    const failed = (error: unknown): void => {
      this.#log.error(
        'what a process said could not be handled; it is ended',
        failureFields(error),
      );
      void pooled.terminate('the bridge failed on what it said');
    };
    const pooled: PooledProcess = new PooledProcess(
      (listener) => startProcess(spec, containedListener(listener, failed)),
      (facts, hasServed) => this.#ended(pooled, facts, hasServed),
    );
    this.#all.add(pooled);
    return pooled;
  }

  #ended(pooled: PooledProcess, facts: ExitFacts, hasServed: boolean): void {
    this.#all.delete(pooled);
    this.#exited();
    const place = this.#warm.indexOf(pooled);
    if (!this.#isClosed && this.#warm.length < this.#server.warm)
      setImmediate(() => this.#replenish());
    if (isFailure(facts, hasServed)) this.#breaker.failed(performance.now());
    else if (!hasServed) this.#breaker.withdrawn(performance.now());
    if (place === -1) return;
    this.#warm.splice(place, 1);
    this.#log.warn('a warm process ended before it was used', {
      reason: facts.reason,
      code: facts.code,
    });
  }
}
