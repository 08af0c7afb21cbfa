// The order in which a worker opens a session for a client that will name it: first its turn, then with the spare that the fleet hands
// out if there is one, else by dialling (LP27). Pure: the host asks the fleet and the actors, waits, and names actors.
import { mustDial } from './exchange.ts';
import type { OpeningPace } from './opening-pace.ts';
import type { Opened, Opening, OpeningTurn } from './ports.ts';
import type { Fault } from '../../shared/fault.ts';
import type { ActorName } from '../../shared/ids.ts';

/** What the host does next. */
export type OpeningStep =
  /** Ask the fleet for the opening's turn: {@link SessionOpening.admitted}. */
  | { readonly do: 'ask' }
  /** Then {@link SessionOpening.waited}. */
  | { readonly do: 'wait'; readonly ms: number }
  /** Open it in the actor of a spare or, without one, in an actor with a new name: {@link SessionOpening.opened}. */
  | { readonly do: 'open'; readonly spare: ActorName | undefined; readonly opening: Opening }
  | { readonly do: 'refuse'; readonly fault: Fault }
  /** It is open, or its actor has said why not. */
  | { readonly do: 'done' }
  /** It is open, and its client has left without its name: end it. */
  | { readonly do: 'abandon' };

/** Nobody reads this. */
const LEFT: Fault = { fault: 'overloaded' };

export class SessionOpening {
  readonly #opening: Opening;
  readonly #pace: OpeningPace;
  #spare: ActorName | undefined;
  #hasAsked = false;
  #gaveWayMs = 0;

  /** `pace`: of the program that hosts it. */
  constructor(opening: Opening, pace: OpeningPace) {
    this.#opening = opening;
    this.#pace = pace;
  }

  start(now: number): OpeningStep {
    const ms = this.#pace.first(this.#opening.principal, now);
    return ms > 0 ? { do: 'wait', ms } : this.#ask();
  }

  /** The fleet's answer. */
  admitted(turn: Opened<OpeningTurn>): OpeningStep {
    if (!turn.ok) return { do: 'refuse', fault: turn.fault };
    this.#spare = turn.value.spare;
    return { do: 'wait', ms: turn.value.afterMs };
  }

  /** The time of `wait` is over. `hasLeft`: the client is gone. `lateMs`: by how much it took longer. */
  waited(hasLeft: boolean, lateMs: number, now: number): OpeningStep {
    if (hasLeft) return { do: 'refuse', fault: LEFT };
    const gaveWayMs = this.#gaveWayMs;
    const ms = this.#pace.again(this.#opening.principal, { lateMs, gaveWayMs }, now);
    if (ms > 0) {
      this.#gaveWayMs += lateMs + ms;
      return { do: 'wait', ms };
    }
    return this.#hasAsked ? this.#open() : this.#ask();
  }

  /** What no runner could take is refused by the fleet, before an actor is woken that would leave a trace on disk. */
  #ask(): OpeningStep {
    this.#hasAsked = true;
    return { do: 'ask' };
  }

  /** The actor has answered; `refused`: why it did not open the session. */
  opened(refused: Fault | undefined, hasLeft: boolean): OpeningStep {
    const isSpare = this.#spare !== undefined;
    if (mustDial({ ...this.#opening, isSpare }, refused)) {
      this.#spare = undefined;
      return this.#open();
    }
    return { do: hasLeft && refused === undefined ? 'abandon' : 'done' };
  }

  #open(): OpeningStep {
    const spare = this.#spare;
    const opening = spare === undefined ? this.#opening : { ...this.#opening, isSpare: true };
    return { do: 'open', spare, opening };
  }
}
