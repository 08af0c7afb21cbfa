// How often the edge passes over a large message of a client of either era, and over its answer, and how often it converts or copies
// them. If a number grows, something passes over a message again: hand on what the scan noted (shared/jsonrpc/view.ts) instead.
import { expect, test } from 'vitest';

import { headersOf, meta, PlayedEdge } from './modern-client.ts';
import { LARGE_PARAMS, LARGE_RESULT } from '../../fixtures/large-call.ts';
import { workOn, type Work } from '../../fixtures/passes.ts';

const encoder = new TextEncoder();

const messageOf = (members: object): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 7, ...members });

/** What the edge does to a client's call, and then to the answer. */
async function workOf(era: 'legacy' | 'modern'): Promise<{ in: Work; out: Work }> {
  const edge = new PlayedEdge();
  const play = (result: object): void => {
    const answer = { kind: 'answered' as const, message: messageOf({ result }) };
    edge.session.script = [() => answer];
    edge.session.post = async () => answer;
  };
  const opened = await edge.post(messageOf({ method: 'initialize', params: {} }));
  const session = { 'Mcp-Session-Id': opened.headers.get('mcp-session-id') };
  const headers = era === 'legacy' ? session : headersOf('tools/call', 'echo');
  const more = era === 'legacy' ? {} : { _meta: meta() };
  const post = async (params: object) => {
    const body = encoder.encode(
      messageOf({ method: 'tools/call', params: { ...params, ...more } }),
    );
    return () => edge.post(body, { ...headers, 'Content-Length': String(body.length) });
  };
  play({});
  const large = await post(LARGE_PARAMS);
  const down = await workOn(JSON.stringify(LARGE_PARAMS).length, large);
  play(LARGE_RESULT);
  const small = await post({ name: 'echo' });
  const up = await workOn(JSON.stringify(LARGE_RESULT).length, small);
  return { in: down, out: up };
}

const NONE: Work = { passes: 0, copies: 0, conversions: 0, parses: 0, searches: 0 };

/** The body is read in one copy, and becomes the text that goes to the actor. */
const IN: Work = { ...NONE, passes: 1, copies: 1, conversions: 1 };

/** The text of the actor becomes the body of the response. */
const OUT: Work = { ...NONE, conversions: 1 };

test('a call of a legacy client is passed over once, and its answer not at all', async () => {
  expect(await workOf('legacy')).toEqual({ in: IN, out: OUT });
});

test('a call of a modern client is passed over once, and its answer is searched for an error', async () => {
  expect(await workOf('modern')).toEqual({ in: IN, out: { ...OUT, searches: 1 } });
});

test('[F-710] what a modern client says of itself in each request is parsed once', async () => {
  const edge = new PlayedEdge();
  edge.session.script = [() => ({ kind: 'answered', message: messageOf({ result: {} }) })];
  const clientInfo = { 'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' } };
  const params = { name: 'echo', _meta: meta(clientInfo) };
  const body = encoder.encode(messageOf({ method: 'tools/call', params }));
  const length = { 'Content-Length': String(body.length) };
  const call = (): Promise<Response> =>
    edge.post(body, { ...headersOf('tools/call', 'echo'), ...length });
  await call();
  const { parses } = await workOn(1, call);
  expect([parses, edge.session.posts.length]).toEqual([0, 2]);
});
