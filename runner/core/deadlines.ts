// Ends requests whose time is over: tells the process, answers the client, and has a process that has said nothing at all
// checked.
import type { OnDue } from '../../shared/dues.ts';
import { isInitialize, type Call, type Calls } from './calls.ts';
import type { Outcomes } from './outcomes.ts';
import type { Overheard } from './overheard.ts';
import type { Pulse } from './pulse.ts';
import { GOES_ON, type End, type SessionLimits } from './session-effects.ts';

interface Parts {
  readonly limits: SessionLimits;
  readonly calls: Calls;
  readonly outcomes: Outcomes;
  readonly overheard: Overheard;
  readonly pulse: Pulse;
  readonly end: End;
}

export class Deadlines {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  dues(due: OnDue): void {
    const { calls } = this.#parts;
    due(calls.nextDeadline, (now) => {
      for (const call of calls.due(now)) this.#expire(call, now);
    });
  }

  #expire(call: Call, now: number): void {
    const { outcomes, pulse } = this.#parts;
    if (call.isCancelled) outcomes.settle(call, undefined, 'cancelled', now);
    else if (isInitialize(call)) return this.#expireStart(call, now);
    else {
      // A later answer is dropped.
      outcomes.tellCancelled(call, 'deadline exceeded');
      outcomes.fail(call, { fault: 'deadline', phase: 'sent' }, now);
    }
    pulse.doubt(call, now);
  }

  /** The first start may download the whole server: it continues, and a later session may find it started. */
  #expireStart(call: Call, now: number): void {
    const { limits, outcomes, overheard, end } = this.#parts;
    const seconds = String(Math.round(limits.startTimeoutMs / 1000));
    const words = overheard.added(`did not answer initialize within ${seconds} s`);
    const message = `The server process ${words}. ${GOES_ON}`;
    const ending = { fault: 'process_start_failed', message } as const;
    outcomes.fail(call, { ...ending, phase: 'sent', retryable: true }, now);
    end(ending, now, true);
  }
}
