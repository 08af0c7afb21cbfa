// Several sessions at one process: whose each message is, and what concerns the process as a whole.
import { describe, expect, it, test } from 'vitest';
import { DrivenHub, GREETING, initialize, REQUEST_TIMEOUT_MS, type Said } from './driven-hub.ts';

const call = (id: unknown, more: object = {}): object => ({
  id,
  method: 'tools/call',
  params: { name: 'echo', ...more },
});

const log = (level: string, data = 'x'): object => ({
  method: 'notifications/message',
  params: { level, data },
});

const setLevel = (level: string, id = 9): object => ({
  id,
  method: 'logging/setLevel',
  params: { level },
});

const subscribe = (uri: string, id = 5): object => ({
  id,
  method: 'resources/subscribe',
  params: { uri },
});

/** Answers all that the process got, and is not answered. */
function answerAll(driven: DrivenHub, written: readonly Said[]): void {
  for (const { id, method } of written)
    if (id !== undefined && method !== undefined) driven.print({ id, result: { of: id } });
}

describe('[F-870] ids of sessions at one process', () => {
  it('keeps equal ids and progress tokens apart', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(7, { text: 'one', _meta: { progressToken: 7 } }));
    driven.say(two, call(7, { text: 'two', _meta: { progressToken: 7 } }));
    const [first, second] = driven.written();
    expect(first.id).not.toBe(second.id);
    expect(first.params._meta.progressToken).not.toBe(second.params._meta.progressToken);
    driven.print({
      method: 'notifications/progress',
      params: { progressToken: second.params._meta.progressToken, progress: 1 },
    });
    driven.print({ id: second.id, result: { text: 'two' } });
    driven.print({ id: first.id, result: { text: 'one' } });
    expect(driven.heard(one)).toEqual([{ id: 7, result: { text: 'one' } }]);
    expect(driven.heard(two)).toEqual([
      { method: 'notifications/progress', params: { progressToken: 7, progress: 1 } },
      { id: 7, result: { text: 'two' } },
    ]);
  });

  it('lets a session cancel its own request only', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(7));
    const [{ id }] = driven.written();
    for (const requestId of [7, id])
      driven.say(two, { method: 'notifications/cancelled', params: { requestId } });
    expect(driven.written()).toEqual([]);
    driven.say(one, { method: 'notifications/cancelled', params: { requestId: 7 } });
    expect(driven.written()).toEqual([
      { method: 'notifications/cancelled', params: { requestId: id } },
    ]);
  });

  it('drops answers that no request waits for, and takes none for another', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(1));
    driven.say(two, call(1));
    const [first] = driven.written();
    driven.print({ id: first.id, result: {} });
    driven.print({ id: first.id, result: {} });
    driven.print({ id: 9_999, result: {} });
    expect(driven.heard(one)).toHaveLength(1);
    expect(driven.heard(two)).toEqual([]);
  });

  it('keeps subscriptions of the modern era apart', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    const [one, two] = [driven.hub.join(), driven.hub.join()];
    const listen = { id: 3, method: 'subscriptions/listen', params: { notifications: {} } };
    driven.say(one, listen);
    driven.say(two, listen);
    const [first, second] = driven.written();
    const key = 'io.modelcontextprotocol/subscriptionId';
    const changed = { method: 'notifications/tools/list_changed' };
    driven.print({ ...changed, params: { _meta: { [key]: second.id } } });
    expect(driven.heard(one)).toEqual([]);
    expect(driven.heard(two)).toEqual([{ ...changed, params: { _meta: { [key]: 3 } } }]);
    driven.print({ id: first.id, result: { _meta: { [key]: first.id } } });
    expect(driven.heard(one)).toEqual([{ id: 3, result: { _meta: { [key]: 3 } } }]);
  });
});

describe('[F-871] a process that several sessions greet', () => {
  it('is initialized once, without anything that only one client could answer', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.hub.join(), driven.hub.join()];
    driven.say(one, initialize('2025-11-25', 1));
    driven.say(two, initialize('2025-11-25', 4));
    const written = driven.written();
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject({
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {} },
    });
    driven.print({ id: written[0].id, result: GREETING });
    expect(driven.written()).toEqual([{ method: 'notifications/initialized' }]);
    const { tasks: _tasks, ...capabilities } = GREETING.capabilities;
    const result = { ...GREETING, capabilities };
    expect(driven.heard(one)).toEqual([{ id: 1, result }]);
    expect(driven.heard(two)).toEqual([{ id: 4, result }]);
    driven.say(one, { method: 'notifications/initialized' });
    const three = driven.hub.join();
    driven.say(three, initialize('2025-11-25', 'x'));
    expect(driven.heard(three)).toEqual([{ id: 'x', result }]);
    expect(driven.written()).toEqual([]);
  });

  it('that refuses gives its error to all that wait, and takes nobody else', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.hub.join(), driven.hub.join()];
    driven.say(one, initialize('2025-11-25', 1));
    driven.say(two, initialize('2025-11-25', 2));
    const [{ id }] = driven.written();
    const error = { code: -32_000, message: 'no' };
    driven.print({ id, error });
    expect(driven.heard(one)).toEqual([{ id: 1, error }]);
    expect(driven.heard(two)).toEqual([{ id: 2, error }]);
    expect(driven.hub.suits({ revision: '2025-11-25' }, driven.now)).toBe(false);
    expect(driven.hub.suits('modern', driven.now)).toBe(false);
    expect(driven.hub.isSpent).toBe(true);
  });

  it('is for one revision: no client chooses an old one for others', () => {
    const driven = new DrivenHub();
    driven.greeted('2024-11-05');
    expect(driven.hub.suits({ revision: '2024-11-05' }, driven.now)).toBe(true);
    expect(driven.hub.suits({ revision: '2025-11-25' }, driven.now)).toBe(false);
    expect(driven.hub.suits('modern', driven.now)).toBe(false);
  });

  it('of both eras serves the one it was first used in', () => {
    const driven = new DrivenHub();
    const one = driven.hub.join();
    driven.say(one, { id: 1, method: 'server/discover', params: {} });
    expect(driven.hub.suits('modern', driven.now)).toBe(true);
    expect(driven.hub.suits({ revision: '2025-11-25' }, driven.now)).toBe(false);
    const [{ id }] = driven.written();
    driven.print({ id, result: { supportedVersions: ['2026-07-28'], capabilities: {} } });
    expect(driven.hub.suits({ revision: '2025-11-25' }, driven.now)).toBe(false);
  });

  it('that knows no server/discover can still be initialized', () => {
    const driven = new DrivenHub();
    const one = driven.hub.join();
    driven.say(one, { id: 1, method: 'server/discover', params: {} });
    const [{ id }] = driven.written();
    driven.print({ id, error: { code: -32_601, message: 'unknown' } });
    expect(driven.hub.suits('modern', driven.now)).toBe(false);
    expect(driven.hub.suits({ revision: '2025-11-25' }, driven.now)).toBe(true);
    driven.say(one, initialize());
    expect(driven.written()).toMatchObject([{ method: 'initialize' }]);
  });

  it('that is slow to start is not waited for by more and more', () => {
    const driven = new DrivenHub();
    driven.say(driven.hub.join(), initialize());
    expect(driven.hub.suits({ revision: '2025-11-25' }, driven.now)).toBe(true);
    driven.pass(30_000);
    expect(driven.hub.suits({ revision: '2025-11-25' }, driven.now)).toBe(false);
  });
});

describe('[F-872] what only one client could answer', () => {
  it.each(['roots/list', 'sampling/createMessage', 'elicitation/create', 'vendor/question'])(
    'is refused in words: %s',
    (method) => {
      const driven = new DrivenHub();
      const seat = driven.greeted();
      driven.print({ id: 'q', method, params: {} });
      driven.print({ id: 'r', method, params: {} });
      const [answer] = driven.written();
      expect(answer).toMatchObject({ id: 'q', error: { code: -32_601 } });
      expect(answer.error.message).toContain('"sharing": "session"');
      expect(driven.heard(seat)).toEqual([]);
      expect(driven.notes).toHaveLength(1);
    },
  );

  it('a ping of the process is answered', () => {
    const driven = new DrivenHub();
    driven.greeted();
    driven.print({ id: 'p', method: 'ping' });
    expect(driven.written()).toEqual([{ id: 'p', result: {} }]);
  });

  it('an answer that a client makes up reaches no process', () => {
    const driven = new DrivenHub();
    const seat = driven.greeted();
    driven.say(seat, { id: 'q', result: { roots: [] } });
    driven.say(seat, { method: 'notifications/roots/list_changed' });
    expect(driven.written()).toEqual([]);
  });

  it('tasks are neither listed nor made: they would be within reach of all', () => {
    const driven = new DrivenHub();
    const seat = driven.greeted();
    for (const method of ['tasks/list', 'tasks/get', 'tasks/cancel', 'tasks/result'])
      driven.say(seat, { id: 1, method, params: { taskId: 't' } });
    expect(driven.written()).toEqual([]);
    expect(driven.heard(seat)).toHaveLength(4);
    driven.say(seat, call(2, { task: { ttl: 1 }, _meta: { progressToken: 2 } }));
    const [written] = driven.written();
    expect(written.params).toEqual({ name: 'echo', _meta: { progressToken: written.id } });
  });
});

describe('[F-873] log levels of sessions at one process', () => {
  it('the process has the most verbose one, and each session hears its own', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, setLevel('error'));
    const [first] = driven.written();
    // The other one has set none, and hears what most servers send by themselves.
    expect(first.params.level).toBe('info');
    driven.print({ id: first.id, result: {} });
    driven.say(two, setLevel('debug'));
    const [second] = driven.written();
    expect(second.params.level).toBe('debug');
    driven.print({ id: second.id, result: {} });
    driven.heard(one);
    driven.heard(two);
    driven.print(log('debug'));
    driven.print(log('critical'));
    expect(driven.heard(one).map(({ params }) => params.level)).toEqual(['critical']);
    expect(driven.heard(two).map(({ params }) => params.level)).toEqual(['debug', 'critical']);
  });

  it('a level that changes nothing for the process is acknowledged', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, setLevel('debug'));
    answerAll(driven, driven.written());
    driven.say(two, setLevel('warning', 3));
    expect(driven.written()).toEqual([]);
    expect(driven.heard(two)).toEqual([{ id: 3, result: {} }]);
  });

  it('a session that leaves takes its level with it', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, setLevel('debug'));
    driven.say(two, setLevel('error'));
    answerAll(driven, driven.written());
    driven.leave(one);
    expect(driven.written()).toMatchObject([
      { method: 'logging/setLevel', params: { level: 'error' } },
    ]);
  });

  it('what is no level, and what the process refuses, is answered by the process', () => {
    const driven = new DrivenHub();
    const one = driven.greeted();
    driven.say(one, setLevel('loud', 3));
    driven.say(one, setLevel('debug', 4));
    const [wrong, refused] = driven.written();
    expect(wrong.params.level).toBe('loud');
    const error = { code: -32_601, message: 'no' };
    driven.print({ id: wrong.id, error });
    driven.print({ id: refused.id, error });
    expect(driven.heard(one)).toEqual([
      { id: 3, error },
      { id: 4, error },
    ]);
    driven.print(log('debug'));
    expect(driven.heard(one)).toHaveLength(1);
  });
});

describe('[F-874] [R-9] a message that names no request', () => {
  it('of one principal goes to all its sessions', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: true });
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.print(log('info'));
    driven.print({ method: 'notifications/vendor', params: {} });
    expect(driven.heard(one)).toHaveLength(2);
    expect(driven.heard(two)).toHaveLength(2);
  });

  it('[F-886] of one principal, of whom no session is left, is shown to nobody, not even in the log', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: true });
    driven.leave(driven.greeted());
    driven.print(log('info', 'a secret of the person'));
    expect(driven.notes).toEqual([]);
  });

  it('of several principals goes to the session that alone is being served', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(1));
    driven.print(log('info', 'alone'));
    expect(driven.heard(one)).toHaveLength(1);
    driven.say(two, call(1));
    driven.print(log('info', 'both'));
    expect(driven.heard(one)).toEqual([]);
    expect(driven.heard(two)).toEqual([]);
    expect(driven.notes.some((note) => note.includes('no one session'))).toBe(true);
  });

  it('of several principals is not the next one’s: a server may log after it has answered', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(1));
    answerAll(driven, driven.written());
    driven.say(two, call(1));
    driven.print(log('info', 'of the first'));
    expect(driven.heard(two)).toEqual([]);
    driven.pass(5_000);
    driven.print(log('info', 'of the second'));
    expect(driven.heard(two)).toHaveLength(1);
  });

  it('of several principals: an error without an id shows nobody its words', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(two, call(1));
    driven.print({ id: null, error: { code: -32_000, message: 'secret of one' } });
    driven.pass(10_000);
    const heard = driven.heard(two);
    expect(heard).toHaveLength(1);
    expect(JSON.stringify(heard)).not.toContain('secret');
    expect(driven.heard(one)).toEqual([]);
  });

  it('a change of a list is for every session', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.print({ method: 'notifications/tools/list_changed' });
    expect(driven.heard(one)).toHaveLength(1);
    expect(driven.heard(two)).toHaveLength(1);
  });
});

describe('[F-875] subscriptions to resources', () => {
  const updated = (uri: string): object => ({
    method: 'notifications/resources/updated',
    params: { uri },
  });

  it('reach those who are subscribed to the resource, or to what it is a part of', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, subscribe('file:///a'));
    driven.say(two, subscribe('file:///b'));
    answerAll(driven, driven.written());
    driven.heard(one);
    driven.heard(two);
    driven.print(updated('file:///a'));
    driven.print(updated('file:///a/part'));
    driven.print(updated('file:///ab'));
    expect(driven.heard(one)).toHaveLength(2);
    expect(driven.heard(two)).toEqual([]);
  });

  it('end at the process with the last session that has them', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, subscribe('file:///a'));
    driven.say(two, subscribe('file:///a'));
    answerAll(driven, driven.written());
    driven.say(one, { id: 6, method: 'resources/unsubscribe', params: { uri: 'file:///a' } });
    expect(driven.written()).toEqual([]);
    expect(driven.heard(one).at(-1)).toEqual({ id: 6, result: {} });
    driven.leave(two);
    expect(driven.written()).toMatchObject([
      { method: 'resources/unsubscribe', params: { uri: 'file:///a' } },
    ]);
  });

  it('that the process refuses are none', () => {
    const driven = new DrivenHub();
    const one = driven.greeted();
    driven.say(one, subscribe('file:///a'));
    const [{ id }] = driven.written();
    driven.print({ id, error: { code: -32_002, message: 'not found' } });
    driven.heard(one);
    driven.print(updated('file:///a'));
    expect(driven.heard(one)).toEqual([]);
  });

  it('are bounded for each session', () => {
    const driven = new DrivenHub();
    const one = driven.greeted();
    for (let n = 0; n < 1_030; n += 1) driven.say(one, subscribe(`file:///${n}`, n + 10));
    expect(driven.written()).toHaveLength(1_024);
    driven.say(one, subscribe('x'.repeat(9_000)));
    expect(driven.heard(one).at(-1).error.message).toBe('The URI is too long.');
  });
});

describe('[F-876] a session that leaves', () => {
  it('has its requests cancelled, and hears nothing more', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(1));
    driven.say(two, call(1));
    const [first, second] = driven.written();
    driven.leave(one);
    expect(driven.written()).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: first.id } },
    ]);
    driven.print({ id: first.id, result: {} });
    driven.print({ id: second.id, result: {} });
    driven.print(log('info'));
    expect(driven.heard(one)).toEqual([]);
    expect(driven.heard(two)).toHaveLength(2);
  });

  it('before the process is greeted holds nobody up', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.hub.join(), driven.hub.join()];
    driven.say(one, initialize());
    driven.say(two, initialize());
    driven.leave(one);
    const [{ id }, ...more] = driven.written();
    expect(more).toEqual([]);
    driven.print({ id, result: GREETING });
    expect(driven.heard(one)).toEqual([]);
    expect(driven.heard(two)).toHaveLength(1);
  });
});

describe('[F-877] a process that does not do its part', () => {
  it('that does not read is refused more than it can be owed', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.hub.full();
    const large = 'x'.repeat(1024 * 1024);
    for (let n = 1; n <= 6; n += 1) driven.say(one, call(n, { large }));
    const refused = driven.heard(one);
    expect(refused).toHaveLength(3);
    expect(refused[0].error.code).toBe(42_005);
    // Nobody else is refused for it.
    driven.say(two, call(1));
    expect(driven.heard(two)).toEqual([]);
    driven.hub.drained();
    driven.say(one, call(9, { large }));
    expect(driven.heard(one)).toEqual([]);
  });

  it('that hangs is ended once it answers not even a ping', () => {
    const driven = new DrivenHub();
    const [one] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(1));
    driven.written();
    driven.pass(REQUEST_TIMEOUT_MS);
    driven.say(one, { method: 'notifications/cancelled', params: { requestId: 1 } });
    driven.pass(1_000);
    expect(driven.written().at(-1)).toMatchObject({ method: 'ping' });
    expect(driven.stopped).toBeUndefined();
    driven.pass(6_000);
    expect(driven.stopped).toContain('has not answered anything');
  });

  it('[F-941] that owes an answer and gives no sign of life is silent, until it gives one', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.pass(100_000);
    expect(driven.hub.isSilent(driven.now)).toBe(false);
    driven.say(one, call(1));
    driven.pass(29_000);
    expect(driven.hub.isSilent(driven.now)).toBe(false);
    driven.pass(2_000);
    expect(driven.hub.isSilent(driven.now)).toBe(true);
    driven.written();
    driven.say(two, call(1));
    // What it does for another shows that it lives.
    answerAll(driven, driven.written());
    expect(driven.hub.isSilent(driven.now)).toBe(false);
  });

  it('that is slow for one session serves the others', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(1));
    driven.written();
    driven.pass(REQUEST_TIMEOUT_MS);
    driven.say(two, call(1));
    answerAll(driven, driven.written());
    driven.say(one, { method: 'notifications/cancelled', params: { requestId: 1 } });
    driven.pass(10_000);
    expect(driven.stopped).toBeUndefined();
    expect(driven.heard(two)).toHaveLength(1);
  });

  it('that prints too long a line fails the request whose answer it was, once that is certain', () => {
    const driven = new DrivenHub();
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(1));
    driven.say(two, call(1));
    const [, second] = driven.written();
    driven.overlong(17_000_000);
    expect(driven.heard(one)).toEqual([]);
    driven.print({ id: second.id, result: {} });
    expect(driven.heard(two)).toMatchObject([{ id: 1, result: {} }]);
    expect(driven.heard(one)).toMatchObject([{ id: 1, error: { code: 42_006 } }]);
  });
});

test('[F-870] what nobody waits for is forgotten', () => {
  const driven = new DrivenHub();
  const one = driven.greeted();
  driven.say(one, call(1));
  const [{ id }] = driven.written();
  driven.leave(one);
  expect(driven.hub.wakeAt()).toBeDefined();
  driven.pass(5_000);
  driven.print({ id, result: {} });
  expect(driven.notes.at(-1)).toContain('no request in flight');
});

describe('[F-882] [R-9] members that lax readers take for an id of another session', () => {
  const meta = (_meta: object): object => ({ id: 1, method: 'tools/call', params: { _meta } });

  it('a cancellation carries the id of the request and its reason, and nothing else', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(1));
    driven.say(two, call(1));
    const [victim, own] = driven.written();
    driven.say(two, {
      method: 'notifications/cancelled',
      params: { requestId: 1, RequestId: victim.id, reason: 'r'.repeat(5_000) },
    });
    const [cancelled] = driven.written();
    expect(Object.keys(cancelled.params)).toEqual(['requestId', 'reason']);
    expect(cancelled.params.requestId).toBe(own.id);
    expect(cancelled.params.reason.length).toBeLessThan(1_000);
  });

  it.each([
    ['beside the token', meta({ progressToken: 1, ProgressToken: 2 })],
    ['in its place', meta({ progreſſToken: 2 })],
    ['of _meta', { id: 1, method: 'tools/list', params: { _Meta: { progressToken: 2 } } }],
    ['of a log level', { ...setLevel('debug', 1), params: { level: 'debug', Level: 'alert' } }],
    ['of a resource', { ...subscribe('x:/a', 1), params: { uri: 'x:/a', URI: 'x:/b' } }],
    ['alone', { id: 1, method: 'resources/unsubscribe', params: { Uri: 'x:/b' } }],
  ])('is refused: %s', (_, request) => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    const seat = driven.greeted();
    driven.say(seat, request);
    expect(driven.written()).toEqual([]);
    expect(driven.heard(seat)).toMatchObject([{ id: 1, error: { code: -32_602 } }]);
  });
});

describe('[F-883] [R-9] a request that was given up, and that the process may go on with', () => {
  it.each(['cancels', 'leaves'])('has no other session hear of it: %s', (how) => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    const [one, two] = [driven.greeted(), driven.greeted()];
    driven.say(one, call(1));
    const [{ id }] = driven.written();
    if (how === 'leaves') driven.leave(one);
    else driven.say(one, { method: 'notifications/cancelled', params: { requestId: 1 } });
    driven.pass(40_000);
    driven.say(two, call(1));
    driven.print(log('info', 'still at the work of the first'));
    expect(driven.heard(two)).toEqual([]);
    // It was late, and is done now.
    driven.print({ id, result: {} });
    driven.pass(5_000);
    driven.print(log('info', 'of the second'));
    expect(driven.heard(two)).toHaveLength(1);
  });
});

test('[F-1183] [R-9] a session that left and has its request unanswered keeps others from hearing of it, though the hub wakes late', () => {
  const driven = new DrivenHub({ isOfOnePrincipal: false });
  const [one, two] = [driven.greeted(), driven.greeted()];
  driven.say(one, call(1));
  driven.leave(one);
  driven.now += 5_000;
  driven.say(two, call(1));
  driven.print(log('info', 'still at the work of the first'));
  expect(driven.heard(two)).toEqual([]);
});

describe('[F-884] a client that tells a shared process what it means for itself', () => {
  const told = { method: 'notifications/vendor/state', params: { folder: '/one' } };

  it('of several principals, tells it nothing', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: false });
    driven.say(driven.greeted(), told);
    expect(driven.written()).toEqual([]);
    expect(driven.notes).toHaveLength(1);
  });

  it('of one, tells it', () => {
    const driven = new DrivenHub({ isOfOnePrincipal: true });
    driven.say(driven.greeted(), told);
    expect(driven.written()).toEqual([told]);
  });
});

describe('[F-885] sessions that watch much', () => {
  it('are bounded by bytes, so that their ends cannot overrun a process', () => {
    const driven = new DrivenHub();
    const one = driven.greeted();
    for (let n = 0; n < 100; n += 1)
      driven.say(one, subscribe(`file:///${n}/${'x'.repeat(8_000)}`, n + 10));
    answerAll(driven, driven.written());
    driven.leave(one);
    expect(JSON.stringify(driven.written()).length).toBeLessThan(300_000);
  });

  it('and leave a process that does not read, are not owed more than it can take', () => {
    const driven = new DrivenHub();
    const seats = Array.from({ length: 100 }, () => driven.greeted());
    for (const seat of seats)
      for (let n = 0; n < 30; n += 1)
        driven.say(seat, subscribe(`file:///${seat}/${n}/${'x'.repeat(8_000)}`, n + 10));
    answerAll(driven, driven.written());
    driven.hub.full();
    for (const seat of seats) driven.leave(seat);
    expect(JSON.stringify(driven.written()).length).toBeLessThan(17_000_000);
  });
});
