// Due times, listed once. A machine that acts at certain times must also say when to wake it. Both are read from one list here,
// so that every due time has its wake-up, and every wake-up something to do. The list is a function that tells each of them: it is
// read after every input of a session, and making objects of it would cost more than what it says.

/**
 * Takes something to do when its time comes, in milliseconds of the caller's clock. Without a time it is not due. Without `act` only
 * the time counts: the act is done at every tick.
 *
 * `mostMs`: the longest wait, for a clock that may be set back: a time further off than this is due now. Nobody waits until the
 * clock is there again.
 */
export type OnDue = (at: number | undefined, act?: (now: number) => void, mostMs?: number) => void;

/** Tells all due times, in order. Each is read after everything before it was done. */
export type Dues = (due: OnDue) => void;

/** Does what is due at `now`, in the order of the list. */
export function actDue(dues: Dues, now: number): void {
  dues((at, act, mostMs = Infinity) => {
    if (at !== undefined && (at <= now || at - mostMs > now)) act?.(now);
  });
}

/** When the list is due next; undefined if nothing is. */
export function nextDue(dues: Dues): number | undefined {
  let next: number | undefined;
  dues((at) => {
    next = earlier(next, at);
  });
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
