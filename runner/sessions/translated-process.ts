// What a session takes for its process when a translator stands between: the table of the translator's processes, by slot. Steps
// aside for good where both sides turn out to be of one era.
import type { EffectQueue } from '../core/effect-queue.ts';
import { onlyMessageIn, type MessageView } from '../../shared/jsonrpc/view.ts';
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';
import { type ExitFacts, describeEnd } from '../process/exit.ts';
import type { ServerProcess } from './pooled-process.ts';
import type { Taken } from './process-pool.ts';
import type { SessionProcess, SessionProcessListener } from './session-process.ts';
import type { KnownEras, TranslateEffect, Translator } from '../translate/translator.ts';
import type { Time, Timer } from '../wake-timer.ts';

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
  readonly time: Time;
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
  #queue: EffectQueue | undefined;
  readonly #timer: Timer;
  /** Inputs of the translator whose effects are not all performed. */
  #unsettled = 0;
  #isPaused = false;
  #isEnding = false;

  constructor(options: TranslatedProcessOptions) {
    this.#options = options;
    this.#first = options.first;
    this.#timer = options.time.timer(() => this.#contained(() => this.#tick()));
  }

  get pid(): number | undefined {
    const [oldest] = this.#slots.values();
    return (oldest ?? this.#first)?.pid;
  }

  listen(listener: SessionProcessListener, queue: EffectQueue): void {
    this.#listener = listener;
    this.#queue = queue;
    this.#perform(this.#translator.start(this.#options.time.now()));
  }

  write(line: Uint8Array, message?: MessageView): boolean {
    if (this.#direct) return this.#direct.write(line, message);
    const said = message ?? onlyMessageIn(line);
    if (said) this.#perform(this.#translator.fromSession(said, this.#options.time.now()));
    return true;
  }

  refusal(notification: MessageView): string | undefined {
    return this.#options.translator.refusal?.(notification);
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
    this.#timer.clear();
    return true;
  }

  async terminate(reason: string): Promise<void> {
    this.#isEnding = true;
    this.#timer.clear();
    const all = [...this.#slots.values(), ...(this.#first ? [this.#first] : [])];
    await Promise.all(all.map((process) => process.terminate(reason)));
  }

  /** For one input, in the knowledge of what is known by now. */
  get #translator(): Translator {
    const { translator, eras } = this.#options;
    translator.know(eras());
    return translator;
  }

  #perform(effects: readonly TranslateEffect[]): void {
    this.#unsettled += 1;
    this.#queue?.add(effects, this.#performOne, this.#settled);
  }

  readonly #settled = (): void => {
    this.#unsettled -= 1;
    // Lines that still go through the translator come before those that bypass it.
    if (this.#unsettled === 0 && this.#options.isTransparent())
      [this.#direct] = this.#slots.values();
    if (!this.#direct && !this.#isEnding) this.#timer.arm(this.#options.translator.wakeAt());
  };

  readonly #performOne = (effect: TranslateEffect): void => {
    const { log, served, learned } = this.#options;
    switch (effect.do) {
      case 'start':
        return this.#start(effect.slot);
      case 'stop':
        return this.#stop(effect.slot, effect.reason);
      case 'write':
        return this.#write(effect.slot, effect.line, effect.message);
      case 'served': {
        const process = this.#slots.get(effect.slot);
        return process && served(process);
      }
      case 'learned':
        return learned(effect.era, effect.isServed);
      case 'say':
        return effect.message
          ? this.#listener?.onMessage(effect.message, effect.bridgeId)
          : this.#listener?.onLine(effect.line, effect.bridgeId);
      case 'exited':
        return this.#listener?.onExit(this.#lastFacts);
      case 'note':
        return log[effect.level](effect.words, { ...effect.fields });
    }
  };

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
      onLine: (bytes) => this.#said(slot, bytes),
      onMessage: (message) => this.#said(slot, message),
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

  #said(slot: number, said: Uint8Array | MessageView): void {
    if (!this.#direct)
      return this.#perform(this.#translator.fromProcess(slot, said, this.#options.time.now()));
    if (said instanceof Uint8Array) this.#listener?.onLine(said);
    else this.#listener?.onMessage(said);
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
    // Input that it no longer reads holds nobody back.
    this.#drained(slot);
    if (goesOn) this.#perform(this.#ended(slot, 'did not start in time', true));
  }

  #write(slot: number, line: Uint8Array, message: MessageView | undefined): void {
    const process = this.#slots.get(slot);
    if (!process || process.write(line, message)) return;
    this.#full.add(slot);
    this.#listener?.onFull();
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
    // The session's host logs what the session hears of it.
    if (!effects.some((effect) => effect.do === 'exited')) {
      this.#options.log.info('process ended', { slot, reason, code, signal, because, why, ranMs });
    }
    this.#perform(effects);
  }

  #ended(slot: number, description: string, hasRun: boolean): TranslateEffect[] {
    return this.#translator.exited(slot, description, this.#options.time.now(), hasRun);
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

  #tick(): void {
    this.#perform(this.#translator.tick(this.#options.time.now()));
  }
}
