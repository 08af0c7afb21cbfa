// Sign-in at the operator's identity provider (OpenID Connect Core §3.1): the browser leaves for it once a person has allowed something
// on our page, or wants into the console, and comes back to GET /callback with a code, for which the provider says who the person is.
import { nanoid } from 'nanoid';
import { approve, REDIRECT_HEADERS, refusal, signInUnreachable } from './browser-answers.ts';
import { browserCookie, browserOf } from './browser-cookie.ts';
import { readJourney, type ConsentRequest, type Journey } from './consent-request.ts';
import { askAccess, type SignInRequest } from './context.ts';
import type { MetadataMistake } from './issuers.ts';
import { readParameters, type Parameters } from './parameters.ts';
import { letIntoConsole } from './person-session.ts';
import { identify, type NotIdentified } from './provider-tokens.ts';
import { urlOf } from '../request-url.ts';
import { readableName } from '../../access/client-metadata.ts';
import { challengeOf, sha256 } from '../../access/digest.ts';
import { allowedTo, isListed, within } from '../../access/allow-list.ts';
import { withParameters } from '../../access/redirect-uri.ts';
import { seal, unseal } from '../../access/seal.ts';
import { JOURNEY_MS } from '../../core/journeys.ts';
import type { Person } from '../../core/person-ports.ts';
import type { IdentityProvider } from '../../identity-settings.ts';

/** 43 characters of 6 bits; a verifier has no fewer (RFC 7636 §4.1). */
const SECRET_CHARACTERS = 43;

/** After so long a person signs in anew, so that whoever left the company is found out. */
const PERSON_MS = 30 * 24 * 3_600_000;

/** Characters of a query: codes of some providers are long. */
const QUERY_CHARACTERS = 8 * 1024;

const AGAIN = 'Go back to where you began, and try again.';

/** Where the provider sends browsers back to. */
const callbackUrl = (issuer: string): string => `${issuer}/callback`;

/** Sends a browser to the provider: for what a person allows, or without it to the console. */
export async function depart(
  context: SignInRequest,
  provider: IdentityProvider,
  consent?: ConsentRequest,
): Promise<Response> {
  const { request, signIn, secret, ports, issuers, from } = context;
  const found = await issuers.metadata(ports, provider.issuer);
  if (!found.ok) return notUsable(provider, found.why);
  const { authorizationEndpoint } = found.metadata;
  if (authorizationEndpoint === undefined) return notUsable(provider, 'incomplete');
  const [state, nonce, verifier] = [secretText(), secretText(), secretText()];
  const cookie = await browserCookie(request, 'journey', JOURNEY_MS / 1000);
  const journey: Journey = {
    ...(consent && { consent }),
    issuer: provider.issuer,
    nonce,
    verifier,
  };
  const asked = await askAccess(ports, 'depart', {
    state: await sha256(state),
    browser: cookie.digest,
    sealed: await seal(secret, 'journey', JSON.stringify(journey)),
    from,
  });
  if (!asked) return signInUnreachable();
  if (asked.answer.kind === 'limited') return tooMany(asked.answer.retryAfterS);
  const parameters = {
    response_type: 'code',
    client_id: provider.client,
    redirect_uri: callbackUrl(signIn.issuer),
    scope: provider.scope,
    state,
    nonce,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: 'S256',
  };
  const headers = {
    Location: withParameters(authorizationEndpoint, parameters),
    'Set-Cookie': cookie.setCookie,
    ...REDIRECT_HEADERS,
  };
  return new Response(null, { status: 303, headers });
}

const secretText = (): string => nanoid(SECRET_CHARACTERS);

const tooMany = (retryAfterS: number): Response =>
  refusal(429, `Too many sign-ins were begun. Try again in ${retryAfterS} seconds.`, {
    retryAfterS,
  });

/** GET /callback */
export async function comeBack(context: SignInRequest): Promise<Response> {
  const { signIn, request } = context;
  const { search } = urlOf(request);
  if (search.length > QUERY_CHARACTERS) return refusal(400, NO_JOURNEY);
  const parameters = readParameters(search);
  const journey = await journeyOf(context, parameters.get('state'));
  if (journey instanceof Response) return journey;
  const { provider } = signIn;
  if (provider?.issuer !== journey.issuer)
    return refusal(400, `Sign-in has changed here meanwhile. ${AGAIN}`);
  return (
    (await mistakeIn(context, provider, parameters)) ??
    letIn(context, provider, journey, parameters)
  );
}

/** The journey that a browser comes back from; it counts once, and in this browser alone. */
async function journeyOf(
  { request, secret, ports, from }: SignInRequest,
  state: string | undefined,
): Promise<Journey | Response> {
  const browser = await browserOf(request, 'journey');
  if (state === undefined || browser === undefined) return refusal(400, NO_JOURNEY);
  const asked = await askAccess(ports, 'arrive', { state: await sha256(state), browser, from });
  if (!asked) return signInUnreachable();
  switch (asked.answer.kind) {
    case 'limited':
      return tooMany(asked.answer.retryAfterS);
    case 'unknown':
      return refusal(400, NO_JOURNEY);
    case 'arrived': {
      const journey = readJourney(await unseal(secret, 'journey', asked.answer.sealed));
      return journey ?? refusal(400, NO_JOURNEY);
    }
  }
}

const NO_JOURNEY = `This browser is not on its way back from a sign-in, or it took more than ten minutes, or it was here before. ${AGAIN}`;

/** Whether the answer is the provider's own, and a code (RFC 9207 §2.4, OpenID Connect Core §3.1.2.6). */
async function mistakeIn(
  { ports, issuers }: SignInRequest,
  provider: IdentityProvider,
  parameters: Parameters,
): Promise<Response | undefined> {
  const found = await issuers.metadata(ports, provider.issuer);
  const isNamed = found.ok && found.metadata.namesItself;
  const by = parameters.get('iss') ?? (isNamed ? undefined : provider.issuer);
  if (by !== provider.issuer)
    return refusal(400, `The answer did not come from ${hostOf(provider)}. ${AGAIN}`);
  const error = parameters.get('error');
  if (error === undefined) return undefined;
  const said = [error, parameters.get('error_description') ?? ''].filter((text) => text !== '');
  const why = `${hostOf(provider)} did not sign you in (${readable(said.join(': '))}). ${AGAIN}`;
  return refusal(403, why, { fault: 'access_denied' });
}

const READABLE_CHARACTERS = 400;

/** What a provider says, for its people: they look it up there. It is shown as text. */
const readable = (text: string): string =>
  (text.slice(0, READABLE_CHARACTERS).match(/.{1,80}/gu) ?? []).map(readableName).join('');

async function letIn(
  context: SignInRequest,
  provider: IdentityProvider,
  { consent, nonce, verifier }: Journey,
  parameters: Parameters,
): Promise<Response> {
  const code = parameters.get('code');
  if (code === undefined) return notUsable(provider, 'no_proof');
  const redirect = callbackUrl(context.signIn.issuer);
  const identified = await identify(context, provider, { code, redirect, nonce, verifier });
  if (!identified.ok) return notUsable(provider, identified.why);
  const { person, isSure } = identified;
  if (consent) {
    const allowed = allowedTo(person, provider.allow, consent.server);
    const scopes = allowed ? within(consent.scopes, allowed) : [];
    if (scopes.length > 0)
      return approve(context, { ...consent, scopes: [...scopes] }, { person, lastsMs: PERSON_MS });
  } else if (isListed(person, provider.allow)) return letIntoConsole(context, person);
  if (isSure === 'unreachable') return notUsable(provider, 'unreachable');
  const what = consent?.server ?? 'anything';
  return refusal(403, notAllowed(person, what, isSure === 'too_many_groups'), {
    fault: 'access_denied',
  });
}

/** `what`: the server, or all that there is. */
function notAllowed(person: Person, what: string, hasTooManyGroups: boolean): string {
  const who = person.email ?? person.name ?? person.subject ?? person.id;
  const more = hasTooManyGroups
    ? ' Your identity provider left out your groups, because there are too many: the operator can let it send fewer.'
    : '';
  return `You are signed in as ${readable(who)}, who may not use ${what} here. Ask the operator of this edge to let you in, or sign in as somebody else.${more}`;
}

const hostOf = ({ issuer }: IdentityProvider): string => new URL(issuer).host;

/** Why the provider is of no use: for a while, or until the operator mends it. */
function notUsable(provider: IdentityProvider, why: NotIdentified | MetadataMistake): Response {
  const host = hostOf(provider);
  if (why === 'unreachable')
    return refusal(503, `${host} cannot be reached for sign-in now. Try again soon.`, {
      retryAfterS: 5,
    });
  if (why === 'code_refused')
    return refusal(400, `${host} does not accept the proof of this sign-in. ${AGAIN}`);
  const words = `${MISTAKES[why](host)} The operator of this edge can mend that.`;
  return refusal(502, words, { fault: 'server_error' });
}

const MISTAKES: Readonly<
  Record<
    Exclude<NotIdentified | MetadataMistake, 'unreachable' | 'code_refused'>,
    (host: string) => string
  >
> = {
  other_issuer: (host) =>
    `${host} calls itself by another issuer than BRIDGE_IDP does: they must be the same, also a slash at the end.`,
  incomplete: (host) => `The metadata of ${host} lacks something that sign-in needs.`,
  client_refused: (host) =>
    `${host} does not accept "client" and "secret" of BRIDGE_IDP, or not the callback of this edge.`,
  no_proof: (host) => `${host} did not prove who you are.`,
};
