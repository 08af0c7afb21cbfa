// GET and POST /authorize: shows a person what an app asks for, and sends the browser back with a code or an error. Nothing is
// stored until somebody allows it: the request travels sealed in the form. No browser is redirected before the app and its URI are proved.
import { nanoid } from 'nanoid';
import { findApp } from './apps.ts';
import { AGAIN, approve, redirectBack, refusal } from './browser-answers.ts';
import { browserCookie, browserOf } from './browser-cookie.ts';
import { PAGE_S, readConsentRequest, type ConsentRequest } from './consent-request.ts';
import { askAccess, type SignInRequest } from './context.ts';
import { readForm, readParameters, type Parameters } from './parameters.ts';
import { depart } from './provider-login.ts';
import { isStep } from './sign-in-step.ts';
import { readWish } from './wish.ts';
import { because } from '../refusal-reason.ts';
import { urlOf } from '../request-url.ts';
import { consentPage } from '../pages/consent.ts';
import { formResponse } from '../pages/html.ts';
import { isDocumentId } from '../../access/client-metadata.ts';
import { sha256 } from '../../access/digest.ts';
import { isLoopback, isOwnRedirect, redirectHost } from '../../access/redirect-uri.ts';
import { scopeInWords } from '../../access/scopes.ts';
import { seal, unseal } from '../../access/seal.ts';
import { offeredServers } from '../../core/offered-servers.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** Characters of a query: far more than any client sends, and what comes back sealed still fits a form. */
const QUERY_CHARACTERS = 6 * 1024;

/** How long the owner's grant may last. */
const OWNER_MS = 365 * 24 * 3_600_000;

/** Whoever has the owner's key. */
const OWNER = { person: { id: 'owner' }, lastsMs: OWNER_MS };

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
  if (!found.ok) return refusal(found.status, found.why, retryAfter(found.retryAfterS));
  const { app } = found;
  if (!isOwnRedirect(app.redirects, redirect))
    return refusal(400, 'The app wants the answer at an address that it has not named as its own.');
  const state = parameters.get('state');
  const back = { redirect, state };
  const wish = await readWish(
    parameters,
    signIn.issuer,
    () => loneServer(context),
    context.policies,
  );
  if ('error' in wish) return redirectBack(context, back, wish);
  const cookie = await browserCookie(request, 'consent', PAGE_S);
  const sealed: ConsentRequest = {
    page: nanoid(),
    until: Date.now() + PAGE_S * 1000,
    browser: cookie.digest,
    client: app.id,
    app: app.name,
    redirect,
    ...(state !== undefined && { state }),
    server: wish.server,
    scopes: [...wish.scopes],
    others: [...wish.others],
    challenge: wish.challenge,
  };
  const page = await consent(context, sealed, { headers: { 'Set-Cookie': cookie.setCookie } });
  return isStep('asked', page, { app: app.id, name: app.name, server: wish.server });
}

/** POST /authorize */
export async function takeConsent(context: SignInRequest): Promise<Response> {
  const { request, signIn, secret, ports, from } = context;
  const origin = request.headers.get('origin');
  if (origin !== null && origin !== signIn.issuer)
    return refusal(403, 'This form was sent by a page of another site.');
  const form = await readForm(request);
  if (typeof form === 'string') return refusal(400, form);
  const sealed = readConsentRequest(await unseal(secret, 'consent', form.get('request') ?? ''));
  if (!sealed || Date.now() >= sealed.until) return refusal(400, `This page is too old. ${AGAIN}`);
  if ((await browserOf(request, 'consent')) !== sealed.browser)
    return refusal(400, `This page was not made for this browser. ${AGAIN}`);
  const decision = form.get('decision');
  const chosen = chosenOf(sealed, form);
  const isAllowed = decision === 'allow' || (decision === 'provider' && signIn.provider);
  if (!isAllowed || chosen.scopes.length === 0)
    return redirectBack(context, sealed, {
      error: 'access_denied',
      description: 'The person did not allow it.',
    });
  if (decision === 'provider' && signIn.provider) return depart(context, signIn.provider, chosen);
  const isRight = signIn.ownerKeys.has(await sha256((form.get('key') ?? '').trim()));
  if (!isRight) {
    const asked = await askAccess(ports, 'ownerKey', { isRight, from });
    const retryAfterS = asked?.answer.kind === 'limited' ? asked.answer.retryAfterS : undefined;
    if (retryAfterS === undefined) return consent(context, sealed, { status: 403, isWrong: true });
    return refusal(429, `Too many keys were wrong. Try again in ${retryAfterS} seconds.`, {
      retryAfterS,
    });
  }
  return approve(context, chosen, OWNER);
}

/** The request with the scopes that the person ticked, of those that the page showed. With one scope there is nothing to choose. */
function chosenOf(sealed: ConsentRequest, form: Parameters): ConsentRequest {
  const shown = [...sealed.scopes, ...sealed.others];
  if (shown.length === 1) return sealed;
  const scopes = shown.filter((scope) => form.get(`scope ${scope}`) === 'on');
  return { ...sealed, scopes, others: [] };
}

async function consent(
  { secret, signIn: { ownerKeys, provider }, policies }: SignInRequest,
  sealed: ConsentRequest,
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
  const { client, app, redirect, server, scopes, others } = sealed;
  const policy = await policies.of(server);
  const page = consentPage({
    app,
    publisher: isDocumentId(client) ? new URL(client).host : undefined,
    answeredAt: redirectHost(redirect),
    isLocal: isLoopback(redirect),
    server,
    scopes: [...scopes, ...others].map((scope) => ({
      name: scope,
      words: policy?.wordsOf(scope) ?? scopeInWords(scope, server),
      isAsked: scopes.includes(scope),
    })),
    sealed: await seal(secret, 'consent', JSON.stringify(sealed)),
    provider: provider && new URL(provider.issuer).host,
    takesKey: ownerKeys.size > 0,
    isWrong,
  });
  const response = formResponse(page, status, headers);
  return isWrong ? because({ fault: 'access_denied' }, response) : response;
}

const retryAfter = (retryAfterS: number | undefined) =>
  retryAfterS === undefined ? {} : { retryAfterS };

async function loneServer({ ports }: SignInRequest): Promise<ServerName | undefined> {
  const { runners } = await ports.fleet.view();
  const [first, ...others] = offeredServers(runners);
  return others.length === 0 ? first : undefined;
}
