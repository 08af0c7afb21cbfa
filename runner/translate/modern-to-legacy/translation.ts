// Modern clients on legacy processes: initializes a pool of processes, finds each call its place and its turn, and translates
// in both directions.
import type { BridgeRequestId } from '../../../shared/ids.ts';
import { REMOVED_METHODS } from '../../../shared/mcp/modern.ts';
import { InputRequests } from './input-requests.ts';
import type { ParkLimits } from './parked-calls.ts';
import { ProcessEnds, type StartError } from './process-ends.ts';
import type { ClientCall } from '../client-call.ts';
import { ClientKeys } from '../client-key.ts';
import type { ClientNotification } from '../client-notification.ts';
import type { Effects } from '../effects.ts';
import { actDue, nextDue, type Dues } from '../../../shared/dues.ts';
import { methodNotFound, overloaded } from '../faults.ts';
import { heldUntil } from './held-questions.ts';
import {
  isRunning,
  legacyCall,
  moveTo,
  slotOf,
  type CallThat,
  type LegacyCall,
  type Parked,
  type Running,
  type Waiting,
} from './call.ts';
import { LegacyCalls } from './calls.ts';
import { LegacyPool, type LegacyProcess, type PoolLimits } from './pool.ts';
import { LegacyNotices } from './notices.ts';
import { LegacySending } from './sending.ts';
import { LegacyStart } from './start.ts';
import { Subscriptions } from './subscriptions.ts';
import { Liveness } from '../../core/liveness.ts';
import { bridgeIdOf } from '../../core/bridge-ids.ts';
import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import type { OwnRequests } from '../own-requests.ts';
import type { Digest, Sealer } from './request-state.ts';
import { ReturningCalls } from './returning-calls.ts';
import { answerFor } from './answers.ts';
import { ToolHeaders, type FixedArguments } from '../tool-headers.ts';
import { Turns } from './turns.ts';
import { WaitingCalls } from './waiting-calls.ts';

export interface ModernClientLimits extends ParkLimits, PoolLimits {
  /** A process that has given no sign of life for this long is checked. */
  readonly requestTimeoutMs: number;
  /** How long a process may take to answer `initialize`. */
  readonly startTimeoutMs: number;
}

export class ModernToLegacy {
  readonly #effects: Effects;
  readonly #own: OwnRequests;
  readonly #digest: Digest;
  readonly #keys: ClientKeys;
  readonly #pool: LegacyPool;
  readonly #liveness: Liveness;
  readonly #turns = new Turns();
  readonly #starts: LegacyStart;
  readonly #inputRequests: InputRequests;
  readonly #returning: ReturningCalls;
  readonly #subscriptions: Subscriptions;
  readonly #notices: LegacyNotices;
  readonly #headers: ToolHeaders;
  readonly #sending: LegacySending;
  readonly #calls: LegacyCalls;
  readonly #ends: ProcessEnds;
  readonly #waiting: WaitingCalls;

  constructor(options: {
    effects: Effects;
    own: OwnRequests;
    sealer: Sealer;
    digest: Digest;
    limits: ModernClientLimits;
    startError: StartError;
    fixed?: FixedArguments | undefined;
  }) {
    this.#effects = options.effects;
    this.#own = options.own;
    this.#digest = options.digest;
    this.#keys = new ClientKeys(options.digest);
    this.#pool = new LegacyPool(options.limits);
    this.#liveness = new Liveness({
      silenceMs: options.limits.requestTimeoutMs,
      probe: (slot) => this.#own.send(slot, 'ping', {}),
      failed: (slot, description) => this.#ends.silent(slot, description),
    });
    this.#starts = new LegacyStart({
      ...options,
      pool: this.#pool,
      failed: (...failure) => this.#ends.unusable(...failure),
    });
    this.#inputRequests = new InputRequests({ ...options, turns: this.#turns });
    this.#returning = new ReturningCalls({
      inputRequests: this.#inputRequests,
      pool: this.#pool,
      turns: this.#turns,
      answered: (call, answer, now) => this.#deliver(call, answer, now),
      asks: (call, now) => this.#ask(call, now),
    });
    this.#subscriptions = new Subscriptions(options.effects, options.own);
    this.#calls = new LegacyCalls({
      ...options,
      pool: this.#pool,
      inputRequests: this.#inputRequests,
      returning: this.#returning,
      subscriptions: this.#subscriptions,
    });
    this.#waiting = new WaitingCalls({ ...options, pool: this.#pool, calls: this.#calls });
    this.#headers = new ToolHeaders(options.own, {}, options.fixed);
    this.#ends = new ProcessEnds({
      ...options,
      pool: this.#pool,
      calls: this.#calls,
      headers: this.#headers,
      liveness: this.#liveness,
    });
    this.#notices = new LegacyNotices({
      ...options,
      pool: this.#pool,
      inputRequests: this.#inputRequests,
      subscriptions: this.#subscriptions,
      headers: this.#headers,
      liveness: this.#liveness,
    });
    this.#sending = new LegacySending({
      ...options,
      subscriptions: this.#subscriptions,
      headers: this.#headers,
      turns: this.#turns,
    });
  }

  /** Takes over a process that has answered `initialize` as this client. */
  adopt(slot: number, client: ClientCall, result: unknown, now: number): void {
    this.#starts.adopt(slot, this.#callOf(client, now), result, now);
  }

  request(client: ClientCall, now: number): void {
    if (REMOVED_METHODS.has(client.method)) {
      return this.#effects.fail(client.bridgeId, methodNotFound(client.method));
    }
    if (client.isRetry) this.#returning.add(client, now);
    else if (this.#waiting.isFull(client)) this.#effects.fail(client.bridgeId, overloaded());
    else this.#calls.add(this.#callOf(client, now));
    this.#proceed(now);
  }

  #callOf(client: ClientCall, now: number): CallThat<Waiting> {
    return legacyCall(client, this.#keys.keyOf(client), this.#digest, this.#waiting.until(now));
  }

  /** A notification of a client, for its process. */
  notify(notification: ClientNotification): void {
    this.#notices.fromClient(notification);
  }

  /** Why a client's notification would reach no process; undefined if it reaches one. */
  refusal(notification: ClientNotification): string | undefined {
    return this.#notices.refusal(notification);
  }

  /** The client left, or the session gave up waiting. */
  cancel(bridgeId: BridgeRequestId, now: number): void {
    this.#returning.cancel(bridgeId);
    const call = this.#calls.waitingAs(bridgeId);
    if (!call) return;
    const process = this.#pool.get(slotOf(call));
    if (process && isRunning(call)) {
      const { writtenAt } = call.state;
      this.#inputRequests.abandon(process, call, 'the client is no longer waiting', now);
      this.#liveness.doubt(process.slot, writtenAt, now);
    } else this.#calls.release(call, now);
    this.#proceed(now);
  }

  fromProcess(slot: number, message: MessageView, now: number): void {
    const process = this.#pool.get(slot);
    if (!process) return;
    if (message.kind !== 'notification' && message.method !== 'ping') {
      this.#liveness.seen(slot, now);
    }
    if (message.kind === 'request') this.#inputRequests.asked(process, message, now);
    else if (message.kind === 'notification') this.#notices.fromProcess(process, message, now);
    else if (!this.#own.answer(slot, message, now)) this.#answered(process, message, now);
    this.#proceed(now);
  }

  /** The ids of the calls that the process at `slot` owes an answer to. */
  owed(slot: number): BridgeRequestId[] {
    return this.#calls.owed(slot);
  }

  /** Whether {@link owed} has this id. */
  owes(slot: number, bridgeId: BridgeRequestId): boolean {
    return this.#calls.owes(slot, bridgeId);
  }

  exited(slot: number, description: string, now: number, _hasRun: boolean): void {
    this.#ends.exited(slot, description);
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
    this.#inputRequests.dues(
      due,
      (call, now) => this.#ask(call, now),
      (call, now) => this.#giveUp(call, now),
    );
    for (const call of this.#calls.all()) {
      if (call.state.kind !== 'cancelled') continue;
      due(call.state.releaseAt, (now) => this.#calls.release(call, now));
    }
    due(this.#waiting.inVainAt, (now) => this.#waiting.failInVain(now));
    due(this.#starts.wakeAt, (now) => this.#starts.tick(now));
    due(this.#liveness.wakeAt, (now) => this.#liveness.tick(now));
    due(this.#pool.idleAt, (now) => this.#ends.idle(now));
    due(this.#headers.wakeAt, (now) => this.#headers.tick(now));
    // A call whose turn has come goes on in `#proceed`, as after every other input.
    for (const process of this.#pool.all()) due(heldUntil(process));
    due(this.#waiting.turnAt);
    due(this.#returning.turnAt);
  };

  // Calls on their way to a process.

  /** Does everything that has become possible: calls in line get a place, and placed calls are written in turn. */
  #proceed(now: number): void {
    this.#calls.advance((call) => this.#assign(call, now));
    this.#returning.proceed(now);
    for (const process of this.#pool.all()) {
      this.#inputRequests.settle(process, now);
      for (const call of process.calls) {
        if (call.state.kind !== 'placed') continue;
        const sent = this.#sending.send(process, call, call.state, now);
        if (sent === 'over') this.#calls.release(call, now);
      }
    }
    this.#headers.settle();
  }

  /** False if the call has to wait. */
  #assign(call: CallThat<Waiting>, now: number): boolean {
    const assignment = this.#pool.assignmentFor(call, now);
    if (!assignment) return false;
    if (!assignment.process && assignment.evict) this.#ends.evict(assignment.evict);
    const process = assignment.process ?? this.#starts.start(call, now);
    this.#pool.assign(call, process);
    moveTo(call, { ...call.state, kind: 'placed', slot: process.slot, turnAt: undefined });
    return true;
  }

  #ask(call: CallThat<Running>, now: number): void {
    this.#inputRequests.park(call, this.#serverInfo(call.state.slot), now);
    for (const oldest of this.#inputRequests.forsaken(now)) this.#giveUp(oldest, now);
  }

  #giveUp(call: CallThat<Parked>, now: number): void {
    const process = this.#pool.get(call.state.slot);
    if (call.state.answer || !process) return this.#calls.release(call, now);
    this.#inputRequests.abandon(process, call, 'the client did not come back', now);
  }

  // Messages of a process.

  #answered(process: LegacyProcess, message: MessageView, now: number): void {
    const call = this.#calls.answered(process.slot, bridgeIdOf(message.id));
    if (!call) return this.#effects.drop('an answer to no request in flight', {}, now);
    this.#turns.answered(call);
    this.#inputRequests.leave(process, call, now);
    const { state } = call;
    if (state.kind === 'running') return this.#deliver(call, message, now);
    if (state.kind !== 'parked') return this.#calls.release(call, now);
    // The client is on its way with answers that nobody needs now; the process is free.
    state.answer = message.kept();
    process.calls.delete(call);
    process.idleSince = now;
    for (const oldest of this.#inputRequests.forsaken(now)) this.#giveUp(oldest, now);
  }

  #deliver(call: LegacyCall, answer: MessageView, now: number): void {
    const serverInfo = this.#serverInfo(slotOf(call));
    this.#calls.release(call, now);
    this.#effects.say(answerFor(call, answer, serverInfo));
  }

  #serverInfo(slot: number | undefined): unknown {
    return (this.#pool.get(slot) ?? this.#pool.first)?.about?.serverInfo;
  }
}
