// A mistake of an operator, in words that let a person correct it. What a client sees of a failure is a fault (fault.ts).

export interface Problem {
  /** What is wrong, without a full stop. Where a problem has a place, these words complete it: `<place> is not a number`. */
  readonly what: string;
  /** What to do about it, as a sentence. */
  readonly fix: string;
}

/** A problem as text. */
export const problemText = ({ what, fix }: Problem): string => `${what}. ${fix}`;
