// How far somebody who signs in has come with a response: noted where it is made, counted where it leaves.
import type { SignInStep } from '../../../shared/metrics.ts';

const steps = new WeakMap<Response, SignInStep>();

/** Notes that this response brings a sign-in a step on. */
export function isStep(step: SignInStep, response: Response): Response {
  steps.set(response, step);
  return response;
}

export const signInStepOf = (response: Response): SignInStep | undefined => steps.get(response);
