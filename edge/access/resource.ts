// The URLs that name a server as a protected resource (RFC 8707, RFC 9728), and where its metadata is. All of them come from the
// operator's setting, never from what a request says of its host. Pure.
import { SERVER_NAME, type ServerName } from '../../shared/ids.ts';

export type ResourceTransport = 'mcp' | 'sse';

export const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource';

export const resourceUrl = (
  issuer: string,
  server: ServerName,
  transport: ResourceTransport,
): string => `${issuer}/${server}/${transport}`;

/** Where the metadata of a resource is (RFC 9728 §3.1: the path goes behind the well-known part). */
export const resourceMetadataUrl = (
  issuer: string,
  server: ServerName,
  transport: ResourceTransport,
): string => `${issuer}${PROTECTED_RESOURCE}/${server}/${transport}`;

/** The endpoints of one server are one resource. */
const ENDPOINT = /^\/([^/?#]+)\/(?:mcp|sse|message)\/?$/u;

/** The server that a `resource` parameter names; null if it names none of this edge. A slash at the end is forgiven. */
export function serverOfResource(issuer: string, resource: string): ServerName | null {
  const url = URL.parse(resource);
  if (url?.origin !== issuer || resource.includes('#') || url.search !== '') return null;
  const server = ENDPOINT.exec(url.pathname)?.[1] ?? '';
  return SERVER_NAME.test(server) ? server : null;
}
