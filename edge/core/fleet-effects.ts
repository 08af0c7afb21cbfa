// What the fleet's rules want of their host, and what they are told of the settings.
import type { ControlNote } from './control-links.ts';
import type { LetIn } from './let-in.ts';
import type { DisplacementLine, RunnerPresenceLine, SessionEnd } from './log.ts';
import type { Opened, PlacedSession, SessionRow, SocketEffect, TicketScope } from './ports.ts';
import type { OperatorPolicy } from './policy.ts';
import type { Fault } from '../../shared/fault.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';
import type { PrincipalName, SessionName } from '../../shared/ids.ts';

/** The settings that decide who may open sessions. */
export interface FleetTerms {
  /** Sessions and tickets can be signed. */
  readonly isConfigured: boolean;
  /** Clients have keys, so each has its own name. Without keys all share one name, and no quota applies. */
  readonly hasQuotas: boolean;
  /** The policy of the settings, beside the one that the operator sets; `broken`: nobody knows what it was to say. */
  readonly policy?: OperatorPolicy | 'broken' | undefined;
  /** Absent: nobody knows whom the settings were to let in. */
  readonly letIn?: LetIn | undefined;
  /** How many sessions a principal may have, if not as many as all. */
  readonly sessionsOf?: (principal: PrincipalName) => number | undefined;
}

export type FleetEffect =
  | SocketEffect<ControlNote>
  /** Sign a ticket and hand it in with `Fleet.signed`. */
  | { readonly do: 'sign'; readonly ask: string; readonly scope: TicketScope }
  /** The answer to `Fleet.open`. */
  | { readonly do: 'opened'; readonly ask: string; readonly opened: Opened<PlacedSession> }
  /** Tell the session's actor that the runner will not serve it: `Fleet.heard`. */
  | { readonly do: 'giveUp'; readonly session: SessionName; readonly fault: Fault }
  /** Tell the actor of a spare that its runner is gone. Nothing depends on it. */
  | { readonly do: 'release'; readonly session: SessionName }
  /** Ask the session's actor to check whether it still has a session. */
  | { readonly do: 'review'; readonly session: SessionName }
  /** Call `Fleet.keepFigures`. A failure of it ends nothing: figures are no reason to break anybody off. */
  | { readonly do: 'keepFigures' }
  /** Log that a session was placed. */
  | { readonly do: 'began'; readonly row: SessionRow; readonly clientKind: ClientKind }
  /** Log that a session is over. */
  | ({ readonly do: 'ended' } & SessionEnd)
  | { readonly do: 'log'; readonly line: DisplacementLine | RunnerPresenceLine };
