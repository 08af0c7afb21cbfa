// Who is signed in at the console: a cookie that only this edge can read, and that no other site's page sends along (SameSite=Strict).
import * as v from 'valibot';
import type { Viewer } from './facts.ts';
import { cookieValue } from '../cookies.ts';
import { seal, unseal } from '../../access/seal.ts';
import type { SignIn } from '../../sign-in-settings.ts';

/** With the prefix no other host and no plain HTTP can set it (RFC 6265bis §4.1.3). */
const NAME = '__Host-bridge-console';

const LASTS_S = 8 * 3_600;

const KEPT = v.object({
  name: v.string(),
  until: v.number(),
  /** Digest of the owner's key with which somebody signed in; a key that was replaced opens nothing any more. */
  key: v.string(),
});

/** Who signed in, and until when that counts, in ms since the epoch. */
export interface SignedIn extends Viewer {
  readonly until: number;
}

export async function signedIn(
  request: Request,
  secret: string,
  { ownerKeys }: Pick<SignIn, 'ownerKeys'>,
): Promise<SignedIn | undefined> {
  const text = await unseal(secret, 'console', cookieValue(request, NAME) ?? '');
  const parsed = text === undefined ? undefined : v.safeParse(KEPT, JSON.parse(text));
  if (parsed?.success !== true) return undefined;
  const { name, until, key } = parsed.output;
  if (Date.now() >= until || !ownerKeys.has(key)) return undefined;
  return { name, until, isOwner: true };
}

/** A program that shows the owner's key with each request. */
export const programWithKey = (): SignedIn => ({
  name: 'owner',
  isOwner: true,
  until: Date.now() + LASTS_S * 1000,
});

/** The value of Set-Cookie for the owner, who showed the key with this digest. */
export async function ownerCookie(secret: string, key: string): Promise<string> {
  const kept = { name: 'owner', until: Date.now() + LASTS_S * 1000, key };
  return cookie(await seal(secret, 'console', JSON.stringify(kept)), LASTS_S);
}

export const noCookie = (): string => cookie('', 0);

const cookie = (value: string, lastsS: number): string =>
  `${NAME}=${value}; Path=/; Max-Age=${lastsS}; Secure; HttpOnly; SameSite=Strict`;
