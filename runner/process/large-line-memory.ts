// Where large lines lie in memory, and how it is taken back. Their bytes are no objects, but V8 counts them: after each 8 MiB of them or
// so it goes through all objects of the program, which takes some 30 ms of the processor for a line of 4 MiB, and passing it takes 10.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** So much lies about before it is collected: a line of 2 MiB, and the chunks in which it was read. */
const COLLECTED_BYTES = 4 * 1024 * 1024;

/** While large lines pass, V8 goes through all objects only when memory has doubled, instead of grown by a third. */
const HEAP_GROWS_BY_PERCENT = 100;

/** So long after the last one, it is V8's own decision again. */
const PASSING_MS = 10_000;

let sinceCollected = 0;
let collectYoung: (() => void) | undefined;
let passing: NodeJS.Timeout | undefined;

/**
 * Room for a large line, with any content. Lines before it, which have been sent by now, are collected first: they are young objects, and
 * to go through those takes less than a millisecond, while the process is still printing.
 */
export function roomForLine(bytes: number): Uint8Array {
  if (passing) passing.refresh();
  else beginPassing();
  // As much again was read in chunks.
  sinceCollected += 2 * bytes;
  if (sinceCollected > COLLECTED_BYTES) {
    sinceCollected = 0;
    collectYoung ??= youngCollection();
    collectYoung();
  }
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
}

/** V8 reads the factor each time it decides how far memory may grow. */
function beginPassing(): void {
  setFlagsFromString(`--heap-growing-percent=${String(HEAP_GROWS_BY_PERCENT)}`);
  passing = setTimeout(() => {
    passing = undefined;
    setFlagsFromString('--heap-growing-percent=0');
  }, PASSING_MS);
  passing.unref();
}

/** Contexts that are made while the flag is set have the function, and no other code sees it. */
function youngCollection(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as NodeJS.GCFunction | undefined;
  setFlagsFromString('--no-expose-gc');
  return () => collect?.({ type: 'minor', execution: 'sync' });
}
