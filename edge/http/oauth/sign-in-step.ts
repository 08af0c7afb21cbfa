// How far somebody who signs in has come with a response, and with which app: noted where it is made, counted and recorded where it leaves.
import type { SignInStepLine } from '../../core/log.ts';
import type { SignInStep } from '../../../shared/metrics.ts';

/** Whose step it is, as far as that is known. */
export type StepFacts = Pick<SignInStepLine, 'app' | 'name' | 'server' | 'principal'>;

interface Step extends StepFacts {
  readonly step: SignInStep | 'found';
}

const steps = new WeakMap<Response, Step>();

/** Notes that this response brings a sign-in a step on. */
export function isStep(step: Step['step'], response: Response, facts: StepFacts = {}): Response {
  steps.set(response, { step, ...facts });
  return response;
}

export const signInStepOf = (response: Response): Step | undefined => steps.get(response);
