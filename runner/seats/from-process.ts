// What a shared process says, and whose it is. An answer and progress name their request, an update its resource, and a change of a list
// is for everybody. Whose anything else is cannot be told: it goes to all seats where they are of one principal, else to the seat that
// alone is being served, else to nobody.
import type { BridgeRequestId } from '../../shared/ids.ts';
import { faultError } from '../../shared/fault.ts';
import { emptyResponse, errorResponse, type ErrorObject } from '../../shared/jsonrpc/message.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CODE, LISTEN_METHOD } from '../../shared/mcp/modern.ts';
import { isVendorNotification } from '../../shared/mcp/notifications.ts';
import { bridgeIdOf } from '../core/bridge-ids.ts';
import type { Liveness } from '../core/liveness.ts';
import type { Quote } from '../core/overheard.ts';
import { ownMessage, underRawId } from '../translate/message.ts';
import { isTagged, subscriptionIdIn } from '../translate/subscription-id.ts';
import { underSubscription } from './edits.ts';
import type { SeatNumber } from './effects.ts';
import { PROCESS } from './from-seats.ts';
import type { HubOutput } from './hub-output.ts';
import type { LostAnswers } from './lost-answers.ts';
import type { SeatCall, SeatCalls } from './seat-calls.ts';
import type { SeatLevels } from './seat-levels.ts';
import type { WatchedResources } from './watched-resources.ts';
import { withoutTasks } from './shared-greeting.ts';

interface Parts {
  readonly calls: SeatCalls;
  readonly out: HubOutput;
  readonly levels: SeatLevels;
  readonly watched: WatchedResources;
  readonly lost: LostAnswers;
  readonly liveness: Liveness;
  /** Seats that have been greeted, or that need no greeting. */
  readonly seats: () => Iterable<SeatNumber>;
  readonly isOfOnePrincipal: boolean;
  /** It answered `server/discover`. */
  readonly discovered: (answer: MessageView) => void;
  readonly quote: Quote;
}

const LIST_CHANGES: ReadonlySet<string> = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
]);

/** Longest part of a message that is logged. */
const SHOWN_BYTES = 400;

const encoder = new TextEncoder();

export class FromProcess {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  message(message: MessageView, now: number): void {
    // A process may go on logging when nothing else works.
    if (message.kind !== 'notification') this.#parts.liveness.seen(PROCESS, now);
    switch (message.kind) {
      case 'result':
      case 'error':
        return this.#answer(message, now);
      case 'request':
        return this.#refuse(message, now);
      case 'notification':
        return this.#notify(message, now);
    }
  }

  /** It printed a line of so many bytes, which was dropped. */
  overlong(bytes: number, now: number): void {
    const { calls, lost, out } = this.#parts;
    out.drop('a line on stdout is too long; dropped', { bytes }, now);
    this.#fail(lost.lost(calls.ids), now);
  }

  #answer(answer: MessageView, now: number): void {
    const { calls, out, lost } = this.#parts;
    const call = calls.get(bridgeIdOf(answer.id));
    if (!call) {
      calls.answeredLate(bridgeIdOf(answer.id), now);
      return out.drop('an answer to no request in flight; dropped', {}, now);
    }
    this.#settle(call, answer, now);
    this.#fail(lost.cleared(call.id), now);
  }

  #settle(call: SeatCall, answer: MessageView, now: number): void {
    const { calls, out, discovered } = this.#parts;
    const { seat, rawId, method } = call;
    calls.settle(call, now);
    if (method === 'server/discover') discovered(answer);
    call.answered?.(answer, now);
    if (seat === undefined) return;
    const shown = method === 'server/discover' ? withoutTasks(answer) : answer;
    const own = underRawId(shown, rawId);
    out.say(seat, method === LISTEN_METHOD ? underSubscription(own, 'result', rawId) : own);
  }

  /** Their answers were in lines that could not be read. */
  #fail(ids: readonly BridgeRequestId[], now: number): void {
    for (const id of ids) {
      const call = this.#parts.calls.get(id);
      if (!call) continue;
      const message = 'The answer of the server is longer than the bridge can carry.';
      const error = faultError({ fault: 'too_large', message, phase: 'sent' });
      const answer = errorResponse(String(id), error);
      this.#settle(call, ownMessage(answer), now);
    }
  }

  /** What only one client could answer. */
  #refuse(request: MessageView, now: number): void {
    const { out } = this.#parts;
    const { id, method } = request;
    if (id === undefined) return;
    if (method === 'ping') return out.write(encoder.encode(emptyResponse(id)));
    out.write(encoder.encode(errorResponse(id, NO_CLIENT)));
    out.drop(
      'a shared process asked for something that only one client could answer; refused',
      { method: method.slice(0, SHOWN_BYTES), fix: 'Set "sharing": "session" for this server.' },
      now,
    );
  }

  #notify(message: MessageView, now: number): void {
    const { method } = message;
    if (isTagged(message)) return this.#tagged(message, now);
    if (LIST_CHANGES.has(method)) {
      for (const seat of this.#parts.seats()) this.#parts.out.say(seat, message);
      return;
    }
    switch (method) {
      case 'notifications/progress':
        return this.#progress(message, now);
      case 'notifications/resources/updated':
        return this.#updated(message);
      case 'notifications/message':
        return this.#untied(message, now, (seat) =>
          this.#parts.levels.hears(seat, message.parsed('params', 'level')),
        );
      default:
        // The rest is about questions and tasks, which there are none of.
        if (isVendorNotification(method)) this.#untied(message, now, () => true);
    }
  }

  #tagged(message: MessageView, now: number): void {
    const { calls, out } = this.#parts;
    const call = calls.get(subscriptionIdIn(message));
    if (call?.seat === undefined || call.releaseAt !== undefined)
      return out.drop('a notification of no subscription; dropped', {}, now);
    out.say(call.seat, underSubscription(message, 'params', call.rawId));
  }

  #progress(message: MessageView, now: number): void {
    const { calls, out, liveness } = this.#parts;
    const { progressTokenAt } = message;
    const call = calls.get(bridgeIdOf(message.progressToken));
    if (call?.seat === undefined || call.progressToken === undefined || !progressTokenAt) return;
    liveness.seen(PROCESS, now);
    const edit = { ...progressTokenAt, with: encoder.encode(call.progressToken) };
    out.say(call.seat, message.edited([edit]));
  }

  #updated(message: MessageView): void {
    const { watched, out } = this.#parts;
    const uri = message.string('params', 'uri');
    if (uri === undefined) return;
    for (const seat of watched.watchersOf(uri)) out.say(seat, message);
  }

  #untied(message: MessageView, now: number, hears: (seat: SeatNumber) => boolean): void {
    const { calls, out, seats, isOfOnePrincipal, quote } = this.#parts;
    const only = isOfOnePrincipal ? undefined : calls.only(now);
    const owners = isOfOnePrincipal ? seats() : only === undefined ? [] : [only];
    for (const seat of owners) if (hears(seat)) out.say(seat, message);
    // Where no session is left, nobody misses it. It may hold what only its person may see.
    if (isOfOnePrincipal || only !== undefined) return;
    const { bytes } = message;
    const said = quote(bytes.subarray(0, SHOWN_BYTES), bytes.length > SHOWN_BYTES);
    out.drop('a shared process says something that belongs to no one session', { said }, now);
  }
}

const NO_CLIENT: ErrorObject = {
  code: CODE.methodNotFound,
  message:
    'This process is shared by several sessions, so there is no one client to ask. Set "sharing": "session" for the server to give each session a process of its own.',
};
