// The facts about a process that has ended, whether they count against its server (R-6), and their words, which no other file has.

/**
 * Why a process is no longer running; `terminated` means the runner ended it on purpose, `broken` that it lived, but could
 * not be spoken with any more.
 */
export type ExitReason = 'exited' | 'signalled' | 'spawn_failed' | 'terminated' | 'broken';

/** A start that came to nothing: the system's error code, a sentence that says what to do, and words without paths for clients. */
export interface SpawnError {
  readonly code: string;
  readonly message: string;
  readonly words: string;
}

/** What is known of a process that has ended. `stderrTail` holds its last lines, oldest first. */
export interface ExitFacts {
  readonly reason: ExitReason;
  readonly code?: number;
  readonly signal?: string;
  readonly spawnError?: SpawnError;
  /** What the runner gave as its reason to end it; completes "the process …" with reason `broken`. */
  readonly because?: string;
  /** It broke the protocol, rather than off. */
  readonly isProtocol?: boolean;
  readonly stderrTail: readonly string[];
  readonly ranMs: number;
}

/** Completes the sentence "the process …"; a failed start is a sentence of its own. Without stderr text. */
export function describeExit(facts: ExitFacts): string {
  switch (facts.reason) {
    case 'exited':
      return `exited with code ${facts.code ?? 'unknown'}`;
    case 'signalled':
      return `was killed by ${facts.signal ?? 'an unknown signal'}`;
    case 'terminated':
      return `was ended by the runner${facts.because === undefined ? '' : ` (${facts.because})`}`;
    case 'broken':
      return `${facts.because ?? 'broke'}, and was ended by the runner`;
    case 'spawn_failed':
      return facts.spawnError?.message ?? 'the process could not be started';
  }
}

/** Completes the sentence "the server process …" whatever the end was, for clients. Without stderr text, without paths. */
export function describeEnd(facts: ExitFacts): string {
  if (facts.reason !== 'spawn_failed') return describeExit(facts);
  return `could not be started: ${facts.spawnError?.words ?? 'the runner does not say why'}`;
}

/** What a start fails with when the machine or the runner has no more to give: no server is at fault then. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);

/**
 * R-6: whether an exit counts against the server. An end that the runner asked for does not,
 * nor does a clean exit of a process that has served, nor a start for which the machine had nothing left.
 */
export function isFailure(facts: ExitFacts, hasServed: boolean): boolean {
  switch (facts.reason) {
    case 'spawn_failed':
      return !OF_THE_MACHINE.has(facts.spawnError?.code ?? '');
    case 'signalled':
    case 'broken':
      return true;
    case 'terminated':
      return false;
    case 'exited':
      return !hasServed || facts.code !== 0;
  }
}
