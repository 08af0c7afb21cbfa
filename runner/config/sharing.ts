// Reads `sharing` of a server: who shares its processes. Combinations that could show one person what is another's are refused.
import type { SharingConfig } from './runner-config.ts';
import * as defaults from './defaults.ts';
import type { Findings } from './findings.ts';
import { MAX_COUNT, type ServerBlock } from './schema.ts';

/** Processes beside those that sessions fill: of other revisions, or of the other era. */
const SPARE_PROCESSES = 8;

/** Undefined: each session has a process of its own. It is good only if `findings` got no problem. */
export function readSharing(
  { sharing = 'session', sessionsPerProcess, maxSessions, perUser, stderr }: Partial<ServerBlock>,
  findings: Findings,
): SharingConfig | undefined {
  if (sharing === 'session') {
    if (sessionsPerProcess !== undefined) {
      const what = 'counts only for processes that are shared';
      const fix = 'Set "sharing" to "principal" or "server", or remove this.';
      findings.problem(['bridge', 'sessionsPerProcess'], what, fix);
    }
    return undefined;
  }
  if (sharing === 'server' && perUser) {
    const what = 'gives one process to all people, and "perUser" makes one for each';
    findings.problem(['bridge', 'sharing'], what, 'Set "sharing" to "principal" or "session".');
  }
  if (sharing === 'server' && stderr === 'client') {
    const what = 'shows what a process prints to clients, but nobody can tell for which it is';
    findings.problem(
      ['bridge', 'stderr'],
      what,
      'Set "stderr" to "log", or "sharing" to "principal".',
    );
  }
  const perProcess = sessionsPerProcess ?? defaults.SESSIONS_PER_PROCESS;
  const filled = Math.ceil((maxSessions ?? MAX_COUNT) / perProcess);
  return { by: sharing, sessionsPerProcess: perProcess, mostProcesses: filled + SPARE_PROCESSES };
}
