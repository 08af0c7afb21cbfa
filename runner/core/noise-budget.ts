// How much a process may print that is not a message before it counts as broken. Noise is tolerated, but a process that prints
// nothing else, faster than anybody could want to read, is of no use.

/** Noise since the last message that is too much. A line costs as much as so many bytes, empty ones too. */
export const NOISE_BYTES = 256 * 1024 * 1024;
export const LINE_COST_BYTES = 256;

/** A process is useless only if it has printed nothing else for this long: a large file on stdout is soon over. */
export const NOISE_MS = 20_000;

/** The whole budget is restored in this time, so that a log on stdout of some hundred lines a second breaks nothing. */
export const NOISE_FORGIVEN_MS = 10 * 60_000;

const FORGIVEN_PER_MS = NOISE_BYTES / NOISE_FORGIVEN_MS;

/** A message names its protocol near its beginning or its end; what is in between may be megabytes. */
const LOOKED_AT_BYTES = 1_024;

const NAME = new TextEncoder().encode('"jsonrpc"');

export class NoiseBudget {
  #used = 0;
  #usedAt = 0;
  /** The time since which only noise has come. */
  #since: number | undefined;

  /** Bytes and lines were read without a message. True if that is too much. */
  isTooMuch(bytes: number, lines: number, now: number): boolean {
    const forgiven = (now - this.#usedAt) * FORGIVEN_PER_MS;
    this.#used = Math.max(0, this.#used - forgiven) + bytes + lines * LINE_COST_BYTES;
    this.#usedAt = now;
    this.#since ??= now;
    return this.#used > NOISE_BYTES && now - this.#since >= NOISE_MS;
  }

  /** A message came. */
  clear(): void {
    this.#used = 0;
    this.#since = undefined;
  }
}

/** Whether a line of stdout may be meant as a JSON-RPC message. Cheap: for counting, not for reading. */
export function looksLikeMessage(line: Uint8Array): boolean {
  if (line.length <= 2 * LOOKED_AT_BYTES) return holds(line, NAME);
  return (
    holds(line.subarray(0, LOOKED_AT_BYTES), NAME) || holds(line.subarray(-LOOKED_AT_BYTES), NAME)
  );
}

function holds(bytes: Uint8Array, wanted: Uint8Array): boolean {
  const last = bytes.length - wanted.length;
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first); at !== -1 && at <= last; at = bytes.indexOf(first, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
