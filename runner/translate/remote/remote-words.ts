// Why a server at a URL cannot be spoken with, in words for clients and advice for the operator. No word of the server's own is in them.
import { CERTIFICATE_CODES } from '../../core/certificate-codes.ts';

/** `what` completes "the server …"; `fix` is for the operator alone. */
export interface RemoteProblem {
  readonly code: string;
  readonly what: string;
  readonly fix: string;
}

const ADDRESS = 'check "url": most servers are at a path such as /mcp';

const STATUS: ReadonlyMap<number, readonly [what: string, fix: string]> = new Map<
  number,
  readonly [what: string, fix: string]
>([
  [400, ['refuses what it was sent', ADDRESS]],
  [401, ['asks for credentials', 'give them in "headers", as "Authorization": "Bearer ${NAME}"']],
  [403, ['refuses the credentials that it was given', 'check "headers"']],
  [404, ['has nothing at its address', ADDRESS]],
  [405, ['takes no messages at its address', ADDRESS]],
  [406, ['does not answer in the form of MCP', ADDRESS]],
  [410, ['has nothing at its address any more', ADDRESS]],
  [413, ['takes no message as large as this', 'raise the limit of the server']],
  [415, ['takes no messages in the form of MCP', ADDRESS]],
  [429, ['is asked too often', 'wait, or raise the limit of the server']],
]);

/** An answer that carries no message. */
export function statusProblem(status: number): RemoteProblem {
  const code = `HTTP ${status}`;
  if (status >= 300 && status < 400)
    return {
      code,
      what: `redirects to another address, which is not followed (${code})`,
      fix: 'give the address that it redirects to as "url"',
    };
  const [what, fix] = STATUS.get(status) ?? [
    status >= 500 ? 'failed' : 'answered with no message',
    'look at the log of the server, and at what stands in front of it',
  ];
  return { code, what: `${what} (${code})`, fix };
}

/** A media type that is shown is no more than one. */
const MEDIA_TYPE = /^[a-z]+\/[a-z0-9.+-]{1,40}$/u;

/** A body that is no message. `type`: its media type. */
export const contentProblem = (type: string): RemoteProblem => ({
  code: 'CONTENT_TYPE',
  what: `answers with ${MEDIA_TYPE.test(type) ? type : 'something'}, which is no message of MCP`,
  fix: ADDRESS,
});

/** What the network, or TLS, says of a connection that came to nothing or broke. */
export function connectionProblem(code: string): RemoteProblem {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return { code, what: `has a certificate for another name (${code})`, fix: 'check "url"' };
  if (code === 'CERT_HAS_EXPIRED')
    return { code, what: `has a certificate that has expired (${code})`, fix: 'renew it' };
  if (CERTIFICATE_CODES.has(code))
    return {
      code,
      what: `has a certificate that is not trusted (${code})`,
      fix: 'if it is of your own authority, name the file with its certificate as "ca" in "bridge"',
    };
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_'))
    return {
      code,
      what: `does not speak TLS as it should (${code})`,
      fix: 'check whether "url" begins with http or with https, and its port',
    };
  if (code.startsWith('HPE_'))
    return { code, what: `does not speak HTTP (${code})`, fix: 'check "url" and its port' };
  const [what, fix] = NETWORK.get(code) ?? [
    'cannot be reached',
    'check the network between the runner and it',
  ];
  return { code, what: `${what} (${code})`, fix };
}

type Words = readonly [what: string, fix: string];

const LOST: Words = ['broke the connection off', 'look at its log'];
const FAR: Words = ['cannot be reached from the runner', 'check the network between the two'];

const NETWORK: ReadonlyMap<string, Words> = new Map<string, Words>([
  ['ECONNREFUSED', ['does not listen at its address', 'start it, or check "url" and its port']],
  ['ENOTFOUND', ['has a host name that is unknown', 'check "url" for typing mistakes']],
  ['EAI_AGAIN', ['has a host name that cannot be looked up now', 'check the DNS of this machine']],
  ['ETIMEDOUT', ['did not take the connection in time', 'check whether a firewall is between']],
  ['EHOSTUNREACH', FAR],
  ['ENETUNREACH', FAR],
  ['ECONNRESET', LOST],
  ['EPIPE', LOST],
]);
