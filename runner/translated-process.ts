// Stands in for a session's process when there is a translator in between: starts the processes the translator wants, keeps its
// time, and steps aside for good when both sides turn out to be of one era.
import { failureFields } from './failure.ts';
import type { Log } from './log.ts';
import type { ExitFacts } from './process/exit.ts';
import { describeEnd } from './process/exit.ts';
import type { ProcessListener } from './process/stdio-process.ts';
import type { ServerProcess } from './pooled-process.ts';
import type { Taken } from './process-pool.ts';
import type { KnownEras, TranslateEffect, Translator } from './translate/translator.ts';

/** A process as a session host sees it. */
export interface SessionProcess {
  readonly pid: number | undefined;
  listen(listener: SessionProcessListener): void;
  /** One line for stdin, without its line break; false: hold back until `onDrain`. */
  write(line: Uint8Array): boolean;
  /** Why a notification would reach no process; undefined for one that does. Without: it always does. */
  refusal?(line: Uint8Array): string | undefined;
  pause(): void;
  resume(): void;
  terminate(reason: string): Promise<unknown>;
  /**
   * Before its first answer it may keep starting for another session: true, and its listener hears nothing more. False:
   * it has to be terminated.
   */
  leave(): boolean;
}

export interface SessionProcessListener extends Omit<ProcessListener, 'onLine'> {
  /** `call`: the session's id of the request that the line belongs to, where the line does not say it. */
  onLine(bytes: Uint8Array, call?: number): void;
}

export interface TranslatedProcessOptions {
  readonly translator: Translator;
  /** True once the translator is not needed any more: its one process is spoken to directly. */
  isTransparent(): boolean;
  /** A process that was taken ahead, for the first start. */
  readonly first?: ServerProcess;
  take(): Taken;
  served(process: ServerProcess): void;
  /** What all sessions of the server have learned of its eras. */
  eras(): KnownEras;
  learned(era: keyof KnownEras, isServed: boolean | undefined): void;
  readonly log: Log;
}

/** Completes "it was ended because …" for a fault of the bridge's own. */
const FAILED = 'the bridge failed on it';

export class TranslatedProcess implements SessionProcess {
  readonly #options: TranslatedProcessOptions;
  readonly #slots = new Map<number, ServerProcess>();
  /** Slots whose stdin is full. */
  readonly #full = new Set<number>();
  #first: ServerProcess | undefined;
  #direct: ServerProcess | undefined;
  #listener: SessionProcessListener | undefined;
  #lastFacts: ExitFacts = { reason: 'spawn_failed', stderrTail: [], ranMs: 0 };
  #timer: { readonly at: number; readonly id: NodeJS.Timeout } | undefined;
  #isWriting = false;
  #isPerforming = false;
  readonly #toPerform: (readonly TranslateEffect[])[] = [];
  #unheard: ((listener: SessionProcessListener) => void)[] = [];
  #isPaused = false;
  #isEnding = false;

  constructor(options: TranslatedProcessOptions) {
    this.#options = options;
    this.#first = options.first;
  }

  get pid(): number | undefined {
    const [oldest] = this.#slots.values();
    return (oldest ?? this.#first)?.pid;
  }

  listen(listener: SessionProcessListener): void {
    this.#listener = listener;
    this.#perform(this.#translator.start(performance.now()));
  }

  write(line: Uint8Array): boolean {
    if (this.#direct) return this.#direct.write(line);
    this.#isWriting = true;
    this.#perform(this.#translator.fromSession(line, performance.now()));
    this.#isWriting = false;
    return this.#full.size === 0;
  }

  refusal(line: Uint8Array): string | undefined {
    return this.#options.translator.refusal?.(line);
  }

  pause(): void {
    this.#isPaused = true;
    for (const process of this.#slots.values()) process.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const process of this.#slots.values()) process.resume();
  }

  leave(): boolean {
    for (const [slot, process] of this.#slots) if (process.leave()) this.#slots.delete(slot);
    if (this.#slots.size > 0 || this.#first) return false;
    this.#isEnding = true;
    clearTimeout(this.#timer?.id);
    return true;
  }

  async terminate(reason: string): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer?.id);
    const all = [...this.#slots.values(), ...(this.#first ? [this.#first] : [])];
    await Promise.all(all.map((process) => process.terminate(reason)));
  }

  /** For one input, in the knowledge of what is known by now. */
  get #translator(): Translator {
    const { translator, eras } = this.#options;
    translator.know(eras());
    return translator;
  }

  /** What an effect leads to at once, as a line that the session writes when it hears one, is performed behind those before it. */
  #perform(effects: readonly TranslateEffect[]): void {
    this.#toPerform.push(effects);
    if (this.#isPerforming) return;
    this.#isPerforming = true;
    try {
      for (let next = this.#toPerform.shift(); next; next = this.#toPerform.shift()) {
        for (const effect of next) this.#performOne(effect);
      }
    } finally {
      // The catcher must still be able to end this.
      this.#isPerforming = false;
    }
    if (this.#options.isTransparent()) this.#stepAside();
    this.#schedule();
  }

  #performOne(effect: TranslateEffect): void {
    const { log, served, learned } = this.#options;
    switch (effect.do) {
      case 'start':
        return this.#start(effect.slot);
      case 'stop':
        return this.#stop(effect.slot, effect.reason);
      case 'write':
        return this.#write(effect.slot, effect.line);
      case 'served': {
        const process = this.#slots.get(effect.slot);
        return process && served(process);
      }
      case 'learned':
        return learned(effect.era, effect.isServed);
      case 'say':
        return this.#hear((listener) => listener.onLine(effect.line, effect.call));
      case 'exited':
        return this.#hear((listener) => listener.onExit(this.#lastFacts));
      case 'note':
        return log[effect.level](effect.words, { ...effect.fields });
    }
  }

  /** The session hears nothing while it is still performing what led to a write: it would say things out of order. */
  #hear(say: (listener: SessionProcessListener) => void): void {
    this.#unheard.push(say);
    if (!this.#isWriting) this.#sayUnheard();
    else if (this.#unheard.length === 1)
      queueMicrotask(() => this.#contained(() => this.#sayUnheard()));
  }

  #sayUnheard(): void {
    for (let say = this.#unheard.shift(); say; say = this.#unheard.shift()) {
      if (this.#listener) say(this.#listener);
    }
  }

  #start(slot: number): void {
    if (this.#isEnding) return;
    // One that was taken ahead and is gone says nothing about the server.
    const ahead = this.#first?.state === 'exited' ? undefined : this.#first;
    this.#first = undefined;
    const process = ahead ?? this.#take(slot);
    if (!process) return;
    this.#slots.set(slot, process);
    if (this.#isPaused) process.pause();
    process.listen({
      onLine: (bytes) => this.#line(slot, bytes),
      onOverlong: (bytes) => this.#overlong(slot, bytes),
      onStderr: (text) => this.#listener?.onStderr(text),
      onDrain: () => this.#drained(slot),
      onExit: (facts) => this.#exited(slot, facts),
    });
  }

  #take(slot: number): ServerProcess | undefined {
    const taken = this.#options.take();
    if (taken.ok) return taken.process;
    this.#perform(this.#ended(slot, taken.description, false));
    return undefined;
  }

  #line(slot: number, bytes: Uint8Array): void {
    if (this.#direct) return this.#listener?.onLine(bytes);
    this.#perform(this.#translator.fromProcess(slot, bytes, performance.now()));
  }

  /** It is not known whose answer it was; if several calls share the process, it cannot be trusted any more. */
  #overlong(slot: number, bytes: number): void {
    if (this.#direct) return this.#listener?.onOverlong(bytes);
    this.#options.log.warn('a line on stdout is too long; the process is ended', { slot, bytes });
    void this.#slots.get(slot)?.terminate(`it printed a line of over ${String(bytes - 1)} bytes`);
  }

  #stop(slot: number, reason: string): void {
    const process = this.#slots.get(slot);
    const goesOn = process?.leave() === true;
    if (goesOn) this.#slots.delete(slot);
    else void process?.terminate(reason);
    // What it does not read any more holds back nobody.
    this.#drained(slot);
    if (goesOn) this.#perform(this.#ended(slot, 'did not start in time', true));
  }

  #write(slot: number, line: Uint8Array): void {
    const process = this.#slots.get(slot);
    if (process && !process.write(line)) this.#full.add(slot);
  }

  #drained(slot: number): void {
    this.#full.delete(slot);
    if (this.#full.size === 0) this.#listener?.onDrain();
  }

  #exited(slot: number, facts: ExitFacts): void {
    this.#lastFacts = facts;
    this.#slots.delete(slot);
    this.#drained(slot);
    if (this.#direct) return this.#listener?.onExit(facts);
    const { reason, code, signal, because, ranMs } = facts;
    const why = facts.spawnError?.message;
    const effects = this.#ended(slot, describeEnd(facts), reason !== 'spawn_failed');
    // What the session hears of it, its host logs.
    if (!effects.some((effect) => effect.do === 'exited')) {
      this.#options.log.info('process ended', { slot, reason, code, signal, because, why, ranMs });
    }
    this.#perform(effects);
  }

  #ended(slot: number, description: string, hasRun: boolean): TranslateEffect[] {
    return this.#translator.exited(slot, description, performance.now(), hasRun);
  }

  /** The last guard around what no caller has caused: a throw ends the processes and so the session, never the runner. */
  #contained(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error('the translation failed and is ended', failureFields(error));
      const facts: ExitFacts = { ...this.#lastFacts, reason: 'terminated', because: FAILED };
      void this.terminate(FAILED).finally(() => this.#listener?.onExit(facts));
    }
  }

  #stepAside(): void {
    [this.#direct] = this.#slots.values();
  }

  #schedule(): void {
    const at = this.#direct || this.#isEnding ? undefined : this.#options.translator.wakeAt();
    if (at === undefined || (this.#timer && this.#timer.at <= at)) return;
    clearTimeout(this.#timer?.id);
    const fire = (): void => {
      this.#timer = undefined;
      this.#contained(() => this.#perform(this.#translator.tick(performance.now())));
    };
    this.#timer = { at, id: setTimeout(fire, Math.max(0, at - performance.now())) };
  }
}
