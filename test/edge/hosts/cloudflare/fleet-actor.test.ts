// The fleet actor inside workerd and the runners' ways in: who may dial, where sessions go, and whose sessions are given up.
import { evictDurableObject, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { textForm } from '../../../../shared/link/forms.ts';
import { splitFrame } from '../../../../shared/link/parts.ts';
import { ANN, BOB, RUNNER_A, RUNNER_B } from '../../../fixtures/edge-settings.ts';
import { PATIENCE } from '../../../fixtures/patience.ts';
import { Client, Events, openSession } from './client.ts';
import { bootId, dial, FakeRunner, framesOf, SUBPROTOCOL } from './fake-runner.ts';

afterEach(() => reset());

const fleet = () => env.FLEET.getByName('fleet');

const rows = (): Promise<string[]> =>
  runInDurableObject(fleet(), (_instance, { storage }) =>
    [...storage.sql.exec<{ session: string }>('SELECT session FROM sessions')].map(
      ({ session }) => session,
    ),
  );

const hello = (changes: object = {}): object => ({
  type: 'hello',
  runner: RUNNER_A.name,
  boot: bootId('b'),
  servers: ['files'],
  capacity: 10,
  sessions: [],
  ...changes,
});

const control = async () => framesOf(await dial('/runner/link', RUNNER_A));

describe('dialling', () => {
  const paths = ['/runner/link', `/runner/session/${'s'.repeat(22)}`];

  test.each(paths)('[LP5] [F-64] %s refuses a request with an Origin: 403', async (path) => {
    expect((await dial(path, RUNNER_A, { Origin: 'https://good.example' })).status).toBe(403);
  });

  test.each(paths)(
    '[LP5] %s refuses a wrong credential, none, and a client’s key: 401',
    async (path) => {
      for (const token of ['wrong-token-0123456789', ANN.key]) {
        const response = await dial(path, { token });
        expect(response.status).toBe(401);
        expect(response.headers.get('WWW-Authenticate')).toContain('invalid_token');
      }
      expect((await dial(path, RUNNER_A, { Authorization: '' })).status).toBe(401);
    },
  );

  test.each(paths)('[LP5] [F-34] %s takes no credential from the URL', async (path) => {
    const response = await dial(`${path}?token=${RUNNER_A.token}`, RUNNER_A, { Authorization: '' });
    expect(response.status).toBe(400);
  });

  test.each(paths)(
    '[LP5] [F-67] %s refuses a dial without a common version: 426, and says why',
    async (path) => {
      for (const headers of [
        { 'Sec-WebSocket-Protocol': '' },
        { 'Sec-WebSocket-Protocol': 'mcp-bridge.v99' },
        { Upgrade: '' },
      ]) {
        const response = await dial(path, RUNNER_A, headers);
        expect(response.status).toBe(426);
        expect(await response.text()).toContain(SUBPROTOCOL);
      }
    },
  );

  test('[LP5] names the chosen version in its answer', async () => {
    const response = await dial('/runner/link', RUNNER_A, {
      'Sec-WebSocket-Protocol': `mcp-bridge.v99, ${SUBPROTOCOL}`,
    });
    expect(response.status).toBe(101);
    expect(response.headers.get('Sec-WebSocket-Protocol')).toBe(SUBPROTOCOL);
  });

  test('[LP6] [LP7] a session takes the ticket of exactly its session, runner and boot', async () => {
    const runner = await FakeRunner.start();
    const { session } = await openSession(runner);
    const { session: other } = await openSession(runner);
    const { ticket } = session.open;
    const attempt = (path: string, token: { token: string }, changes: Record<string, string>) =>
      dial(path, token, {
        'mcp-bridge-ticket': String(ticket),
        'mcp-bridge-boot': runner.boot,
        'mcp-bridge-epoch': '9',
        ...changes,
      });
    const path = `/runner/session/${session.name}`;
    const refused = [
      await attempt(`/runner/session/${other.name}`, RUNNER_A, {}),
      await attempt(path, RUNNER_B, {}),
      await attempt(path, RUNNER_A, { 'mcp-bridge-boot': bootId('c') }),
      await attempt(path, RUNNER_A, { 'mcp-bridge-ticket': 'x'.repeat(22) }),
      await attempt(path, RUNNER_A, { 'mcp-bridge-ticket': '' }),
      await attempt(path, RUNNER_A, { 'mcp-bridge-epoch': '' }),
      await attempt(path, RUNNER_A, { 'mcp-bridge-epoch': '0' }),
      await attempt(path, RUNNER_A, { 'mcp-bridge-epoch': '1.5' }),
      await attempt('/runner/session/short', RUNNER_A, {}),
    ];
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 404));
    expect((await attempt(path, RUNNER_A, {})).status).toBe(101);
  });
});

describe('hello', () => {
  test('[LP9] is answered with the servers the credential is granted', async () => {
    const frames = framesOf(await dial('/runner/link', RUNNER_B));
    frames.send(hello({ runner: RUNNER_B.name, servers: ['files', 'mail', 'secret'] }));
    expect((await frames.next('welcome'))['servers']).toEqual(['files']);
  });

  test('[LP9] with another runner’s name is closed with 4403', async () => {
    const frames = await control();
    frames.send(hello({ runner: RUNNER_B.name }));
    expect(await frames.closed).toBe(4403);
    expect((await fleet().view()).runners).toEqual([]);
  });

  test('[LP9] comes first: anything before it is closed with 4400', async () => {
    const frames = await control();
    frames.send({ type: 'drain' });
    expect(await frames.closed).toBe(4400);
  });

  test('[LP9] [F-56] of a second runner with the name closes the first with 4409; new sessions go to the second', async () => {
    const first = await FakeRunner.start();
    const second = await FakeRunner.start({ boot: bootId('c') });
    expect(await first.control.closed).toBe(4409);
    const { session } = await openSession(second);
    expect(session.open['server']).toBe('files');
    expect((await fleet().view()).runners).toHaveLength(1);
  });

  test('[LP11] [F-55] with a new boot gives up the sessions of the old one', async () => {
    const { client, session } = await openSession(await FakeRunner.start());
    const response = client.call(1);
    const { stream } = await session.accept();
    const events = new Events(await response);
    await session.attach();
    session.event(stream, 1, { method: 'notifications/progress' });
    await events.next();
    await FakeRunner.start({ boot: bootId('c') });
    expect(await events.message()).toMatchObject({ id: 1, error: { code: 42_002 } });
    expect(await events.next()).toBeUndefined();
    expect((await client.call(2)).status).toBe(404);
    expect(await rows()).toEqual([]);
  });

  test('of the same boot keeps the sessions it still holds, and gives up those it does not', async () => {
    const runner = await FakeRunner.start();
    const kept = await openSession(runner);
    const lost = await openSession(runner);
    await FakeRunner.start({ sessions: [kept.session.name] });
    const response = kept.client.call(1);
    await kept.session.answer({});
    expect((await response).status).toBe(200);
    expect(await lost.session.link.closed).toBe(1000);
    expect((await lost.client.call(1)).status).toBe(404);
    expect(await rows()).toEqual([kept.session.name]);
  });

  test('with sessions nobody knows is told to close them', async () => {
    const runner = await FakeRunner.start({ sessions: ['x'.repeat(22)] });
    expect(await runner.control.next('close')).toMatchObject({ session: 'x'.repeat(22) });
  });

  test('[LP3] of a runner with more sessions than a frame holds comes in parts', async () => {
    const frames = await control();
    const sessions = Array.from({ length: 11_000 }, (_, n) => `${n}`.padStart(22, 's'));
    const parts = splitFrame(textForm, JSON.stringify(hello({ sessions })));
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) frames.raw(part);
    const told = await Promise.race([frames.next('welcome'), frames.closed]);
    expect(told).toMatchObject({ type: 'welcome', servers: ['files'] });
  });

  test('sent again on the same socket changes the servers and gives nothing up', async () => {
    const runner = await FakeRunner.start();
    const { client, session } = await openSession(runner);
    runner.control.send(hello({ servers: ['mail'] }));
    expect((await runner.control.next('welcome'))['servers']).toEqual(['mail']);
    const response = client.call(1);
    await session.answer({});
    expect((await response).status).toBe(200);
    expect((await new Client().post({ id: 1, method: 'initialize' })).status).toBe(503);
  });
});

describe('[F-168] a runner that says too much or too little', () => {
  test('has its hello of 400,000 sessions refused', async () => {
    const frames = await control();
    const sessions = Array.from({ length: 400_000 }, (_, n) => `${n}`.padStart(22, 's'));
    for (const part of splitFrame(textForm, JSON.stringify(hello({ sessions })))) frames.raw(part);
    expect(await frames.closed).toBe(4400);
  });

  test('has room for 10,000 sessions at most', async () => {
    const frames = await control();
    frames.send(hello({ capacity: Number.MAX_SAFE_INTEGER }));
    await frames.next('welcome');
    expect(await fleet().view()).toMatchObject({ runners: [{ capacity: 10_000 }] });
  });

  test('has one socket without a hello: a newer dial takes its place, and the one that was heard stays', async () => {
    const runner = await FakeRunner.start();
    const silent = await control();
    const next = await control();
    expect(await silent.closed).toBe(4503);
    const { session } = await openSession(runner);
    expect(session.name).toHaveLength(22);
    next.close();
  });

  test('is cut off when it says no hello', async () => {
    expect(await (await control()).closed).toBe(4408);
  });
});

describe('a control link that breaks the protocol', () => {
  test.each([
    ['text that is no frame', 'hello'],
    ['an unknown type', '{"type":"spawn"}'],
    ['a command in place of a name', JSON.stringify(hello({ servers: [{ command: 'sh' }] }))],
    ['an unknown field', JSON.stringify(hello({ command: 'sh' }))],
    ['the edge’s own frame', '{"type":"close","session":"aaaaaaaaaaaaaaaaaaaaaa"}'],
    ['a type that no close reason could hold', `{"type":"${'界'.repeat(50)}"}`],
    ['a field that none could hold', `{"type":"drain","${'界'.repeat(60)}":1}`],
    ['lone surrogates', '{"type":"drain","\\ud800":"\\udfff"}'],
    ['deep nesting', `{"type":"drain","a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  ])('[LP2] [LP10] [F-58] [F-240] with %s is closed with 4400', async (_what, text) => {
    const runner = await FakeRunner.start();
    runner.control.raw(text);
    expect(await runner.control.closed).toBe(4400);
    // The fleet lives: the runner comes back and is served.
    const { session } = await openSession(await FakeRunner.start());
    expect(session.name).toHaveLength(22);
  });

  test('[LP2] [F-58] with a binary frame is closed with 4400', async () => {
    const runner = await FakeRunner.start();
    runner.control.raw(new Uint8Array([0xff]).buffer);
    expect(await runner.control.closed).toBe(4400);
  });

  test('[F-59] cannot end a session that lies on another runner', async () => {
    const a = await FakeRunner.start({ servers: ['mail'] });
    const { client, session } = await openSession(a, { server: 'mail' });
    const b = await FakeRunner.start({ credential: RUNNER_B });
    b.control.send({ type: 'refused', session: session.name, fault: 'overloaded' });
    b.control.send(hello({ runner: RUNNER_B.name }));
    await b.control.next('welcome');
    const response = client.call(1);
    await session.answer({});
    expect((await response).status).toBe(200);
  });
});

describe('opening a session', () => {
  const initialize = { id: 'i', method: 'initialize', params: { capabilities: {} } };

  test('[LP10] tells the runner names and nothing else', async () => {
    const runner = await FakeRunner.start();
    const { session } = await openSession(runner);
    expect(Object.keys(session.open).toSorted()).toEqual([
      'clientKind',
      'message',
      'person',
      'principal',
      'server',
      'session',
      'ticket',
      'type',
    ]);
    expect(session.open['person']).toEqual({ id: ANN.name });
    expect(session.open).toMatchObject({
      server: 'files',
      clientKind: 'streamable',
      principal: ANN.name,
      message: undefined,
    });
    expect(String(session.open['ticket'])).not.toContain(session.name);
  });

  test('without a runner is a 503 with the request’s id, and leaves nothing behind', async () => {
    const response = await new Client().post(initialize);
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('5');
    expect(response.headers.get('Mcp-Session-Id')).toBeNull();
    expect(await response.json()).toMatchObject({ id: 'i', error: { code: 42_001 } });
    expect(await rows()).toEqual([]);
  });

  test('that the runner refuses is answered with its reason, and is forgotten', async () => {
    const runner = await FakeRunner.start();
    const response = new Client().post(initialize);
    const { session } = await runner.control.next('open');
    runner.control.send({
      type: 'refused',
      session,
      fault: 'process_start_failed',
      message: 'No such command.',
    });
    const answer = await response;
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({
      id: 'i',
      error: { code: 42_004, message: 'No such command.' },
    });
    expect(await rows()).toEqual([]);
  });

  test('goes to the runner that offers the server and has room', async () => {
    const full = await FakeRunner.start({ servers: ['files'], capacity: 1 });
    await openSession(full);
    const roomy = await FakeRunner.start({ credential: RUNNER_B, capacity: 100 });
    await openSession(roomy);
    expect(full.control.waiting).toEqual([]);
  });

  test('on runners that are full or draining is refused as overload', async () => {
    const runner = await FakeRunner.start({ capacity: 1 });
    await openSession(runner);
    expect((await new Client().post(initialize)).status).toBe(429);
    const other = await FakeRunner.start({ credential: RUNNER_B });
    other.control.send({ type: 'drain' });
    await vi.waitFor(async () => {
      const { runners } = await fleet().view();
      expect(runners.map(({ isDraining, isLinked }) => [isDraining, isLinked])).toEqual([
        [false, true],
        [true, true],
      ]);
    }, PATIENCE);
    expect((await new Client().post(initialize)).status).toBe(429);
  });

  test('[F-82] is refused to a principal with 100 open sessions, and to no other', async () => {
    const runner = await FakeRunner.start({ capacity: 1_000 });
    await runInDurableObject(fleet(), (_instance, { storage }) => {
      for (let n = 0; n < 100; n++) {
        storage.sql.exec(
          'INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)',
          `${n}`.padStart(22, 's'),
          RUNNER_A.name,
          runner.boot,
          'files',
          ANN.name,
          0,
        );
      }
    });
    expect((await new Client().post(initialize)).status).toBe(429);
    await openSession(runner, { key: BOB.key });
  });

  test('[F-166] [LP25] of a principal with 100 open sessions takes the place of the one that is idle for longest', async () => {
    const runner = await FakeRunner.start({ capacity: 1_000 });
    const { client } = await openSession(runner);
    const [first] = await rows();
    await runInDurableObject(fleet(), (_instance, { storage }) => {
      for (let n = 1; n < 100; n++) {
        const name = `${n}`.padStart(22, 's');
        const row = [name, RUNNER_A.name, runner.boot, 'files', ANN.name, 0];
        storage.sql.exec('INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)', ...row);
      }
    });
    const opening = new Client().post(initialize);
    expect(await runner.control.next('yield')).toMatchObject({ principal: ANN.name, own: true });
    runner.control.send({ type: 'yielded', session: first });
    await (await runner.take()).answer({ protocolVersion: '2025-06-18' });
    expect((await opening).status).toBe(200);
    expect(await rows()).toHaveLength(100);
    expect(await rows()).not.toContain(first);
    expect((await client.call(1)).status).toBe(404);
  });

  test('[F-166] [LP25] on a full runner waits for what the runner can give, and for no session of another runner', async () => {
    const runner = await FakeRunner.start({ capacity: 1 });
    const { client } = await openSession(runner);
    for (const session of [undefined, 'x'.repeat(22)]) {
      const refused = new Client().post(initialize);
      expect(await runner.control.next('yield')).toMatchObject({ own: false });
      runner.control.send({ type: 'yielded', session });
      expect((await refused).status).toBe(429);
    }
    const [idle] = await rows();
    const opening = new Client({ key: BOB.key }).post(initialize);
    expect(await runner.control.next('yield')).toMatchObject({ principal: BOB.name, own: false });
    runner.control.send({ type: 'yielded', session: idle });
    await (await runner.take()).answer({ protocolVersion: '2025-06-18' });
    expect((await opening).status).toBe(200);
    expect((await client.call(1)).status).toBe(404);
  });

  test('[LP7] that its actor knows nothing of leaves no trace once the runner has dialled', async () => {
    const runner = await FakeRunner.start();
    const opening = { server: 'files', principal: ANN.name, clientKind: 'streamable' } as const;
    await fleet().open({ ...opening, session: 's'.repeat(22) });
    expect(await rows()).toHaveLength(1);
    await expect(runner.take()).rejects.toThrow('404');
    await runner.control.next('close');
    expect(await rows()).toEqual([]);
  });

  test('goes to a runner whose fleet actor slept meanwhile', async () => {
    const runner = await FakeRunner.start();
    await evictDurableObject(fleet());
    const { client, session } = await openSession(runner);
    const response = client.call(1);
    await session.answer({});
    expect((await response).status).toBe(200);
  });

  test('does not go to a runner whose control link is gone', async () => {
    const runner = await FakeRunner.start();
    runner.control.close();
    await runner.control.closed;
    expect((await new Client().post(initialize)).status).toBe(503);
    expect((await fleet().view()).runners).toMatchObject([{ isLinked: false }]);
  });
});
