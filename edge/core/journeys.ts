// The rules of journeys to an identity provider: how long one may take, that each counts once and in its own browser, and that nobody's
// journey is lost because somebody else begins many.
import type { AccessLimits } from './access-limits.ts';
import type { JourneySteps, JourneyStore } from './journey-ports.ts';

/** A person types a password and finds a second factor meanwhile. */
export const JOURNEY_MS = 10 * 60_000;

/** At most 12 KB each, so a flood of them stays below 5 MB. */
const JOURNEYS = 400;

export class Journeys implements JourneySteps {
  readonly #store: JourneyStore;
  readonly #limits: AccessLimits;

  constructor(store: JourneyStore, limits: AccessLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  readonly depart: JourneySteps['depart'] = ({ state, browser, sealed, from }, now) => {
    const limited = this.#limits.take('journey', from, now);
    if (limited) return limited;
    const store = this.#store;
    store.dropJourneysBefore(now - JOURNEY_MS);
    const crowded = store.countJourneys() >= JOURNEYS ? store.oldestOfBusiest() : undefined;
    if (crowded !== undefined) store.removeJourney(crowded);
    store.putJourney({ state, browser, sealed, network: from ?? '', startedAt: now });
    return { kind: 'departed' };
  };

  readonly arrive: JourneySteps['arrive'] = ({ state, browser, from }, now) => {
    const limited = this.#limits.check('callback', from, now);
    if (limited) return limited;
    const journey = this.#store.journey(state);
    if (!journey || journey.browser !== browser || now >= journey.startedAt + JOURNEY_MS) {
      this.#limits.count('callback', from, now);
      return { kind: 'unknown' };
    }
    this.#store.removeJourney(state);
    return { kind: 'arrived', sealed: journey.sealed };
  };

  /** Forgets those that took too long. */
  sweep(now: number): void {
    this.#store.dropJourneysBefore(now - JOURNEY_MS);
  }
}
