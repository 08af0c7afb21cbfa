// The ticket with which a runner dials a session (PROTOCOL.md LP7).
import { isSame, mac } from './signature.ts';
import type { TicketScope } from '../core/ports.ts';

export const signTicket = (
  secret: string,
  { session, runner, boot }: TicketScope,
): Promise<string> => mac(secret, 'ticket', [session, runner, boot]);

/** True if this secret signed the ticket for exactly this session, runner and boot. */
export async function verifyTicket(
  secret: string,
  ticket: string,
  scope: TicketScope,
): Promise<boolean> {
  return isSame(ticket, await signTicket(secret, scope));
}
