// The machine of one process that several sessions share, each at a seat of its own. To each seat it is a process, to the process it is
// the one client. Pure: inputs in, effects out. A hub stands below the translators, so a session of either era, or a member of a
// virtual server, is at a seat as it is at a process of its own.
import { actDue, nextDue, type Dues } from '../../shared/dues.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { Liveness } from '../core/liveness.ts';
import type { Quote } from '../core/overheard.ts';
import { OWN_META } from '../translate/envelope.ts';
import { eraAnswerIn, namesModern } from '../translate/era-detection.ts';
import { ProcessHearing } from '../translate/process-hearing.ts';
import type { HubEffect, SeatNumber } from './effects.ts';
import { FromProcess } from './from-process.ts';
import { FromSeats, PROCESS } from './from-seats.ts';
import { HubOutput } from './hub-output.ts';
import { LostAnswers } from './lost-answers.ts';
import { SeatCalls } from './seat-calls.ts';
import type { FirstLine } from './seating.ts';
import { SeatLevels } from './seat-levels.ts';
import { SharedGreeting } from './shared-greeting.ts';
import { WatchedResources } from './watched-resources.ts';

export interface HubOptions {
  /** Nobody else's sessions are at its seats. */
  readonly isOfOnePrincipal: boolean;
  /** How long the process may say nothing before it is asked whether it lives. */
  readonly requestTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly quote: Quote;
}

/** What is known of the era of the process. `unknown`: it does not serve the modern one, and was not initialized yet. */
type Era = 'unused' | 'modern' | 'unknown' | 'legacy' | 'none';

export class Hub {
  readonly #startTimeoutMs: number;
  readonly #calls = new SeatCalls();
  readonly #out = new HubOutput();
  readonly #levels = new SeatLevels();
  readonly #watched = new WatchedResources();
  readonly #liveness: Liveness;
  readonly #greeting: SharedGreeting;
  readonly #hearing: ProcessHearing;
  readonly #fromSeats: FromSeats;
  readonly #fromProcess: FromProcess;
  readonly #seats = new Set<SeatNumber>();
  /** Those that may hear what is for everybody. */
  readonly #greeted = new Set<SeatNumber>();
  #nextSeat = 1;
  #firstAt: number | undefined;
  #hasAnswered = false;
  /** It answered `server/discover` as a modern process does; undefined before. */
  #isModern: boolean | undefined;

  constructor({ isOfOnePrincipal, requestTimeoutMs, startTimeoutMs, quote }: HubOptions) {
    const [calls, out, levels, watched] = [this.#calls, this.#out, this.#levels, this.#watched];
    this.#startTimeoutMs = startTimeoutMs;
    this.#liveness = new Liveness({
      silenceMs: requestTimeoutMs,
      probe: () => this.#probe(),
      failed: (_process, description) => out.stop(description),
    });
    const liveness = this.#liveness;
    this.#greeting = new SharedGreeting({
      calls,
      out,
      greeted: (seat, now) => {
        this.#greeted.add(seat);
        this.#fromSeats.tellLevel(now);
      },
    });
    const greeting = this.#greeting;
    const seats = (): number => this.#seats.size;
    const parts = { calls, out, levels, watched, liveness, isOfOnePrincipal };
    this.#fromSeats = new FromSeats({ ...parts, greeting, seats });
    this.#fromProcess = new FromProcess({
      ...parts,
      lost: new LostAnswers(),
      seats: () => this.#greeted,
      discovered: (answer) => {
        this.#isModern = answer.kind === 'result' && namesModern(eraAnswerIn(answer));
      },
      quote,
    });
    this.#hearing = new ProcessHearing({
      owed: {
        has: (id) => calls.get(id) !== undefined,
        wasAsked: (id) => calls.hasIssued(id),
        only: () => (calls.size === 1 ? calls.ids[0] : undefined),
      },
      drop: (words, fields, now) => out.drop(`${words}; dropped`, fields, now),
      quote,
      // Another's request may have caused it.
      hidesErrors: !isOfOnePrincipal,
    });
  }

  get seats(): number {
    return this.#seats.size;
  }

  /** It has answered something: it is started. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Its stdin takes no more for now. */
  get isFull(): boolean {
    return this.#out.isFull;
  }

  /** Of no use to sessions that come later. */
  get isSpent(): boolean {
    return this.#era === 'none';
  }

  /** Whether a session that begins like this can be at a seat of it. One that is slow to start is not waited for by ever more. */
  suits(first: FirstLine, now: number): boolean {
    if (this.#firstAt === undefined) return true;
    if (!this.#hasAnswered && now - this.#firstAt >= this.#startTimeoutMs) return false;
    if (first === 'modern') return this.#era === 'modern';
    return (
      this.#era === 'unknown' ||
      (this.#era === 'legacy' && this.#greeting.revision === first.revision)
    );
  }

  /** It owes an answer, and has given no sign of life for as long as the start of another would take at most. */
  isSilent(now: number): boolean {
    const owedSince = this.#hasAnswered ? this.#calls.owedSince : undefined;
    if (owedSince === undefined) return false;
    return now - this.#liveness.silentSince(PROCESS, owedSince) >= this.#startTimeoutMs;
  }

  /** A seat for one more session. */
  join(): SeatNumber {
    const seat = this.#nextSeat++;
    this.#seats.add(seat);
    return seat;
  }

  /** One message that the session at a seat writes. */
  fromSeat(seat: SeatNumber, message: MessageView, now: number): HubEffect[] {
    if (!this.#seats.has(seat)) return [];
    this.#firstAt ??= now;
    const isLegacy = message.method === 'initialize' || this.#era === 'legacy';
    // One that is not of the legacy era is not greeted.
    if (!isLegacy) this.#greeted.add(seat);
    this.#fromSeats.message(seat, message, now);
    return this.#take(now);
  }

  /** The session at a seat is gone. */
  leave(seat: SeatNumber, now: number): HubEffect[] {
    if (!this.#seats.delete(seat)) return [];
    this.#greeted.delete(seat);
    this.#fromSeats.left(seat, now);
    return this.#take(now);
  }

  /** One line that the process printed; not yet scanned. */
  fromProcess(line: Uint8Array, now: number): HubEffect[] {
    return this.#hear(this.#hearing.line(line, now), now);
  }

  /** The process printed a line of more bytes than one may hold. */
  overlong(bytes: number, now: number): HubEffect[] {
    this.#fromProcess.overlong(bytes, now);
    return this.#take(now);
  }

  full(): void {
    this.#out.full();
  }

  drained(): void {
    this.#out.drained();
  }

  /** Does what is due. Call at or after {@link wakeAt}. */
  tick(now: number): HubEffect[] {
    actDue(this.#dues, now);
    return this.#take(now);
  }

  wakeAt(): number | undefined {
    return nextDue(this.#dues);
  }

  readonly #dues: Dues = (due) => {
    due(this.#hearing.wakeAt, this.#hearLate);
    due(this.#calls.expiresAt, this.#expire);
    due(this.#liveness.wakeAt, this.#doubt);
  };

  // Made once: the times are told after every input.

  readonly #hearLate = (now: number): void => this.#heard(this.#hearing.tick(now), now);
  readonly #expire = (now: number): void => this.#calls.expire(now);
  readonly #doubt = (now: number): void => this.#liveness.tick(now);

  get #era(): Era {
    if (this.#firstAt === undefined) return 'unused';
    const { state } = this.#greeting;
    // A process that was initialized stays in that era.
    if (state === 'asked' || state === 'done') return 'legacy';
    if (state === 'refused') return this.#isModern === true ? 'modern' : 'none';
    return this.#isModern === false ? 'unknown' : 'modern';
  }

  #probe(): void {
    const isLegacy = this.#era === 'legacy';
    const method = isLegacy ? 'ping' : 'server/discover';
    // Whether it answers is all that counts: an old server of either era need not know what it is asked.
    const { id } = this.#calls.addOwn('ping', 0);
    this.#out.tell({ id, method, ...(isLegacy ? {} : { params: { _meta: OWN_META } }) });
  }

  #hear(heard: readonly MessageView[], now: number): HubEffect[] {
    this.#heard(heard, now);
    return this.#take(now);
  }

  #heard(heard: readonly MessageView[], now: number): void {
    for (const message of heard) {
      if (message.isAnswer) this.#hasAnswered = true;
      this.#fromProcess.message(message, now);
    }
  }

  #take(now: number): HubEffect[] {
    if (this.#out.takeNotified()) this.#hearing.notified(now);
    return this.#out.take();
  }
}
