import { describe, expect, test } from 'vitest';

import {
  ALL,
  DrivenModernClient,
  SERVER_INFO_META,
  type Message,
} from '../driven-modern-client.ts';

const FORM = { message: 'm', requestedSchema: { type: 'object', properties: {} } };
const CALL = { name: 't', arguments: { a: 1 } };
const INVALID = { code: -32602, data: { reason: 'invalid_request_state' } };

interface Asked {
  readonly driven: DrivenModernClient;
  readonly id: number;
  readonly state: string;
}

const legacy = (options: Parameters<typeof DrivenModernClient.legacy>[0] = {}) =>
  DrivenModernClient.legacy({ capabilities: ALL, ...options });

const call = (driven: DrivenModernClient, more: object = {}, meta: object = {}): number =>
  driven.request('tools/call', { ...CALL, ...more }, { capabilities: ALL, meta });

const result = (message: Message | undefined): Message => (message?.['result'] ?? {}) as Message;

/** A call whose process has asked `questions` of these ids, and that is parked now. */
function asked(driven: DrivenModernClient, ...questions: string[]): Asked {
  const id = call(driven, {}, { progressToken: 2 });
  for (const each of questions) {
    driven.process(1, { id: each, method: 'elicitation/create', params: FORM });
  }
  driven.pass(20);
  const state = result(driven.said().at(-1))['requestState'] as string;
  driven.look();
  return { driven, id, state };
}

const accept = (name: string): Message => ({ action: 'accept', content: { name } });

describe('a question of a legacy process', () => {
  test('ends the request, with those that came within 20 ms, under keys of their own', () => {
    const driven = legacy();
    const id = call(driven);
    const params = {
      ...FORM,
      mode: 'form',
      _meta: { progressToken: 1 },
      task: {},
      elicitationId: 'e',
    };
    driven.process(1, { id: 'a', method: 'elicitation/create', params });
    driven.pass(19);
    const messages = { messages: [], maxTokens: 5, _meta: {} };
    driven.process(1, { id: 0, method: 'sampling/createMessage', params: messages });
    driven.process(1, { id: 'c', method: 'roots/list' });
    expect(driven.said()).toEqual([]);
    driven.pass(1);
    expect(driven.said()).toEqual([
      {
        jsonrpc: '2.0',
        id,
        result: {
          resultType: 'input_required',
          inputRequests: {
            q1: { method: 'elicitation/create', params: { ...FORM, mode: 'form' } },
            q2: { method: 'sampling/createMessage', params: { messages: [], maxTokens: 5 } },
            q3: { method: 'roots/list' },
          },
          requestState: expect.stringMatching(/^[\w-]{40,}$/u) as string,
          _meta: SERVER_INFO_META,
        },
      },
    ]);
  });

  test('is answered by the retry, under whose id and progress token the call goes on', () => {
    const { driven, id, state } = asked(legacy(), 'a', '9');
    const inputResponses = { q2: accept('2'), q1: { action: 'decline' }, other: 3 };
    const retry = call(driven, { inputResponses, requestState: state }, { progressToken: 77 });
    expect(driven.written(1)).toEqual([
      { jsonrpc: '2.0', id: 'a', result: { action: 'decline' } },
      { jsonrpc: '2.0', id: '9', result: accept('2') },
    ]);
    driven.process(1, {
      method: 'notifications/progress',
      params: { progressToken: 2, progress: 1 },
    });
    driven.process(1, { id, result: { content: [] } });
    expect(driven.said()).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 77, progress: 1 } },
      { id: retry, result: { resultType: 'complete', content: [] } },
    ]);
  });

  test('that is not answered is asked again, alone, under another state', () => {
    const { driven, id, state } = asked(legacy(), 'a', 'b');
    const retry = call(driven, { inputResponses: { q1: accept('1') }, requestState: state });
    expect(driven.written(1)).toMatchObject([{ id: 'a' }]);
    const [again] = driven.said();
    expect(again).toMatchObject({ id: retry, result: { resultType: 'input_required' } });
    expect(Object.keys(result(again)['inputRequests'] as object)).toEqual(['q2']);
    const next = result(again)['requestState'] as string;
    expect(next).not.toBe(state);
    const last = call(driven, { inputResponses: { q2: accept('2') }, requestState: next });
    driven.process(1, { id, result: {} });
    expect(driven.said()).toMatchObject([{ id: last, result: { resultType: 'complete' } }]);
  });

  test('may follow another, in as many rounds as the process likes', () => {
    const { driven, id, state } = asked(legacy(), 'a');
    const retry = call(driven, { inputResponses: { q1: accept('1') }, requestState: state });
    driven.process(1, { id: 'b', method: 'roots/list' });
    driven.pass(20);
    const [second] = driven.said();
    expect(second).toMatchObject({ id: retry, result: { inputRequests: { q2: {} } } });
    const requestState = result(second)['requestState'] as string;
    const last = call(driven, { inputResponses: { q2: { roots: [] } }, requestState });
    driven.process(1, { id, result: {} });
    expect(driven.said()).toMatchObject([{ id: last, result: { resultType: 'complete' } }]);
  });

  test('that comes while the call is parked is told on the retry', () => {
    const { driven, state } = asked(legacy(), 'a');
    driven.process(1, { id: 'b', method: 'roots/list' });
    driven.pass(100);
    expect(driven.said()).toEqual([]);
    const retry = call(driven, { inputResponses: { q1: accept('1') }, requestState: state });
    expect(driven.said()).toMatchObject([{ id: retry, result: { inputRequests: { q2: {} } } }]);
  });

  test('is pointless once the process has answered; the retry gets the answer', () => {
    const { driven, id, state } = asked(legacy({ limits: { maxProcesses: 1 } }), 'a');
    driven.process(1, { id, result: { content: [1] } });
    const other = call(driven);
    expect(driven.written(1)).toMatchObject([{ id: 'a', error: {} }, { id: other }]);
    const retry = call(driven, { requestState: state });
    expect(driven.said()).toMatchObject([{ id: retry, result: { content: [1] } }]);
  });

  test('that the process takes back is not told', () => {
    const driven = legacy();
    const id = call(driven);
    driven.process(1, { id: 'a', method: 'roots/list' });
    driven.process(1, { method: 'notifications/cancelled', params: { requestId: 'a' } });
    driven.pass(20);
    driven.process(1, { id, result: {} });
    expect(driven.said()).toMatchObject([{ id, result: { resultType: 'complete' } }]);
  });

  test('ping is answered for the client', () => {
    const driven = legacy();
    driven.process(1, { id: 'p', method: 'ping' });
    expect(driven.written(1)).toEqual([{ jsonrpc: '2.0', id: 'p', result: {} }]);
  });

  test('[F-47] is refused where no call can have asked it, or it is none', () => {
    const driven = legacy();
    driven.request('tools/list', {}, { capabilities: ALL });
    driven.process(1, { id: 'a', method: 'roots/list' });
    call(driven);
    driven.process(1, { id: 'b', method: 'tasks/get' });
    const refused = driven.written(1).filter(({ error }) => error !== undefined);
    expect(refused).toMatchObject([
      { id: 'a', error: { code: -32601 } },
      { id: 'b', error: { code: -32601 } },
    ]);
    driven.pass(20);
    expect(driven.said()).toEqual([]);
  });

  test.each([
    ['sampling/createMessage', {}, {}, { sampling: {} }],
    ['sampling/createMessage', { tools: [] }, ALL, { sampling: { tools: {} } }],
    ['elicitation/create', { mode: 'url' }, ALL, { elicitation: { url: {} } }],
    ['elicitation/create', {}, { elicitation: { url: {} } }, { elicitation: { form: {} } }],
    ['roots/list', {}, { sampling: {} }, { roots: {} }],
  ])(
    '%s %j to a client with %j names the lack if the call fails',
    (method, params, capabilities, lack) => {
      const driven = DrivenModernClient.legacy({ capabilities });
      const id = driven.request('tools/call', CALL, { capabilities });
      driven.process(1, { id: 'a', method, params });
      expect(driven.written(1).at(-1)).toMatchObject({ id: 'a', error: { code: -32601 } });
      driven.process(1, { id, error: { code: -32603, message: 'x' } });
      expect(driven.said()).toMatchObject([
        { id, error: { code: -32021, data: { requiredCapabilities: lack } } },
      ]);
      const next = driven.request('tools/call', CALL, { capabilities });
      driven.process(1, { id: 'b', method, params });
      driven.process(1, { id: next, result: {} });
      expect(driven.said()).toMatchObject([{ id: next, result: { resultType: 'complete' } }]);
    },
  );
});

describe('a requestState', () => {
  test.each([
    ['changed', (state: string) => `${state.slice(0, -2)}AA`],
    ['longer', (state: string) => `${state}-TAMPERED`],
    ['made up', () => 'x'],
    ['no text', () => 7],
    ['null', () => null],
  ])('that is %s reaches no process', (_, change) => {
    const { driven, state } = asked(legacy(), 'a');
    const requestState = change(state);
    const retry = call(driven, { inputResponses: { q1: accept('1') }, requestState });
    expect(driven.said()).toMatchObject([{ id: retry, error: INVALID }]);
    expect(driven.writtenLines(1)).toEqual([]);
  });

  test('is good for one retry', () => {
    const { driven, state } = asked(legacy(), 'a');
    const retry = { inputResponses: { q1: accept('1') }, requestState: state };
    call(driven, retry);
    driven.look();
    const second = call(driven, retry);
    expect(driven.said()).toMatchObject([{ id: second, error: INVALID }]);
    expect(driven.writtenLines(1)).toEqual([]);
  });

  test.each([
    ['tools/call', { name: 'u' }],
    ['tools/call', { arguments: { a: 2 } }],
    ['prompts/get', {}],
  ])('does not serve another request: %s %j', (method, change) => {
    const { driven, state } = asked(legacy(), 'a');
    const params = { ...CALL, ...change, inputResponses: { q1: accept('1') }, requestState: state };
    const retry = driven.request(method, params, { capabilities: ALL });
    expect(driven.said()).toMatchObject([{ id: retry, error: INVALID }]);
    expect(driven.writtenLines(1)).toEqual([]);
  });

  test.each([['x'], [null], [{ q1: 12_345 }], [{ q1: [] }]])(
    'with the responses %j is refused, and may be sent again',
    (inputResponses) => {
      const { driven, state } = asked(legacy(), 'a');
      const refused = call(driven, { inputResponses, requestState: state });
      expect(driven.said()).toMatchObject([{ id: refused, error: { code: -32602 } }]);
      expect(driven.writtenLines(1)).toEqual([]);
      call(driven, { inputResponses: { q1: accept('1') }, requestState: state });
      expect(driven.written(1)).toMatchObject([{ id: 'a' }]);
    },
  );

  test('is missing in a call that is new, whatever responses it brings', () => {
    const driven = legacy();
    const id = call(driven, { inputResponses: { q1: accept('1') } });
    expect(driven.written(1)).toEqual([{ jsonrpc: '2.0', id, method: 'tools/call', params: CALL }]);
  });

  test('expires: the process is told, and is free when it has answered', () => {
    const { driven, id, state } = asked(legacy({ limits: { maxProcesses: 1 } }), 'a');
    driven.pass(60_000);
    const waiting = call(driven);
    expect(driven.written(1)).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: id } },
      { id: 'a', error: {} },
    ]);
    driven.process(1, { id, error: { code: 1, message: 'x' } });
    expect(driven.written(1)).toMatchObject([{ id: waiting }]);
    const retry = call(driven, { requestState: state });
    expect(driven.said()).toMatchObject([{ id: retry, error: INVALID }]);
  });

  test('is the oldest to expire when too many calls are parked', () => {
    const driven = legacy({ limits: { maxParked: 1 } });
    const { id, state } = asked(driven, 'a');
    driven.request('tools/call', CALL, { capabilities: ALL, name: 'other' });
    driven.initialize(2);
    driven.process(2, { id: 'b', method: 'roots/list' });
    driven.pass(20);
    expect(driven.written(1)).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: id } },
      { id: 'a', error: {} },
    ]);
    driven.look();
    const retry = call(driven, { requestState: state });
    expect(driven.said()).toMatchObject([{ id: retry, error: INVALID }]);
  });

  test('is void when its process is gone', () => {
    const { driven, state } = asked(legacy(), 'a');
    driven.exited(1);
    expect(driven.said()).toEqual([]);
    const retry = call(driven, { requestState: state });
    expect(driven.said()).toMatchObject([{ id: retry, error: INVALID }]);
  });
});

test('[R-10] answers that wait for their clients are bounded in bytes: the oldest is given up', () => {
  const driven = legacy({ limits: { maxParked: 9 } });
  const states = [1, 2, 3].map(() => {
    const { id, state } = asked(driven, 'a');
    const text = 'x'.repeat(12 * 1024 * 1024);
    driven.process(1, `{"jsonrpc":"2.0","id":${id},"result":{"text":"${text}"}}`);
    return state;
  });
  driven.look();
  const retries = states.map((requestState) => call(driven, { requestState }));
  const [first, ...others] = driven.said();
  expect(first).toMatchObject({ id: retries[0], error: INVALID });
  expect(others.map(({ id, error }) => [id, error])).toEqual(
    retries.slice(1).map((id) => [id, undefined]),
  );
});

test('answers that come for a call whose process has answered without them reach no process', () => {
  const { driven, id, state } = asked(legacy(), 'a');
  driven.process(1, { id, result: { content: [] } });
  expect(driven.written(1)).toMatchObject([{ id: 'a', error: {} }]);
  const inputResponses = { q1: accept('late') };
  const again = call(driven, { inputResponses, requestState: state });
  expect(driven.said()).toMatchObject([{ id: again, result: { resultType: 'complete' } }]);
  expect(driven.written(1)).toEqual([]);
});
