// A session's seat at a process that several share: to the session, or to the translator before it, it is a process. It is at no process
// before the session writes its first line, which tells the era.
import type { SessionName } from '../../shared/ids.ts';
import { onlyMessageIn, type MessageView } from '../../shared/jsonrpc/view.ts';
import type { ExitFacts } from '../process/exit.ts';
import type { StdioProcess } from '../process/stdio-process.ts';
import type { SeatNumber } from '../seats/effects.ts';
import { HeldMessages } from '../seats/held-messages.ts';
import { PROGRAM_TIME, type LaterTime } from '../wake-timer.ts';
import type { ServerProcess, ServerProcessListener } from './pooled-process.ts';

/** What a seat needs of the host of its process. */
export interface SeatHost {
  readonly process: ServerProcess;
  readonly hasAnswered: boolean;
  /** False: hold back until the seat is told that the process has drained. */
  fromSeat(number: SeatNumber, message: MessageView): boolean;
  /** Resolves when the process is gone, if it ends with this seat; else at once. */
  leave(number: SeatNumber): Promise<unknown>;
  /** The seat has stopped or begun to read. */
  pacing(): void;
}

/** Where a session sits. */
export interface SeatPlace {
  readonly host: SeatHost;
  readonly number: SeatNumber;
}

/** Chooses the process by the first message; `words` complete "the server process could not be started: …". */
export type SeatAt = (
  seat: Seat,
  first: MessageView,
) =>
  | { readonly ok: true; readonly place: SeatPlace }
  | { readonly ok: false; readonly words: string };

export class Seat implements ServerProcess {
  /** Whose it is. */
  readonly session: SessionName | undefined;
  readonly #seatAt: SeatAt;
  readonly #time: LaterTime;
  readonly #takenAt: number;
  readonly #held = new HeldMessages();
  #place: SeatPlace | undefined;
  #listener: ServerProcessListener | undefined;
  #isPaused = false;
  #isOver = false;
  #hasServed = false;

  constructor(session: SessionName | undefined, seatAt: SeatAt, time: LaterTime = PROGRAM_TIME) {
    this.session = session;
    this.#seatAt = seatAt;
    this.#time = time;
    this.#takenAt = time.now();
  }

  get pid(): number | undefined {
    return this.#place?.host.process.pid;
  }

  get state(): StdioProcess['state'] {
    return this.#isOver ? 'exited' : (this.#place?.host.process.state ?? 'running');
  }

  get hasServed(): boolean {
    return this.#hasServed;
  }

  set hasServed(hasServed: boolean) {
    this.#hasServed = hasServed;
    if (this.#place && hasServed) this.#place.host.process.hasServed = true;
  }

  /** Its process has served, this session or another. */
  get processHasServed(): boolean {
    return this.#place?.host.process.hasServed === true;
  }

  /** Bytes that wait until its session reads. */
  get heldBytes(): number {
    return this.#held.bytes;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  listen(listener: ServerProcessListener): void {
    this.#listener = listener;
  }

  write(line: Uint8Array, message?: MessageView): boolean {
    if (this.#isOver) return false;
    const said = message ?? onlyMessageIn(line);
    // A session writes messages only.
    if (!said) return true;
    if (!this.#place) {
      const seated = this.#seatAt(this, said);
      if (!seated.ok) {
        this.#endLater({
          reason: 'spawn_failed',
          spawnError: { code: 'ESHARED', message: seated.words, words: seated.words },
        });
        return false;
      }
      this.#place = seated.place;
    }
    return this.#place.host.fromSeat(this.#place.number, said);
  }

  pause(): void {
    this.#isPaused = true;
    this.#place?.host.pacing();
  }

  resume(): void {
    this.#isPaused = false;
    this.#flush();
    this.#place?.host.pacing();
  }

  terminate(reason: string): Promise<unknown> {
    if (this.#isOver) return Promise.resolve();
    this.#endLater({ reason: 'terminated', because: reason });
    return this.#leaveProcess();
  }

  leave(): boolean {
    const { host } = this.#place ?? {};
    if (this.#isOver || !host || host.hasAnswered) return false;
    this.#isOver = true;
    this.#listener = undefined;
    void this.#leaveProcess();
    return true;
  }

  // What the host of its process tells it.

  /** False: its session does not read, and more than that may wait. */
  said(message: MessageView): boolean {
    if (this.#isOver) return true;
    if (!this.#isPaused && this.#held.isEmpty) {
      this.#say(message);
      return true;
    }
    return this.#held.push(message);
  }

  stderr(text: string): void {
    if (!this.#isOver) this.#listener?.onStderr(text);
  }

  drained(): void {
    if (!this.#isOver) this.#listener?.onDrain();
  }

  /** The process is gone. What it said before is said first. */
  exited(facts: ExitFacts): void {
    if (this.#isOver) return;
    this.#isPaused = false;
    this.#flush();
    this.#isOver = true;
    this.#listener?.onExit(facts);
  }

  /** It loses its seat, and nobody else does. */
  expel(because: string): void {
    if (this.#isOver) return;
    this.#endLater({ reason: 'terminated', because });
    void this.#leaveProcess();
  }

  #say(message: MessageView): void {
    if (this.#listener?.onMessage) this.#listener.onMessage(message);
    else this.#listener?.onLine(message.line);
  }

  #flush(): void {
    while (!this.#isPaused && !this.#isOver) {
      const message = this.#held.shift();
      if (!message) return;
      this.#say(message);
    }
  }

  /** As with a process, the news comes after the call that brought it about. */
  #endLater(end: Pick<ExitFacts, 'reason' | 'because' | 'spawnError'>): void {
    this.#isOver = true;
    this.#held.clear();
    const ranMs = Math.round(this.#time.now() - this.#takenAt);
    this.#time.soon(() => this.#listener?.onExit({ ...end, stderrTail: [], ranMs }));
  }

  #leaveProcess(): Promise<unknown> {
    const place = this.#place;
    this.#held.clear();
    return place ? place.host.leave(place.number) : Promise.resolve();
  }
}
