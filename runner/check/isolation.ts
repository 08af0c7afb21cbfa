// What keeps processes apart from the runner and its token (F-75, F-78), and what does not.
import { stat } from 'node:fs/promises';
import type { RunnerConfig, ServerConfig } from '../config.ts';
import type { Containment } from '../process/containment.ts';
import type { Outcome } from './outcome.ts';

/** Reads every file, whoever owns it. */
const ROOT_UID = 0;

/** The mode of containment, and whether a process could read the token file. */
export async function checkIsolation(
  { servers, tokenFile }: RunnerConfig,
  containment: Containment,
): Promise<Outcome[]> {
  const { mode, why } = containment;
  const words = why === undefined ? mode : `${mode}, since ${why}`;
  const outcomes: Outcome[] = [{ verdict: 'ok', subject: 'containment', words }];
  const owner = tokenFile === undefined ? undefined : await ownerOf(tokenFile);
  if (owner === undefined) return outcomes;
  const readers = [...servers.values()].filter((server) => {
    const uid = uidOf(server);
    return uid === owner || uid === ROOT_UID;
  });
  if (readers.length > 0) outcomes.push(readableToken(readers));
  return outcomes;
}

function readableToken(readers: readonly ServerConfig[]): Outcome {
  const names = readers.map(({ name }) => name).join(', ');
  return {
    verdict: 'warn',
    subject: 'token file',
    words: `processes of ${names} run as a user who can read it, and so could pose as this runner`,
    fix: 'Run mcp-bridge as root, with "user" in "bridge" naming another user, who owns no file of the runner.',
  };
}

/** Undefined where there are no uids. */
const uidOf = ({ user }: ServerConfig): number | undefined => user?.uid ?? process.geteuid?.();

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch {
    // Missing or closed, of which the check of the token file itself speaks.
    return undefined;
  }
}
