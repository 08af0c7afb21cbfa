// Whether a file keeps a secret: it belongs to the runner's user or to root, and nobody else can read it.
import type { Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Problem } from '../shared/problem.ts';
import { hasFileOwners } from './file-owners.ts';

/**
 * Why an open file keeps no secret (F-69): what others saw is theirs. `what` completes the path; `renew`: what to do about a secret that others
 * may have read.
 */
export function whyNotPrivate(path: string, stat: Stats, renew: string): Problem | undefined {
  // Its owner can change it, and can let others read it.
  const own = process.geteuid?.();
  if (own !== undefined && stat.uid !== 0 && stat.uid !== own) {
    return {
      what: `belongs to another user (uid ${stat.uid})`,
      fix: `Make root or the user that runs mcp-bridge its owner: chown ${own} ${shellQuoted(path)}`,
    };
  }
  if (hasFileOwners() && (stat.mode & openBits(path, stat.uid)) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
    return {
      what: `is open to other users (mode ${mode})`,
      fix: `Run: chmod 600 ${shellQuoted(path)} and, if others use this machine, ${renew}.`,
    };
  }
  return undefined;
}

/**
 * The mode bits by which others could read the file. For a service with User=, systemd (LoadCredential=)
 * grants that user by an ACL, whose mask shows as the group's bit; the group itself gets nothing.
 */
function openBits(path: string, ownerUid: number): number {
  const folder = process.env['CREDENTIALS_DIRECTORY'];
  const isOfSystemd = folder !== undefined && folder !== '' && dirname(path) === resolve(folder);
  return isOfSystemd && ownerUid === 0 ? 0o037 : 0o077;
}

/** A path as one word of a POSIX shell. */
export const shellQuoted = (path: string): string =>
  /^[\w./@%+=:,-]+$/u.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
