// The reason of a refusal, and the client that got it. Each is noted where it is known; one log line has both.
import type { RefusalLine, ToldCall } from '../core/log.ts';

export type RefusalReason = Pick<RefusalLine, 'fault' | 'clientKind'>;
export type Refused = Pick<RefusalLine, 'principal' | 'server' | 'clientKind' | 'by'> &
  Partial<ToldCall>;

const reasons = new WeakMap<Response, RefusalReason & Refused>();

/** Notes why a response refuses. */
export function because(reason: RefusalReason, response: Response): Response {
  reasons.set(response, reason);
  return response;
}

/** Notes who gets a response, in case it is a refusal. */
export function towards(refused: Refused, response: Response): Response {
  const reason = reasons.get(response);
  if (reason) reasons.set(response, { ...refused, ...reason });
  return response;
}

/** The line about a response; undefined for one that does not refuse. */
export function refusalLine(response: Response): RefusalLine | undefined {
  const reason = reasons.get(response);
  const { status } = response;
  return reason && { level: levelOf(status), message: 'request refused', status, ...reason };
}

/** A failure of the edge is logged at a higher level than a bad request. */
const levelOf = (status: number): RefusalLine['level'] => (status >= 500 ? 'warn' : 'info');
