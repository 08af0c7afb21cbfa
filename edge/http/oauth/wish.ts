// An authorization request (OAuth 2.1 §4.1.1, RFC 7636, RFC 8707): what an app asks for, once its redirect URI is proved to be its own.
import type { CurrentPolicies } from './context.ts';
import type { Parameters } from './parameters.ts';
import type { ServerPolicy } from '../../core/policy.ts';
import { grantable, scopesIn } from '../../access/scopes.ts';
import { serverOfResource } from '../../access/resource.ts';
import type { ServerName } from '../../../shared/ids.ts';

/** What an app asks a person for. */
export interface Wish {
  readonly server: ServerName;
  readonly scopes: readonly string[];
  /** Scopes of the server that it does not ask for; a person may grant them all the same, and need not be asked again. */
  readonly others: readonly string[];
  readonly challenge: string;
}

/** An error that the app is told by its redirect URI (RFC 6749 §4.1.2.1, RFC 8707 §2, RFC 9101 §9). */
export interface WishError {
  readonly error:
    | 'invalid_request'
    | 'unsupported_response_type'
    | 'invalid_target'
    | 'interaction_required'
    | 'request_not_supported'
    | 'request_uri_not_supported';
  readonly description: string;
}

/** The base64url of a SHA-256 (RFC 7636 §4.2). */
const CHALLENGE = /^[\w-]{43}$/u;

/** `loneServer`: the server that is meant by a client that names none (MCP 2025-03-26 knows no `resource`), if there is only one. */
export async function readWish(
  parameters: Parameters,
  issuer: string,
  loneServer: () => Promise<ServerName | undefined>,
  policies: Pick<CurrentPolicies, 'of'>,
): Promise<Wish | WishError> {
  const { repeated } = parameters;
  if (repeated.has('resource')) return refused('invalid_target', 'Name one resource.');
  if (repeated.size > 0) return refused('invalid_request', 'A parameter came more than once.');
  if (parameters.get('request') !== undefined)
    return refused('request_not_supported', 'Send the parameters themselves.');
  if (parameters.get('request_uri') !== undefined)
    return refused('request_uri_not_supported', 'Send the parameters themselves.');
  if (parameters.get('response_type') !== 'code')
    return refused('unsupported_response_type', 'response_type must be code.');
  if ((parameters.get('response_mode') ?? 'query') !== 'query')
    return refused('invalid_request', 'response_mode must be query.');
  const challenge = parameters.get('code_challenge') ?? '';
  if (parameters.get('code_challenge_method') !== 'S256' || !CHALLENGE.test(challenge))
    return refused(
      'invalid_request',
      'A code_challenge with code_challenge_method=S256 is needed.',
    );
  if (scopesIn(parameters.get('prompt') ?? '').includes('none'))
    return refused('interaction_required', 'A person has to allow this.');
  const resource = parameters.get('resource');
  const server = resource === undefined ? await loneServer() : serverOfResource(issuer, resource);
  if (server === undefined)
    return refused('invalid_target', `Name the server by resource=${issuer}/<server>/mcp.`);
  if (server === null)
    return refused('invalid_target', `The resource is none of this edge: ${issuer}/<server>/mcp.`);
  const asked = scopesIn(parameters.get('scope') ?? '');
  const policy = await policies.of(server);
  const scopes = grantable(asked, policy);
  return { server, scopes, others: othersOf(policy, scopes), challenge };
}

const othersOf = (policy: ServerPolicy | undefined, asked: readonly string[]): string[] =>
  (policy?.scopes ?? []).filter((scope) => !asked.includes(scope));

const refused = (error: WishError['error'], description: string): WishError => ({
  error,
  description,
});
