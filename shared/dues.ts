// Due times, listed once. A machine that acts at certain times must also say when to wake it. Both are read from one list here,
// so that every due time has its wake-up, and every wake-up something to do.

/** Something to do when its time comes, in milliseconds of the caller's clock. Without a time it is not due. */
export interface Due {
  readonly at: number | undefined;
  /**
   * The longest wait, for a clock that may be set back: a time further off than this is due now. Nobody waits until the clock is
   * there again.
   */
  readonly mostMs?: number;
  /** Without it only the time counts: the act is done at every tick. */
  readonly act?: (now: number) => void;
}

/**
 * Does what is due at `now`, in the order of the list. A list made by a generator is made while it is walked: each time in it is
 * read after everything before it was done.
 */
export function actDue(dues: Iterable<Due>, now: number): void {
  for (const { at, mostMs = Infinity, act } of dues) {
    if (at !== undefined && (at <= now || at - mostMs > now)) act?.(now);
  }
}

/** When the list is due next; undefined if nothing is. */
export function nextDue(dues: Iterable<Due>): number | undefined {
  let next: number | undefined;
  for (const { at } of dues) next = earlier(next, at);
  return next;
}

/** The earlier of two times, of which either may not be set. */
export const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  b !== undefined && (a === undefined || b < a) ? b : a;

/** The earliest of several times; undefined when none is set. */
export function earliest(times: Iterable<number | undefined>): number | undefined {
  let first: number | undefined;
  for (const time of times) first = earlier(first, time);
  return first;
}
