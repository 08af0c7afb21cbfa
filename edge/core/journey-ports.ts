// Journeys: people who allowed something on our page and are at an identity provider now, to come back with the proof of who they are.
import type { Limited, Network } from './access-limits.ts';
import type { SecretDigest } from './credential-ports.ts';

export interface JourneyRow {
  /** Of the `state` with which the browser comes back. */
  readonly state: SecretDigest;
  /** Of the browser's cookie. */
  readonly browser: SecretDigest;
  /** What it is about, which only the edge can open. */
  readonly sealed: string;
  /** Where it began; empty where the host cannot tell. */
  readonly network: string;
  readonly startedAt: number;
}

type Step<Input, Output> = (input: Input, now: number) => Output;

export interface JourneySteps {
  /** A browser leaves for the provider. */
  depart: Step<
    Pick<JourneyRow, 'state' | 'browser' | 'sealed'> & { readonly from: Network },
    { readonly kind: 'departed' } | Limited
  >;
  /** A browser comes back; that counts once. `unknown` also for one that did not leave from here, or too long ago. */
  arrive: Step<
    Pick<JourneyRow, 'state' | 'browser'> & { readonly from: Network },
    { readonly kind: 'arrived'; readonly sealed: string } | { readonly kind: 'unknown' } | Limited
  >;
}

/** The table of journeys, a part of the access actor's. */
export interface JourneyStore {
  journey(state: SecretDigest): JourneyRow | undefined;
  putJourney(row: JourneyRow): void;
  removeJourney(state: SecretDigest): void;
  dropJourneysBefore(startedAt: number): void;
  countJourneys(): number;
  /** Of the network that has the most, the state of the oldest; undefined if there are none. */
  oldestOfBusiest(): SecretDigest | undefined;
}
