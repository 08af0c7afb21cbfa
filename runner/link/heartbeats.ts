// When the heartbeats of all sockets are due: one timer for all of them, which wakes the program once a second at most, however many
// there are.
import type { Heartbeat } from '../../shared/link/heartbeat.ts';
import { WakeTimer } from '../wake-timer.ts';

/** The time between two wake-ups. Pings leave early by up to this much, and looks are late by it. */
const SLOT_MS = 1_000;

/** A socket's heartbeat, and what its owner does when it is due. */
export interface Beating {
  readonly heartbeat: Pick<Heartbeat, 'dueAt' | 'isAwaited'>;
  readonly beat: () => void;
}

export class Heartbeats {
  readonly #slots = new Map<number, Set<Beating>>();
  readonly #slotOf = new Map<Beating, number>();
  readonly #timer = new WakeTimer(() => this.#fire(), { keepsAlive: false });

  /** Has it beaten when its heartbeat is due, in place of any earlier time. */
  schedule(beating: Beating): void {
    const { dueAt, isAwaited } = beating.heartbeat;
    const slot = isAwaited ? Math.ceil(dueAt / SLOT_MS) : Math.floor(dueAt / SLOT_MS);
    if (this.#slotOf.get(beating) === slot) return;
    this.cancel(beating);
    this.#slotOf.set(beating, slot);
    const due = this.#slots.get(slot);
    if (due) due.add(beating);
    else {
      this.#slots.set(slot, new Set([beating]));
      this.#arm();
    }
  }

  cancel(beating: Beating): void {
    const slot = this.#slotOf.get(beating);
    if (slot === undefined) return;
    this.#slotOf.delete(beating);
    const due = this.#slots.get(slot);
    due?.delete(beating);
    if (due?.size === 0) this.#slots.delete(slot);
  }

  #arm(): void {
    if (this.#slots.size > 0) this.#timer.arm(Math.min(...this.#slots.keys()) * SLOT_MS);
  }

  #fire(): void {
    // A timer may be a moment early.
    const now = Math.floor((performance.now() + 1) / SLOT_MS);
    const due = [...this.#slots].filter(([slot]) => slot <= now).flatMap(([, all]) => [...all]);
    for (const beating of due) {
      this.cancel(beating);
      beating.beat();
    }
    this.#arm();
  }
}

/** Those of this program. */
export const heartbeats = new Heartbeats();
