// Who may run beside whom on a legacy process. Stdio does not say which call a question of the process belongs to, so calls
// that may be asked wait for each other; those of tools that never ask do not, and nobody waits for ever.
import type { LegacyCall } from './legacy-call.ts';
import type { LegacyProcess } from './legacy-pool.ts';

/** Behind calls that have not asked for this long the next may run beside them: most tools never ask, and some take minutes. */
const PATIENCE_MS = 5_000;

/** The same where one of them is known to ask: a client waits about a minute for an answer. */
const ASKING_PATIENCE_MS = 30_000;

/** After so many answers without a question a tool counts as one that does not ask. */
const QUIET_AFTER = 8;

/** Tools remembered; a server has dozens. */
const MAX_SUBJECTS = 1_000;

interface Habit {
  /** Answers without a question. */
  quiet: number;
  asks: boolean;
}

/** The calls that a question of the process may belong to: it may still speak of one that was cancelled a moment ago. */
export const askersOf = ({ calls }: LegacyProcess): LegacyCall[] =>
  [...calls].filter(({ isAsking, state }) => isAsking && state !== 'placed');

export class Turns {
  /** By subject, the one used last at the end. */
  readonly #habits = new Map<string, Habit>();

  /** When a call that is placed on a process may be written to it; Infinity: when others have ended. */
  mayRunAt(process: LegacyProcess, call: LegacyCall): number {
    if (!process.mayAsk || !call.isAsking) return 0;
    if (process.held.length > 0) return Infinity;
    const others = askersOf(process).filter((other) => !this.#isQuiet(other));
    if (others.length === 0 || this.#isQuiet(call)) return 0;
    // It ends within moments, or is taken for ended.
    if (others.some(({ state }) => state === 'cancelled')) return Infinity;
    const isPatient = [call, ...others].some(({ subject }) => this.#habits.get(subject)?.asks);
    return process.enteredAt + (isPatient ? ASKING_PATIENCE_MS : PATIENCE_MS);
  }

  /** The process asked something in the middle of a call like this one, or might have. */
  asked({ subject }: LegacyCall): void {
    this.#remember(subject, { quiet: 0, asks: true });
  }

  answered({ isAsking, questionCount, subject }: LegacyCall): void {
    if (!isAsking || questionCount > 0) return;
    const { quiet, asks } = this.#habits.get(subject) ?? { quiet: 0, asks: false };
    this.#remember(subject, { quiet: quiet + 1, asks });
  }

  #isQuiet({ subject }: LegacyCall): boolean {
    const habit = this.#habits.get(subject);
    return habit !== undefined && !habit.asks && habit.quiet >= QUIET_AFTER;
  }

  #remember(subject: string, habit: Habit): void {
    this.#habits.delete(subject);
    this.#habits.set(subject, habit);
    const [oldest] = this.#habits.keys();
    if (this.#habits.size > MAX_SUBJECTS && oldest !== undefined) this.#habits.delete(oldest);
  }
}
