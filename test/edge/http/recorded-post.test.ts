// One line for each call that is served: who, where, which tool, how it ended. Nothing of what was said.
import { describe, expect, test } from 'vitest';

import { signSession } from '../../../edge/access/session-id.ts';
import { bytesOf } from '../../../edge/http/recorded-post.ts';
import { ANN, EDGE_BINDINGS } from '../../fixtures/edge-settings.ts';
import { headersOf, PlayedEdge, request } from './modern-client.ts';

const CANARY = 'canary-of-an-argument';
const KEYS = { BRIDGE_CLIENT_AUTH: 'keys', BRIDGE_RECORD: 'all' };
const key = { Authorization: `Bearer ${ANN.key}`, 'X-Canary': CANARY };
const legacy = (params: object): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
const call = legacy({ name: 'echo', arguments: { text: CANARY } });
const modernCall = request('tools/call', { name: 'echo', arguments: { text: CANARY } });
const session = { server: 'files', principal: 'ann', clientKind: 'streamable' } as const;
const sessionId = await signSession(EDGE_BINDINGS.BRIDGE_SECRET, {
  name: 'abcdefghijklmnopqrstuv',
  ...session,
});

const served = {
  level: 'info',
  message: 'call',
  request: 'r1',
  principal: 'ann',
  server: 'files',
  method: 'tools/call',
  tool: 'echo',
  session: expect.stringMatching(/^[0-9a-f]{12}$/u),
  callId: expect.stringMatching(/^[\w-]{20,}$/u),
  ms: expect.any(Number),
  bytesUp: expect.any(Number),
};

const canaries = [CANARY, ANN.key, sessionId, 'abcdefghijkl'];

describe('[F-458] a call is one line', () => {
  test('of a legacy client, with the id of its post', async () => {
    const edge = new PlayedEdge(KEYS);
    const answer = `{"jsonrpc":"2.0","id":1,"result":{"text":"ü ${CANARY}"}}`;
    edge.session.legacyAnswer = { kind: 'answered', message: answer };
    await edge.post(call, { ...key, 'Mcp-Session-Id': sessionId });
    expect(edge.log).toEqual([
      expect.objectContaining({
        ...served,
        clientKind: 'streamable',
        outcome: 'answered',
        bytesDown: answer.length + 1,
        edgeMs: expect.any(Number),
        callId: edge.session.legacyPosts.at(-1)?.id,
      }),
    ]);
    for (const text of canaries) expect(JSON.stringify(edge.log)).not.toContain(text);
  });

  test('of a modern client, in its own words', async () => {
    const edge = new PlayedEdge(KEYS);
    edge.session.script = [() => ({ kind: 'answered', message: '{}' })];
    await edge.post(modernCall, { ...key, ...headersOf('tools/call', 'echo') });
    expect(edge.log).toEqual([expect.objectContaining({ ...served, clientKind: 'modern' })]);
    for (const text of canaries) expect(JSON.stringify(edge.log)).not.toContain(text);
  });

  test.each([
    [undefined, undefined],
    [0, expect.any(Number)],
    [1_000_000, 0],
  ])('[F-732] of which the process had %s ms', async (processMs, linkMs) => {
    const edge = new PlayedEdge(KEYS);
    edge.session.legacyAnswer = { kind: 'answered', message: '{}', processMs };
    await edge.post(call, { ...key, 'Mcp-Session-Id': sessionId });
    expect(edge.log).toMatchObject([{ message: 'call', processMs, linkMs }]);
  });

  test('that is refused has the line of its refusal, and no other', async () => {
    const edge = new PlayedEdge(KEYS);
    edge.session.legacyAnswer = {
      kind: 'refused',
      fault: { fault: 'runner_lost', message: CANARY },
    };
    await edge.post(call, { ...key, 'Mcp-Session-Id': sessionId });
    expect(edge.log).toEqual([
      expect.objectContaining({
        message: 'request refused',
        fault: 'runner_lost',
        tool: 'echo',
        callId: served.callId,
      }),
    ]);
    for (const text of canaries) expect(JSON.stringify(edge.log)).not.toContain(text);
  });

  test('notifications and answers are none', async () => {
    const edge = new PlayedEdge(KEYS);
    await edge.post('{"jsonrpc":"2.0","method":"notifications/x"}', {
      ...key,
      'Mcp-Session-Id': sessionId,
    });
    expect(edge.log).toEqual([]);
  });

  test.each(['events', 'off'])('with BRIDGE_RECORD=%s there is none', async (level) => {
    const edge = new PlayedEdge({ ...KEYS, BRIDGE_RECORD: level });
    edge.session.script = [() => ({ kind: 'answered', message: '{}' })];
    await edge.post(call, { ...key, 'Mcp-Session-Id': sessionId });
    expect(edge.log).toEqual([]);
  });

  test('a long name of a tool is cut, and one that is no text is not told', async () => {
    const edge = new PlayedEdge(KEYS);
    edge.session.script = [() => ({ kind: 'answered', message: '{}' })];
    for (const name of ['x'.repeat(5_000), { text: CANARY }])
      await edge.post(legacy({ name }), { ...key, 'Mcp-Session-Id': sessionId });
    const [long, none] = edge.log as unknown as { tool?: string }[];
    expect(long?.tool).toHaveLength(101);
    expect(none?.tool).toBeUndefined();
  });
});

test.each(['', 'abc', 'ü', '€', '🌍', 'a€🌍ü'])('%j has its bytes of UTF-8', (text) => {
  expect(bytesOf(text)).toBe(Buffer.byteLength(text));
});
