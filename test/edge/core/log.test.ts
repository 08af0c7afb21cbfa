// What the edge reports to its operators about refusals, ends of sessions and failures, and what it never reports.
import { nanoid } from 'nanoid';
import { describe, expect, test } from 'vitest';

import { sha256 } from '../../../edge/access/digest.ts';
import { Fleet } from '../../../edge/core/fleet.ts';
import type { ControlNote } from '../../../edge/core/control-links.ts';
import type { FleetEffect } from '../../../edge/core/fleet-effects.ts';
import { failureOf, sessionEndLine } from '../../../edge/core/log.ts';
import type { Sockets } from '../../../edge/core/ports.ts';
import { signSession } from '../../../edge/access/session-id.ts';
import { ANN, EDGE_BINDINGS, RUNNER_A } from '../../fixtures/edge-settings.ts';
import { MemoryFleetStore } from '../../simulation/stores.ts';
import { headersOf, PlayedEdge, request } from '../http/modern-client.ts';

const KEYS = { BRIDGE_CLIENT_AUTH: 'keys' };
const SECRET = 'canary-in-a-payload';
const call = request('tools/call', { name: SECRET, arguments: { text: SECRET } });
const key = { Authorization: `Bearer ${ANN.key}` };
const sessionId = await signSession(EDGE_BINDINGS.BRIDGE_SECRET, {
  name: 'abcdefghijklmnopqrstuv',
  server: 'files',
  principal: 'ann',
  clientKind: 'streamable',
});

const asked = { level: 'info', message: 'request refused', request: 'r1' };

describe('[F-99] a refusal is one line that says why, and to whom', () => {
  test.each<[string, (edge: PlayedEdge) => Promise<Response>, object]>([
    ['no key', (edge) => edge.post(call), { fault: 'unauthorized', status: 401 }],
    [
      'a wrong key',
      (edge) => edge.post(call, { Authorization: `Bearer ${SECRET}` }),
      { fault: 'unauthorized', status: 401 },
    ],
    [
      'another origin',
      (edge) => edge.post(call, { Origin: `https://${SECRET}.example` }),
      { fault: 'origin_not_allowed', status: 403 },
    ],
    [
      'a path that is no route',
      (edge) => edge.send({ method: 'POST' }, `/${SECRET}/x`),
      { fault: 'not_found', status: 404 },
    ],
    [
      'a sign-in',
      (edge) => edge.send({ method: 'POST', body: SECRET }, '/register'),
      { fault: 'no_sign_in', status: 400 },
    ],
    [
      'a body that is no JSON',
      (edge) => edge.post(`{"${SECRET}`, key),
      {
        fault: 'parse_error',
        status: 400,
        principal: 'ann',
        server: 'files',
        clientKind: 'streamable',
      },
    ],
    [
      'a session of another',
      (edge) => edge.post('{"jsonrpc":"2.0","method":"x"}', { ...key, 'Mcp-Session-Id': SECRET }),
      { fault: 'session_not_found', status: 404, principal: 'ann', clientKind: 'streamable' },
    ],
    [
      'a message over HTTP+SSE',
      (edge) =>
        edge.send(
          {
            method: 'POST',
            headers: { ...key, 'Content-Type': 'application/json' },
            body: request('x'),
          },
          `/files/message?sessionId=${SECRET}`,
        ),
      { fault: 'session_not_found', status: 404, principal: 'ann', clientKind: 'sse' },
    ],
    [
      'an error of the revision',
      (edge) => edge.post(call, { ...key, ...headersOf('tools/list') }),
      { fault: -32020, status: 400, principal: 'ann', server: 'files', clientKind: 'modern' },
    ],
    [
      'a fault that a modern client reads with 200',
      (edge) => edge.post(call, { ...key, ...headersOf('tools/call', SECRET) }),
      { fault: 'runner_lost', status: 200, principal: 'ann', clientKind: 'modern' },
    ],
    [
      'a runner with a wrong token',
      (edge) =>
        edge.send({ headers: { ...upgrade, Authorization: `Bearer ${SECRET}` } }, '/runner/link'),
      { fault: 'unauthorized', status: 401 },
    ],
    [
      'a runner that speaks another version',
      (edge) =>
        edge.send({ headers: { Authorization: `Bearer ${RUNNER_A.token}` } }, '/runner/link'),
      { fault: 'upgrade_required', status: 426, principal: 'runner-a' },
    ],
    [
      'a runner with a forged ticket',
      (edge) =>
        edge.send(
          {
            headers: {
              ...upgrade,
              Authorization: `Bearer ${RUNNER_A.token}`,
              'Mcp-Bridge-Ticket': SECRET,
              'Mcp-Bridge-Epoch': '1',
            },
          },
          '/runner/session/abcdefghijklmnopqrstuv',
        ),
      { fault: 'session_not_found', status: 404, principal: 'runner-a' },
    ],
  ])('%s', async (_, send, expected) => {
    const edge = new PlayedEdge(KEYS);
    edge.session.script = [
      () => ({ kind: 'refused', fault: { fault: 'runner_lost', message: SECRET } }),
    ];
    const response = await send(edge);
    await response.text();
    expect(edge.log).toHaveLength(1);
    expect(edge.log[0]).toMatchObject({ ...asked, ...expected });
    expect(Object.keys(edge.log[0] ?? {})).toEqual(expect.arrayContaining(['fault', 'status']));
    for (const text of [SECRET, ANN.key, RUNNER_A.token, sessionId, 'abcdefghijkl'])
      expect(JSON.stringify(edge.log)).not.toContain(text);
  });

  test('what is amiss at the edge is louder', async () => {
    const edge = new PlayedEdge({ ...KEYS, BRIDGE_SECRET: '' });
    await edge.post(call, key);
    expect(edge.log).toEqual([
      {
        ...asked,
        level: 'warn',
        fault: 'not_configured',
        status: 503,
      },
    ]);
  });

  test('what is answered leaves no line', async () => {
    const edge = new PlayedEdge(KEYS);
    await edge.send({}, '/healthz');
    await edge.send({}, '/');
    await edge.post(`{"jsonrpc":"2.0","id":1,"method":"x"}`, {
      ...key,
      'Mcp-Session-Id': sessionId,
    });
    expect(edge.log).toEqual([]);
  });
});

describe('[F-99] the end of a session is one line, and names it by a digest alone', () => {
  const session = 'abcdefghijklmnopqrstuv';
  const runner = {
    runner: 'vm',
    granted: '*',
    withheld: [],
    subprotocol: 'mcp-bridge.v2',
  } as const;
  const line = { message: 'session ended', server: 'files', principal: 'ann', runner: 'vm' };

  /** A fleet with one session on a runner that is linked, and what it did since. */
  function fleet() {
    const said: FleetEffect[] = [];
    const sockets: Sockets<ControlNote> = {
      all: () => [],
      isOpen: () => true,
      pingAt: (): undefined => undefined,
      unreadBytes: () => 0,
    };
    const terms = { isConfigured: true, hasQuotas: true };
    const core = new Fleet(new MemoryFleetStore(), sockets, terms, nanoid);
    const hello = (boot: string): string =>
      JSON.stringify({
        type: 'hello',
        runner: 'vm',
        boot,
        servers: ['files'],
        capacity: 9,
        sessions: [],
      });
    core.dialled('s1', runner, 1_000);
    core.message('s1', hello('boot-1-of-the-runner-a'), 1_000);
    core.open(
      'ask',
      { session, server: 'files', principal: 'ann', clientKind: 'streamable' },
      2_000,
    );
    core.signed('ask', 'ticket');
    const lines = async (): Promise<unknown[]> => {
      const ends = said.filter((effect) => effect.do === 'ended');
      return Promise.all(
        ends.map(async (end) => sessionEndLine(end, await sha256(end.row.session))),
      );
    };
    return { core, said, hello, lines };
  }

  test('when it was closed, however often that is said', async () => {
    const { core, said, lines } = fleet();
    said.push(...core.closed(session, 5_000), ...core.closed(session, 6_000));
    const digest = (await sha256(session)).slice(0, 12);
    const told = await lines();
    expect(told).toEqual([{ ...line, level: 'info', session: digest, ms: 3_000 }]);
    expect(JSON.stringify(told)).not.toContain(session.slice(0, 6));
  });

  test('when its runner has lost it', async () => {
    const { core, said, hello, lines } = fleet();
    core.dialled('s2', runner, 8_000);
    said.push(...core.message('s2', hello('boot-2-of-the-runner-a'), 9_000));
    said.push(...core.closed(session, 9_500));
    const lost = { level: 'warn', fault: 'runner_lost', ms: 7_000 };
    expect(await lines()).toMatchObject([{ ...line, ...lost }]);
  });
});

describe('[F-99] a failure tells its kind and place, not its words', () => {
  test('of a request', async () => {
    const edge = new PlayedEdge(KEYS);
    edge.session.post = () => {
      throw new TypeError(`cannot take\n    at ${SECRET}\n`);
    };
    edge.session.negotiated = edge.session.post as never;
    edge.session.end = edge.session.post as never;
    const response = await edge.send({
      method: 'DELETE',
      headers: { ...key, 'Mcp-Session-Id': sessionId },
    });
    expect(response.status).toBe(500);
    expect(edge.log.map(({ message }) => message)).toEqual(['a request failed', 'request refused']);
    expect(edge.log[0]).toMatchObject({ error: 'TypeError', request: 'r1' });
    expect(JSON.stringify(edge.log)).not.toContain(SECRET);
  });

  test('frames are told, lines of the message that look like one are not', () => {
    const { error, at } = failureOf(new RangeError(`bad\n    at ${SECRET}`));
    expect(error).toBe('RangeError');
    expect(at?.[0]).toContain('log.test.ts');
    expect(String(at)).not.toContain(SECRET);
  });

  test('what was thrown need not be an error', () => {
    expect(failureOf(SECRET)).toEqual({ error: 'string' });
    const odd = new Error('');
    odd.stack = undefined as never;
    expect(failureOf(odd)).toEqual({ error: 'Error', at: [] });
  });
});

const upgrade = {
  Upgrade: 'websocket',
  'Sec-WebSocket-Protocol': 'mcp-bridge.v2',
};
