// Tickets that are being signed: signing takes the host a while, and what is done with the ticket waits here. Until then the fleet is
// awake: what waits is nowhere else.
import type { TicketScope } from './ports.ts';
import type { Dues } from '../../shared/dues.ts';

type OnSigned = (ticket: string | undefined) => void;

interface Unsigned {
  readonly scope: TicketScope;
  readonly done: OnSigned;
  /** When the host is asked again. */
  readonly againAt: number;
}

/** Much longer than signing takes. */
const AGAIN_MS = 5_000;

export class Tickets {
  readonly #ask: (ask: string, scope: TicketScope) => void;
  /** By the `ask` of the effect. */
  readonly #unsigned = new Map<string, Unsigned>();

  /** `ask`: has the host sign one. */
  constructor(ask: (ask: string, scope: TicketScope) => void) {
    this.#ask = ask;
  }

  /** `done` gets undefined if the ticket could not be signed. */
  sign(ask: string, { session, runner, boot }: TicketScope, now: number, done: OnSigned): void {
    const scope = { session, runner, boot };
    this.#unsigned.set(ask, { scope, done, againAt: now + AGAIN_MS });
    this.#ask(ask, scope);
  }

  signed(ask: string, ticket: string | undefined): void {
    const unsigned = this.#unsigned.get(ask);
    this.#unsigned.delete(ask);
    unsigned?.done(ticket);
  }

  readonly dues: Dues = (due) => {
    for (const [ask, { scope, done, againAt }] of this.#unsigned)
      due(againAt, (now) => this.sign(ask, scope, now, done), AGAIN_MS);
  };
}
