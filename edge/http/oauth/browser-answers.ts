// What a browser gets on its way through sign-in: a page that says why it cannot go on, or the way back to the app with a code or an error.
import { nanoid } from 'nanoid';
import { APP_UNREACHABLE } from './apps.ts';
import type { ConsentRequest } from './consent-request.ts';
import { askAccess, type SignInRequest } from './context.ts';
import { isStep } from './sign-in-step.ts';
import type { WishError } from './wish.ts';
import { because } from '../refusal-reason.ts';
import { refusalPage } from '../pages/consent.ts';
import { formResponse } from '../pages/html.ts';
import { sha256 } from '../../access/digest.ts';
import { mintSecret } from '../../access/minted.ts';
import { withParameters } from '../../access/redirect-uri.ts';
import type { SignInError } from '../../core/log.ts';
import type { Person } from '../../core/person-ports.ts';

export const AGAIN = 'Go back to the app and connect again.';

/** A page that says why it does not go on. */
export const refusal = (
  status: number,
  why: string,
  { retryAfterS, fault = faultOf(status) }: { retryAfterS?: number; fault?: SignInError } = {},
): Response =>
  because(
    { fault },
    formResponse(
      refusalPage(why),
      status,
      retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) },
    ),
  );

const faultOf = (status: number): SignInError =>
  status === 503 ? 'temporarily_unavailable' : status === 429 ? 'slow_down' : 'invalid_request';

/** The access actor is out of reach. */
export const signInUnreachable = (): Response =>
  refusal(APP_UNREACHABLE.status, APP_UNREACHABLE.why, {
    retryAfterS: APP_UNREACHABLE.retryAfterS,
  });

/** The headers of every redirect of a sign-in: what its URL holds goes to no other place. */
export const REDIRECT_HEADERS = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

type Back = Pick<ConsentRequest, 'redirect' | 'state'>;

export const redirectBack = (
  context: SignInRequest,
  back: Back,
  {
    error,
    description,
  }: Pick<WishError, 'description'> & { readonly error: WishError['error'] | 'access_denied' },
): Response => sendBack(context, back, { error, error_description: description });

/** 303: after any other status a browser could send the form on, key included. `iss` is in each answer (RFC 9207). */
function sendBack(
  { signIn }: SignInRequest,
  { redirect, state }: Back,
  answer: Readonly<Record<string, string>>,
): Response {
  const parameters = { ...answer, ...(state !== undefined && { state }), iss: signIn.issuer };
  const headers = { Location: withParameters(redirect, parameters), ...REDIRECT_HEADERS };
  return new Response(null, { status: 303, headers });
}

/** Makes a grant of what was allowed, and sends the browser back with its code. `lastsMs`: how long it may last at most. */
export async function approve(
  context: SignInRequest,
  consent: ConsentRequest,
  { person, lastsMs }: { readonly person: Person; readonly lastsMs: number },
): Promise<Response> {
  const code = mintSecret('code');
  const approved = await askAccess(context.ports, 'approve', {
    page: consent.page,
    pageUntil: consent.until,
    grant: `g-${nanoid()}`,
    person,
    app: { id: consent.client, name: consent.app },
    server: consent.server,
    scopes: consent.scopes,
    lastsMs,
    code: await sha256(code),
    challenge: consent.challenge,
    redirect: consent.redirect,
  });
  if (!approved) return signInUnreachable();
  switch (approved.answer.kind) {
    case 'spent':
      return refusal(400, `This page was used before. ${AGAIN}`);
    case 'blocked':
      return refusal(403, BLOCKED, { fault: 'access_denied' });
    case 'approved':
      return isStep('allowed', sendBack(context, consent, { code }), {
        app: consent.client,
        name: consent.app,
        server: consent.server,
        principal: person.id,
      });
  }
}

export const BLOCKED =
  'You are blocked here. If that is a mistake, ask the operator of this edge to unblock you.';
