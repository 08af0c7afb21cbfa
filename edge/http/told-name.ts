// What logs and the console call a session: a digest of its name. Making one costs more than all else there, so those of busy
// sessions are remembered.
import { sha256 } from '../access/digest.ts';
import { toldSession } from '../core/log.ts';

const digests = new Map<string, string>();
const DIGESTS_KEPT = 1_000;

/** The first characters of a digest of a session's name: at once where it is known, or where the host hashes at once. */
export function toldName(name: string): string | Promise<string> {
  const known = digests.get(name);
  if (known !== undefined) return known;
  const digest = sha256(name);
  return typeof digest === 'string' ? remembered(name, digest) : remembering(name, digest);
}

const remembering = async (name: string, digest: Promise<string>): Promise<string> =>
  remembered(name, await digest);

function remembered(name: string, digest: string): string {
  const told = toldSession(digest);
  if (digests.size >= DIGESTS_KEPT) digests.clear();
  digests.set(name, told);
  return told;
}
