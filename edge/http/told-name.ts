// What logs and the console call a session: a digest of its name. Making one costs more than all else there, so those of busy
// sessions are remembered.
import { sha256 } from '../access/digest.ts';
import { toldSession } from '../core/log.ts';

const digests = new Map<string, string>();
const DIGESTS_KEPT = 1_000;

/** The first characters of a digest of a session's name. */
export async function toldName(name: string): Promise<string> {
  const known = digests.get(name);
  if (known !== undefined) return known;
  const told = toldSession(await sha256(name));
  if (digests.size >= DIGESTS_KEPT) digests.clear();
  digests.set(name, told);
  return told;
}
