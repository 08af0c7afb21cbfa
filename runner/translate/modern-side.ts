// Modern clients on modern processes: one shared process, more only where two calls want log messages, which name no call.
import { forModernProcess, type ClientCall } from './client-call.ts';
import { earliest } from '../core/earliest.ts';
import type { Effects } from './effects.ts';
import { OWN_META } from './envelope.ts';
import { CANCEL_GRACE_MS, processExited, startFailed } from './faults.ts';
import { numberOf, type Message } from './message.ts';
import {
  endOfListen,
  isListen,
  logCallsOf,
  noticeFor,
  ownerOf,
  resultFor,
  type ModernCall,
  type ModernProcess,
} from './modern-process.ts';
import type { OwnRequests } from './own-requests.ts';
import { ToolHeaders } from './tool-headers.ts';

/** A process without calls beyond the first ends after this: it was started for a moment of much at once. */
const IDLE_MS = 5 * 60_000;

export class ModernSide {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  readonly #headers: ToolHeaders;
  readonly #maxProcesses: number;
  /** Oldest first. */
  #processes: ModernProcess[] = [];

  constructor(options: { effects: Effects; own: OwnRequests; maxProcesses: number }) {
    this.#effects = options.effects;
    this.#own = options.own;
    this.#maxProcesses = options.maxProcesses;
    this.#headers = new ToolHeaders(options.own, { _meta: OWN_META });
  }

  /** Takes over a process that serves this era. */
  adopt(slot: number, now: number): ModernProcess {
    const process = { slot, calls: new Map(), idleSince: now, hasServed: false };
    this.#processes.push(process);
    return process;
  }

  request(client: ClientCall, now: number): void {
    const process = this.#processFor(client) ?? this.adopt(this.#effects.start(), now);
    process.calls.set(client.id, { client, isSent: false, releaseAt: undefined });
    this.#proceed(now);
  }

  cancel(sessionId: number, now: number): void {
    for (const process of this.#processes) {
      const call = process.calls.get(sessionId);
      if (!call) continue;
      if (!call.isSent) return this.#release(process, sessionId, now);
      call.releaseAt = now + CANCEL_GRACE_MS;
      const params = { requestId: sessionId, reason: 'the client waits no more' };
      return this.#effects.write(process.slot, { method: 'notifications/cancelled', params });
    }
  }

  fromProcess(slot: number, message: Message, now: number): void {
    const process = this.#processes.find((each) => each.slot === slot);
    if (!process) return;
    if (message.kind === 'request') {
      this.#effects.drop('a request of a modern process', { method: message.method }, now);
    } else if (message.kind === 'notification') this.#notified(process, message, now);
    else this.#answered(process, message, now);
    this.#proceed(now);
  }

  exited(slot: number, description: string, now: number, hasRun: boolean): void {
    const process = this.#processes.find((each) => each.slot === slot);
    if (!process) return;
    this.#forget(slot);
    for (const call of process.calls.values()) {
      if (call.releaseAt !== undefined) continue;
      if (!hasRun) this.#effects.fail(call.client.id, startFailed(description));
      else if (isListen(call) && call.isSent) this.#effects.say(endOfListen(call.client));
      else this.#effects.fail(call.client.id, processExited(description, call.isSent));
    }
    this.#proceed(now);
  }

  tick(now: number): void {
    for (const process of this.#processes) {
      for (const [id, { releaseAt }] of process.calls) {
        if (releaseAt !== undefined && releaseAt <= now) this.#release(process, id, now);
      }
    }
    for (const { slot, idleSince } of this.#spare()) {
      if (idleSince + IDLE_MS > now) continue;
      this.#forget(slot);
      this.#effects.stop(slot, 'it has been idle for long');
    }
    this.#headers.tick(now);
    this.#proceed(now);
  }

  wakeAt(): number | undefined {
    const calls = this.#processes.flatMap((process) => [...process.calls.values()]);
    return earliest([
      this.#headers.wakeAt,
      ...calls.map(({ releaseAt }) => releaseAt),
      ...this.#spare().map(({ idleSince }) => idleSince + IDLE_MS),
    ]);
  }

  /** The oldest process where the call's log messages can be told from those of others; undefined for a new one. */
  #processFor({ logLevel }: ClientCall): ModernProcess | undefined {
    if (logLevel === undefined) return this.#processes[0];
    const free = this.#processes.find((process) => logCallsOf(process).length === 0);
    // With no room for another process the call counts more than its log.
    return free ?? (this.#processes.length < this.#maxProcesses ? undefined : this.#processes[0]);
  }

  #proceed(now: number): void {
    for (const process of this.#processes) {
      for (const call of process.calls.values()) {
        if (!call.isSent) this.#send(process, call, now);
      }
    }
    this.#headers.settle();
  }

  #send(process: ModernProcess, call: ModernCall, now: number): void {
    const check = this.#headers.check(call.client, process.slot, now);
    if (check === 'unknown') return;
    if (check !== 'ok') {
      this.#effects.fail(call.client.id, check);
      return this.#release(process, call.client.id, now);
    }
    call.isSent = true;
    this.#effects.write(process.slot, forModernProcess(call.client));
  }

  #answered(process: ModernProcess, message: Message, now: number): void {
    if (!process.hasServed) this.#effects.served(process.slot);
    process.hasServed = true;
    if (this.#own.answer(process.slot, message, now)) return;
    const id = numberOf(message.id);
    const call = id === undefined ? undefined : process.calls.get(id);
    if (id === undefined || !call) {
      return this.#effects.drop('an answer to no request in flight', {}, now);
    }
    this.#release(process, id, now);
    this.#effects.say(resultFor(call, message));
  }

  #notified(process: ModernProcess, message: Message, now: number): void {
    const { method, requestId } = message;
    if (method === 'notifications/tools/list_changed') this.#headers.changed();
    if (method === 'notifications/cancelled') {
      return this.#cancelledByProcess(process, numberOf(requestId), now);
    }
    const owner = ownerOf(process, message);
    if (!owner) {
      return this.#effects.drop('a notification for no request in flight', { method }, now);
    }
    if (owner.releaseAt === undefined)
      this.#effects.say(noticeFor(owner, message), owner.client.id);
  }

  /** A server may end a subscription this way; its client hears the end that it waits for. */
  #cancelledByProcess(process: ModernProcess, id: number | undefined, now: number): void {
    const call = id === undefined ? undefined : process.calls.get(id);
    if (id === undefined || !call || !isListen(call)) return;
    this.#release(process, id, now);
    if (call.releaseAt === undefined) this.#effects.say(endOfListen(call.client));
  }

  #release(process: ModernProcess, id: number, now: number): void {
    if (process.calls.delete(id)) process.idleSince = now;
  }

  #forget(slot: number): void {
    this.#processes = this.#processes.filter((process) => process.slot !== slot);
    this.#own.forget(slot);
    this.#headers.forget(slot);
  }

  #spare(): ModernProcess[] {
    return this.#processes.slice(1).filter(({ calls }) => calls.size === 0);
  }
}
