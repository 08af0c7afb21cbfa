// Where the state of a modern client lies: on one legacy process, whatever it declares, and what its calls wait for there.
import { describe, expect, test } from 'vitest';

import { ALL, DrivenModernClient, envelope, type Message } from '../driven-modern-client.ts';

const FORM = { message: 'm', requestedSchema: { type: 'object', properties: {} } };

const call = (driven: DrivenModernClient, name = 't', more: object = {}): number =>
  driven.request('tools/call', { name }, { capabilities: ALL, ...more });

const calls = (driven: DrivenModernClient, slot = 1): unknown[] =>
  driven.written(slot).flatMap(({ id, method }) => (method === 'tools/call' ? [id] : []));

const elicit = (driven: DrivenModernClient, id: string, slot = 1): void =>
  driven.process(slot, { id, method: 'elicitation/create', params: FORM });

/** The state of the call that was parked last. */
const stateOf = (driven: DrivenModernClient): unknown =>
  ((driven.said().at(-1)?.['result'] ?? {}) as Message)['requestState'];

const retry = (driven: DrivenModernClient, name: string, requestState: unknown): number =>
  driven.request(
    'tools/call',
    { name, inputResponses: { q1: { action: 'cancel' } }, requestState },
    { capabilities: ALL },
  );

/** Answers a call until its tool counts as one that does not ask. */
function learn(driven: DrivenModernClient, name: string): void {
  for (let n = 0; n < 8; n++) driven.process(1, { id: call(driven, name), result: {} });
  driven.look();
}

const legacy = (options: Parameters<typeof DrivenModernClient.legacy>[0] = {}) =>
  DrivenModernClient.legacy({ capabilities: ALL, ...options });

describe('[F-200] parallel calls of a client that may be asked', () => {
  test.each([
    ['elicitation', { elicitation: {} }],
    ['sampling', { sampling: {} }],
    ['everything', ALL],
  ])('who declares %s: run on one process, one after the other', (_, capabilities) => {
    const driven = legacy({ capabilities });
    const ids = [1, 2, 3, 4, 5].map(() => call(driven, 'inc', { capabilities }));
    for (const id of ids) {
      expect(calls(driven)).toEqual([id]);
      driven.process(1, { id, result: {} });
    }
    expect(driven.started()).toEqual([]);
  });

  test.each([
    ['roots, which any of its calls answers', { roots: {} }, undefined],
    ['nothing, but wants log messages', {}, 'debug'],
  ])('who declares %s: run on one process side by side', (_, capabilities, logLevel) => {
    const driven = legacy({ capabilities });
    const more = logLevel === undefined ? { capabilities } : { capabilities, logLevel };
    const ids = [1, 2, 3].map(() => call(driven, 'inc', more));
    expect(calls(driven)).toEqual(ids);
    expect(driven.started()).toEqual([]);
  });

  test('run side by side where the revision of the process has no such question', () => {
    const driven = new DrivenModernClient({ eras: { modern: false } });
    const capabilities = { elicitation: {} };
    const ids = [call(driven, 't', { capabilities }), call(driven, 't', { capabilities })];
    const asked = driven.written(1).find(({ method }) => method === 'initialize');
    const result = { protocolVersion: '2025-03-26', capabilities: {}, serverInfo: {} };
    driven.process(1, { id: asked?.['id'], result });
    expect(calls(driven)).toEqual(ids);
  });

  test('are kept apart from those of another client, by name or by what it declares', () => {
    const driven = legacy();
    call(driven);
    call(driven, 't', { name: 'other' });
    call(driven, 't', { capabilities: {} });
    expect(driven.started()).toEqual([2, 3]);
    driven.initialize(2);
    driven.initialize(3);
    driven.look();
    driven.request('tools/list', {}, { capabilities: ALL, name: 'other' });
    expect(driven.written(2)).toMatchObject([{ method: 'tools/list' }]);
  });

  test('are not on the process that told the client what the server is, if it is of another', () => {
    const driven = legacy();
    const id = driven.request('server/discover', {}, { capabilities: ALL, name: 'other' });
    expect(driven.said()).toMatchObject([{ id, result: {} }]);
    expect(driven.started()).toEqual([]);
    call(driven, 't', { name: 'other' });
    expect(driven.started()).toEqual([2]);
  });

  test('are those of one client whether or not it declares what no legacy server is told of', () => {
    const driven = legacy();
    call(driven);
    const extensions = { 'io.modelcontextprotocol/tasks': {} };
    call(driven, 't', { capabilities: { ...ALL, extensions, tasks: {} } });
    expect(driven.started()).toEqual([]);
  });

  test('wait for one that takes long no longer than five seconds, all for the same ones in turn', () => {
    const driven = legacy();
    const [first, second, third] = [call(driven, 'a'), call(driven, 'b'), call(driven, 'c')];
    expect(calls(driven)).toEqual([first]);
    driven.pass(4_999);
    expect(calls(driven)).toEqual([]);
    driven.pass(1);
    expect(calls(driven)).toEqual([second]);
    driven.pass(5_000);
    expect(calls(driven)).toEqual([third]);
  });

  test('do not wait for one that was cancelled, if its tool is not known to ask', () => {
    const driven = legacy();
    driven.cancel(call(driven, 'a'));
    driven.look();
    const next = call(driven, 'b');
    expect(calls(driven)).toEqual([next]);
    elicit(driven, 'q');
    driven.pass(5_000);
    expect(driven.written(1)).toMatchObject([{ id: 'q', error: { code: -32603 } }]);
  });

  test('wait besides for what must be known of their tool', () => {
    const driven = legacy();
    call(driven, 'a');
    driven.listsTools = false;
    driven.process(1, { method: 'notifications/tools/list_changed' });
    const second = call(driven, 'b');
    driven.pass(9_999);
    expect(calls(driven)).not.toContain(second);
    driven.pass(1);
    expect(calls(driven)).toEqual([second]);
  });

  test('do not wait for one whose client is asked: each is asked its own', () => {
    const driven = legacy();
    const ids = [call(driven, 'a'), call(driven, 'b'), call(driven, 'c')];
    for (const [n, id] of ids.entries()) {
      expect(calls(driven)).toEqual([id]);
      elicit(driven, `q${n}`);
      driven.pass(20);
      expect(driven.said()).toMatchObject([{ id, result: { resultType: 'input_required' } }]);
    }
  });

  test('go on in turn when their clients come back', () => {
    const driven = legacy();
    const [first, second] = [call(driven, 'a'), call(driven, 'b')];
    const states = [first, second].map(() => {
      elicit(driven, 'q');
      driven.pass(20);
      return stateOf(driven);
    });
    driven.look();
    const retries = ['a', 'b'].map((name, n) => retry(driven, name, states[n]));
    expect(driven.written(1)).toMatchObject([{ id: 'q', result: {} }]);
    // The first asks once more: it is the only one that can.
    elicit(driven, 'again');
    driven.pass(20);
    expect(driven.said()).toMatchObject([
      { id: retries[0], result: { inputRequests: { q2: {} } } },
    ]);
    expect(driven.written(1)).toMatchObject([{ id: 'q', result: {} }]);
    driven.process(1, { id: second, result: {} });
    expect(driven.said()).toMatchObject([{ id: retries[1], result: { resultType: 'complete' } }]);
  });

  test('that wait to go on are told when their process is gone, and leave when they are cancelled', () => {
    const driven = legacy();
    const names = ['a', 'b', 'c'];
    for (const name of names) call(driven, name);
    const states = names.map(() => {
      elicit(driven, 'q');
      driven.pass(20);
      return stateOf(driven);
    });
    driven.look();
    const [first, second, third = 0] = names.map((name, n) => retry(driven, name, states[n]));
    driven.cancel(third);
    driven.exited(1);
    expect(driven.said()).toMatchObject(
      [first, second].map((id) => ({ id, error: { data: { fault: 'process_exited' } } })),
    );
  });

  test('wait half a minute for one that goes on and is known to ask', () => {
    const driven = legacy();
    call(driven);
    elicit(driven, 'q');
    driven.pass(20);
    retry(driven, 't', stateOf(driven));
    driven.look();
    const second = call(driven);
    driven.pass(29_999);
    expect(calls(driven)).toEqual([]);
    driven.pass(1);
    expect(calls(driven)).toEqual([second]);
  });

  test('wait for one of a tool that asks more than one thing at a time', () => {
    const driven = legacy();
    const first = call(driven);
    elicit(driven, 'q');
    driven.pass(20);
    // Nothing else runs, so it can only be of the same call.
    elicit(driven, 'more');
    driven.look();
    const second = call(driven, 'u');
    driven.pass(1_000);
    expect(calls(driven)).toEqual([]);
    driven.process(1, { id: first, result: {} });
    expect(calls(driven)).toEqual([second]);
  });

  test('of tools that never ask wait for nobody', () => {
    const driven = legacy();
    learn(driven, 'quiet');
    const ids = [call(driven, 'new'), call(driven, 'quiet'), call(driven, 'quiet')];
    expect(calls(driven)).toEqual(ids);
    const other = call(driven, 'other');
    driven.process(1, { id: ids[0], result: {} });
    expect(calls(driven)).toEqual([other]);
  });

  test('leave the line when they are cancelled', () => {
    const driven = legacy();
    const [first, second, third] = [call(driven), call(driven), call(driven)];
    driven.cancel(second);
    driven.look();
    driven.process(1, { id: first, result: {} });
    expect(calls(driven)).toEqual([third]);
    driven.pass(300_000);
    expect(driven.said().map(({ id }) => id)).toEqual([first]);
  });

  test('are refused before they are sent when their turn does not come, in words that say what to do', () => {
    const driven = legacy({ limits: { requestTimeoutMs: 20_000 } });
    const first = call(driven);
    elicit(driven, 'q');
    driven.pass(20);
    const resumed = retry(driven, 't', stateOf(driven));
    driven.look();
    const waiting = call(driven);
    driven.pass(18_000);
    const [refused] = driven.said();
    expect(refused).toMatchObject({
      id: waiting,
      error: { data: { fault: 'overloaded', phase: 'not_sent', retryable: true } },
    });
    expect(JSON.stringify(refused)).toContain('stateless');
    driven.process(1, { id: first, result: {} });
    expect(driven.said()).toMatchObject([{ id: resumed, result: { resultType: 'complete' } }]);
    expect(calls(driven)).toEqual([]);
  });

  test('that wait are bounded in bytes', () => {
    const driven = legacy();
    call(driven);
    const text = 'x'.repeat(4 * 1024 * 1024 - 1_000);
    const params = { name: 't', arguments: { text } };
    const ids = [1, 2, 3, 4, 5].map(() =>
      driven.request('tools/call', params, { capabilities: ALL }),
    );
    expect(driven.said()).toMatchObject([{ id: ids[4], error: { data: { fault: 'overloaded' } } }]);
  });
});

describe('[F-201] a question while several calls run', () => {
  /** Two calls of tools that are not known to ask, side by side. */
  function two(driven: DrivenModernClient): [number, number] {
    const ids: [number, number] = [call(driven, 'a'), call(driven, 'b')];
    driven.pass(5_000);
    driven.look();
    return ids;
  }

  test('waits until one is left, whose it is; none is begun meanwhile', () => {
    const driven = legacy();
    const [first, second] = two(driven);
    elicit(driven, 'q');
    const third = call(driven);
    driven.pass(20_000);
    expect([driven.said(), driven.written(1)]).toEqual([[], []]);
    driven.process(1, { id: first, result: {} });
    driven.pass(20);
    expect(driven.said()).toMatchObject([
      { id: first },
      { id: second, result: { resultType: 'input_required' } },
    ]);
    expect(calls(driven)).toEqual([third]);
  });

  test('is refused when none of them ends, and from then on they run one after the other', () => {
    const driven = legacy();
    const [first, second] = two(driven);
    elicit(driven, 'p');
    elicit(driven, 'q');
    driven.pass(30_000);
    expect(driven.written(1)).toMatchObject([
      { id: 'p', error: { code: -32603 } },
      { id: 'q', error: { code: -32603 } },
    ]);
    expect(driven.said()).toEqual([]);
    driven.process(1, { id: first, result: {} });
    driven.process(1, { id: second, result: {} });
    const [third] = [call(driven, 'a'), call(driven, 'b')];
    driven.pass(5_000);
    expect(calls(driven)).toEqual([third]);
  });

  test('is refused when one of them was cancelled: it may be of that', () => {
    const driven = legacy();
    const [first] = two(driven);
    driven.cancel(first);
    driven.look();
    elicit(driven, 'q');
    driven.pass(5_000);
    expect(driven.written(1)).toMatchObject([{ id: 'q', error: { code: -32603 } }]);
    expect(driven.said()).toEqual([]);
  });

  test('is taken back by the process', () => {
    const driven = legacy();
    const [first] = two(driven);
    elicit(driven, 'q');
    driven.process(1, { method: 'notifications/cancelled', params: { requestId: 'q' } });
    driven.process(1, { id: first, result: {} });
    driven.pass(60_000);
    expect(driven.said()).toMatchObject([{ id: first }]);
    expect(driven.written(1)).toEqual([]);
  });

  test('for the roots is told with any of them, and with another when that one ends', () => {
    const driven = legacy({ capabilities: { roots: {} } });
    const more = { capabilities: { roots: {} } };
    const [first, second] = [call(driven, 'a', more), call(driven, 'b', more)];
    driven.process(1, { id: 'r', method: 'roots/list' });
    driven.process(1, { id: first, result: {} });
    driven.pass(20);
    expect(driven.said()).toMatchObject([
      { id: first, result: { resultType: 'complete' } },
      { id: second, result: { inputRequests: { q1: { method: 'roots/list' } } } },
    ]);
  });
});

describe('[F-205] more clients than processes', () => {
  const limits = { maxProcesses: 2 };
  const as = (driven: DrivenModernClient, name: string, capabilities: object = ALL): number =>
    call(driven, 't', { name, capabilities });

  test('share one, and stay there; nobody’s process is ended', () => {
    const driven = legacy({ limits });
    driven.process(1, { id: as(driven, 'c'), result: {} });
    as(driven, 'b', {});
    driven.initialize(2);
    driven.look();
    const third = as(driven, 'd');
    expect(calls(driven, 1)).toEqual([third]);
    driven.process(1, { id: third, result: {} });
    driven.pass(1_000);
    driven.look();
    const fourth = as(driven, 'd');
    expect(calls(driven, 1)).toEqual([fourth]);
    expect([driven.started(), driven.stopped()]).toEqual([[], []]);
  });

  test('take the place of one that has asked nothing for five minutes', () => {
    const driven = legacy({ limits });
    const second = as(driven, 'b');
    driven.initialize(2);
    driven.process(2, { id: second, result: {} });
    driven.pass(200_000);
    driven.process(1, { id: call(driven), result: {} });
    driven.pass(99_999);
    as(driven, 'c');
    expect(driven.stopped()).toEqual([]);
    driven.pass(1);
    as(driven, 'd');
    expect([driven.stopped(), driven.started()]).toEqual([[2], [2, 3]]);
  });

  test.each<[string, [told: object, other: object], object]>([
    ['was told the same', [{}, { sampling: {} }], { sampling: {} }],
    ['was told all of it and more', [{}, { sampling: {}, roots: {} }], { sampling: {} }],
    ['may ask the least besides', [ALL, { sampling: {}, roots: {} }], { sampling: {} }],
    ['may ask the least, if it declares nothing', [ALL, { roots: {} }], {}],
    ['was told the most of it', [{ roots: {} }, { roots: {}, elicitation: {} }], ALL],
    [
      'was told its mode',
      [{ elicitation: {} }, { elicitation: { form: {}, url: {} } }],
      { elicitation: { url: {} } },
    ],
  ])('share the process that %s, however busy it is', (_, [told, other], declared) => {
    const driven = legacy({ limits, capabilities: told });
    driven.process(1, { id: as(driven, 'c', told), result: {} });
    as(driven, 'b', other);
    driven.initialize(2);
    driven.look();
    const id = as(driven, 'late', declared);
    driven.pass(5_000);
    expect(calls(driven, 2)).toEqual([id]);
    expect([driven.started(), driven.stopped()]).toEqual([[], []]);
  });

  test('take the place of one that only said what the server is at once', () => {
    const driven = legacy({ limits });
    as(driven, 'a', {});
    driven.look();
    as(driven, 'b', { sampling: {} });
    expect([driven.stopped(), driven.started()]).toEqual([[1], [3]]);
    as(driven, 'd', {});
    expect([driven.stopped(), driven.started()]).toEqual([[], []]);
  });

  test('keep the process of one that only sent a notification', () => {
    const driven = legacy({ limits });
    driven.session({ method: 'acme/hello', params: { _meta: envelope({ name: 'c' }) } });
    expect(driven.written(1)).toMatchObject([{ method: 'acme/hello' }]);
    as(driven, 'a', {});
    driven.look();
    as(driven, 'b', { sampling: {} });
    expect([driven.stopped(), driven.started()]).toEqual([[], []]);
  });

  test('ask each only what it asked for: a question goes to no other client', () => {
    const driven = legacy({ limits: { maxProcesses: 1 } });
    const first = call(driven);
    const second = as(driven, 'b', {});
    driven.pass(5_000);
    elicit(driven, 'q');
    driven.process(1, { id: first, result: {} });
    driven.pass(20);
    expect(driven.said()).toMatchObject([{ id: first }]);
    driven.process(1, { id: second, error: { code: -32603, message: 'x' } });
    expect(driven.said()).toMatchObject([{ id: second, error: { code: -32021 } }]);
  });
});
