// The OAuth endpoints of an edge at which people can sign in: which path leads where.
import { byMethod } from './answer.ts';
import { showConsent, takeConsent } from './authorize.ts';
import type { SignInRequest } from './context.ts';
import { metadata } from './metadata.ts';
import { comeBack } from './provider-login.ts';
import { registerApp } from './register.ts';
import { revokeToken } from './revoke.ts';
import { exchangeToken } from './token.ts';
import { hasOwnSignIn } from '../../sign-in-settings.ts';
import { urlOf } from '../request-url.ts';

type Methods = Readonly<Record<string, (context: SignInRequest) => Promise<Response>>>;

const ENDPOINTS: Readonly<Record<string, Methods>> = {
  '/authorize': { GET: showConsent, POST: takeConsent },
  '/callback': { GET: comeBack },
  '/token': { POST: exchangeToken },
  '/register': { POST: registerApp },
  '/revoke': { POST: revokeToken },
};

/** The answer of an OAuth endpoint, or undefined if the path is of none. */
export function signInAnswer(context: SignInRequest): Promise<Response> | undefined {
  const { request, signIn } = context;
  const { pathname } = urlOf(request);
  const methods =
    hasOwnSignIn(signIn) && Object.hasOwn(ENDPOINTS, pathname) ? ENDPOINTS[pathname] : undefined;
  if (!methods) return metadata(pathname, context);
  const handlers = Object.entries(methods).map(([name, handle]) => [name, () => handle(context)]);
  return byMethod(request, Object.fromEntries(handlers) as Record<string, () => Promise<Response>>);
}
