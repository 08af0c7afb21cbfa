// Where clients find out how to sign in: the metadata of each server as a protected resource (RFC 9728), that of the edge as an
// authorization server (RFC 8414), and the challenge that leads there (RFC 6750 §3, RFC 9728 §5.1). All of it comes from settings and policy.
import type { SignInRequest } from './context.ts';
import { isStep } from './sign-in-step.ts';
import { byMethod, metadataAnswer, oauthError } from './answer.ts';
import {
  PROTECTED_RESOURCE,
  resourceMetadataUrl,
  resourceUrl,
  type ResourceTransport,
} from '../../access/resource.ts';
import { ASKED_SCOPES, OFFLINE } from '../../access/scopes.ts';
import { hasOwnSignIn, type SignIn } from '../../sign-in-settings.ts';
import { SERVER_NAME, type ServerName } from '../../../shared/ids.ts';

/** The path behind PROTECTED_RESOURCE. Every well-formed name has metadata: it does not tell which servers there are. */
const RESOURCE_PATH = /^\/([^/]+)\/(mcp|sse)$/u;

const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server';

/** Metadata paths of all kinds, also those of clients that put the path before or behind. */
const METADATA =
  /\/\.well-known\/(?:oauth-authorization-server|openid-configuration|oauth-protected-resource)(?:\/|$)/u;

/** The answer to a request for metadata; undefined if the path is none of metadata. */
export function metadata(pathname: string, context: SignInRequest): Promise<Response> | undefined {
  if (!METADATA.test(pathname)) return undefined;
  const answer = async (): Promise<Response> => {
    const value = await metadataAt(pathname, context);
    return value ? isStep('found', metadataAnswer(value)) : noMetadata();
  };
  return byMethod(context.request, { GET: answer, HEAD: answer });
}

async function metadataAt(
  pathname: string,
  { signIn, policies }: SignInRequest,
): Promise<object | undefined> {
  if (pathname === AUTHORIZATION_SERVER)
    return hasOwnSignIn(signIn)
      ? authorizationServer(signIn.issuer, await policies.scopes())
      : undefined;
  if (!pathname.startsWith(PROTECTED_RESOURCE)) return undefined;
  const [, server = '', transport] =
    RESOURCE_PATH.exec(pathname.slice(PROTECTED_RESOURCE.length)) ?? [];
  if (!SERVER_NAME.test(server)) return undefined;
  const ask = (await policies.of(server))?.ask ?? ASKED_SCOPES;
  return protectedResource(signIn, server, transport as ResourceTransport, ask);
}

const noMetadata = (): Response =>
  oauthError(
    404,
    'not_found',
    `There is no metadata here. That of a server is at ${PROTECTED_RESOURCE}/<server>/mcp, that of the authorization server at ${AUTHORIZATION_SERVER}.`,
  );

const protectedResource = (
  signIn: SignIn,
  server: ServerName,
  transport: ResourceTransport,
  ask: readonly string[],
): object => ({
  resource: resourceUrl(signIn.issuer, server, transport),
  authorization_servers: [
    ...(hasOwnSignIn(signIn) ? [signIn.issuer] : []),
    ...signIn.issuers.map(({ issuer }) => issuer),
  ],
  scopes_supported: ask,
  bearer_methods_supported: ['header'],
  resource_name: server,
});

/** Claude's apps take Client ID Metadata Documents only where `none` is listed beside them. */
const authorizationServer = (issuer: string, scopes: readonly string[]): object => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  revocation_endpoint: `${issuer}/revoke`,
  revocation_endpoint_auth_methods_supported: ['none'],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_methods_supported: ['none'],
  code_challenge_methods_supported: ['S256'],
  scopes_supported: [...new Set([...ASKED_SCOPES, ...scopes, OFFLINE])],
  client_id_metadata_document_supported: true,
  authorization_response_iss_parameter_supported: true,
});

/** The challenge of a 401 of a server; `tokenSent`: a token came and was refused. `ask`: the scopes to ask for. */
export const challengeOfServer = (
  { issuer }: Pick<SignIn, 'issuer'>,
  server: ServerName,
  transport: ResourceTransport,
  tokenSent: boolean,
  ask: readonly string[] = ASKED_SCOPES,
): string => challenge(issuer, server, transport, ask, tokenSent ? 'invalid_token' : undefined);

/** The challenge of a 403 to an app that needs more scopes; all that it then has are named (MCP 2026-07-28, Scope Challenge Handling). */
export const challengeForScopes = (
  { issuer }: Pick<SignIn, 'issuer'>,
  server: ServerName,
  transport: ResourceTransport,
  scopes: readonly string[],
): string => challenge(issuer, server, transport, scopes, 'insufficient_scope');

function challenge(
  issuer: string,
  server: ServerName,
  transport: ResourceTransport,
  scopes: readonly string[],
  error: string | undefined,
): string {
  const parameters = [
    ...(error === undefined ? [] : [`error="${error}"`]),
    ...(SERVER_NAME.test(server)
      ? [`resource_metadata="${resourceMetadataUrl(issuer, server, transport)}"`]
      : []),
    `scope="${scopes.join(' ')}"`,
  ];
  return `Bearer ${parameters.join(', ')}`;
}
