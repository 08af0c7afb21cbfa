// Spares inside workerd, with real actors and a runner played by hand (LP27).
import {
  abortAllDurableObjects,
  evictDurableObject,
  reset,
  runInDurableObject,
} from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { afterEach, describe, expect, test } from 'vitest';

import { ANN } from '../../../fixtures/edge-settings.ts';
import type { SessionActor } from '../../../../edge/hosts/cloudflare/session-actor.ts';
import { Client } from './client.ts';
import { EDGE, FakeRunner, FakeSession } from './fake-runner.ts';

afterEach(() => reset());

/** Links a spare; returns when the fleet has heard that it is ready. */
async function linkSpare(runner: FakeRunner): Promise<FakeSession> {
  runner.control.send({ type: 'want', server: 'files' });
  const spare = await FakeSession.dial(runner, await runner.control.next('spare'));
  runner.control.send({ type: 'ready', session: spare.name });
  // What is asked behind it is answered behind it.
  runner.control.send({ type: 'want', server: 'files' });
  await runner.control.next('spare');
  return spare;
}

const initialize = { id: 0, method: 'initialize', params: { capabilities: {} } };

function call(id: number): Promise<Response> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return exports.default.fetch(
    new Request(`${EDGE}/files/mcp`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${ANN.key}`,
        Accept: 'application/json, text/event-stream',
        'Content-Type': 'application/json',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': 'tools/call',
        'Mcp-Name': 'echo',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'echo', _meta: meta },
      }),
    }),
  );
}

const actorOf = (spare: FakeSession): DurableObjectStub<SessionActor> =>
  env.SESSION.getByName(spare.name);

describe('[LP27] a spare', () => {
  test('gets the requests of a modern client, all of them, until its session is over', async () => {
    const runner = await FakeRunner.start();
    const spare = await linkSpare(runner);
    const answered = async (answer: Promise<Response>): Promise<number> => {
      await spare.answer({ resultType: 'complete' });
      return (await answer).status;
    };
    const first = call(1);
    expect(await spare.link.next('take')).toMatchObject({
      server: 'files',
      principal: ANN.name,
      clientKind: 'modern',
    });
    expect(await answered(first)).toBe(200);
    expect(await answered(call(2))).toBe(200);
    expect(await runner.control.next('open')).toMatchObject({ session: spare.name });
    spare.link.send({ type: 'ended' });
    const third = call(3);
    const next = await runner.take();
    expect(next.name).toMatch(/^m-/u);
    await next.answer({ resultType: 'complete' });
    expect((await third).status).toBe(200);
  });

  test.each([false, true])(
    'gets an `initialize` with no dial, asleep before: %s',
    async (sleeps) => {
      const runner = await FakeRunner.start();
      const spare = await linkSpare(runner);
      if (sleeps) await evictDurableObject(actorOf(spare), { webSockets: 'hibernate' });
      const opening = new Client().post(initialize);
      expect(await spare.link.next('take')).toMatchObject({
        principal: ANN.name,
        clientKind: 'streamable',
      });
      await spare.answer({ protocolVersion: '2025-06-18' });
      const response = await opening;
      expect(response.status).toBe(200);
      const sessionId = response.headers.get('Mcp-Session-Id') ?? '';
      expect(sessionId.startsWith(`${spare.name}.`)).toBe(true);
      expect(await runner.control.next('open')).toMatchObject({ session: spare.name });
      const answer = new Client({ sessionId }).call(1);
      await spare.answer({ content: [] });
      expect((await answer).status).toBe(200);
    },
  );

  test('whose actor was reset is dialled again, and the session goes on there', async () => {
    const runner = await FakeRunner.start();
    const spare = await linkSpare(runner);
    const opening = new Client().post(initialize);
    await spare.link.next('post');
    spare.link.close(1011);
    await spare.relink();
    expect(await spare.link.next('take')).toMatchObject({ principal: ANN.name });
    await spare.answer({ protocolVersion: '2025-06-18' });
    expect((await opening).status).toBe(200);
  });

  test('leaves nothing on the disk of its actor, and is gone with its runner', async () => {
    const runner = await FakeRunner.start();
    const spare = await linkSpare(runner);
    runner.control.close();
    expect(await spare.link.closed).toBe(1000);
    const keys = await runInDurableObject(actorOf(spare), (_actor, state) => state.storage.list());
    expect([...keys]).toEqual([]);
  });

  test('that nobody has any more is no way in: a session is opened by dialling', async () => {
    const runner = await FakeRunner.start();
    await linkSpare(runner);
    await abortAllDurableObjects();
    const again = await FakeRunner.start();
    const opening = new Client().post(initialize);
    const session = await again.take();
    await session.answer({ protocolVersion: '2025-06-18' });
    expect((await opening).status).toBe(200);
  });
});
