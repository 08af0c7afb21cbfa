// GET and POST /authorize: shows a person what an app asks for, and sends the browser back with a code or an error. Nothing is
// stored until somebody allows it: the request travels sealed in the form. No browser is redirected before the app and its URI are proved.
import * as v from 'valibot';
import { nanoid } from 'nanoid';
import { findApp, APP_UNREACHABLE } from './apps.ts';
import { consentCookie, isSameBrowser } from './consent-cookie.ts';
import { askAccess, type SignInRequest } from './context.ts';
import { readForm, readParameters } from './parameters.ts';
import { readWish, type WishError } from './wish.ts';
import { because } from '../refusal-reason.ts';
import { urlOf } from '../request-url.ts';
import { consentPage, refusalPage } from '../pages/consent.ts';
import { formResponse } from '../pages/html.ts';
import { isDocumentId } from '../../access/client-metadata.ts';
import { sha256 } from '../../access/digest.ts';
import { mintSecret } from '../../access/minted.ts';
import {
  isLoopback,
  isOwnRedirect,
  redirectHost,
  withParameters,
} from '../../access/redirect-uri.ts';
import { scopeInWords } from '../../access/scopes.ts';
import { seal, unseal } from '../../access/seal.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** How long a page counts. */
const PAGE_S = 600;

/** Characters of a query: far more than any client sends, and what comes back sealed still fits a form. */
const QUERY_CHARACTERS = 6 * 1024;

/** How long the owner's grant may last. */
const OWNER_MS = 365 * 24 * 3_600_000;

/** Whoever has the owner's key. */
const OWNER = { id: 'owner' } as const;

/** What a page carries, sealed. */
const SEALED = v.object({
  page: v.string(),
  until: v.number(),
  browser: v.string(),
  client: v.string(),
  app: v.string(),
  redirect: v.string(),
  state: v.optional(v.string()),
  server: v.string(),
  scopes: v.array(v.string()),
  challenge: v.string(),
});

type Sealed = v.InferOutput<typeof SEALED>;

/** GET /authorize */
export async function showConsent(context: SignInRequest): Promise<Response> {
  const { request, signIn } = context;
  const { search } = urlOf(request);
  if (search.length > QUERY_CHARACTERS) return refusal(400, 'The request of the app is too long.');
  const parameters = readParameters(search);
  const [clientId, redirect] = [parameters.get('client_id'), parameters.get('redirect_uri')];
  if (clientId === undefined || redirect === undefined)
    return refusal(
      400,
      'The request of the app lacks its client_id or its redirect_uri, or has one twice.',
    );
  const found = await findApp(context, clientId);
  if (!found.ok) return refusal(found.status, found.why, found.retryAfterS);
  const { app } = found;
  if (!isOwnRedirect(app.redirects, redirect))
    return refusal(400, 'The app wants the answer at an address that it has not named as its own.');
  const state = parameters.get('state');
  const back = { redirect, state };
  const wish = await readWish(parameters, signIn.issuer, () => loneServer(context));
  if ('error' in wish) return redirectBack(context, back, wish);
  const cookie = await consentCookie(request, PAGE_S);
  const sealed: Sealed = {
    page: nanoid(),
    until: Date.now() + PAGE_S * 1000,
    browser: cookie.digest,
    client: app.id,
    app: app.name,
    redirect,
    ...(state !== undefined && { state }),
    server: wish.server,
    scopes: [...wish.scopes],
    challenge: wish.challenge,
  };
  return consent(context, sealed, { headers: { 'Set-Cookie': cookie.setCookie } });
}

/** POST /authorize */
export async function takeConsent(context: SignInRequest): Promise<Response> {
  const { request, signIn, secret, ports, from } = context;
  const origin = request.headers.get('origin');
  if (origin !== null && origin !== signIn.issuer)
    return refusal(403, 'This form was sent by a page of another site.');
  const form = await readForm(request);
  if (typeof form === 'string') return refusal(400, form);
  const sealed = readSealed(await unseal(secret, 'consent', form.get('request') ?? ''));
  if (!sealed || Date.now() >= sealed.until) return refusal(400, TOO_OLD);
  if (!(await isSameBrowser(request, sealed.browser)))
    return refusal(400, `This page was not made for this browser. ${AGAIN}`);
  if (form.get('decision') !== 'allow')
    return redirectBack(context, sealed, {
      error: 'access_denied',
      description: 'The person did not allow it.',
    });
  const isRight = signIn.ownerKeys.has(await sha256((form.get('key') ?? '').trim()));
  if (!isRight) {
    const asked = await askAccess(ports, 'ownerKey', { isRight, from });
    const retryAfterS = asked?.answer.kind === 'limited' ? asked.answer.retryAfterS : undefined;
    if (retryAfterS === undefined) return consent(context, sealed, { status: 403, isWrong: true });
    return refusal(
      429,
      `Too many keys were wrong. Try again in ${retryAfterS} seconds.`,
      retryAfterS,
    );
  }
  const code = mintSecret('code');
  const approved = await askAccess(ports, 'approve', {
    page: sealed.page,
    pageUntil: sealed.until,
    grant: `g-${nanoid()}`,
    person: OWNER,
    app: { id: sealed.client, name: sealed.app },
    server: sealed.server,
    scopes: sealed.scopes,
    lastsMs: OWNER_MS,
    code: await sha256(code),
    challenge: sealed.challenge,
    redirect: sealed.redirect,
  });
  if (!approved)
    return refusal(APP_UNREACHABLE.status, APP_UNREACHABLE.why, APP_UNREACHABLE.retryAfterS);
  switch (approved.answer.kind) {
    case 'spent':
      return refusal(400, `This page was used before. ${AGAIN}`);
    case 'blocked':
      return refusal(403, BLOCKED);
    case 'approved':
      return sendBack(context, sealed, { code });
  }
}

const BLOCKED =
  'You are blocked here. If that is a mistake, ask the operator of this edge to unblock you.';
const AGAIN = 'Go back to the app and connect again.';
const TOO_OLD = `This page is too old. ${AGAIN}`;

function readSealed(text: string | undefined): Sealed | undefined {
  const read = text === undefined ? undefined : v.safeParse(SEALED, JSON.parse(text));
  return read?.success === true ? read.output : undefined;
}

async function consent(
  { secret }: SignInRequest,
  sealed: Sealed,
  {
    status = 200,
    isWrong = false,
    headers = {},
  }: {
    readonly status?: number;
    readonly isWrong?: boolean;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<Response> {
  const { client, app, redirect, server, scopes } = sealed;
  const page = consentPage({
    app,
    publisher: isDocumentId(client) ? new URL(client).host : undefined,
    answeredAt: redirectHost(redirect),
    isLocal: isLoopback(redirect),
    server,
    scopes: scopes.map((scope) => scopeInWords(scope, server)),
    sealed: await seal(secret, 'consent', JSON.stringify(sealed)),
    isWrong,
  });
  const response = formResponse(page, status, headers);
  return isWrong ? because({ fault: 'access_denied' }, response) : response;
}

const refusal = (status: number, why: string, retryAfterS?: number): Response =>
  because(
    { fault: status === 503 ? 'temporarily_unavailable' : 'invalid_request' },
    formResponse(
      refusalPage(why),
      status,
      retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) },
    ),
  );

type Back = Pick<Sealed, 'redirect' | 'state'>;

const redirectBack = (
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
  return new Response(null, {
    status: 303,
    headers: {
      Location: withParameters(redirect, parameters),
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

async function loneServer({ ports }: SignInRequest): Promise<ServerName | undefined> {
  const { runners } = await ports.fleet.view();
  const [first, ...others] = new Set(runners.flatMap(({ servers }) => servers));
  return others.length === 0 ? first : undefined;
}
