// POST /token: a code or a refresh token becomes tokens (OAuth 2.1 §4.1.3, §4.3). Secrets are minted here, and the access actor gets
// their digests; a refresh token is kept sealed under the one before it, so that a client whose answer was lost gets the same again.
import { limitedError, oauthAnswer, oauthError, unavailableError } from './answer.ts';
import { askAccess, withdraw, type SignInRequest } from './context.ts';
import { readForm, type Parameters } from './parameters.ts';
import { challengeOf, sha256 } from '../../access/digest.ts';
import { isMinted, mintSecret } from '../../access/minted.ts';
import { scopesLeft } from './scopes-left.ts';
import { isStep } from './sign-in-step.ts';
import { serverOfResource } from '../../access/resource.ts';
import { OFFLINE, scopesIn } from '../../access/scopes.ts';
import { seal, unseal } from '../../access/seal.ts';
import type { Limited } from '../../core/access-limits.ts';
import type { Issued, RefusedExchange } from '../../core/access-ports.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** A verifier (RFC 7636 §4.1). */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/u;

export async function exchangeToken(context: SignInRequest): Promise<Response> {
  const authorization = context.request.headers.get('authorization') ?? '';
  if (/^basic(?: |$)/iu.test(authorization))
    return oauthError(401, 'invalid_client', NO_SECRETS, {
      'WWW-Authenticate': 'Basic realm="mcp-edge-bridge"',
    });
  const form = await readForm(context.request);
  if (typeof form === 'string') return oauthError(400, 'invalid_request', form);
  if (['client_secret', 'client_assertion'].some((name) => form.get(name) !== undefined))
    return oauthError(400, 'invalid_client', NO_SECRETS);
  const client = form.get('client_id');
  if (client === undefined) return oauthError(400, 'invalid_request', 'client_id is missing.');
  switch (form.get('grant_type')) {
    case 'authorization_code':
      return redeem(context, form, client);
    case 'refresh_token':
      return renew(context, form, client);
    case undefined:
      return oauthError(400, 'invalid_request', 'grant_type is missing.');
    default:
      return oauthError(
        400,
        'unsupported_grant_type',
        'grant_type must be authorization_code or refresh_token.',
      );
  }
}

const NO_SECRETS =
  'Apps have no secret here: send client_id alone, as token_endpoint_auth_methods_supported says.';

async function redeem(context: SignInRequest, form: Parameters, client: string): Promise<Response> {
  const [code, redirect, verifier] = [
    form.get('code'),
    form.get('redirect_uri'),
    form.get('code_verifier'),
  ];
  if (code === undefined || redirect === undefined || verifier === undefined)
    return oauthError(
      400,
      'invalid_request',
      'code, redirect_uri and code_verifier are needed, each once.',
    );
  const [access, refresh] = [mintSecret('access'), mintSecret('refresh')];
  const asked = await askAccess(context.ports, 'redeem', {
    code: await sha256(code),
    client,
    redirect,
    // One that is no verifier spends the code as any other that does not fit.
    challenge: VERIFIER.test(verifier) ? await challengeOf(verifier) : '',
    server: serverIn(context, form),
    access: await sha256(access),
    refresh: await sha256(refresh),
    accessMs: context.signIn.tokenMs,
    from: context.from,
  });
  if (!asked) return unavailableError();
  endedBy(context, asked.answer);
  return answerOf(context, asked.answer, { step: 'redeemed', client, access, refresh });
}

async function renew(context: SignInRequest, form: Parameters, client: string): Promise<Response> {
  const presented = form.get('refresh_token');
  if (presented === undefined)
    return oauthError(400, 'invalid_request', 'refresh_token is missing.');
  if (!isMinted('refresh', presented)) return oauthError(400, 'invalid_grant', WHY.invalid_grant);
  const [access, refresh] = [mintSecret('access'), mintSecret('refresh')];
  const scope = form.get('scope');
  const asked = await askAccess(context.ports, 'renew', {
    presented: await sha256(presented),
    sealed: await seal(presented, 'successor', refresh),
    client,
    server: serverIn(context, form),
    scopes: asGranted(scopesIn(scope ?? '')),
    access: await sha256(access),
    refresh: await sha256(refresh),
    accessMs: context.signIn.tokenMs,
    from: context.from,
  });
  if (!asked) return unavailableError();
  const { answer } = asked;
  endedBy(context, answer);
  if (answer.kind !== 'issued' || answer.sealed === undefined)
    return answerOf(context, answer, { step: 'renewed', client, access, refresh });
  const before = await unseal(presented, 'successor', answer.sealed);
  return before === undefined
    ? unavailableError()
    : answerOf(context, answer, { step: 'renewed', client, access, refresh: before });
}

/** Clients repeat what they asked for at first, of which the refresh token itself is no right; undefined: all that was granted. */
function asGranted(scopes: readonly string[]): readonly string[] | undefined {
  const rights = scopes.filter((scope) => scope !== OFFLINE);
  return rights.length === 0 ? undefined : rights;
}

function serverIn({ signIn }: SignInRequest, form: Parameters): ServerName | undefined | null {
  const resource = form.get('resource');
  return resource === undefined ? undefined : serverOfResource(signIn.issuer, resource);
}

const WHY = {
  invalid_grant:
    'This code or refresh token does not count any more, or belongs to another app. Sign in again.',
  invalid_target: 'The resource is not the server that the person allowed.',
  invalid_scope: 'More is asked for than the person allowed.',
} as const;

const WHY_NOT_ALLOWED = 'The operator of this edge lets this person use the server no more.';

/** A code or a refresh token that somebody else has had ends its grant, and what the app has open. */
function endedBy({ ports }: SignInRequest, answer: Issued | RefusedExchange | Limited): void {
  if ('ended' in answer && answer.ended) withdraw(ports, [answer.ended]);
}

/** What an exchange gives, and which step of signing in it is. */
interface Exchanged {
  readonly step: 'redeemed' | 'renewed';
  readonly client: string;
  readonly access: string;
  readonly refresh: string;
}

function answerOf(
  { signIn }: SignInRequest,
  answer: Issued | RefusedExchange | Limited,
  { step, client, access, refresh }: Exchanged,
): Response {
  if (answer.kind === 'limited') return limitedError(answer.retryAfterS);
  if (answer.kind !== 'issued') return oauthError(400, answer.kind, WHY[answer.kind]);
  const scopes = scopesLeft(signIn, answer.person, answer.server, answer.scopes);
  // The grant stays, for the day when its person is on the list again.
  if (scopes.length === 0) return oauthError(400, 'invalid_grant', WHY_NOT_ALLOWED);
  return isStep(
    step,
    oauthAnswer({
      access_token: access,
      token_type: 'Bearer',
      expires_in: answer.expiresInS,
      refresh_token: refresh,
      scope: scopes.join(' '),
    }),
    { app: client, server: answer.server, principal: answer.person.id },
  );
}
