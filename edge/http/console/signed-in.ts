// Who is signed in at the console: the owner, by a sealed cookie, or a person, by a grant of their own.
import * as v from 'valibot';
import type { Viewer } from './facts.ts';
import { cookieValue } from '../cookies.ts';
import { CONSOLE_COOKIE, consoleCookie } from '../oauth/console-cookie.ts';
import type { SignInRequest } from '../oauth/context.ts';
import { CONSOLE_S, personSession, type PersonSession } from '../oauth/person-session.ts';
import { seal, unseal } from '../../access/seal.ts';

const KEPT = v.object({
  name: v.string(),
  until: v.number(),
  /** Digest of the owner's key with which somebody signed in; a key that was replaced opens nothing any more. */
  key: v.string(),
});

/** Who signed in, and until when that counts, in ms since the epoch. */
export interface SignedIn extends Viewer {
  readonly until: number;
  /** Of a person who is not the owner. */
  readonly session?: PersonSession;
}

/** `unreachable`: it cannot be told now. */
export async function signedIn(
  context: Pick<SignInRequest, 'request' | 'ports' | 'signIn' | 'secret'>,
): Promise<SignedIn | undefined | 'unreachable'> {
  const session = await personSession(context);
  if (session === 'unreachable') return session;
  return session ? asPerson(session) : owner(context);
}

function asPerson(session: PersonSession): SignedIn {
  const { id: name, email, name: called } = session.person;
  return { name, label: email ?? called ?? name, isOwner: false, until: session.until, session };
}

async function owner({
  request,
  secret,
  signIn: { ownerKeys },
}: Pick<SignInRequest, 'request' | 'signIn' | 'secret'>): Promise<SignedIn | undefined> {
  const text = await unseal(secret, 'console', cookieValue(request, CONSOLE_COOKIE) ?? '');
  const parsed = text === undefined ? undefined : v.safeParse(KEPT, JSON.parse(text));
  if (parsed?.success !== true) return undefined;
  const { name, until, key } = parsed.output;
  if (Date.now() >= until || !ownerKeys.has(key)) return undefined;
  return { name, label: name, until, isOwner: true };
}

/** A program that shows the owner's key with each request. */
export const programWithKey = (): SignedIn => ({
  name: 'owner',
  label: 'owner',
  isOwner: true,
  until: Date.now() + CONSOLE_S * 1000,
});

/** The value of Set-Cookie for the owner, who showed the key with this digest. */
export async function ownerCookie(secret: string, key: string): Promise<string> {
  const kept = { name: 'owner', until: Date.now() + CONSOLE_S * 1000, key };
  return consoleCookie(await seal(secret, 'console', JSON.stringify(kept)), CONSOLE_S);
}

export const noCookie = (): string => consoleCookie('', 0);
