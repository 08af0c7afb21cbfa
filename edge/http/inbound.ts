// The one place where every message of a client enters: its bytes count, and the operator's policy judges it, by the bytes that go on
// to the server and never by what a header says of them.
import { corsHeaders } from './cors.ts';
import type { ClientMessage } from './client-message.ts';
import type { Exchange } from './exchange.ts';
import { checkStated, checkUnstated } from './modern/headers.ts';
import { readModernRequest } from './modern/request.ts';
import { challengeForScopes } from './oauth/metadata.ts';
import { towards } from './refusal-reason.ts';
import { refuse, refuseModern, type Refusal } from './refuse.ts';
import { askedBy } from '../core/policy-asked.ts';
import type { Rights, PolicyVerdict } from '../core/policy.ts';
import { CODE } from '../../shared/mcp/modern.ts';

/** Why what came is not served; undefined if it may be. */
export function refuseInbound(exchange: Exchange, message: ClientMessage): Response | undefined {
  const { budget, rights } = exchange;
  if (budget) budget.sent(bytesIn(message), Date.now());
  return rights && judged(exchange, rights, message);
}

const bytesIn = ({ messages }: ClientMessage): number =>
  messages.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** One message that is refused refuses its whole batch: nothing of a POST is done that is not all allowed. */
function judged(exchange: Exchange, rights: Rights, message: ClientMessage): Response | undefined {
  const refusal = misstated(exchange.request.headers, message);
  if (refusal) return refused(exchange, message, refusal);
  for (const each of message.messages) {
    const verdict = rights.judge(askedBy(each));
    if (verdict.kind !== 'allowed') return refusedBy(exchange, message, verdict);
  }
  return undefined;
}

function misstated(headers: Headers, message: ClientMessage): Refusal | undefined {
  if (message.isBatch) return checkUnstated(headers);
  const request = readModernRequest(message);
  return request && checkStated(headers, request);
}

function refusedBy(
  exchange: Exchange,
  message: ClientMessage,
  verdict: Exclude<PolicyVerdict, { readonly kind: 'allowed' }>,
): Response {
  if (verdict.kind === 'unclear') return refused(exchange, message, UNCLEAR);
  const { request, settings, server, clientKind, record } = exchange;
  record?.asks(message.messages);
  const id = idOf(message);
  const cors = corsHeaders(request, settings);
  const { by } = verdict;
  if (verdict.kind === 'forbidden' || settings.url === undefined)
    return towards({ by }, refuse({ fault: 'forbidden' }, { id, headers: cors }));
  const transport = clientKind === 'sse' ? 'sse' : 'mcp';
  const issuer = { issuer: settings.url };
  const challenge = challengeForScopes(issuer, server, transport, verdict.scopes);
  const headers = { ...cors, 'WWW-Authenticate': challenge };
  return towards({ by }, refuse({ fault: 'insufficient_scope' }, { id, headers }));
}

function refused(exchange: Exchange, message: ClientMessage, refusal: Refusal): Response {
  const { request, settings, record } = exchange;
  record?.asks(message.messages);
  return refuseModern(refusal, { id: idOf(message), headers: corsHeaders(request, settings) });
}

const idOf = ({ isBatch, requestIds }: ClientMessage): string | undefined =>
  isBatch ? undefined : requestIds[0];

const UNCLEAR: Refusal = {
  status: 400,
  code: CODE.invalidParams,
  message:
    'Whether this may be done cannot be told: a call must be "tools/call" exactly, and its params must have "name" exactly once, as text, and no key like it.',
};
