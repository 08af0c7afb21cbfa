// Looks at all processes of the machine cost milliseconds, and many processes may end at once: those who ask share a look.

/**
 * Makes a look that is shared: its result is of a time after the call. Calls that come while one look runs share the next.
 */
export function sharedLook<T>(look: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let following: Promise<T> | undefined;
  const shared = (): Promise<T> => {
    if (running === undefined) {
      running = look().finally(() => {
        running = undefined;
      });
      return running;
    }
    following ??= running.then(() => {
      following = undefined;
      return shared();
    });
    return following;
  };
  return shared;
}
