// Says what keeps processes away from the runner and its token (F-75, F-78), and what does not.
import { stat } from 'node:fs/promises';
import { processServers, type ProcessServer, type RunnerConfig } from '../config/runner-config.ts';
import { hasFileOwners } from '../file-owners.ts';
import type { Containment } from '../process/containment.ts';
import { KEEPS_FROM_NEW_PRIVILEGES } from '../process/start-child.ts';
import type { Outcome } from './outcome.ts';

/** This user can read every file, regardless of its owner. */
const ROOT_UID = 0;

/** The mode of containment, and whether a process could read the token file. */
export async function checkIsolation(
  { servers, tokenFile }: RunnerConfig,
  containment: Containment,
): Promise<Outcome[]> {
  const { mode, why, system } = containment;
  const what =
    why === undefined ? mode : `${mode}, since ${why}; ${system.escapes} can outlive its session`;
  const outcomes: Outcome[] = [{ verdict: 'ok', subject: 'containment', what }];
  const all = processServers(servers.values());
  const own = all.filter((server) => uidOf(server) === process.geteuid?.());
  if (mode === 'cgroup' && own.length > 0) outcomes.push(leavableCgroup(own));
  const others = all.filter((server) => !own.includes(server));
  if (others.length > 0 && !KEEPS_FROM_NEW_PRIVILEGES) outcomes.push(newPrivileges(others));
  if (tokenFile !== undefined && !hasFileOwners()) return [...outcomes, unknownReaders()];
  const owner = tokenFile === undefined ? undefined : await ownerOf(tokenFile);
  if (owner === undefined) return outcomes;
  const readers = all.filter((server) => {
    const uid = uidOf(server);
    return uid === owner || uid === ROOT_UID;
  });
  if (readers.length > 0) outcomes.push(readableToken(readers));
  return outcomes;
}

/** A process that may write to the runner's own cgroup can move itself there. */
function leavableCgroup(servers: readonly ProcessServer[]): Outcome {
  return {
    verdict: 'warn',
    subject: 'containment',
    what: `processes of ${names(servers)} run as the runner's own user, so they can leave their cgroup and its limits, and outlive their session`,
    fix: 'Run mcp-bridge as root, with "user" in "bridge" naming another user.',
  };
}

function newPrivileges(servers: readonly ProcessServer[]): Outcome {
  return {
    verdict: 'warn',
    subject: 'privileges',
    what: `processes of ${names(servers)} can gain rights through setuid programs, because setpriv is not installed`,
    fix: 'On Linux install setpriv (util-linux), or set NoNewPrivileges=yes in the unit of the runner.',
  };
}

/** Without owners and modes. */
const unknownReaders = (): Outcome => ({
  verdict: 'warn',
  subject: 'token file',
  what: 'who can read it is not checked on this system; processes can, since they run as the same user',
  fix: 'Keep it in a folder that only the user of mcp-bridge can open.',
});

const names = (servers: readonly ProcessServer[]): string =>
  servers.map(({ name }) => name).join(', ');

function readableToken(readers: readonly ProcessServer[]): Outcome {
  return {
    verdict: 'warn',
    subject: 'token file',
    what: `processes of ${names(readers)} run as a user who can read it, so they could pose as this runner`,
    fix: 'Run mcp-bridge as root, with "user" in "bridge" naming another user, who owns no file of the runner.',
  };
}

/** Undefined on systems without uids. */
const uidOf = ({ source }: ProcessServer): number | undefined =>
  source.user?.uid ?? process.geteuid?.();

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch {
    // Missing or closed; the check of the token file itself reports that.
    return undefined;
  }
}
