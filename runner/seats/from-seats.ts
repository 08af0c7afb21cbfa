// What the sessions at the seats say to a shared process: requests under the hub's ids, and what concerns the process as a whole only as
// far as all seats together want it.
import type { ErrorObject } from '../../shared/jsonrpc/message.ts';
import { faultError } from '../../shared/fault.ts';
import { digitsOf } from '../../shared/jsonrpc/numbers.ts';
import type { Edit } from '../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { CODE } from '../../shared/mcp/modern.ts';
import type { Liveness } from '../core/liveness.ts';
import { isLoggingLevel, type LoggingLevel } from '../translate/log-levels.ts';
import { ambiguousMember, askingForNoTask } from './edits.ts';
import type { SeatNumber } from './effects.ts';
import type { HubOutput } from './hub-output.ts';
import type { SeatCalls, SeatCall, OnAnswer } from './seat-calls.ts';
import { firstLineOf } from './seating.ts';
import type { SeatLevels } from './seat-levels.ts';
import type { SharedGreeting } from './shared-greeting.ts';
import type { WatchedResources } from './watched-resources.ts';

/** The one process there is, to {@link Liveness}. */
export const PROCESS = 0;

interface Parts {
  readonly calls: SeatCalls;
  readonly out: HubOutput;
  readonly greeting: SharedGreeting;
  readonly levels: SeatLevels;
  readonly watched: WatchedResources;
  readonly liveness: Liveness;
  readonly isOfOnePrincipal: boolean;
  /** How many seats there are. */
  readonly seats: () => number;
}

const NO_TASKS: ErrorObject = {
  code: CODE.methodNotFound,
  message:
    'Tasks are not available here: the server process is shared by several sessions, and a task would be within reach of all of them.',
};

const isAmbiguous = (name: string): ErrorObject => ({
  code: CODE.invalidParams,
  message: `In params, "${name}" stands twice, or beside a member whose name differs only in case. The server process is shared by several sessions, and it could take the one or the other.`,
});

const NOT_READING = faultError({
  fault: 'overloaded',
  message: 'The server is not reading its input. Try again when it has answered.',
});

const NOT_FOR_ALL = 'a notification of one client, for a process that all share; dropped';
const OWN_PROCESS = 'If the server needs it, set "sharing": "principal" or "session" for it.';

const encoder = new TextEncoder();

export class FromSeats {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  message(seat: SeatNumber, message: MessageView, now: number): void {
    const { id } = message;
    if (message.kind === 'request' && id !== undefined) this.#request(seat, id, message, now);
    else if (message.kind === 'notification') this.#notify(seat, message, now);
    // The process is told at once that no client answers it, so an answer is to nothing.
    else this.#parts.out.drop('an answer to a request the server never made; dropped', {}, now);
  }

  /** Nobody is at the seat any more: the process need not work for it. */
  left(seat: SeatNumber, now: number): void {
    const { calls, out, greeting, levels, watched, liveness } = this.#parts;
    greeting.left(seat);
    for (const call of calls.leave(seat, now)) {
      if (call.releaseAt !== undefined) continue;
      out.cancel(call.id, 'the client is gone');
      calls.release(call, now);
      liveness.doubt(PROCESS, call.writtenAt, now);
    }
    for (const uri of watched.drop(seat))
      // Where it reads nothing, it may stay subscribed: what it says of that reaches nobody.
      if (out.takes(seat, uri.length)) this.#ask('resources/unsubscribe', { uri }, now);
    levels.drop(seat);
    this.tellLevel(now);
  }

  /** Tells the process the level that its seats want together, if that has changed. */
  tellLevel(now: number): void {
    const { levels, seats } = this.#parts;
    const level = levels.untold(seats());
    if (level === undefined) return;
    levels.told(level);
    this.#ask('logging/setLevel', { level }, now);
  }

  /** A request of the hub's own, whose answer is of no interest. */
  #ask(method: string, params: object, now: number): void {
    const { calls, out } = this.#parts;
    const call = calls.addOwn(method, now);
    calls.release(call, now);
    out.tell({ id: call.id, method, params });
  }

  #request(seat: SeatNumber, rawId: string, message: MessageView, now: number): void {
    const { out, greeting } = this.#parts;
    const { method } = message;
    const ambiguous = ambiguousMember(message);
    if (ambiguous !== undefined) return out.fail(seat, rawId, isAmbiguous(ambiguous));
    switch (method) {
      case 'initialize': {
        const first = firstLineOf(message);
        if (first !== 'modern') greeting.request(seat, rawId, first.revision, now);
        return;
      }
      case 'logging/setLevel':
        return this.#setLevel(seat, rawId, message, now);
      case 'resources/subscribe':
        return this.#subscribe(seat, rawId, message, now);
      case 'resources/unsubscribe':
        return this.#unsubscribe(seat, rawId, message, now);
      default:
        if (method.startsWith('tasks/')) return out.fail(seat, rawId, NO_TASKS);
        this.#pass({ seat, rawId }, message, now);
    }
  }

  /** False: it was refused. */
  #pass(
    { seat, rawId }: Pick<SeatCall, 'rawId'> & { readonly seat: SeatNumber },
    request: MessageView,
    now: number,
    more: { readonly edits?: readonly Edit[]; readonly answered?: OnAnswer } = {},
  ): boolean {
    const { calls, out } = this.#parts;
    const plain = more.edits ? request : askingForNoTask(request);
    const { idAt, method, progressToken, progressTokenAt } = plain;
    if (!idAt || !out.takes(seat, request.bytes.length)) {
      out.fail(seat, rawId, NOT_READING);
      return false;
    }
    const call = calls.add({
      seat,
      rawId,
      progressToken,
      method,
      writtenAt: now,
      answered: more.answered,
    });
    const own = digitsOf(call.id);
    const edits: Edit[] = [{ ...idAt, with: own }, ...(more.edits ?? [])];
    if (progressTokenAt) edits.push({ ...progressTokenAt, with: own });
    out.write(plain.spliced(edits));
    return true;
  }

  #setLevel(seat: SeatNumber, rawId: string, request: MessageView, now: number): void {
    const { levels, out, seats } = this.#parts;
    const at = request.at('params', 'level');
    const level = request.parsed('params', 'level');
    // The process says what is wrong with it.
    if (!at || !isLoggingLevel(level)) return void this.#pass({ seat, rawId }, request, now);
    levels.set(seat, level);
    const untold: LoggingLevel | undefined = levels.untold(seats());
    if (untold === undefined) return out.done(seat, rawId);
    levels.told(untold);
    const answered: OnAnswer = (answer) => {
      if (answer.kind === 'result') return;
      levels.refused();
      levels.drop(seat);
    };
    const edits = [{ ...at, with: encoder.encode(JSON.stringify(untold)) }];
    if (!this.#pass({ seat, rawId }, request, now, { edits, answered })) levels.refused();
  }

  /** Each is passed on: to subscribe twice is to be subscribed. */
  #subscribe(seat: SeatNumber, rawId: string, request: MessageView, now: number): void {
    const { watched, out } = this.#parts;
    const uri = request.string('params', 'uri');
    if (uri === undefined) return void this.#pass({ seat, rawId }, request, now);
    const refusal = watched.add(seat, uri);
    if (refusal !== undefined)
      return out.fail(seat, rawId, { code: CODE.invalidParams, message: refusal });
    const answered: OnAnswer = (answer) => {
      if (answer.kind === 'error') watched.remove(seat, uri);
    };
    if (!this.#pass({ seat, rawId }, request, now, { answered })) watched.remove(seat, uri);
  }

  /** Only the last one who is subscribed ends what the process sends. */
  #unsubscribe(seat: SeatNumber, rawId: string, request: MessageView, now: number): void {
    const uri = request.string('params', 'uri');
    if (uri !== undefined && !this.#parts.watched.remove(seat, uri))
      return this.#parts.out.done(seat, rawId);
    this.#pass({ seat, rawId }, request, now);
  }

  #notify(seat: SeatNumber, message: MessageView, now: number): void {
    const { out, isOfOnePrincipal } = this.#parts;
    switch (message.method) {
      case 'notifications/cancelled':
        return this.#cancel(seat, message, now);
      // The process heard it when it was greeted; it has no question in progress, and knows of no roots.
      case 'notifications/initialized':
      case 'notifications/progress':
      case 'notifications/roots/list_changed':
        return;
      default:
        // What one client says of itself would count for all of them.
        if (!isOfOnePrincipal) return out.drop(NOT_FOR_ALL, { fix: OWN_PROCESS }, now);
        if (out.takes(seat, message.bytes.length)) return out.notify(message.bytes);
        return out.drop('a notification for a server that does not read; dropped', {}, now);
    }
  }

  #cancel(seat: SeatNumber, message: MessageView, now: number): void {
    const { calls, out, liveness } = this.#parts;
    const call = calls.of(seat, message.requestId);
    if (!call) return;
    // It is written anew: a laxer reader could take another member for the id, and so cancel what is another's.
    out.cancel(call.id, message.string('params', 'reason'));
    calls.release(call, now);
    liveness.doubt(PROCESS, call.writtenAt, now);
  }
}
