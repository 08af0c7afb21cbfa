// A connection between two peers: ordered, delayed, and breakable in the ways in which real ones break.
import type { Chance, VirtualClock } from './clock.ts';

export interface End {
  onMessage: (text: string) => void;
  /** Exactly once, whoever closed. */
  onClose: (code: number) => void;
  readonly isOpen: boolean;
  send(text: string): void;
  close(code: number): void;
}

/** What the connections of a runner go through together: bytes take their time, each way for itself. */
export class Line {
  readonly #bytesPerMs: number;
  readonly #freeAt = { first: 0, second: 0 };

  constructor(bytesPerMs: number) {
    this.#bytesPerMs = bytesPerMs;
  }

  /** When bytes that are sent now begin to go through, and when so many are. */
  through(fromFirst: boolean, bytes: number, now: number): { from: number; until: number } {
    const way = fromFirst ? 'first' : 'second';
    const from = Math.max(now, this.#freeAt[way]);
    this.#freeAt[way] = from + bytes / this.#bytesPerMs;
    return { from, until: this.#freeAt[way] };
  }

  /** Bytes that nobody takes any more do not go through: the network of their sender drops them when the connection is reset. */
  drop(fromFirst: boolean, bytes: number, now: number): void {
    const way = fromFirst ? 'first' : 'second';
    this.#freeAt[way] = Math.max(now, this.#freeAt[way] - bytes / this.#bytesPerMs);
  }
}

/** A message on its way. */
interface Passage {
  readonly from: number;
  readonly until: number;
  readonly bytes: number;
}

class Side implements End {
  onMessage: (text: string) => void = () => undefined;
  onClose: (code: number) => void = () => undefined;
  isOpen = true;
  /** Nothing overtakes on a connection. */
  lastArrivalAt = 0;
  readonly #wire: Wire;
  readonly #isFirst: boolean;

  constructor(wire: Wire, isFirst: boolean) {
    this.#wire = wire;
    this.#isFirst = isFirst;
  }

  send(text: string): void {
    if (this.isOpen)
      this.#wire.carry(
        this.#isFirst,
        () => this.#wire.other(this.#isFirst).receive(text),
        text.length,
      );
  }

  close(code: number): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.#isFirst) this.#wire.dropComing();
    this.#wire.carry(this.#isFirst, () => this.#wire.other(this.#isFirst).end(code));
    this.#wire.soon(() => this.onClose(code));
  }

  receive(text: string): void {
    if (this.isOpen) this.onMessage(text);
  }

  end(code: number): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (this.#isFirst) this.#wire.dropComing();
    this.onClose(code);
  }
}

export class Wire {
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  readonly #maxDelayMs: number;
  readonly #line: Line | undefined;
  readonly a: Side;
  readonly b: Side;
  #brokenAt: number | undefined;
  /** What goes to the first end and is not there yet, and the bytes of all that is. */
  readonly #coming = new Set<Passage>();
  #come = 0;
  #isVanished = false;

  constructor(clock: VirtualClock, chance: Chance, maxDelayMs = 20, line?: Line) {
    this.#clock = clock;
    this.#chance = chance;
    this.#maxDelayMs = maxDelayMs;
    this.#line = line;
    this.a = new Side(this, true);
    this.b = new Side(this, false);
  }

  get isOpen(): boolean {
    return this.a.isOpen && this.b.isOpen;
  }

  other(isFirst: boolean): Side {
    return isFirst ? this.b : this.a;
  }

  soon(run: () => void): void {
    this.#clock.after(0, run);
  }

  carry(fromFirst: boolean, deliver: () => void, bytes = 0): void {
    if (this.#brokenAt !== undefined) {
      if (!fromFirst && this.#isVanished) this.#noticeSoon();
      return;
    }
    const side = fromFirst ? this.a : this.b;
    const { now } = this.#clock;
    const { from, until } = this.#line?.through(fromFirst, bytes, now) ?? { from: now, until: now };
    const at = Math.max(until + this.#chance.between(0, this.#maxDelayMs), side.lastArrivalAt);
    side.lastArrivalAt = at;
    const passage = { from, until: at, bytes };
    if (!fromFirst) this.#coming.add(passage);
    this.#clock.after(at - this.#clock.now, () => {
      if (this.#brokenAt !== undefined) return;
      if (this.#coming.delete(passage)) this.#come += bytes;
      deliver();
    });
  }

  /** The first end takes nothing any more. */
  dropComing(): void {
    const { now } = this.#clock;
    for (const { from, until, bytes } of this.#coming) {
      const share = now <= from ? 1 : Math.max(0, (until - now) / (until - from));
      this.#line?.drop(false, bytes * share, now);
    }
    this.#coming.clear();
  }

  /** Bytes that the first end, which dialled, has received: of a message that is still coming, as many as are through. */
  get bytesRead(): number {
    const now = this.#brokenAt ?? this.#clock.now;
    let read = this.#come;
    for (const { from, until, bytes } of this.#coming)
      if (now > from) read += (bytes * (now - from)) / (until - from);
    return read;
  }

  /** The connection is reset: what is under way is lost, each side learns of it in its own time. */
  cut(): void {
    this.#break(() => this.#chance.between(0, 200));
  }

  /**
   * The network swallows everything. Either end has to find out by itself, and learns of it from its network after minutes only;
   * `firstMs`: the first end, which dialled, has found out by then.
   */
  blackhole(firstMs?: number): void {
    const noticeMs = (): number => this.#chance.between(60_000, 300_000);
    const first = firstMs === undefined ? noticeMs() : this.#chance.between(1_000, firstMs);
    const all = [first, noticeMs()];
    this.#break(() => all.shift() ?? 0);
  }

  /**
   * The first end is gone without a word: the second never learns of it unless it writes, since then its network finds out.
   */
  vanish(): void {
    if (this.#brokenAt !== undefined) return;
    this.#brokenAt = this.#clock.now;
    this.#isVanished = true;
    this.#clock.after(0, () => this.a.end(1006));
  }

  #noticeSoon(): void {
    this.#isVanished = false;
    this.#clock.after(this.#chance.between(0, 2_000), () => this.b.end(1006));
  }

  /** For how long nothing has gone through. */
  get brokenForMs(): number | undefined {
    return this.#brokenAt === undefined ? undefined : this.#clock.now - this.#brokenAt;
  }

  #break(noticeMs: () => number): void {
    if (this.#brokenAt !== undefined) return;
    this.#brokenAt = this.#clock.now;
    for (const side of [this.a, this.b]) this.#clock.after(noticeMs(), () => side.end(1006));
  }
}
