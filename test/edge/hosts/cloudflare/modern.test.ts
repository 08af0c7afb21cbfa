// Modern requests inside workerd, with real actors and a runner played by hand: one session after the other behind one actor,
// and what a client that leaves sets off.
import {
  abortAllDurableObjects,
  evictDurableObject,
  reset,
  runInDurableObject,
} from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { afterEach, describe, expect, test } from 'vitest';

import { ANN, BOB } from '../../../fixtures/edge-settings.ts';
import { Events } from './client.ts';
import { EDGE, FakeRunner } from './fake-runner.ts';
import type { SessionActor } from '../../../../edge/hosts/cloudflare/session-actor.ts';

afterEach(() => reset());

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A modern tools/call. */
function call(
  id: number | string,
  { key = ANN.key, signal }: { key?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  const params = { name: 'echo', _meta: META };
  return exports.default.fetch(
    new Request(`${EDGE}/files/mcp`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${key}`,
        Accept: 'application/json, text/event-stream',
        'Content-Type': 'application/json',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': 'tools/call',
        'Mcp-Name': 'echo',
        'Mcp-Param-Region': 'eu',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }),
      ...(signal && { signal }),
    }),
  );
}

describe('modern requests', () => {
  test('of a principal share a session, which the first of them opens', async () => {
    const runner = await FakeRunner.start();
    const both = [call(1), call('a')];
    const session = await runner.take();
    expect(session.open).toMatchObject({ clientKind: 'modern', principal: ANN.name });
    expect(session.name).toMatch(/^m-[\w-]{20}~[\w-]{8}$/u);
    const post = await session.answer({ resultType: 'complete' });
    expect(JSON.parse(post.message ?? '').params._meta).toEqual({
      ...META,
      'mcp-edge-bridge/headers': { 'mcp-param-region': 'eu' },
    });
    await session.answer({ resultType: 'complete' });
    for (const [index, id] of [1, 'a'].entries()) {
      const answer = await both[index];
      expect(answer?.status).toBe(200);
      expect(await answer?.json()).toEqual({
        jsonrpc: '2.0',
        id,
        result: { resultType: 'complete' },
      });
    }
  });

  test('[F-25] of another principal have another session', async () => {
    const runner = await FakeRunner.start();
    const ann = call(1);
    const annSession = await runner.take();
    const bob = call(1, { key: BOB.key });
    const bobSession = await runner.take();
    expect(bobSession.name.slice(0, 22)).not.toBe(annSession.name.slice(0, 22));
    await bobSession.answer({ of: 'bob' });
    await annSession.answer({ of: 'ann' });
    expect(await (await ann).json()).toMatchObject({ result: { of: 'ann' } });
    expect(await (await bob).json()).toMatchObject({ result: { of: 'bob' } });
  });

  test('after the end of a session open the next', async () => {
    const runner = await FakeRunner.start();
    const first = call(1);
    const session = await runner.take();
    await session.answer({});
    await (await first).text();
    session.link.send({ type: 'ended' });
    await session.link.closed;
    const second = call(2);
    const next = await runner.take();
    expect(next.name).not.toBe(session.name);
    await next.answer({ again: true });
    expect(await (await second).json()).toMatchObject({ id: 2, result: { again: true } });
  });
});

test('a request that meets a session on its way out is carried out in the next', async () => {
  const runner = await FakeRunner.start();
  const first = call(1);
  const session = await runner.take();
  await session.link.next('post');
  // It waits a second for the runner's word on the first.
  session.link.send({ type: 'ended' });
  const second = call(2);
  const next = await runner.take();
  await next.answer({ again: true });
  expect(await (await second).json()).toMatchObject({ id: 2, result: { again: true } });
  expect(await (await first).json()).toMatchObject({ error: { data: { phase: 'unknown' } } });
});

describe('an actor that opens a session', () => {
  const OPENING = { server: 'files', principal: ANN.name, clientKind: 'modern' } as const;
  const POST = { id: 'p', stream: 'p', wants: 'answer', message: '{}', requestIds: ['1'] } as const;

  /** An actor before a fleet that a test plays. */
  const withFleet = <T>(
    open: (opening: { session: string }) => Promise<unknown>,
    play: (actor: SessionActor) => Promise<T>,
  ): Promise<T> =>
    runInDurableObject(env.SESSION.getByName('m-'.padEnd(22, 'x')), (actor) => {
      const nothing = async (): Promise<undefined> => undefined;
      const fleet = { open, placed: nothing, closed: nothing };
      Object.assign(actor, { env: { FLEET: { getByName: () => fleet } } });
      return play(actor);
    });

  test('hears of a refusal that comes before the word of where it lies', async () => {
    const told = Promise.withResolvers<string>();
    const placed = Promise.withResolvers<object>();
    const open = ({ session }: { session: string }): Promise<object> => {
      told.resolve(session);
      return placed.promise;
    };
    const answer = await withFleet(open, async (actor) => {
      const served = actor.serve(OPENING, POST);
      const refused = actor.giveUp({ fault: 'process_start_failed' }, await told.promise);
      const session = await told.promise;
      placed.resolve({ ok: true, value: { session, runner: 'a', boot: 'b', openedAt: 0 } });
      await refused;
      return served;
    });
    expect(answer).toMatchObject({ kind: 'refused', fault: { fault: 'process_start_failed' } });
  });

  test('[F-87] says that nothing was sent when the fleet breaks away, and that it may be asked again', async () => {
    const open = (): Promise<never> => Promise.reject(new Error('the fleet was reset'));
    const answer = await withFleet(open, (actor) => actor.serve(OPENING, POST));
    expect(answer).toEqual({ kind: 'refused', fault: { fault: 'session_not_found' } });
  });
});

describe('[F-95] a modern client that leaves has cancelled', () => {
  test('while it reads a stream', async () => {
    const runner = await FakeRunner.start();
    const answer = call(1);
    const session = await runner.take();
    const post = await session.accept();
    const events = new Events(await answer);
    await session.attach();
    session.event(post['stream'], 1, { method: 'notifications/progress' });
    expect(await events.next()).toEqual({
      data: '{"jsonrpc":"2.0","method":"notifications/progress"}',
    });
    await events.cancel();
    expect(await session.link.next('cancel')).toMatchObject({ stream: post['stream'] });
  });

  test('before it was answered', async () => {
    const runner = await FakeRunner.start();
    const leaving = new AbortController();
    const answer = call(1, { signal: leaving.signal }).then(
      (response) => response.status,
      () => 'left',
    );
    const session = await runner.take();
    const post = await session.accept();
    leaving.abort();
    expect(await answer).toBe('left');
    expect(await session.link.next('cancel')).toMatchObject({ stream: post['stream'] });
  });
});

test('[F-87] a call whose actor is reset is answered, and reaches the runner as one post', async () => {
  const runner = await FakeRunner.start();
  const answer = call(1);
  const session = await runner.take();
  const post = await session.accept();
  const events = new Events(await answer);
  await session.attach();
  await abortAllDurableObjects();
  await session.relink();
  expect(await session.attach()).toMatchObject({ stream: post['stream'] });
  session.event(post['stream'], 1, { id: 1, result: {} }, true);
  expect(await events.message()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
  expect(await events.next()).toBeUndefined();
});

test('[R-2] a stream is followed only in the session that its post was sent in', async () => {
  const runner = await FakeRunner.start();
  const answer = call(1);
  const session = await runner.take();
  await session.answer({});
  await answer;
  const actor = env.SESSION.getByName(session.name.slice(0, 22));
  const follow = async (place: string): Promise<unknown> => {
    const headers = { Upgrade: 'websocket' };
    const wish = `http://actor/follow?stream=x&resumes=false&${place}`;
    const response = await actor.fetch(wish, { headers });
    response.webSocket?.accept();
    return response.status === 101 ? 'followed' : (await response.json<{ fault: string }>()).fault;
  };
  expect(await follow(`session=${session.name}`)).toBe('followed');
  expect(await follow(`session=${session.name.slice(0, 22)}~another1`)).toBe('session_not_found');
  expect(await follow(`openedBefore=${Date.now() + 1_000}&of=x`)).toBe('stream_conflict');
  expect(await follow(`openedBefore=${Date.now() - 60_000}`)).toBe('session_not_found');
});

describe('sockets of a session that is over', () => {
  test('are not taken for those of the next one after hibernation', async () => {
    const runner = await FakeRunner.start();
    const first = call(1);
    const session = await runner.take();
    await session.answer({});
    await (await first).text();
    // A dead network: nobody answers what is said on this socket, its close included.
    const { webSocket } = await session.dialBeside(9);
    webSocket?.accept({ allowHalfOpen: true });
    const actor = env.SESSION.getByName(session.name.slice(0, 22));
    await actor.giveUp({ fault: 'runner_lost' }, session.name);
    const second = call(2);
    const next = await runner.take();
    await next.answer({});
    await (await second).text();
    await evictDurableObject(actor);
    const third = call(3);
    await next.answer({ of: 'next' });
    expect(await (await third).json()).toMatchObject({ id: 3, result: { of: 'next' } });
  });

  test('[R-2] reach nothing of the next one', async () => {
    const runner = await FakeRunner.start();
    const first = call(1);
    const session = await runner.take();
    await session.answer({});
    await (await first).text();
    const actor = env.SESSION.getByName(session.name.slice(0, 22));
    const wish = `http://actor/follow?stream=x&resumes=false&session=${session.name}`;
    const { webSocket } = await actor.fetch(wish, { headers: { Upgrade: 'websocket' } });
    webSocket?.accept();
    await actor.giveUp({ fault: 'runner_lost' }, session.name);
    const second = call(2);
    const next = await runner.take();
    webSocket?.send('{"type":"cancel","stream":"x"}');
    webSocket?.send('{"type":"post","stream":"x","id":"x"}\n{}');
    const post = await next.answer({});
    expect(post['id']).not.toBe('x');
    await (await second).text();
    const third = call(3);
    expect((await next.answer({}))['id']).not.toBe('x');
    await (await third).text();
  });
});
