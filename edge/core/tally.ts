// What a worker counts of its requests, until it tells the fleet, which adds up what all of them counted. Pure.
import type { FaultCode } from '../../shared/fault.ts';
import { CallFigures, Figures, type Figure } from '../../shared/figures.ts';
import type { SignInStep } from '../../shared/metrics.ts';
import type { CallLine, RefusalLine } from './log.ts';

/** Faults of calls that were on their way to a server: no client gets them by a name that it made up. */
const BEYOND: ReadonlySet<RefusalLine['fault']> = new Set<FaultCode>([
  'runner_lost',
  'process_exited',
  'process_start_failed',
  'process_protocol',
  'deadline',
]);

/** A call that is over. */
export interface CountedCall extends Pick<CallLine, 'server' | 'outcome' | 'ms' | 'edgeMs'> {
  /** It lasts until its client leaves, so its time says nothing. */
  readonly isListen: boolean;
}

export class EdgeTally {
  readonly #figures = new Figures();
  readonly #edge = new CallFigures(this.#figures, 'edge');
  readonly #link = new CallFigures(this.#figures, 'link');
  readonly #counted: () => void;

  /** `counted`: called each time that there is something to tell. */
  constructor(counted: () => void = () => undefined) {
    this.#counted = counted;
  }

  /** One whose server has a session, so that no client can invent names of servers. */
  call({ server, outcome, isListen, ms, edgeMs }: CountedCall): void {
    const edge = this.#edge.of(server);
    edge.ended(outcome);
    if (!isListen && outcome !== 'accepted') {
      edge.took(ms);
      this.#link.of(server).took(ms - edgeMs);
    }
    this.#counted();
  }

  /** A call that ended in a fault in place of an answer. One that only a server that there is can cause is counted for it. */
  failed(server: string, fault: RefusalLine['fault']): void {
    if (!BEYOND.has(fault)) return;
    this.#edge.of(server).ended(String(fault));
    this.#counted();
  }

  refused(fault: RefusalLine['fault']): void {
    this.#figures.count('refusals', String(fault));
    this.#counted();
  }

  signIn(step: SignInStep): void {
    this.#figures.count('edgeSignIns', step);
    this.#counted();
  }

  /** What could not be told counts on. */
  add(figures: readonly Figure[]): void {
    this.#figures.add(figures);
    this.#counted();
  }

  /** What was counted since this was asked last. */
  take(): readonly Figure[] {
    return this.#figures.take();
  }
}
