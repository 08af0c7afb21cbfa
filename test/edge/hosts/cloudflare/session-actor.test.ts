// The session actor inside workerd, with a runner played by hand: the ways of a message, sleep and death of the actor, and
// what is left behind.
import {
  abortAllDurableObjects,
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { LINK_GRACE_MS } from '../../../../shared/link/timing.ts';
import { PATIENCE } from '../../../fixtures/patience.ts';
import { Client, Events, openSession } from './client.ts';
import { FakeRunner, framesOf, type FakeSession } from './fake-runner.ts';

afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

/** Longer than anything takes that is said at once. */
const silence = (): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), 500));

const actorOf = (session: FakeSession) => env.SESSION.getByName(session.name);

/** All the actor has on disk, with its alarm; and how many rows were ever written. */
function stored(
  session: FakeSession,
): Promise<{ rows: Record<string, unknown>; alarm: number | null; changes: number }> {
  return runInDurableObject(actorOf(session), async (_instance, { storage }) => ({
    rows: Object.fromEntries(storage.kv.list()),
    alarm: await storage.getAlarm(),
    changes: storage.sql.exec<{ n: number }>('SELECT total_changes() AS n').one().n,
  }));
}

/** Kills the actors as a crash or a deploy does: their memory and their sockets are gone, their storage stays. */
const crash = (): Promise<void> => abortAllDurableObjects();

/** Moves the clock the actor looks at; timers go on as they are. */
function leap(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
}

describe('a call', () => {
  test('that is answered soon is one JSON body, and the runner hears that it was delivered', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(7);
    const post = await session.answer({ ok: true });
    expect(post.message).toBe('{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}');
    const answer = await response;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toBe('application/json');
    expect(await answer.json()).toEqual({ jsonrpc: '2.0', id: 7, result: { ok: true } });
    expect(await session.link.next('delivered')).toMatchObject({
      streams: expect.arrayContaining([post['stream']]),
    });
  });

  test('[LP17] the next post carries what was delivered', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    await session.link.next('delivered');
    const first = client.call(1);
    const { stream } = await session.answer({});
    await first;
    const second = client.call(2);
    expect((await session.answer({}))['delivered']).toEqual([stream]);
    await second;
  });

  test('that is answered late is an SSE stream with the same answer', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(7);
    const { stream } = await session.accept();
    const events = new Events(await response);
    expect(await session.attach()).toMatchObject({ stream, after: 0 });
    session.event(stream, 1, { method: 'notifications/progress' });
    session.event(stream, 2, { id: 7, result: {} }, true);
    expect(await events.next()).toMatchObject({ id: `${String(stream)}.1` });
    expect(await events.next()).toEqual({
      id: `${String(stream)}.2`,
      data: '{"jsonrpc":"2.0","id":7,"result":{}}',
    });
    expect(await events.next()).toBeUndefined();
    expect((await session.link.next('ack'))['stream']).toBe(stream);
  });

  test('whose first event is not its answer becomes a stream at once', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(7);
    const { stream } = await session.link.next('post');
    session.event(stream, 1, { method: 'notifications/message' });
    await session.attach();
    session.event(stream, 1, { method: 'notifications/message' });
    session.event(stream, 2, { id: 7, result: {} }, true);
    const events = new Events(await response);
    expect((await events.message())['method']).toBe('notifications/message');
    expect((await events.message())['id']).toBe(7);
  });

  test('that ends without an answer ends its stream, and leaves no socket behind', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(7);
    const { stream } = await session.accept();
    const events = new Events(await response);
    await session.attach();
    session.event(stream, 1, undefined, true);
    expect(await events.next()).toBeUndefined();
    expect(await session.link.next('detach')).toMatchObject({ stream });
  });

  test('[LP13] a notification is a 202 once the runner has it', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.post({ method: 'notifications/initialized' });
    const post = await session.link.next('post');
    let isAnswered = false;
    void response.then(() => (isAnswered = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isAnswered).toBe(false);
    session.link.send({ type: 'accepted', id: post['id'] });
    expect((await response).status).toBe(202);
  });

  test('that the runner refuses is an error with its id', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call('x');
    const { id } = await session.link.next('post');
    session.link.send({ type: 'refused', of: id, fault: 'overloaded', phase: 'not_sent' });
    const answer = await response;
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ id: 'x', error: { code: 42_005 } });
  });

  test('[F-25] of another principal with the session’s id is a 404, and the runner hears nothing', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const { BOB } = await import('../../../fixtures/edge-settings.ts');
    const thief = new Client({ key: BOB.key, sessionId: client.sessionId ?? '' });
    for (const response of [await thief.call(1), await thief.listen(), await thief.end()]) {
      expect(response.status).toBe(404);
    }
    const mine = client.call(1);
    await session.answer({});
    expect((await mine).status).toBe(200);
    expect(session.link.waiting.filter(({ type }) => type !== 'delivered')).toEqual([]);
  });

  test('of 3 MiB with characters of several bytes arrives whole, in parts', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const text = '€😀'.repeat(400_000);
    const response = client.post({ id: 1, method: 'tools/call', params: { text } });
    const parts: string[] = [];
    for (let isLast = false; !isLast;) {
      const part = await session.link.next('part');
      parts.push(part.message ?? '');
      isLast = part['to'] === part['size'];
    }
    const [header = '', message = ''] = parts.join('').split('\n');
    expect(JSON.parse(message).params.text === text).toBe(true);
    const { stream } = JSON.parse(header);
    const answer = `${JSON.stringify({ type: 'event', stream, seq: 1, final: true })}\n${JSON.stringify({ jsonrpc: '2.0', id: 1, result: { text } })}`;
    // Behind a whole character, as every sender cuts.
    const cut = answer.indexOf('€', answer.length - 1_000_000);
    const size = answer.length;
    const slice = (at: number, to: number): void =>
      session.link.send({ type: 'part', of: 'x', at, to, size }, answer.slice(at, to));
    slice(0, cut);
    slice(cut, size);
    const body = await (await response).json<{ result: { text: string } }>();
    expect(body.result.text === text).toBe(true);
  });
});

describe('a large frame whose socket breaks', () => {
  const MIB = 1024 * 1024;

  test('[F-151] [LP18] up goes on where it was, as the welcome of the next says', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(1);
    const { id } = await session.accept();
    await new Events(await response).cancel();
    const listening = client.listen(`${String(id)}.0`);
    await session.attach();
    const events = new Events(await listening);
    const text = 'x'.repeat(MIB);
    const header = JSON.stringify({ type: 'event', stream: id, seq: 1, final: true });
    const frame = `${header}\n${JSON.stringify({ jsonrpc: '2.0', id: 1, result: { text } })}`;
    const of = `${String(id)}.1`;
    const send = (at: number, to: number): void =>
      session.link.send({ type: 'part', of, at, to, size: frame.length }, frame.slice(at, to));
    send(0, 100_000);
    send(100_000, 300_000);
    session.link.close();
    await session.link.closed;
    const { holds } = await session.relink();
    expect(holds).toEqual([{ of, to: 300_000, size: frame.length }]);
    await session.attach();
    send(300_000, frame.length);
    expect(JSON.stringify(await events.message())).toContain(text);
  });

  test('[F-151] [LP6] [LP18] down goes on where the runner says it was, and begins anew where it says nothing', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    void client.post({ method: 'notifications/x', params: { text: 'x'.repeat(MIB) } });
    const first = await session.link.next('part');
    expect(first).toMatchObject({ at: 0 });
    const { of, to, size } = first;
    await session.relink([{ of, to, size }]);
    expect(await session.link.next('part')).toMatchObject({ of, at: to, size });
    await session.relink();
    expect(await session.link.next('part')).toMatchObject({ of, at: 0, size });
  });

  test('[F-152] of which the actor has lost the beginning is asked for anew', async () => {
    const { session } = await openSession(await FakeRunner.start());
    session.link.send({ type: 'part', of: 'get.1', at: 100, to: 200, size: 900 }, 'x'.repeat(100));
    expect(await session.link.closed).toBe(4400);
    expect((await session.relink())['holds']).toBeUndefined();
  });
});

test('[LP4] [LP23] a ping after so many bytes down asks how far they came; without an answer no more than a window is sent', async () => {
  const { client, session } = await openSession(await FakeRunner.start());
  session.link.answersPings = false;
  void client.post({ method: 'notifications/x', params: { text: 'x'.repeat(1024 * 1024) } });
  let units = 0;
  for (;;) {
    const part = await Promise.race([session.link.next('part'), silence()]);
    if (!part) break;
    units += part.message?.length ?? 0;
  }
  expect(units).toBeGreaterThan(0);
  expect(units).toBeLessThan(200 * 1024);
});

describe('the GET stream', () => {
  test('brings what the process says on its own, with ids to resume from', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.listen();
    expect(await session.attach(4)).toMatchObject({ stream: 'get', after: null });
    const events = new Events(await response);
    session.event('get', 5, { method: 'notifications/x' });
    expect(await events.next()).toMatchObject({ id: 'get.5' });
    await events.cancel();
    expect(await session.link.next('detach')).toMatchObject({ stream: 'get' });
  });

  test('is one a session: a second one is a 409, resuming takes over', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const first = client.listen();
    await session.attach();
    const events = new Events(await first);
    expect((await client.listen()).status).toBe(409);
    const second = client.listen('get.3');
    expect(await session.attach()).toMatchObject({ after: 3 });
    expect((await second).status).toBe(200);
    // It was asked whether it lives.
    expect(await events.message()).toMatchObject({ method: 'ping' });
    expect(await events.next()).toBeUndefined();
  });

  test('[F-169] goes to who comes again, when the client that has it does not answer whether it lives', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const first = client.listen();
    await session.attach();
    const events = new Events(await first);
    expect((await client.listen()).status).toBe(409);
    expect(await events.message()).toMatchObject({ method: 'ping' });
    leap(1_000);
    const second = client.listen();
    await session.attach();
    expect((await second).status).toBe(200);
    expect(await events.next()).toBeUndefined();
  });

  test('[F-169] stays with a client that answers whether it lives', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const first = client.listen();
    await session.attach();
    const events = new Events(await first);
    for (const seconds of [0, 1, 2]) {
      leap(seconds * 1_000);
      expect((await client.listen()).status).toBe(409);
      const { id } = await events.message();
      expect((await client.post({ id, result: {} })).status).toBe(202);
    }
    expect(session.link.waiting.map(({ type }) => type)).not.toContain('post');
    await events.cancel();
  });

  test.each([
    ['replay_evicted', 400, 42_009],
    ['event_unknown', 404, 42_015],
  ])('[LP16] that cannot go on is refused with %s', async (fault, status, code) => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.listen('get.9');
    await session.link.next('attach');
    session.link.send({ type: 'refused', of: 'get', fault });
    const answer = await response;
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code } });
  });
});

describe('an HTTP+SSE session', () => {
  async function openSse(runner: FakeRunner) {
    const response = new Client().fetch('/sse');
    const session = await runner.take();
    const events = new Events(await response);
    await session.attach();
    const endpoint = await events.next();
    const path = `/sse${endpoint?.data}`;
    return {
      session,
      events,
      endpoint,
      post: (message: object) => new Client().post(message, path),
    };
  }

  test('names its endpoint first, answers on the stream, and ends with it', async () => {
    const { session, events, endpoint, post } = await openSse(await FakeRunner.start());
    expect(session.open['clientKind']).toBe('sse');
    expect(endpoint).toMatchObject({
      event: 'endpoint',
      data: expect.stringMatching(/^\?sessionId=\S+&server=files$/u),
    });
    const accepted = post({ id: 1, method: 'initialize' });
    await session.accept();
    expect((await accepted).status).toBe(202);
    session.event('sse', 1, { id: 1, result: {} });
    expect(await events.next()).toEqual({ data: '{"jsonrpc":"2.0","id":1,"result":{}}' });
    await events.cancel();
    await session.link.next('end');
  });

  test('[R-1] whose runner gives up answers what it owes on the stream, then closes it', async () => {
    const { session, events, post } = await openSse(await FakeRunner.start());
    const accepted = post({ id: 'q', method: 'tools/call' });
    await session.accept();
    await accepted;
    session.link.send({ type: 'ended', fault: 'process_exited', message: 'It exited.' });
    expect(await events.message()).toMatchObject({
      id: 'q',
      error: { code: 42_003, message: 'It exited.', data: { phase: 'sent' } },
    });
    expect(await events.next()).toBeUndefined();
  });
});

describe('an actor that sleeps or dies', () => {
  test('[F-89] wakes for its runner and reaches the client’s stream over the sockets that stayed open', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.listen();
    await session.attach();
    const events = new Events(await response);
    session.event('get', 1, { method: 'notifications/one' });
    expect((await events.message())['method']).toBe('notifications/one');
    await session.link.next('ack');
    await evictDurableObject(actorOf(session));
    session.event('get', 2, { method: 'notifications/two' });
    expect(await events.next()).toMatchObject({ id: 'get.2' });
    expect(await session.link.next('ack')).toMatchObject({ seq: 2 });
    // The same socket all along: nobody had to dial or attach again.
    expect(session.link.waiting.map(({ type }) => type)).not.toContain('attach');
  });

  test('[F-89] wakes for a client and posts over the runner’s socket', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    await evictDurableObject(actorOf(session));
    const response = client.call(1);
    await session.answer({ after: 'sleep' });
    expect(await (await response).json()).toMatchObject({ result: { after: 'sleep' } });
  });

  test.each(['hibernate', 'close'] as const)(
    '[F-186] knows what was negotiated after it slept (sockets: %s)',
    async (webSockets) => {
      const { client, session } = await openSession(await FakeRunner.start());
      session.link.send({ type: 'negotiated', revision: '2024-10-07' });
      const known = { headers: { 'MCP-Protocol-Version': '2024-10-07' } };
      const other = { headers: { 'MCP-Protocol-Version': '2023-01-01' } };
      await vi.waitFor(async () => {
        expect(await actorOf(session).negotiated()).toMatchObject({ revision: '2024-10-07' });
      }, PATIENCE);
      await evictDurableObject(actorOf(session), { webSockets });
      if (webSockets === 'close') {
        await session.relink();
        session.link.send({ type: 'negotiated', revision: '2024-10-07' });
      }
      await vi.waitFor(async () => {
        expect((await client.fetch('/mcp', { method: 'DELETE', ...other })).status).toBe(400);
      }, PATIENCE);
      const ended = client.fetch('/mcp', { method: 'DELETE', ...known });
      await session.link.next('end');
      session.link.send({ type: 'ended' });
      expect((await ended).status).toBe(204);
      expect(await actorOf(session).negotiated()).toMatchObject({ isOpen: false });
    },
  );

  test('[F-290] wakes beside a socket that does not say whose it is, and closes it like any other', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    await runInDurableObject(actorOf(session), (_instance, ctx) => {
      for (const socket of ctx.getWebSockets()) socket.serializeAttachment(null);
    });
    await evictDurableObject(actorOf(session));
    session.link.send({ type: 'accepted', id: 'a' });
    session.link.close(4408);
    expect(await session.link.closed).toBe(4408);
    await session.relink();
    const response = client.call(1);
    await session.answer({});
    expect((await response).status).toBe(200);
  });

  test('[D3] that lost its sockets too: the client’s stream pauses, and goes on once the runner is back', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.listen();
    await session.attach();
    const events = new Events(await response);
    session.event('get', 1, { method: 'notifications/one' });
    await events.next();
    await evictDurableObject(actorOf(session), { webSockets: 'close' });
    expect(await session.relink()).toMatchObject({ expired: false });
    expect(await session.attach()).toMatchObject({ stream: 'get', after: 1 });
    session.event('get', 2, { method: 'notifications/two' });
    expect(await events.next()).toMatchObject({ id: 'get.2' });
  });

  test('[F-87] [R-1] in the middle of a call: the client sees its one result', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(7);
    const first = await session.link.next('post');
    await crash();
    await session.relink();
    // The worker does not know whether it arrived, and posts again with the same id (LP12).
    const again = await session.link.next('post');
    expect(again).toEqual({ ...first, delivered: again['delivered'] });
    session.link.send({ type: 'accepted', id: again['id'] });
    expect(await session.attach()).toMatchObject({ stream: first['stream'], after: 0 });
    session.event(first['stream'], 1, { id: 7, result: { once: true } }, true);
    const events = new Events(await response);
    expect(await events.message()).toEqual({ jsonrpc: '2.0', id: 7, result: { once: true } });
    expect(await events.next()).toBeUndefined();
  });

  test('[F-87] in the middle of a stream: the worker comes back with its cursor', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(7);
    const { stream } = await session.accept();
    const events = new Events(await response);
    await session.attach();
    session.event(stream, 1, { method: 'notifications/progress' });
    await events.next();
    await crash();
    await session.relink();
    expect(await session.attach()).toMatchObject({ stream, after: 1 });
    // What the runner resends, and one the client has already.
    session.event(stream, 1, { method: 'notifications/progress' });
    session.event(stream, 2, { id: 7, result: {} }, true);
    expect((await events.message())['id']).toBe(7);
    expect(await events.next()).toBeUndefined();
  });
});

describe('a runner’s link', () => {
  test('[R-7] that is lost and back within the grace costs a pause', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(7);
    const first = await session.link.next('post');
    session.link.close();
    await session.link.closed;
    expect(await session.relink()).toMatchObject({ expired: false });
    const again = await session.link.next('post');
    expect(again['id']).toBe(first['id']);
    session.event(again['stream'], 1, { id: 7, result: {} }, true);
    const answer = await response;
    // On a slow machine the relink takes longer than an answer may to be one JSON body.
    const isStream = answer.headers.get('Content-Type') === 'text/event-stream';
    if (isStream) {
      await session.attach();
      session.event(again['stream'], 1, { id: 7, result: {} }, true);
    }
    const message = isStream ? await new Events(answer).message() : await answer.json();
    expect(message).toMatchObject({ id: 7, result: {} });
  });

  test('[R-7] [LP20] that stays away for the grace: the alarm answers `runner_lost`, and the runner is told', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(7);
    const { stream } = await session.accept();
    const events = new Events(await response);
    await session.attach();
    session.event(stream, 1, { method: 'notifications/progress' });
    await events.next();
    session.link.close();
    await session.link.closed;
    expect(await stored(session)).toMatchObject({
      rows: { lost: { isExpired: false } },
      alarm: expect.any(Number),
    });
    leap(LINK_GRACE_MS);
    expect(await runDurableObjectAlarm(actorOf(session))).toBe(true);
    expect(await events.message()).toMatchObject({
      id: 7,
      error: { code: 42_002, data: { fault: 'runner_lost', phase: 'sent', retryable: false } },
    });
    expect(await events.next()).toBeUndefined();
    const late = await client.call(8);
    expect(late.status).toBe(503);
    expect(await late.json()).toMatchObject({ id: 8, error: { code: 42_001 } });
    expect(await session.relink()).toMatchObject({ expired: true });
    expect((await stored(session)).rows).not.toHaveProperty('lost');
  });

  test('[R-7] that is lost while the actor forgets everything still runs out', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    session.link.close();
    await session.link.closed;
    await stored(session);
    await evictDurableObject(actorOf(session));
    leap(LINK_GRACE_MS);
    expect(await runDurableObjectAlarm(actorOf(session))).toBe(true);
    expect((await client.call(1)).status).toBe(503);
    expect(await session.relink()).toMatchObject({ expired: true });
  });

  test('[LP8] with a higher epoch replaces the older one, which is closed with 4409', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const older = session.link;
    await session.relink();
    expect(await older.closed).toBe(4409);
    const response = client.call(1);
    await session.answer({});
    expect((await response).status).toBe(200);
  });

  test('[LP8] with an epoch that is not higher is closed with 4409, and the live one serves on', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    await session.relink();
    for (const epoch of [1, 2]) {
      expect(await framesOf(await session.dialBeside(epoch)).closed).toBe(4409);
    }
    const response = client.call(1);
    await session.answer({});
    expect((await response).status).toBe(200);
  });

  test('[LP8] [F-89] each socket of the actor says whose it is, that of a refused dial too', async () => {
    const { session } = await openSession(await FakeRunner.start());
    await session.dialBeside(1);
    const attachments = await runInDurableObject(actorOf(session), (_instance, state) =>
      state.getWebSockets().map((socket) => socket.deserializeAttachment()),
    );
    const of = {
      session: session.name,
      role: 'runner',
      placed: expect.objectContaining({ session: session.name }) as object,
    };
    expect(attachments.toSorted((a, b) => a.epoch - b.epoch)).toEqual([
      { ...of, epoch: 0, at: 0 },
      { ...of, epoch: 1, at: expect.any(Number) as number },
    ]);
  });

  test('[LP8] a replaced socket is not heeded any more', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const older = session.link;
    await session.relink();
    const response = client.call(1);
    const { stream } = await session.link.next('post');
    try {
      older.send({ type: 'event', stream, seq: 1, final: true }, '{"forged":true}');
    } catch {
      // Closed already.
    }
    session.event(stream, 1, { id: 1, result: {} }, true);
    expect(await (await response).json()).toMatchObject({ result: {} });
  });

  test('[F-59] that speaks of streams not its own reaches no client', async () => {
    const runner = await FakeRunner.start();
    const ours = await openSession(runner);
    const theirs = await openSession(runner);
    const response = theirs.client.call(1);
    const { stream } = await theirs.session.link.next('post');
    ours.session.event(stream, 1, { id: 1, result: { forged: true } }, true);
    expect(await ours.session.link.next('detach')).toMatchObject({ stream });
    theirs.session.event(stream, 1, { id: 1, result: {} }, true);
    expect(await (await response).json()).toMatchObject({ result: {} });
  });

  const breaches: [string, (session: FakeSession) => void, number][] = [
    ['text that is no frame', ({ link }) => link.raw('hello'), 4400],
    ['an unknown type', ({ link }) => link.send({ type: 'spawn' }), 4400],
    ['a command', ({ link }) => link.send({ type: 'accepted', id: 'a', command: 'sh' }), 4400],
    ['a frame of the other direction', ({ link }) => link.send({ type: 'end' }), 4400],
    ['a binary frame', ({ link }) => link.raw(new Uint8Array([1, 2, 3]).buffer), 4400],
    [
      'a part whose beginning is missing',
      ({ link }) => link.raw('{"type":"part","last":true}\n"x"}'),
      4400,
    ],
    [
      'fewer events than it says',
      ({ link }) => link.send({ type: 'event', stream: 'get', seq: 1, count: 3 }, '{}\n{}'),
      4400,
    ],
    [
      'a final among other events',
      ({ link }) =>
        link.send({ type: 'event', stream: 'get', seq: 1, count: 2, final: true }, '{}\n{}'),
      4400,
    ],
    ['33 MiB', ({ link }) => link.raw('x'.repeat(33 * 1024 * 1024)), 4413],
    [
      'parts of more than 16 MiB',
      ({ link }) => {
        const MIB = 1024 * 1024;
        for (let n = 0; n < 19; n++) {
          link.send({ type: 'part', of: `x${n}`, at: 0, to: MIB, size: 2 * MIB }, 'x'.repeat(MIB));
        }
      },
      4413,
    ],
  ];

  test.each(breaches)(
    '[LP2] [LP3] [F-58] with %s is closed, and the session goes on over the next one',
    async (_what, breach, code) => {
      const { client, session } = await openSession(await FakeRunner.start());
      breach(session);
      // A runtime that refuses the size itself closes with 1009.
      expect(code === 4413 ? [4413, 1009] : [code]).toContain(await session.link.closed);
      await session.relink();
      const response = client.call(1);
      await session.answer({});
      expect((await response).status).toBe(200);
    },
  );

  test('[F-283] [LP26] with several events in a frame gives its client each, once', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const listening = client.listen();
    await session.attach();
    const events = new Events(await listening);
    session.events('get', 1, ['one', 'two']);
    session.events('get', 2, ['two', 'three', 'four']);
    session.events('get', 3, ['three', 'four']);
    session.event('get', 5, { method: 'five' });
    for (const [index, method] of ['one', 'two', 'three', 'four', 'five'].entries()) {
      expect(await events.next()).toEqual({
        id: `get.${index + 1}`,
        data: JSON.stringify({ jsonrpc: '2.0', method }),
      });
    }
    session.events('get', 7, ['seven', 'eight']);
    expect(await session.link.closed).toBe(4400);
  });

  test('[F-162] that repeats or skips an event is cut off before a client sees it, and heard again from where it was', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const listening = client.listen();
    await session.attach();
    const events = new Events(await listening);
    session.event('get', 1, { method: 'one' });
    expect((await events.message())['method']).toBe('one');
    session.event('get', 3, { method: 'forged' });
    session.event('get', 2, { method: 'forged too' });
    expect(await session.link.closed).toBe(4400);
    await session.relink();
    expect(await session.attach(1)).toMatchObject({ stream: 'get', after: 1 });
    session.event('get', 2, { method: 'two' });
    expect((await events.message())['method']).toBe('two');
    await events.cancel();
  });

  test('[F-163] a throw while a frame is handled closes its socket; the actor, its streams and its session go on', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const listening = client.listen();
    await session.attach();
    const events = new Events(await listening);
    await runInDurableObject(actorOf(session), (_instance, ctx) => {
      for (const socket of ctx.getWebSockets()) {
        socket.serializeAttachment = () => {
          throw new TypeError('no room');
        };
      }
    });
    session.link.send({ type: 'negotiated', revision: '2025-06-18' });
    expect(await session.link.closed).toBe(1011);
    await session.relink();
    await session.attach();
    session.event('get', 1, { method: 'still here' });
    expect((await events.message())['method']).toBe('still here');
    await events.cancel();
  });

  test.each([1000, 1001, 1011, 4408])(
    'closed by the runner with %i is closed back with it',
    async (code) => {
      const { session } = await openSession(await FakeRunner.start());
      session.link.close(code);
      expect(await session.link.closed).toBe(code);
    },
  );

  test('[LP4] a ping is answered without waking the actor', async () => {
    const { session } = await openSession(await FakeRunner.start());
    await evictDurableObject(actorOf(session));
    // Neither is a frame: what comes back is no JSON, so it is looked at here.
    const pong = new Promise((resolve) => session.link.listen(resolve));
    session.link.raw('ping');
    expect(await pong).toBe('pong');
  });
});

describe('what is stored', () => {
  test('[D1] [F-164] nothing, while the runner is there: posts, events, streams, acks and what was negotiated write no row', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const listening = client.listen();
    await session.attach();
    const events = new Events(await listening);
    const before = await stored(session);
    expect(before).toMatchObject({ rows: {}, alarm: null });
    session.link.send({ type: 'negotiated', revision: '2025-06-18' });
    for (let n = 1; n <= 20; n++) {
      const response = client.call(n);
      await session.answer({ n });
      await (await response).json();
      session.event('get', n, { method: 'notifications/x' });
      await events.next();
    }
    expect(await stored(session)).toEqual(before);
  });

  test('nothing is left after the client’s DELETE, and the id is unknown from then on', async () => {
    const runner = await FakeRunner.start();
    const { client, session } = await openSession(runner);
    const deleted = client.end();
    await session.link.next('end');
    session.link.send({ type: 'ended' });
    expect((await deleted).status).toBe(204);
    expect(await session.link.closed).toBe(1000);
    expect(await runner.control.next('close')).toMatchObject({ session: session.name });
    expect(await stored(session)).toMatchObject({ rows: {}, alarm: null });
    for (const response of [await client.call(1), await client.listen(), await client.end()]) {
      expect(response.status).toBe(404);
    }
    expect(await stored(session)).toMatchObject({ rows: {}, alarm: null });
    expect(await env.FLEET.getByName('fleet').view()).toMatchObject({ sessions: 0 });
  });

  test('nothing is left after the process ended while the link was lost before', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    session.link.close();
    await session.link.closed;
    await session.relink();
    expect(await stored(session)).toMatchObject({ rows: {}, alarm: null });
    session.link.send({ type: 'ended', fault: 'process_exited' });
    expect(await session.link.closed).toBe(1000);
    expect(await stored(session)).toMatchObject({ rows: {}, alarm: null });
    expect((await client.call(1)).status).toBe(404);
    const late = session.relink();
    await expect(late).rejects.toThrow('status 404');
  });

  test('[F-28] a DELETE with calls in flight: each gets one error', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const calls = [client.call(1), client.call(2)];
    for (const _call of calls) await session.link.next('post');
    const deleted = client.end();
    await session.link.next('end');
    session.link.send({ type: 'ended', fault: 'process_exited', message: 'The client ended it.' });
    expect((await deleted).status).toBe(204);
    for (const [index, response] of (await Promise.all(calls)).entries()) {
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ id: index + 1, error: { code: 42_003 } });
    }
  });
});
