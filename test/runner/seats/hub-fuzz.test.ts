// Random schedules of several sessions at one process, all of which use the same ids and progress tokens: every answer and every report
// reaches the seat that asked, and none another.
import { describe, expect, it } from 'vitest';
import { DrivenHub, GREETING, initialize, type Said } from './driven-hub.ts';

const SEEDS = 300;
const STEPS = 120;

/** A small generator of numbers (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Asked {
  readonly seat: number;
  /** What tells this request from every other; the process gives it back. */
  readonly nonce: string;
  isCancelled: boolean;
}

class Schedule {
  readonly driven: DrivenHub;
  readonly #random: (below: number) => number;
  /** Seats with the request that each has in flight, which always has the id 1. */
  readonly seats = new Map<number, Asked | undefined>();
  readonly left = new Set<number>();
  /** What was not as it must be. */
  readonly mistakes: string[] = [];
  /** What the process owes, by its own id. */
  readonly #owed = new Map<number, Asked>();
  #count = 0;

  constructor(seed: number) {
    this.#random = randomOf(seed);
    this.driven = new DrivenHub({ isOfOnePrincipal: seed % 2 === 0 });
  }

  step(): void {
    const acts = [this.#join, this.#ask, this.#ask, this.#ask, this.#answer, this.#answer];
    const rare = [this.#report, this.#report, this.#cancel, this.#leave, this.#wait];
    const act = [...acts, ...rare][this.#random(acts.length + rare.length)];
    act?.call(this);
    this.#read();
    this.#check();
  }

  #must(isSo: boolean, words: string): void {
    if (!isSo) this.mistakes.push(words);
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#random(Math.max(1, from.length))];
  }

  #join(): void {
    if (this.seats.size >= 8) return;
    const seat = this.driven.hub.join();
    this.seats.set(seat, undefined);
    this.driven.say(seat, initialize('2025-11-25', 1));
    for (const { id, method } of this.driven.written())
      if (method === 'initialize') this.driven.print({ id, result: GREETING });
    this.driven.written();
    const [greeting] = this.driven.heard(seat);
    this.#must(greeting.id === 1, 'the greeting has the id of its seat');
  }

  #ask(): void {
    const seat = this.#pick([...this.seats.keys()].filter((each) => !this.seats.get(each)));
    if (seat === undefined) return;
    const nonce = `${seat}:${(this.#count += 1)}`;
    const asked = { seat, nonce, isCancelled: false };
    this.seats.set(seat, asked);
    const params = { nonce, _meta: { progressToken: 1 } };
    this.driven.say(seat, { id: 1, method: 'tools/call', params });
    const [written, ...more] = this.driven.written();
    const isOwn = written.params.nonce === nonce;
    this.#must(isOwn && more.length === 0, 'a request reaches the process once');
    this.#must(written.params._meta.progressToken === written.id, 'its token is the bridge’s');
    this.#must(!this.#owed.has(written.id), 'its id is no other’s');
    this.#owed.set(written.id, asked);
  }

  #answer(): void {
    const owed = this.#pick([...this.#owed]);
    if (!owed) return;
    const [id, { nonce }] = owed;
    this.#owed.delete(id);
    const isError = this.#random(4) === 0;
    const outcome = isError ? { error: { code: -32_000, message: nonce } } : { result: { nonce } };
    this.driven.print({ id, ...outcome });
  }

  #report(): void {
    const owed = this.#pick([...this.#owed]);
    if (!owed) return;
    const [progressToken, { nonce }] = owed;
    const params = { progressToken, progress: 1, message: nonce };
    this.driven.print({ method: 'notifications/progress', params });
  }

  #cancel(): void {
    const asked = this.#pick([...this.seats.values()].filter((each) => each !== undefined));
    if (!asked || asked.isCancelled) return;
    asked.isCancelled = true;
    this.driven.say(asked.seat, {
      method: 'notifications/cancelled',
      params: { requestId: 1 },
    });
    const [written] = this.driven.written();
    const id = [...this.#owed].find(([, each]) => each === asked)?.[0];
    this.#must(written.params.requestId === id, 'a seat cancels its own request');
    // A cancelled request may not be answered any more, and its id may be used again.
    this.seats.set(asked.seat, undefined);
  }

  #leave(): void {
    const seat = this.#pick([...this.seats.keys()]);
    if (seat === undefined) return;
    this.driven.leave(seat);
    this.seats.delete(seat);
    this.left.add(seat);
    const cancelled = this.driven.written().map(({ params }) => params?.requestId);
    const own = [...this.#owed].filter(([, asked]) => asked.seat === seat && !asked.isCancelled);
    const isAll = own.every(([id]) => cancelled.includes(id)) && own.length === cancelled.length;
    this.#must(isAll, 'who leaves has its own requests cancelled');
  }

  #wait(): void {
    this.driven.pass(this.#random(4_000));
  }

  /** What each seat heard is its own. */
  #read(): void {
    for (const seat of this.seats.keys())
      for (const message of this.driven.heard(seat)) this.#heard(seat, message);
    for (const seat of this.left)
      this.#must(this.driven.heard(seat).length === 0, 'who has left hears nothing');
  }

  #heard(seat: number, { id, method, params, result, error }: Said): void {
    const nonce: string = method ? params.message : (result?.nonce ?? error.message);
    this.#must(nonce.startsWith(`${seat}:`), 'a seat hears what is its own');
    this.#must((method ? params.progressToken : id) === 1, 'under the id by which it asked');
    if (method) return;
    const asked = this.seats.get(seat);
    if (asked?.nonce === nonce) this.seats.set(seat, undefined);
  }

  /** Nothing that was answered is still waited for. */
  #check(): void {
    const open = [...this.seats.values()].filter((asked) => asked !== undefined);
    const owed = new Set([...this.#owed.values()].map(({ nonce }) => nonce));
    for (const { nonce } of open) this.#must(owed.has(nonce), 'every answer was heard');
    this.#must(this.driven.stopped === undefined, 'the process lives');
  }
}

describe('[F-870] [R-9] any schedule of several sessions with equal ids', () => {
  it('gives each its own answers', () => {
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const schedule = new Schedule(seed);
      for (let step = 0; step < STEPS; step += 1) schedule.step();
      expect(schedule.mistakes, `seed ${seed}`).toEqual([]);
    }
  });
});
