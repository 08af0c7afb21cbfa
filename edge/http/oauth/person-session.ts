// Who signed in at the console at the operator's identity provider. It is a grant like those of apps, so it is listed, and ends with a
// block, a revocation or its time; what the browser keeps is its token, which opens nothing else.
import { nanoid } from 'nanoid';
import { BLOCKED, refusal, signInUnreachable } from './browser-answers.ts';
import { CONSOLE_COOKIE, consoleCookie } from './console-cookie.ts';
import { askAccess, type SignInRequest } from './context.ts';
import { isStep } from './sign-in-step.ts';
import { cookieValue } from '../cookies.ts';
import { signedInResponse } from '../pages/signed-in.ts';
import { isListed } from '../../access/allow-list.ts';
import { sha256 } from '../../access/digest.ts';
import { isMinted, mintSecret } from '../../access/minted.ts';
import { CONSOLE_PLACE, type Person } from '../../core/person-ports.ts';

/** As long as a day's work. */
export const CONSOLE_S = 8 * 3_600;

const APP = 'Console';

/** A person at the console. */
export interface PersonSession {
  readonly person: Person;
  /** ms since the epoch. */
  readonly until: number;
  /** Digest of the token that the browser keeps. */
  readonly token: string;
  readonly grant: string;
}

/** Lets a person in who has just proved who they are. */
export async function letIntoConsole(context: SignInRequest, person: Person): Promise<Response> {
  const { ports, signIn, from } = context;
  const [token, code, now] = [mintSecret('access'), await sha256(mintSecret('code')), Date.now()];
  const client = `${signIn.issuer}${CONSOLE_PLACE}`;
  const bound = { code, challenge: nanoid(), redirect: client };
  const approved = await askAccess(ports, 'approve', {
    ...bound,
    page: nanoid(),
    pageUntil: now + CONSOLE_S * 1000,
    grant: `g-${nanoid()}`,
    person,
    app: { id: client, name: APP },
    server: CONSOLE_PLACE,
    scopes: ['console'],
    lastsMs: CONSOLE_S * 1000,
  });
  if (!approved) return signInUnreachable();
  if (approved.answer.kind === 'blocked') return refusal(403, BLOCKED, { fault: 'access_denied' });
  // Its code goes nowhere: what it is good for is had at once.
  const issued = await askAccess(ports, 'redeem', {
    ...bound,
    client,
    server: CONSOLE_PLACE,
    from,
    access: await sha256(token),
    refresh: await sha256(mintSecret('refresh')),
    accessMs: CONSOLE_S * 1000,
  });
  if (issued?.answer.kind !== 'issued') return signInUnreachable();
  const facts = { app: client, name: APP, server: CONSOLE_PLACE, principal: person.id };
  return isStep('allowed', signedInResponse(consoleCookie(token, CONSOLE_S)), facts);
}

/** The person whose browser sent a request; undefined if none is signed in, or may be here any more. */
export async function personSession({
  request,
  ports,
  signIn: { provider },
}: Pick<SignInRequest, 'request' | 'ports' | 'signIn'>): Promise<
  PersonSession | undefined | 'unreachable'
> {
  const shown = cookieValue(request, CONSOLE_COOKIE) ?? '';
  if (!provider || !isMinted('access', shown)) return undefined;
  const token = await sha256(shown);
  const asked = await askAccess(ports, 'validate', { token, server: CONSOLE_PLACE });
  if (!asked) return 'unreachable';
  const { admission } = asked.answer;
  if (!admission) return undefined;
  const { person, expiresAt: until, grant } = admission;
  // The settings are read anew with each start, and this grant was given under older ones.
  const isStill = person.issuer === provider.issuer && isListed(person, provider.allow);
  return isStill ? { person, until, token, grant } : undefined;
}

/** Whether it counts still. Where that cannot be told, it does not. */
export async function isStillThere(
  { ports }: Pick<SignInRequest, 'ports'>,
  { token }: Pick<PersonSession, 'token'>,
): Promise<boolean> {
  const asked = await askAccess(ports, 'validate', { token, server: CONSOLE_PLACE });
  return asked?.answer.admission !== undefined;
}

/** The person signs out: the token opens nothing any more, whoever has it. False if that cannot be done now. */
export async function endPersonSession(
  { ports }: Pick<SignInRequest, 'ports'>,
  { person, grant }: Pick<PersonSession, 'person' | 'grant'>,
): Promise<boolean> {
  return (await askAccess(ports, 'end', { person: person.id, grant })) !== undefined;
}
