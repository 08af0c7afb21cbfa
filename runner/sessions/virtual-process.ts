// What a session of a virtual server takes for its process: the table of its members' processes, by slot. Performs what
// virtual/virtual-server.ts decides.
import type { BridgeRequestId, ServerName } from '../../shared/ids.ts';
import { onlyMessageIn, type MessageView } from '../../shared/jsonrpc/view.ts';
import type { EffectQueue } from '../core/effect-queue.ts';
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';
import { describeEnd, type ExitFacts } from '../process/exit.ts';
import { NO_PROCESS } from '../translate/client-notification.ts';
import type { TranslateEffect } from '../translate/translator.ts';
import type { VirtualServer } from '../virtual/virtual-server.ts';
import { PROGRAM_TIME, type Time, type Timer } from '../wake-timer.ts';
import type { SessionProcess, SessionProcessListener } from './session-process.ts';

/** A process of one member, for one session. */
export interface MemberProcess {
  readonly process: SessionProcess;
  /** It works. */
  served(): void;
}

export type TakenMember =
  | ({ readonly ok: true } & MemberProcess)
  /** `description` completes the sentence "the server process …". */
  | { readonly ok: false; readonly description: string };

export interface VirtualProcessOptions {
  readonly machine: VirtualServer;
  readonly isModern: boolean;
  /** Starts a process of a member. `served`: hears that one has answered. */
  take(member: ServerName, served: () => void): TakenMember;
  readonly log: Log;
  readonly time?: Time;
}

/** Completes "it was ended because …" for a fault of the bridge's own. */
const FAILED = 'the bridge failed on it';

export class VirtualProcess implements SessionProcess {
  readonly #options: VirtualProcessOptions;
  readonly #time: Time;
  readonly #slots = new Map<number, MemberProcess>();
  readonly #timer: Timer;
  #listener: SessionProcessListener | undefined;
  #queue: EffectQueue | undefined;
  #isPaused = false;
  #isEnding = false;

  constructor(options: VirtualProcessOptions) {
    this.#options = options;
    this.#time = options.time ?? PROGRAM_TIME;
    this.#timer = this.#time.timer(() =>
      this.#contained(() => this.#perform(options.machine.tick(this.#time.now()))),
    );
  }

  /** Of the member that has run the longest. */
  get pid(): number | undefined {
    const [oldest] = this.#slots.values();
    return oldest?.process.pid;
  }

  listen(listener: SessionProcessListener, queue: EffectQueue): void {
    this.#listener = listener;
    this.#queue = queue;
  }

  write(line: Uint8Array, message?: MessageView): boolean {
    const said = message ?? onlyMessageIn(line);
    if (said) this.#perform(this.#options.machine.fromSession(said, this.#time.now()));
    return true;
  }

  refusal(notification: MessageView): string | undefined {
    // A client of the legacy era has a session, whether or not a member runs.
    if (!this.#options.isModern || notification.kind !== 'notification') return undefined;
    const reasons = [...this.#slots.values()].map(({ process }) => process.refusal?.(notification));
    return reasons.length === 0 ? NO_PROCESS : reasons.every(Boolean) ? reasons[0] : undefined;
  }

  pause(): void {
    this.#isPaused = true;
    for (const { process } of this.#slots.values()) process.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const { process } of this.#slots.values()) process.resume();
  }

  leave(): boolean {
    for (const [slot, { process }] of this.#slots) if (process.leave()) this.#slots.delete(slot);
    if (this.#slots.size > 0) return false;
    this.#end();
    return true;
  }

  async terminate(reason: string): Promise<void> {
    this.#end();
    await Promise.all([...this.#slots.values()].map(({ process }) => process.terminate(reason)));
  }

  #end(): void {
    this.#isEnding = true;
    this.#timer.clear();
  }

  #perform(effects: readonly TranslateEffect[]): void {
    this.#queue?.add(effects, this.#performOne, this.#settled);
  }

  readonly #settled = (): void => {
    if (!this.#isEnding) this.#timer.arm(this.#options.machine.wakeAt());
  };

  readonly #performOne = (effect: TranslateEffect): void => {
    switch (effect.do) {
      case 'start':
        return this.#start(effect.slot, effect.member ?? '');
      case 'stop':
        return this.#stop(effect.slot, effect.reason);
      case 'write':
        return this.#write(effect.slot, effect.line, effect.message);
      case 'served':
        return this.#slots.get(effect.slot)?.served();
      case 'say':
        return effect.message
          ? this.#listener?.onMessage(effect.message, effect.bridgeId)
          : this.#listener?.onLine(effect.line, effect.bridgeId);
      case 'note':
        return this.#options.log[effect.level](effect.words, { ...effect.fields });
      case 'learned':
      case 'exited':
        // Only translators say this.
        return undefined;
    }
  };

  #start(slot: number, member: ServerName): void {
    if (this.#isEnding) return;
    const taken = this.#options.take(member, () => this.#served(slot));
    if (!taken.ok) return this.#exited(slot, taken.description, false);
    const { process } = taken;
    this.#slots.set(slot, taken);
    if (this.#isPaused) process.pause();
    const { log } = this.#options;
    const queue = this.#queue;
    if (!queue) return;
    process.listen(
      {
        onLine: (bytes, bridgeId) => this.#said(slot, bytes, bridgeId),
        onMessage: (message, bridgeId) => this.#said(slot, message, bridgeId),
        onOverlong: (bytes) => {
          log.warn('a line on stdout is too long; the process is ended', { member, bytes });
          void process.terminate(`it printed a line of over ${String(bytes - 1)} bytes`);
        },
        onStderr: (text) => this.#listener?.onStderr(text),
        onFull: () => this.#full(slot),
        onDrain: () => this.#drained(slot),
        onExit: (facts) => this.#over(slot, member, facts),
      },
      queue,
    );
  }

  #served(slot: number): void {
    this.#perform(this.#options.machine.served(slot, this.#time.now()));
  }

  #said(slot: number, said: Uint8Array | MessageView, bridgeId?: BridgeRequestId): void {
    this.#perform(this.#options.machine.fromMember(slot, said, this.#time.now(), bridgeId));
  }

  #stop(slot: number, reason: string): void {
    const member = this.#slots.get(slot);
    if (!member) return;
    if (!member.process.leave()) return void member.process.terminate(reason);
    this.#slots.delete(slot);
    this.#exited(slot, 'did not start in time', true);
  }

  /** A member that does not read holds back nobody but itself. */
  #write(slot: number, line: Uint8Array, message: MessageView | undefined): void {
    if (this.#slots.get(slot)?.process.write(line, message) === false) this.#full(slot);
  }

  #full(slot: number): void {
    this.#options.machine.full(slot);
  }

  #drained(slot: number): void {
    this.#perform(this.#options.machine.drained(slot, this.#time.now()));
  }

  #over(slot: number, member: ServerName, facts: ExitFacts): void {
    const { reason, code, signal, because, ranMs } = facts;
    const why = facts.spawnError?.message;
    this.#options.log.info('process ended', { member, reason, code, signal, because, why, ranMs });
    this.#slots.delete(slot);
    this.#exited(slot, describeEnd(facts), reason !== 'spawn_failed');
  }

  #exited(slot: number, description: string, hasRun: boolean): void {
    if (this.#isEnding) return;
    this.#perform(this.#options.machine.exited(slot, description, this.#time.now(), hasRun));
  }

  /** The last guard around what no caller has caused: a throw ends the processes and so the session, never the runner. */
  #contained(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error('the virtual server failed and is ended', failureFields(error));
      const facts: ExitFacts = { reason: 'terminated', because: FAILED, stderrTail: [], ranMs: 0 };
      void this.terminate(FAILED).finally(() => this.#listener?.onExit(facts));
    }
  }
}
