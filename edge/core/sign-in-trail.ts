// The trail of each sign-in: how far an app came, of all steps that lead to its first call, and which one it never took. Made of the lines
// of the record. Pure.
import type { SignInStepLine } from './log.ts';
import { CONSOLE_PLACE } from './person-ports.ts';
import type { KeptLine } from './record.ts';
import type { StuckSignIn } from './state-words.ts';

/** The steps in order. `found`: somebody read where to sign in. `used`: a call came with the token. */
export const TRAIL_STEPS = ['found', 'registered', 'asked', 'allowed', 'redeemed', 'used'] as const;

export type TrailStep = (typeof TRAIL_STEPS)[number];

/** One sign-in. */
export interface Trail {
  /** The app's id, or of one that has none yet a digest of its network. */
  readonly key: string;
  /** What the app calls itself. */
  readonly app: string | undefined;
  readonly server: string | undefined;
  readonly person: string | undefined;
  /** When each step was taken first, ms since the epoch. */
  readonly steps: Readonly<Partial<Record<TrailStep, number>>>;
  /** When something of it happened last. */
  readonly at: number;
}

/** What a step is, and what it means if it is the first that is missing. */
export const STEP_WORDS: Readonly<
  Record<TrailStep, { readonly done: string; readonly missing: string }>
> = {
  found: {
    done: 'The app read where to sign in.',
    missing: 'The app never read where to sign in. It may know no OAuth: give it a key.',
  },
  registered: {
    done: 'The app is known here.',
    missing:
      'The app read where to sign in, and did not register. It may need a client id that is set by hand, which this edge has none of.',
  },
  asked: {
    done: 'The page that asks the person was shown.',
    missing:
      'No browser came to the page that asks the person. The app may not have been able to open one, or its window was blocked or closed.',
  },
  allowed: {
    done: 'The person allowed it.',
    missing:
      'The person has not allowed it: the page was closed, the key was wrong, or it was denied.',
  },
  redeemed: {
    done: 'The app got its token.',
    missing:
      'The app never fetched its token. Its redirect address may not have been reached: look at the browser in which it was allowed.',
  },
  used: {
    done: 'The app made its first call.',
    missing:
      'The app has its token and has not called. It may have given up, or calls at another address.',
  },
};

/** Steps after the first belong to an app, the first to a network; what lies further apart than this is none of one sign-in. */
const TOGETHER_MS = 10 * 60_000;

/** After so long a sign-in that does not go on is stuck: a person types a key meanwhile. */
const STUCK_MS = 60_000;

/** Trails that are kept, the newest. */
const MOST_TRAILS = 50;

export class SignInTrails {
  readonly #trails = new Map<string, Trail>();

  /** Takes the lines that came since the last time, oldest first. */
  take(lines: readonly KeptLine[]): void {
    for (const { time, line } of lines)
      if (line.message === 'sign-in step') this.#step(line, time);
      else if (line.message === 'call') this.#used(line.principal, line.server, time);
  }

  /** The newest first. */
  get all(): Trail[] {
    return [...this.#trails.values()].toReversed();
  }

  /** Those that went no further. */
  stuck(now: number): StuckSignIn[] {
    return this.all
      .filter(({ at }) => now - at > STUCK_MS)
      .flatMap((trail): StuckSignIn[] => {
        const step = missingStep(trail);
        if (step === undefined) return [];
        const { app = 'an app without a name', at } = trail;
        return [{ app, missing: STEP_WORDS[step].missing, at }];
      });
  }

  #step({ step, app, name, visitor, server, principal }: SignInStepLine, time: number): void {
    // Who signs in at the console lets no app in, which would go on from there.
    if (step === 'renewed' || server === CONSOLE_PLACE) return;
    // Somebody who reads again has begun anew.
    if (step === 'found') return this.#keep({ ...begun(`from ${visitor}`), server }, 'found', time);
    const key = app ?? '';
    const before = this.#trails.get(key) ?? this.#adopted(key, visitor, time);
    const known = {
      ...before,
      app: name ?? before.app,
      server: server ?? before.server,
      person: principal ?? before.person,
    };
    this.#keep(known, step, time);
  }

  /** What a network read a moment ago belongs to the app that comes from there now. */
  #adopted(key: string, visitor: string | undefined, time: number): Trail {
    const earlier = this.#trails.get(`from ${visitor}`);
    if (!earlier || time - earlier.at > TOGETHER_MS) return begun(key);
    this.#trails.delete(earlier.key);
    return { ...earlier, key };
  }

  /** The first call of a person to the server for which an app got its token. */
  #used(person: string, server: string, time: number): void {
    for (const trail of this.#trails.values())
      if (trail.person === person && trail.server === server && trail.steps.redeemed !== undefined)
        if (trail.steps.used === undefined) this.#keep(trail, 'used', time);
  }

  #keep(trail: Trail, step: TrailStep, time: number): void {
    this.#trails.delete(trail.key);
    const steps = { ...trail.steps, [step]: trail.steps[step] ?? time };
    this.#trails.set(trail.key, { ...trail, steps, at: time });
    const [oldest] = this.#trails.keys();
    if (this.#trails.size > MOST_TRAILS && oldest !== undefined) this.#trails.delete(oldest);
  }
}

const begun = (key: string): Trail => ({
  key,
  app: undefined,
  server: undefined,
  person: undefined,
  steps: {},
  at: 0,
});

/** The first step that was not taken behind the last that was; those before it were taken out of our sight. */
export function missingStep({ steps }: Pick<Trail, 'steps'>): TrailStep | undefined {
  const last = TRAIL_STEPS.findLastIndex((step) => steps[step] !== undefined);
  return TRAIL_STEPS[last + 1];
}
