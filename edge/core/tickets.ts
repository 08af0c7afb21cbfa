// Tickets that are being signed: signing takes the host a while, and what is done with the ticket waits here.
import type { TicketScope } from './ports.ts';

type Then = (ticket: string | undefined) => void;

export class Tickets {
  readonly #ask: (ask: string, scope: TicketScope) => void;
  /** By the `ask` of the effect. */
  readonly #unsigned = new Map<string, Then>();

  /** `ask`: has the host sign one. */
  constructor(ask: (ask: string, scope: TicketScope) => void) {
    this.#ask = ask;
  }

  /** `then` gets undefined if the ticket could not be signed. */
  sign(ask: string, { session, runner, boot }: TicketScope, then: Then): void {
    this.#unsigned.set(ask, then);
    this.#ask(ask, { session, runner, boot });
  }

  signed(ask: string, ticket: string | undefined): void {
    const unsigned = this.#unsigned.get(ask);
    this.#unsigned.delete(ask);
    unsigned?.(ticket);
  }
}
