// Work on many things, so many at a time, whose outcomes are wanted in the order of the things.

/** Servers started at a time: starting many at once would make slow ones miss their start time. */
const AT_A_TIME = 4;

/** Yields each outcome as soon as it and those before it are known. */
export async function* inTurns<Thing, Outcome>(
  things: Iterable<Thing>,
  work: (thing: Thing) => Promise<Outcome>,
): AsyncGenerator<Outcome, void> {
  const waiting = [...things].map((thing) => ({ thing, done: Promise.withResolvers<Outcome>() }));
  const queue = [...waiting];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      next.done.resolve(await work(next.thing));
  };
  const workers = Promise.all(Array.from({ length: AT_A_TIME }, worker));
  for (const { done } of waiting) yield await done.promise;
  await workers;
}
