// Chooses the runner for a new session (D1): among the linked runners that offer the server, the one with the most room.
// Pure: the fleet keeps the records.
import type { RunnerRecord } from './ports.ts';
import type { Fault } from '../../shared/fault.ts';
import type { ServerName } from '../../shared/ids.ts';

export interface Candidate extends RunnerRecord {
  readonly sessions: number;
}

/** Sessions one principal may hold: one client's loop must not fill every runner. */
export const SESSIONS_PER_PRINCIPAL = 100;

export type Placement =
  | { readonly ok: true; readonly runner: Candidate }
  | { readonly ok: false; readonly fault: Fault };

/** Chooses among the linked runners. A tie goes to the first name in order, so that the same fleet always gives the same choice. */
export function place(server: ServerName, linked: readonly Candidate[]): Placement {
  const offering = linked.filter((runner) => runner.servers.includes(server));
  if (offering.length === 0) return refuse('runner_offline');
  const open = offering.filter((runner) => !runner.isDraining && runner.sessions < runner.capacity);
  const [best] = open.toSorted((a, b) => fill(a) - fill(b) || (a.runner < b.runner ? -1 : 1));
  if (best) return { ok: true, runner: best };
  return refuse('overloaded', 'Every runner of this server is full or draining. Try again soon.');
}

const fill = ({ sessions, capacity }: Candidate): number => sessions / Math.max(1, capacity);

const refuse = (fault: Fault['fault'], message?: string): Placement => ({
  ok: false,
  fault: { fault, message },
});

/** The servers a runner may serve: those it offers and its credential is granted; of all (`*`), those that are not bound to others. */
export function grantedServers(
  offered: readonly string[],
  granted: readonly string[] | '*',
  withheld: readonly string[],
): string[] {
  return offered.filter((server) =>
    granted === '*' ? !withheld.includes(server) : granted.includes(server),
  );
}

/** Whether a runner could serve this server if it first closed another session. */
export const mayMakeRoom = (
  { servers, isDraining, capacity }: Candidate,
  server: ServerName,
): boolean => servers.includes(server) && !isDraining && capacity > 0;
