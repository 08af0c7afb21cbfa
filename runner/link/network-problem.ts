// Explains the failures of a connection in words that say what to change.
import type { Problem } from '../../shared/problem.ts';
import { CERTIFICATE_CODES } from '../core/certificate-codes.ts';
import { errorCode } from '../error-code.ts';

/** What `ws` says about a failed handshake; it gives no codes. */
const NO_HANDSHAKE =
  /^(?:Invalid (?:Upgrade|Sec-WebSocket-)|Server sent (?:an invalid|no) |Missing )/u;

const NO_ANSWER = 'Opening handshake has timed out';

const LATE: Problem = {
  what: 'it did not answer in time',
  fix: 'Check that a firewall lets this machine reach it.',
};

/** Reads the error of `fetch` or of a WebSocket dial. */
export function networkProblem(error: unknown): Problem {
  const code = codeOf(error);
  if (error instanceof Error && NO_HANDSHAKE.test(error.message)) {
    return {
      what: 'the server there does not complete the WebSocket handshake as an edge does',
      fix: 'A proxy on the way may answer in its place or change the Sec-WebSocket-* headers; have it pass them on. Otherwise check the edge URL.',
    };
  }
  if (error instanceof Error && error.message === NO_ANSWER) return LATE;
  if (code.startsWith('HPE_')) {
    return {
      what: `the server there does not speak HTTP as an edge does (${code})`,
      fix: 'Check the edge URL and its port, and what stands in between.',
    };
  }
  if (CERTIFICATE_CODES.has(code)) {
    return {
      what: `its certificate is not trusted (${code})`,
      fix: 'If a firewall inspects TLS here, name its certificate authority in NODE_EXTRA_CA_CERTS; otherwise do not connect.',
    };
  }
  switch (code) {
    case 'ENOTFOUND':
      return { what: 'its host name is unknown', fix: 'Check the edge URL for typing mistakes.' };
    case 'EAI_AGAIN':
      return {
        what: 'host names cannot be looked up now',
        fix: "Check this machine's network and DNS.",
      };
    case 'ECONNRESET':
    case 'EPIPE':
      return {
        what: 'the connection was cut before the link was up',
        fix: 'Check that the edge is deployed, and that no firewall or proxy cuts WebSockets.',
      };
    case 'ECONNREFUSED':
      return {
        what: 'nothing listens there',
        fix: 'Check the edge URL and its port, and that the edge is deployed.',
      };
    case 'TimeoutError':
    case 'DIAL_TIMEOUT':
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return LATE;
    default:
      return {
        what: `the connection failed (${code})`,
        fix: 'Check the network between here and the edge.',
      };
  }
}

/** The system's code. `fetch` puts it into the cause; a timeout is recognized by its name. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return errorCode(error) ?? (error.cause instanceof Error ? codeOf(error.cause) : error.name);
}
