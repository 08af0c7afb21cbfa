// Decides which calls may run at the same time on a legacy process. Stdio does not say which call a question of the process
// belongs to, so calls that may ask wait for each other. Calls of tools that never ask do not wait, and no call waits for ever.
import { canBeAsked, type LegacyCall } from './call.ts';
import type { LegacyProcess } from './pool.ts';

/** After this long without a question the next call may run at the same time: most tools never ask, and some take minutes. */
const PATIENCE_MS = 5_000;

/** The same if one of them is known to ask: a client waits about a minute for an answer. */
const ASKING_PATIENCE_MS = 30_000;

/** After this many answers without a question a tool counts as one that does not ask. */
const QUIET_AFTER = 8;

/** Tools remembered; a server has dozens. */
const MAX_SUBJECTS = 1_000;

interface Habit {
  /** Answers without a question. */
  readonly quiet: number;
  readonly asks: boolean;
  /** It asks again before it is answered. */
  readonly asksMore: boolean;
}

const NO_HABIT: Habit = { quiet: 0, asks: false, asksMore: false };

export class Turns {
  /** By subject, the most recently learned last. */
  readonly #habits = new Map<string, Habit>();

  /** When a call may be written to its process. Infinity: only when others have ended. */
  mayRunAt(process: LegacyProcess, call: LegacyCall): number {
    const mayAsk = process.mayAsk && call.isAsking;
    return mayAsk && process.held.length > 0 ? Infinity : this.mayResumeAt(process, call);
  }

  /** The same for a call that continues: a waiting question may be its own. */
  mayResumeAt(process: LegacyProcess, call: LegacyCall): number {
    if (!process.mayAsk || !call.isAsking) return 0;
    const others = this.askersOf(process).filter((other) => other !== call && !this.#isPast(other));
    if (others.length === 0 || this.#isQuiet(call)) return 0;
    // A cancelled call may still ask, but it ends within moments.
    if (others.some(({ state }) => state.kind === 'cancelled')) return Infinity;
    const isPatient = [call, ...others].some(({ subject }) => this.#habitOf(subject).asks);
    return process.enteredAt + (isPatient ? ASKING_PATIENCE_MS : PATIENCE_MS);
  }

  /**
   * The calls that a question of the process may belong to: it may still speak of one that was cancelled a moment ago. A call
   * that waits for its client asks nothing meanwhile; this is not assumed of calls of another client.
   */
  askersOf(process: LegacyProcess): LegacyCall[] {
    const live = liveOf(process);
    if (live.some(({ of }) => of !== live[0]?.of)) return live;
    return live.filter((call) => !this.#isWaiting(call));
  }

  /** The process asked something during a call like this one, or might have. */
  asked(call: LegacyCall): void {
    const { subject } = call;
    const { asksMore } = this.#habitOf(subject);
    const questions = canBeAsked(call) ? call.state.questions : [];
    // Questions that came with it have not been sent yet.
    const isMore = questions.some(({ isOwn, isTold }) => isOwn && isTold);
    this.#remember(subject, { quiet: 0, asks: true, asksMore: asksMore || isMore });
  }

  answered({ isAsking, questionCount, subject }: LegacyCall): void {
    if (!isAsking || questionCount > 0) return;
    const habit = this.#habitOf(subject);
    if (habit.quiet >= QUIET_AFTER) return;
    this.#remember(subject, { ...habit, quiet: habit.quiet + 1 });
  }

  #isWaiting({ state, subject }: LegacyCall): boolean {
    if (state.kind !== 'parked' || this.#habitOf(subject).asksMore) return false;
    return state.questions.some(({ isOwn }) => isOwn);
  }

  /** As far as is known, it will not ask again. */
  #isPast(call: LegacyCall): boolean {
    const { asks } = this.#habitOf(call.subject);
    return this.#isQuiet(call) || (call.state.kind === 'cancelled' && !asks);
  }

  #isQuiet({ subject }: LegacyCall): boolean {
    const { quiet, asks } = this.#habitOf(subject);
    return !asks && quiet >= QUIET_AFTER;
  }

  #habitOf(subject: string): Habit {
    return this.#habits.get(subject) ?? NO_HABIT;
  }

  #remember(subject: string, habit: Habit): void {
    this.#habits.delete(subject);
    this.#habits.set(subject, habit);
    const [oldest] = this.#habits.keys();
    if (this.#habits.size > MAX_SUBJECTS && oldest !== undefined) this.#habits.delete(oldest);
  }
}

/** The calls that may ask, and that the process has seen. */
export const liveOf = ({ calls }: LegacyProcess): LegacyCall[] =>
  [...calls].filter(({ isAsking, state }) => isAsking && state.kind !== 'placed');
