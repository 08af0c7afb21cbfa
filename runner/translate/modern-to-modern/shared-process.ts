// Modern clients on a modern process: one process for all clients of a principal, since each of their requests is
// self-contained.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import type { ErrorObject } from '../../../shared/jsonrpc/message.ts';
import { isVendorNotification } from '../../../shared/mcp/notifications.ts';
import { forModernProcess, withoutBytes, type ClientCall } from '../client-call.ts';
import { clientName } from '../client-key.ts';
import { hasNoMeaning, NO_PROCESS, type ClientNotification } from '../client-notification.ts';
import { actDue, nextDue, type Dues } from '../../../shared/dues.ts';
import type { Effects } from '../effects.ts';
import { OWN_META } from '../envelope.ts';
import { CANCEL_GRACE_MS } from '../../core/calls.ts';
import { processExited, processSilent, startFailed } from '../faults.ts';
import { Liveness } from '../../core/liveness.ts';
import { bridgeIdOf } from '../../core/bridge-ids.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { endOfListen } from '../subscription-id.ts';
import {
  isListen,
  noticeFor,
  ownersOf,
  resultFor,
  type ModernCall,
  type ModernProcess,
} from './notices.ts';
import type { OwnRequests } from '../own-requests.ts';
import { ToolHeaders, type FixedArguments } from '../tool-headers.ts';

export class SharedProcess {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  readonly #headers: ToolHeaders;
  readonly #liveness: Liveness;
  #process: ModernProcess | undefined;

  constructor(options: {
    effects: Effects;
    own: OwnRequests;
    requestTimeoutMs: number;
    fixed?: FixedArguments | undefined;
  }) {
    this.#effects = options.effects;
    this.#own = options.own;
    this.#headers = new ToolHeaders(options.own, { _meta: OWN_META }, options.fixed);
    this.#liveness = new Liveness({
      silenceMs: options.requestTimeoutMs,
      probe: (slot) => this.#own.send(slot, 'server/discover', { _meta: OWN_META }),
      failed: (slot, description) => this.#endSilent(slot, description),
    });
  }

  /** Takes over a process that serves this era. */
  adopt(slot: number): ModernProcess {
    this.#process = { slot, calls: new Map() };
    return this.#process;
  }

  request(client: ClientCall, now: number): void {
    const process = this.#process ?? this.adopt(this.#effects.start());
    const of = clientName(client.clientInfo);
    const call = { client, of, isSent: false, sentAt: 0, releaseAt: undefined };
    process.calls.set(client.bridgeId, call);
    this.#proceed(now);
  }

  /** A notification of a client, for the process. */
  notify({ message }: ClientNotification): void {
    if (this.#process) this.#effects.notify(this.#process.slot, forModernProcess({ message }));
  }

  /** Why a client's notification would not reach the process; undefined if it does. */
  refusal({ message: { method } }: ClientNotification): string | undefined {
    if (!isVendorNotification(method)) return hasNoMeaning(method);
    return this.#process ? undefined : NO_PROCESS;
  }

  cancel(bridgeId: BridgeRequestId, now: number): void {
    const process = this.#process;
    const call = process?.calls.get(bridgeId);
    if (!process || !call) return;
    if (!call.isSent) return this.#release(bridgeId);
    call.releaseAt = now + CANCEL_GRACE_MS;
    this.#effects.cancel(process.slot, bridgeId, 'the client is no longer waiting');
    if (!isListen(call)) this.#liveness.doubt(process.slot, call.sentAt, now);
  }

  fromProcess(slot: number, message: MessageView, now: number): void {
    const process = this.#processAt(slot);
    if (!process) return;
    if (message.kind === 'request') {
      this.#effects.drop('a request of a modern process', { method: message.method }, now);
    } else if (message.kind === 'notification') this.#notified(process, message, now);
    else this.#answered(process, message, now);
    this.#proceed(now);
  }

  /** The ids of the calls that the process at `slot` owes an answer to, whether or not anybody wants it; listens have none to come. */
  owed(slot: number): BridgeRequestId[] {
    const calls = [...(this.#processAt(slot)?.calls ?? [])];
    return calls.flatMap(([id, call]) => (call.isSent && !isListen(call) ? [id] : []));
  }

  /** Whether {@link owed} has this id. */
  owes(slot: number, bridgeId: BridgeRequestId): boolean {
    const call = this.#processAt(slot)?.calls.get(bridgeId);
    return call?.isSent === true && !isListen(call);
  }

  exited(slot: number, description: string, now: number, hasRun: boolean): void {
    const process = this.#processAt(slot);
    if (!process) return;
    this.#fail(process, ({ isSent }) =>
      hasRun ? processExited(description, isSent) : startFailed(description),
    );
    this.#proceed(now);
  }

  tick(now: number): void {
    actDue(this.#dues, now);
    this.#proceed(now);
  }

  wakeAt(): number | undefined {
    return nextDue(this.#dues);
  }

  readonly #dues: Dues = (due) => {
    for (const [id, { releaseAt }] of this.#process?.calls ?? []) {
      due(releaseAt, () => this.#release(id));
    }
    due(this.#liveness.wakeAt, (now) => this.#liveness.tick(now));
    due(this.#headers.wakeAt, (now) => this.#headers.tick(now));
  };

  #processAt(slot: number): ModernProcess | undefined {
    return this.#process?.slot === slot ? this.#process : undefined;
  }

  #proceed(now: number): void {
    const process = this.#process;
    for (const call of process?.calls.values() ?? []) {
      if (process && !call.isSent) this.#send(process, call, now);
    }
    this.#headers.settle();
  }

  #send(process: ModernProcess, call: ModernCall, now: number): void {
    const check = this.#headers.check(call.client, process.slot, now);
    if (check === 'unknown') return;
    if (check !== 'ok') {
      this.#effects.fail(call.client.bridgeId, check);
      return this.#release(call.client.bridgeId);
    }
    this.#effects.write(process.slot, forModernProcess(call.client));
    call.client = withoutBytes(call.client);
    call.isSent = true;
    call.sentAt = now;
  }

  #answered(process: ModernProcess, message: MessageView, now: number): void {
    this.#liveness.seen(process.slot, now);
    this.#effects.served(process.slot);
    if (this.#own.answer(process.slot, message, now)) return;
    const id = bridgeIdOf(message.id);
    const call = id === undefined ? undefined : process.calls.get(id);
    if (id === undefined || !call) {
      return this.#effects.drop('an answer to no request in flight', {}, now);
    }
    this.#release(id);
    this.#effects.say(resultFor(call, message));
  }

  #notified(process: ModernProcess, message: MessageView, now: number): void {
    const { method, requestId } = message;
    if (method === 'notifications/tools/list_changed') this.#headers.changed();
    if (method === 'notifications/cancelled') {
      return this.#cancelledByProcess(process, bridgeIdOf(requestId));
    }
    const owners = ownersOf(process, message);
    if (owners.length === 0) {
      return this.#effects.drop('a notification for no request in flight', { method }, now);
    }
    if (method === 'notifications/progress') this.#liveness.seen(process.slot, now);
    for (const owner of owners) this.#effects.say(noticeFor(owner, message), owner.client.bridgeId);
  }

  /** A server may end a subscription this way; its client then gets the end that it waits for. */
  #cancelledByProcess(process: ModernProcess, bridgeId: BridgeRequestId | undefined): void {
    const call = bridgeId === undefined ? undefined : process.calls.get(bridgeId);
    if (bridgeId === undefined || !call || !isListen(call)) return;
    this.#release(bridgeId);
    if (call.releaseAt === undefined) this.#effects.say(endOfListen(call.client));
  }

  /** The process no longer answers: calls that wait for it fail now, and the next request gets another process. */
  #endSilent(slot: number, description: string): void {
    const process = this.#processAt(slot);
    if (!process) return;
    this.#effects.stop(slot, `it ${description}`);
    this.#fail(process, ({ isSent }) => processSilent(description, isSent));
  }

  /** Ends the calls of a process that is gone; a subscription ends as its server would end it. */
  #fail(process: ModernProcess, errorFor: (call: ModernCall) => ErrorObject): void {
    this.#process = undefined;
    this.#own.forget(process.slot);
    this.#headers.forget(process.slot);
    this.#liveness.forget(process.slot);
    for (const call of process.calls.values()) {
      if (call.releaseAt !== undefined) continue;
      if (isListen(call) && call.isSent) this.#effects.say(endOfListen(call.client));
      else this.#effects.fail(call.client.bridgeId, errorFor(call));
    }
  }

  #release(bridgeId: BridgeRequestId): void {
    this.#process?.calls.delete(bridgeId);
  }
}
