// Hosts one process that several sessions share: performs what its hub decides, and carries its lines to the seats.
import type { SessionName } from '../../shared/ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { EffectQueue } from '../core/effect-queue.ts';
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';
import type { ExitFacts } from '../process/exit.ts';
import type { HubEffect, SeatNumber } from '../seats/effects.ts';
import { Hub, type HubOptions } from '../seats/hub.ts';
import type { FirstLine, Table } from '../seats/seating.ts';
import type { LaterTime, Timer } from '../wake-timer.ts';
import type { ServerProcess } from './pooled-process.ts';
import type { Seat, SeatHost } from './seat.ts';

/** A process whose last session is gone waits for the next one: clients come back within moments, and a start costs seconds. */
const EMPTY_MS = 60_000;

/** What may wait for all seats of a process whose sessions do not read. */
const MOST_HELD_BYTES = 64 * 1024 * 1024;

/** Nothing that a process waits for keeps the program. */
const UNREF = { keepsAlive: false };

const NOT_READING = 'its client did not read what the shared process sent, which others wait for';

export interface HubHostParts {
  readonly process: ServerProcess;
  readonly hub: HubOptions;
  readonly log: Log;
  /** What the process prints on stderr is for its sessions; else for the log. */
  readonly showsStderr: boolean;
  /** It takes no seats any more. */
  readonly gone: (host: HubHost) => void;
  /** Whether its server is offered no more. */
  readonly isClosed: () => boolean;
  readonly time: LaterTime;
}

export class HubHost implements Table, SeatHost {
  readonly process: ServerProcess;
  readonly #parts: HubHostParts;
  readonly #hub: Hub;
  readonly #seats = new Map<SeatNumber, Seat>();
  readonly #queue = new EffectQueue();
  readonly #time: LaterTime;
  readonly #timer: Timer;
  /** Ends the process when nobody has come for it. */
  readonly #empty: Timer;
  #isPaused = false;
  #isOver = false;

  constructor(parts: HubHostParts) {
    this.#parts = parts;
    this.process = parts.process;
    this.#hub = new Hub(parts.hub);
    this.#time = parts.time;
    this.#timer = this.#time.timer(() => this.#contained(() => this.#tick()), UNREF);
    const end = (): void => void this.end('no session needed it any more');
    this.#empty = this.#time.timer(end, UNREF);
    this.process.listen({
      onLine: (bytes) => this.#perform(this.#hub.fromProcess(bytes, this.#time.now())),
      onOverlong: (bytes) => this.#perform(this.#hub.overlong(bytes, this.#time.now())),
      onStderr: (text) => this.#stderr(text),
      onDrain: () => this.#drained(),
      onExit: (facts) => this.#exited(facts),
    });
  }

  get seats(): number {
    return this.#seats.size;
  }

  /** Those at its seats, each once: a session of a 2026-07-28 client may have several. */
  get sessions(): SessionName[] {
    const of = new Set<SessionName>();
    for (const { session } of this.#seats.values()) if (session !== undefined) of.add(session);
    return [...of];
  }

  get hasAnswered(): boolean {
    return this.#hub.hasAnswered;
  }

  suits(first: FirstLine): boolean {
    return !this.#isOver && this.#hub.suits(first, this.#time.now());
  }

  get isSilent(): boolean {
    return this.#hub.isSilent(this.#time.now());
  }

  join(seat: Seat): SeatNumber {
    this.#empty.clear();
    const number = this.#hub.join();
    this.#seats.set(number, seat);
    this.pacing();
    return number;
  }

  /** False: hold back until the seat is told that the process has drained. */
  fromSeat(number: SeatNumber, message: MessageView): boolean {
    this.#contained(() => this.#perform(this.#hub.fromSeat(number, message, this.#time.now())));
    return !this.#hub.isFull;
  }

  /** Resolves when the process is gone, if it ends with this seat; else at once. */
  leave(number: SeatNumber): Promise<unknown> {
    if (!this.#seats.delete(number) || this.#isOver) return Promise.resolve();
    this.#contained(() => this.#perform(this.#hub.leave(number, this.#time.now())));
    if (this.#seats.size > 0 || this.#isOver) {
      this.pacing();
      return Promise.resolve();
    }
    return this.#emptied();
  }

  /** A seat has stopped or begun to read: the process waits only if they all do. */
  pacing(): void {
    let isPaused = this.#seats.size > 0;
    for (const seat of this.#seats.values()) isPaused &&= seat.isPaused;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.process.pause();
    else this.process.resume();
  }

  /** Ends the process; its seats hear of it. */
  async end(reason: string): Promise<void> {
    this.#over();
    await this.process.terminate(reason);
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#empty.clear();
    this.#timer.clear();
    this.#parts.gone(this);
  }

  #emptied(): Promise<unknown> {
    if (this.#parts.isClosed()) return this.end('the server is no longer offered');
    if (this.#hub.isSpent) return this.end('it refused to be initialized');
    if (!this.#hub.hasAnswered) {
      // It may go on starting, for whoever comes next.
      if (!this.process.leave()) return this.end('its sessions ended before it answered');
      this.#over();
      return Promise.resolve();
    }
    this.#empty.arm(this.#time.now() + EMPTY_MS);
    this.pacing();
    return Promise.resolve();
  }

  #perform(effects: readonly HubEffect[]): void {
    this.#queue.add(effects, this.#performOne, this.#settled);
  }

  readonly #settled = (): void => {
    if (!this.#isOver) this.#timer.arm(this.#hub.wakeAt());
  };

  readonly #performOne = (effect: HubEffect): void => {
    switch (effect.do) {
      case 'write':
        if (!this.process.write(effect.line)) this.#hub.full();
        return;
      case 'say':
        return this.#say(effect.seat, effect.message);
      case 'stop':
        return void this.end(`it ${effect.reason}`);
      case 'note':
        return this.#parts.log[effect.level](effect.words, {
          pid: this.process.pid,
          ...effect.fields,
        });
    }
  };

  #say(number: SeatNumber, message: MessageView): void {
    const seat = this.#seats.get(number);
    if (!seat) return;
    try {
      if (!seat.said(message)) return seat.expel(NOT_READING);
    } catch (error) {
      return this.#failed(seat, error);
    }
    if (seat.heldBytes > 0) this.#boundHeld();
  }

  /** Tells a seat something that is for all. */
  #tell(seat: Seat, tell: (seat: Seat) => void): void {
    try {
      tell(seat);
    } catch (error) {
      this.#failed(seat, error);
    }
  }

  /** The last guard around a session: a throw in it costs its own seat, and nobody else's. */
  #failed(seat: Seat, error: unknown): void {
    const words = 'a session failed on what its shared process said, and loses its seat';
    this.#parts.log.error(words, { pid: this.process.pid, ...failureFields(error) });
    seat.expel('the bridge failed on it');
  }

  /** The one for whom most waits gives way. */
  #boundHeld(): void {
    let sum = 0;
    let most: Seat | undefined;
    for (const seat of this.#seats.values()) {
      sum += seat.heldBytes;
      if (seat.heldBytes > (most?.heldBytes ?? 0)) most = seat;
    }
    if (sum > MOST_HELD_BYTES) most?.expel(NOT_READING);
  }

  #stderr(text: string): void {
    if (this.#parts.showsStderr)
      for (const seat of this.#seats.values()) this.#tell(seat, (each) => each.stderr(text));
    else this.#parts.log.info('stderr', { text, pid: this.process.pid });
  }

  #drained(): void {
    this.#hub.drained();
    for (const seat of this.#seats.values()) this.#tell(seat, (each) => each.drained());
  }

  #exited(facts: ExitFacts): void {
    this.#over();
    const seats = [...this.#seats.values()];
    this.#seats.clear();
    for (const seat of seats) this.#tell(seat, (each) => each.exited(facts));
  }

  /** The last guard around what no process has caused: a throw ends this process, never the runner. */
  #contained(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.log.error(
        'a shared process could not be served and is ended',
        failureFields(error),
      );
      void this.end('the bridge failed on it');
    }
  }

  #tick(): void {
    this.#perform(this.#hub.tick(this.#time.now()));
  }
}
