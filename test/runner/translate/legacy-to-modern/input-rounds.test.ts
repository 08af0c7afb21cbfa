import { describe, expect, test } from 'vitest';

import {
  DrivenLegacyClient,
  ENVELOPE,
  failure,
  inputRequired,
  notification,
  request,
  result,
  type Message,
} from '../driven-legacy-client.ts';

const ALL = { sampling: {}, roots: {}, elicitation: { form: {}, url: {} } };

const FORM = { mode: 'form', message: 'Name?', requestedSchema: { type: 'object' } };
const ask = (method: string, params?: object): object => ({ method, ...(params && { params }) });

/** A `tools/call` of id 2 is in flight. */
function calling(
  options: Parameters<typeof DrivenLegacyClient.modern>[0] = { capabilities: ALL },
  params: object = { name: 't', arguments: { a: 1 } },
): DrivenLegacyClient {
  const driven = DrivenLegacyClient.modern(options);
  driven.client(request(2, 'tools/call', params));
  driven.effects();
  return driven;
}

const idsOf = (messages: Message[]): unknown[] => messages.map(({ id }) => id);

test('[F-47] what a process asks becomes requests to the client, and their answers the next round', () => {
  const driven = calling();
  driven.process(
    inputRequired(2, {
      inputRequests: {
        'a"b': ask('elicitation/create', FORM),
        s: ask('sampling/createMessage', { messages: [], maxTokens: 1 }),
        r: ask('roots/list'),
      },
      requestState: 'opaque',
    }),
  );
  const asked = driven.effects().filter((effect) => effect.do === 'say');
  expect(asked.map(({ bridgeId }) => bridgeId)).toEqual([2, 2, 2]);
  const questions = asked.map(({ line }) => JSON.parse(new TextDecoder().decode(line)) as Message);
  const [a, s, r] = idsOf(questions);
  expect(new Set([a, s, r]).size).toBe(3);
  expect(questions).toEqual([
    {
      jsonrpc: '2.0',
      id: expect.any(String) as string,
      method: 'elicitation/create',
      params: FORM,
    },
    {
      jsonrpc: '2.0',
      id: s,
      method: 'sampling/createMessage',
      params: { messages: [], maxTokens: 1 },
    },
    { jsonrpc: '2.0', id: r, method: 'roots/list' },
  ]);

  driven.client(result(r, { roots: [], _meta: { x: 1 } }));
  driven.client(result(a, { action: 'accept', content: { n: 1 } }));
  expect(driven.written()).toEqual([]);
  driven.client(result(s, { role: 'assistant', content: [], model: 'm' }));
  const again = driven.writtenOwn();
  expect(again).toEqual({
    jsonrpc: '2.0',
    id: again.id,
    method: 'tools/call',
    params: {
      name: 't',
      arguments: { a: 1 },
      _meta: { ...ENVELOPE, 'io.modelcontextprotocol/clientCapabilities': ALL },
      inputResponses: {
        r: { roots: [] },
        'a"b': { action: 'accept', content: { n: 1 } },
        s: { role: 'assistant', content: [], model: 'm' },
      },
      requestState: 'opaque',
    },
  });
  driven.process(result(again.id, { resultType: 'complete', content: [] }));
  expect(driven.said()).toEqual([result(2, { content: [] })]);
});

test('requestState and answers reach the process as they were written, and each only its own round', () => {
  const driven = calling();
  driven.process(
    '{"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{"k":{"method":"roots/list"}},"requestState":"\\u0061\\/b"}}',
  );
  const [question] = idsOf(driven.said());
  driven.client(`{"jsonrpc":"2.0","id":${JSON.stringify(question)},"result":{"roots":[],"n":1.0}}`);
  const [line = ''] = driven.writtenLines();
  expect(line).toContain('"inputResponses":{"k":{"roots":[],"n":1.0}}');
  expect(line).toContain('"requestState":"\\u0061\\/b"');
  const first = JSON.parse(line) as Message;

  driven.process(inputRequired(first['id'], { inputRequests: { z: ask('roots/list') } }));
  driven.client(result(idsOf(driven.said())[0], { roots: [] }));
  const second = driven.writtenOwn();
  expect(second.id).not.toBe(first['id']);
  const { params } = second as { params?: Message };
  expect(params?.['inputResponses']).toEqual({ z: { roots: [] } });
  expect(params).not.toHaveProperty('requestState');
});

test('a process that gives only a state is called again after 250 ms', () => {
  const driven = calling();
  driven.process(inputRequired(2, { requestState: 's' }));
  expect(driven.effects()).toEqual([]);
  expect(driven.translator.wakeAt()).toBe(driven.now + 250);
  driven.wake();
  const again = driven.writtenOwn();
  expect(again).toMatchObject({ params: { name: 't', requestState: 's' } });
  expect((again as { params?: Message }).params).not.toHaveProperty('inputResponses');
  expect(driven.translator.wakeAt()).toBeUndefined();
});

test('a process that asks a ninth time is not asked again', () => {
  const driven = calling();
  let id: unknown = 2;
  for (let round = 1; round <= 8; round++) {
    driven.process(inputRequired(id, { requestState: String(round) }));
    driven.wake();
    ({ id } = driven.writtenOwn());
  }
  driven.process(inputRequired(id, { requestState: '9' }));
  expect(driven.said()).toMatchObject([{ id: 2, error: { code: -32603 } }]);
  expect(driven.wake()).toBe(false);
});

test.each([
  ['nothing', {}],
  ['an empty set', { inputRequests: {} }],
  ['a question without a method', { inputRequests: { a: {} }, requestState: 's' }],
])('a process that asks for %s gets an error for its call', (_title, value) => {
  const driven = calling();
  driven.process(inputRequired(2, value));
  expect(driven.said()).toMatchObject([{ id: 2, error: { code: -32603 } }]);
});

test('a process that asks in answer to another request gets an error for it', () => {
  const driven = DrivenLegacyClient.modern({ capabilities: ALL });
  driven.client(request(2, 'tools/list'));
  driven.process(inputRequired(2, { inputRequests: { a: ask('roots/list') } }));
  expect(driven.said()).toMatchObject([{ id: 2, error: { code: -32603 } }]);
});

describe('what the client cannot be asked', () => {
  const url = { mode: 'url', message: 'Go', url: 'https://a.example/' };
  const roots = {};
  test.each([
    ['roots', '2025-11-25', { sampling: {} }, ask('roots/list')],
    ['sampling', '2025-11-25', { roots }, ask('sampling/createMessage', {})],
    [
      'sampling.tools',
      '2025-11-25',
      { roots, sampling: {} },
      ask('sampling/createMessage', { toolChoice: {} }),
    ],
    [
      'sampling.tools',
      '2025-06-18',
      { roots, sampling: { tools: {} } },
      ask('sampling/createMessage', { tools: [] }),
    ],
    ['elicitation', '2025-03-26', ALL, ask('elicitation/create', FORM)],
    ['elicitation.url', '2025-06-18', ALL, ask('elicitation/create', url)],
    ['elicitation.url', '2025-11-25', { roots, elicitation: {} }, ask('elicitation/create', url)],
    [
      'elicitation.form',
      '2025-11-25',
      { roots, elicitation: { url: {} } },
      ask('elicitation/create', FORM),
    ],
    ['x/ask', '2025-11-25', ALL, ask('x/ask', {})],
  ])('for want of %s in %s fails the call, and nothing is asked', (...row) => {
    const [lacking, revision, capabilities, question] = row;
    const driven = calling({ revision, capabilities });
    const before = 'roots' in capabilities ? { ok: ask('roots/list') } : {};
    driven.process(inputRequired(2, { inputRequests: { ...before, no: question } }));
    const said = driven.said();
    expect(said).toMatchObject([{ id: 2, result: { isError: true, content: [{ type: 'text' }] } }]);
    expect(JSON.stringify(said)).toContain(`"${lacking}`.replace('"', String.raw`\"`));
    expect(driven.written()).toEqual([]);
  });

  test.each(['prompts/get', 'resources/read'])('fails %s with an error', (method) => {
    const driven = DrivenLegacyClient.modern();
    driven.client(request(2, method, { name: 'p', uri: 'u' }));
    driven.process(inputRequired(2, { inputRequests: { a: ask('roots/list') } }));
    expect(driven.said()).toMatchObject([{ id: 2, error: { code: -32603 } }]);
  });
});

test('a form has no mode before 2025-11-25, and a url has an id since', () => {
  const old = calling({ revision: '2025-06-18', capabilities: { elicitation: {} } });
  old.process(inputRequired(2, { inputRequests: { a: ask('elicitation/create', FORM) } }));
  const { mode: _mode, ...plain } = FORM;
  expect(old.said().map(({ params }) => params)).toEqual([plain]);

  const driven = calling();
  const url = { mode: 'url', message: 'Go', url: 'https://a.example/' };
  driven.process(
    inputRequired(2, {
      inputRequests: { a: ask('elicitation/create', url), b: ask('elicitation/create', url) },
    }),
  );
  const ids = driven.said().map(({ params }) => (params as Message)['elicitationId']);
  expect(ids).toEqual([expect.any(String), expect.any(String)]);
  expect(ids[0]).not.toBe(ids[1]);
});

test.each([
  ['an empty error', { error: {} }],
  ['an error that is text', { error: 'no' }],
  ['a result that is no object', { result: 5 }],
  ['a result that is null', { result: null }],
])('[F-300] a client that answers with %s fails the call, which would wait for ever', (_, said) => {
  const driven = calling();
  driven.process(inputRequired(2, { inputRequests: { a: ask('roots/list') } }));
  const [question] = idsOf(driven.said());
  driven.client({ jsonrpc: '2.0', id: question, ...said });
  expect(driven.said()).toMatchObject([{ id: 2, result: { isError: true } }]);
  expect(driven.written()).toEqual([]);
});

test('a client that answers with an error fails the call; its other questions are withdrawn', () => {
  const driven = calling();
  driven.process(
    inputRequired(2, { inputRequests: { a: ask('roots/list'), b: ask('roots/list') } }),
  );
  const [a, b] = idsOf(driven.said());
  driven.client(failure(a, -1, 'User said no'));
  const said = driven.said();
  expect(said).toMatchObject([
    { method: 'notifications/cancelled', params: { requestId: b } },
    { id: 2, result: { isError: true } },
  ]);
  expect(JSON.stringify(said)).toContain('User said no');
  driven.client(result(b, { roots: [] }));
  expect(driven.written()).toEqual([]);
});

describe('a call that is cancelled', () => {
  const cancelled = notification('notifications/cancelled', { requestId: 2 });

  test('while the client is asked: the question is withdrawn, the process hears nothing', () => {
    const driven = calling();
    driven.process(inputRequired(2, { inputRequests: { a: ask('roots/list') } }));
    const [a] = idsOf(driven.said());
    driven.client(cancelled);
    expect(driven.said()).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: a } },
    ]);
    expect(driven.written()).toEqual([]);
    driven.client(result(a, { roots: [] }));
    expect(driven.written()).toEqual([]);
  });

  test('while it waits to be sent again: it is not', () => {
    const driven = calling();
    driven.process(inputRequired(2, { requestState: 's' }));
    driven.client(cancelled);
    expect(driven.wake()).toBe(false);
    expect(driven.effects()).toEqual([]);
  });

  test('in a later round: the process is told the id it knows', () => {
    const driven = calling();
    driven.process(inputRequired(2, { requestState: 's' }));
    driven.wake();
    const { id } = driven.writtenOwn();
    driven.client(cancelled);
    expect(driven.written()).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: id } },
    ]);
    driven.process(result(id, { resultType: 'complete', content: [] }));
    expect(driven.said()).toEqual([]);
  });
});

test('progress keeps rising over the rounds, under the one token', () => {
  const driven = calling({ capabilities: ALL }, { name: 't', _meta: { progressToken: 2 } });
  const progress = (value: number, total?: number): Message =>
    notification('notifications/progress', {
      progressToken: 2,
      progress: value,
      ...(total !== undefined && { total }),
    });
  driven.process(progress(1, 3));
  driven.process(progress(3, 3));
  driven.process(inputRequired(2, { requestState: 's' }));
  driven.wake();
  expect(driven.writtenOwn()).toMatchObject({ params: { _meta: { progressToken: 2 } } });
  driven.process(progress(0, 2));
  driven.process(progress(0.5, 2));
  driven.process(progress(2));
  expect(driven.said()).toEqual([progress(1, 3), progress(3, 3), progress(3.5, 5), progress(5)]);
});

test('[R-10] a process that asks for more than a client is ever asked at once is refused, and nothing of it reaches the client', () => {
  const driven = calling();
  const asked = Array.from({ length: 65 }, (_, n) => [`k${n}`, ask('roots/list')]);
  driven.process(inputRequired(2, { inputRequests: Object.fromEntries(asked) }));
  expect(driven.said()).toMatchObject([{ id: 2, error: { code: -32603 } }]);
});
