// Modern clients on legacy processes: initializes a pool of them, finds each call its place, and translates what goes to and fro.
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { REMOVED_METHODS } from '../../shared/mcp/modern.ts';
import { Asking, type ParkLimits } from './asking.ts';
import type { ClientCall } from './client-call.ts';
import type { Effects } from './effects.ts';
import { earliest } from '../core/earliest.ts';
import { MAX_WAITING, methodNotFound, overloaded, processExited, startFailed } from './faults.ts';
import { legacyCall, type LegacyCall } from './legacy-call.ts';
import { LegacyPool, type LegacyProcess } from './legacy-pool.ts';
import { LegacySending } from './legacy-sending.ts';
import { LegacyStart } from './legacy-start.ts';
import { Listens } from './listens.ts';
import { numberOf, type Message } from './message.ts';
import type { OwnRequests } from './own-requests.ts';
import type { Digest, Sealer } from './request-state.ts';
import { answerFor, logOwner, progressFor } from './to-client.ts';
import { ToolHeaders } from './tool-headers.ts';
import type { KnownEras } from './translator.ts';

export interface ModernClientLimits extends ParkLimits {
  readonly maxProcesses: number;
}

export class LegacySide {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  readonly #pool: LegacyPool;
  readonly #starts: LegacyStart;
  readonly #asking: Asking;
  readonly #listens: Listens;
  readonly #headers: ToolHeaders;
  readonly #sending: LegacySending;
  /** By the process's id. */
  readonly #calls = new Map<number, LegacyCall>();
  /** Those without a process, in order. */
  #line: LegacyCall[] = [];

  constructor(options: {
    effects: Effects;
    own: OwnRequests;
    eras: KnownEras;
    sealer: Sealer;
    digest: Digest;
    limits: ModernClientLimits;
  }) {
    this.#effects = options.effects;
    this.#own = options.own;
    this.#pool = new LegacyPool(options.limits.maxProcesses);
    this.#starts = new LegacyStart({
      ...options,
      pool: this.#pool,
      failed: (process, description) => {
        this.#stop(process.slot, `it ${description}`);
        this.#fail(process, () => startFailed(description));
      },
    });
    this.#asking = new Asking(options);
    this.#listens = new Listens(options.effects, options.own);
    this.#headers = new ToolHeaders(options.own, {});
    this.#sending = new LegacySending({
      ...options,
      listens: this.#listens,
      headers: this.#headers,
    });
  }

  /** Takes over a process that has answered `initialize` as this client. */
  adopt(slot: number, client: ClientCall, result: unknown, now: number): void {
    this.#starts.adopt(slot, legacyCall(client), result, now);
  }

  request(client: ClientCall, now: number): void {
    if (REMOVED_METHODS.has(client.method)) {
      return this.#effects.fail(client.id, methodNotFound(client.method));
    }
    if (client.isRetry) this.#retry(client, now);
    else if (this.#line.length >= MAX_WAITING) this.#effects.fail(client.id, overloaded());
    else {
      const call = legacyCall(client);
      this.#calls.set(call.id, call);
      this.#line.push(call);
    }
    this.#proceed(now);
  }

  /** The client left, or the session's patience ended. */
  cancel(sessionId: number, now: number): void {
    const call = this.#waitingAs(sessionId);
    if (!call) return;
    if (call.state === 'running' && !this.#listens.has(call)) {
      this.#asking.abandon(call, 'the client waits no more', now);
    } else this.#release(call, now);
    this.#proceed(now);
  }

  fromProcess(slot: number, message: Message, now: number): void {
    const process = this.#pool.get(slot);
    if (!process) return;
    if (message.kind === 'request') this.#asking.asked(process, message, now);
    else if (message.kind === 'notification') this.#notified(process, message, now);
    else if (!this.#own.answer(slot, message, now)) this.#answered(process, message, now);
    this.#proceed(now);
  }

  exited(slot: number, description: string, now: number, _hasRun: boolean): void {
    this.#pool.gone(slot);
    const process = this.#pool.get(slot);
    if (!process) return this.#proceed(now);
    const hasStarted = process.about !== undefined;
    this.#fail(process, ({ state }) =>
      hasStarted ? processExited(description, state !== 'placed') : startFailed(description),
    );
    this.#proceed(now);
  }

  tick(now: number): void {
    for (const call of this.#asking.due(now)) this.#ask(call, now);
    for (const call of this.#asking.forsaken(now)) this.#giveUp(call, now);
    for (const call of this.#calls.values()) {
      if (call.releaseAt !== undefined && call.releaseAt <= now) this.#release(call, now);
    }
    this.#starts.tick(now);
    for (const { slot } of this.#pool.idle(now)) this.#stop(slot, 'it has been idle for long');
    this.#headers.tick(now);
    this.#proceed(now);
  }

  wakeAt(): number | undefined {
    return earliest([
      this.#asking.wakeAt,
      this.#pool.idleAt,
      this.#headers.wakeAt,
      this.#starts.wakeAt,
      ...[...this.#calls.values()].map(({ releaseAt }) => releaseAt),
    ]);
  }

  // Processes.

  #stop(slot: number, reason: string): void {
    this.#pool.end(slot);
    this.#own.forget(slot);
    this.#headers.forget(slot);
    this.#effects.stop(slot, reason);
  }

  /** Answers all calls of a process that is gone; the next request starts another. */
  #fail(process: LegacyProcess, errorFor: (call: LegacyCall) => ErrorObject): void {
    this.#pool.remove(process.slot);
    this.#own.forget(process.slot);
    this.#headers.forget(process.slot);
    for (const call of process.calls) {
      this.#calls.delete(call.id);
      this.#asking.drop(call);
      if (this.#listens.end(call)) continue;
      if (call.state === 'running' || call.state === 'placed') {
        this.#effects.fail(call.client.id, errorFor(call));
      }
    }
    process.calls.clear();
  }

  // Calls on their way to a process.

  /** Does whatever has become possible: calls in line find a place, those with a place are written. */
  #proceed(now: number): void {
    this.#line = this.#line.filter((call) => !this.#place(call, now));
    this.#makeRoom(now);
    for (const process of this.#pool.all()) {
      for (const call of process.calls) if (call.state === 'placed') this.#send(process, call, now);
    }
    this.#headers.settle();
  }

  /** Clients that never come back must not stop all others of their principal: where no call at work will end, the oldest parked one does. */
  #makeRoom(now: number): void {
    if (this.#line.length === 0 || this.#pool.isCrowded) return;
    const isMoving = [...this.#calls.values()].some(
      ({ need, slot, state }) => need !== 'any' && slot !== undefined && state !== 'parked',
    );
    const oldest = isMoving ? undefined : this.#asking.oldest;
    if (oldest) this.#giveUp(oldest, now);
  }

  /** False when the call has to wait. */
  #place(call: LegacyCall, now: number): boolean {
    const place = this.#pool.placeFor(call);
    if (!place) return false;
    if (place.on === 'new' && place.evict) {
      this.#stop(place.evict.slot, 'another client needs its place');
      this.#fail(place.evict, () => startFailed('gave way to another client'));
    }
    const process = place.on === 'new' ? this.#starts.start(call, now) : place.on;
    process.calls.add(call);
    call.slot = process.slot;
    call.state = 'placed';
    return true;
  }

  #send(process: LegacyProcess, call: LegacyCall, now: number): void {
    const sent = this.#sending.send(process, call, now);
    if (sent === 'running') call.state = 'running';
    else if (sent === 'over') this.#release(call, now);
  }

  #retry(client: ClientCall, now: number): void {
    const call = this.#asking.retried(client, now);
    if (!call) return;
    if (call.answer) this.#deliver(call, call.answer, now);
    else if (call.askAt !== undefined) this.#ask(call, now);
  }

  #ask(call: LegacyCall, now: number): void {
    this.#asking.park(call, this.#serverInfo(call.slot), now);
    for (const oldest of this.#asking.forsaken(now)) this.#giveUp(oldest, now);
  }

  #giveUp(call: LegacyCall, now: number): void {
    if (call.answer) return this.#release(call, now);
    this.#asking.abandon(call, 'the client did not come back', now);
  }

  // Messages of a process.

  #answered(process: LegacyProcess, message: Message, now: number): void {
    const id = numberOf(message.id);
    const call = id === undefined ? undefined : this.#calls.get(id);
    if (!call || call.slot !== process.slot || call.answer) {
      return this.#effects.drop('an answer to no request in flight', {}, now);
    }
    if (call.state === 'running') return this.#deliver(call, message, now);
    if (call.state !== 'parked') return this.#release(call, now);
    // The client is on its way with answers that nobody needs now; the process is free.
    call.answer = { ...message, bytes: message.bytes.slice() };
    call.questions = [];
    process.calls.delete(call);
    process.idleSince = now;
  }

  #deliver(call: LegacyCall, answer: Message, now: number): void {
    const serverInfo = this.#serverInfo(call.slot);
    this.#release(call, now);
    this.#effects.say(answerFor(call, answer, serverInfo));
  }

  #notified(process: LegacyProcess, message: Message, now: number): void {
    switch (message.method) {
      case 'notifications/progress': {
        const line = progressFor(process.calls, message);
        if (line) return this.#effects.say(line);
        return this.#effects.drop('progress for no request in flight', {}, now);
      }
      case 'notifications/message': {
        const call = logOwner(process.calls, message);
        return call && this.#effects.say(message.bytes, call.client.id);
      }
      case 'notifications/cancelled':
        return this.#asking.withdrawn(process, message.requestId);
      default:
        if (message.method === 'notifications/tools/list_changed') this.#headers.changed();
        if (this.#listens.changed(message)) return;
        this.#effects.drop('a notification of no use', { method: message.method }, now);
    }
  }

  // Ends of calls.

  #release(call: LegacyCall, now: number): void {
    this.#calls.delete(call.id);
    this.#line = this.#line.filter((other) => other !== call);
    this.#asking.drop(call);
    this.#listens.close(call);
    const process = this.#pool.get(call.slot);
    if (process?.calls.delete(call)) process.idleSince = now;
  }

  #waitingAs(sessionId: number): LegacyCall | undefined {
    for (const call of this.#calls.values()) {
      const isWaiting = call.state !== 'parked' && call.state !== 'cancelled';
      if (isWaiting && call.client.id === sessionId) return call;
    }
    return undefined;
  }

  #serverInfo(slot: number | undefined): unknown {
    return (this.#pool.get(slot) ?? this.#pool.first)?.about?.serverInfo;
  }
}
