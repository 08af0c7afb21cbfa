// What the owner of a runner forbids reaches no process, however it is spelt, and is not shown in lists.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Policy, type PolicyRules } from '../../../runner/core/policy.ts';
import { onlyMessageIn } from '../../../shared/jsonrpc/view.ts';
import { DrivenSession, rpc, type Sent } from './driven-session.ts';

const encoder = new TextEncoder();

const refusalOf = (rules: PolicyRules, message: object | string): string | undefined => {
  const text = typeof message === 'string' ? message : rpc(message);
  const view = onlyMessageIn(encoder.encode(text));
  if (!view) throw new Error(`no message: ${text}`);
  const judged = Policy.of(rules)?.judge(view);
  return judged?.ok === false ? judged.refusal : undefined;
};
const isCallable = (tools: PolicyRules['tools'], name: string): boolean =>
  refusalOf({ tools }, { id: 1, method: 'tools/call', params: { name } }) === undefined;

describe('[R-14] [F-454] a tool', () => {
  test.each([
    [
      { allow: ['get_*', 'search'] },
      ['get_x', 'get_', 'search'],
      ['search_x', 'Get_x', 'xget_x', '', 'get'],
    ],
    [{ deny: ['delete_*'] }, ['get', 'undelete_x', 'delete'], ['delete_x', 'delete_', 'DELETE_x']],
    [
      { allow: ['*'], deny: ['*_all', 'a*b*c'] },
      ['x', 'abx', 'cba'],
      ['drop_all', 'abc', 'axbxc', 'aabbcc'],
    ],
    [{ allow: [] }, [], ['', 'x', '*']],
    [{ allow: ['a*a'] }, ['aa', 'aba', 'aXa'], ['a', 'ab']],
    [{ allow: ['*a*'] }, ['a', 'xax'], ['x', '']],
    [{ allow: ['x'], deny: ['x'] }, [], ['x']],
  ])('under %j: %j may be called, %j may not', (tools, may, mayNot) => {
    expect(may.filter((name) => !isCallable(tools, name))).toEqual([]);
    expect(mayNot.filter((name) => isCallable(tools, name))).toEqual([]);
  });

  test.each([
    'delete_file',
    'DELETE_FILE',
    'Delete_File',
    ' delete_file',
    'delete_file\t',
    'delete_file\u0000.txt',
    'delete\u200b_file',
    'delete_file\ufe0f',
    'ｄｅｌｅｔｅ＿ｆｉｌｅ',
    'delete_ﬁle',
    'delete_f\u0131le',
  ])('that is denied is denied as %j too', (name) => {
    expect(isCallable({ deny: ['delete_*le', 'delete_file'] }, name)).toBe(false);
  });

  test('written with escapes is the same tool', () => {
    const call =
      '{"jsonrpc":"2.0","id":1,"method":"tools\\/call","params":{"n\\u0061me":"d\\u0065l"}}';
    expect(refusalOf({ tools: { deny: ['del'] } }, call)).toContain('may not be called');
    expect(refusalOf({ tools: { allow: ['del'] } }, call)).toBeUndefined();
  });

  test.each([
    '{"name":"ok","name":"ok"}',
    '{"name":"ok","Name":"x"}',
    '{"NAME":"ok"}',
    '{"name":"ok","n\\u0061me":"x"}',
    '{"name":5}',
    '{"name":null}',
    '{"name":["ok"]}',
    '{}',
    '["ok"]',
    '{"arguments":{"name":"ok"}}',
  ])('whose params are %s cannot be told', (params) => {
    const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
    expect(refusalOf({ tools: { allow: ['ok'] } }, call)).toContain('exactly once');
    expect(refusalOf({ methods: { allow: ['tools/*'] } }, call)).toBeUndefined();
  });

  test.each(['Tools/Call', 'TOOLS/CALL', 'tools/call ', 'tool\u017f/call', 'tools／call'])(
    'called by %j is not called',
    (method) => {
      const call = { id: 1, method, params: { name: 'ok' } };
      expect(refusalOf({ tools: { allow: ['ok'] } }, call)).toContain('is like');
      expect(refusalOf({ methods: { deny: ['tools/call'] } }, call)).toContain('may not be used');
    },
  );

  test('a pattern with many stars costs no more than its length times the name’s', () => {
    const pattern = `${'a*'.repeat(2_000)}b`;
    expect(isCallable({ deny: [pattern] }, 'a'.repeat(200_000))).toBe(true);
  });
});

/** What readers of JSON may take for the name of a tool: the first, the last, and in any case. */
function readings(text: string): string[] {
  const names: string[] = [];
  const params = /"params":\{(.*)\}\}$/u.exec(text)?.[1] ?? '';
  for (const [, key = '""', value = '""'] of params.matchAll(
    /("(?:[^"\\]|\\.)*"):("(?:[^"\\]|\\.)*")/gu,
  ))
    if ((JSON.parse(key) as string).toLowerCase() === 'name')
      names.push(JSON.parse(value) as string);
  return names;
}

test('[F-454] whatever a reader takes for the name, an allowed call has no other', () => {
  const key = fc.constantFrom('name', 'Name', 'NAME', 'n\\u0061me', 'arguments', 'x');
  const value = fc.constantFrom('ok', 'bad', 'o\\u006b', 'OK');
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 4 }), (members) => {
      const params = members.map(([k, v]) => `"${k}":"${v}"`).join(',');
      const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${params}}}`;
      const isRefused = refusalOf({ tools: { allow: ['ok'] } }, text) !== undefined;
      const read = readings(text);
      expect(isRefused).toBe(
        read.length !== 1 || read[0] !== 'ok' || !/"n(?:a|\\u0061)me"/u.test(params),
      );
    }),
  );
});

describe('[R-14] [F-454] a method', () => {
  const rules = { methods: { allow: ['tools/*'], deny: ['tools/list'] } };

  test.each(['tools/call', 'initialize', 'ping', 'server/discover'])('%s may be used', (method) => {
    expect(refusalOf(rules, { id: 1, method })).toBeUndefined();
  });

  test.each(['prompts/get', 'resources/read', 'tools/list', 'Tools/call', 'acme/x', ''])(
    '%j may not',
    (method) => {
      expect(refusalOf(rules, { id: 1, method })).toContain('may not be used');
    },
  );

  test.each([
    ['notifications/initialized', undefined],
    ['notifications/cancelled', undefined],
    ['notifications/acme', 'may not be used'],
  ])('of a notification, %s: %j', (method, words) => {
    const refusal = refusalOf(rules, { method, params: { requestId: 1 } });
    expect(words === undefined ? refusal : refusal?.includes(words)).toBe(words && true);
  });

  test('answers to questions of the process always pass', () => {
    expect(refusalOf({ methods: { allow: [] } }, { id: 1, result: {} })).toBeUndefined();
  });

  test.each([
    [{ toolsListChanged: true }, false],
    [{ resourceSubscriptions: ['file:///x'] }, true],
    [{ ResourceSubscriptions: ['file:///x'] }, true],
  ])('a listener for %j subscribes to resources: %j', (notifications, isRefused) => {
    const listen = { id: 1, method: 'subscriptions/listen', params: { notifications } };
    const deny = { methods: { deny: ['resources/*'] } };
    expect(refusalOf(deny, listen) !== undefined).toBe(isRefused);
    expect(refusalOf({ methods: { deny: ['prompts/*'] } }, listen)).toBeUndefined();
  });
});

describe('[F-455] in a session', () => {
  const policy: PolicyRules = { tools: { allow: ['ok', 'fine'] } };
  const named = (id: unknown, name: string): object => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name },
  });
  const answers = (sent: readonly Sent[]): unknown[] =>
    sent.flatMap((frame) => (frame.type === 'event' ? [JSON.parse(frame.message ?? 'null')] : []));
  const refused = (id: unknown) => ({
    jsonrpc: '2.0',
    id,
    error: {
      code: 42_017,
      message: expect.stringContaining('may not be called here'),
      data: { fault: 'not_allowed', phase: 'not_sent', retryable: false },
    },
  });

  test.each(['streamable', 'sse'] as const)(
    'of a %s client, a forbidden call gets an error with its id, and reaches no process',
    (clientKind) => {
      const driven = DrivenSession.initialized({ clientKind, policy });
      const stream = clientKind === 'sse' ? 'sse' : 'p1';
      driven.post('p1', named('a', 'bad'), stream);
      const { sent, written, audit } = driven.look();
      expect({ answers: answers(sent), written, audit }).toEqual({
        answers: [refused('a')],
        written: [],
        audit: ['tools/call not_allowed'],
      });
      driven.post('p2', named('b', 'ok'), clientKind === 'sse' ? 'sse' : 'p2');
      expect(driven.look().written).toHaveLength(1);
    },
  );

  test('of a modern client too', () => {
    const driven = DrivenSession.modern({ policy });
    driven.post('p1', named(1, 'bad'));
    const { sent, written } = driven.look();
    expect({ answers: answers(sent), written }).toEqual({ answers: [refused(1)], written: [] });
  });

  test('of a batch the rest goes on', () => {
    const driven = DrivenSession.initialized({ policy, revision: '2025-03-26' });
    const batch = [
      named(1, 'ok'),
      named(2, 'bad'),
      named(3, 'fine'),
      { jsonrpc: '2.0', method: 'notifications/x' },
    ];
    driven.post('p1', JSON.stringify(batch));
    const { sent, written } = driven.look();
    expect(answers(sent)).toEqual([refused(2)]);
    expect(written.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { method: 'tools/call', params: { name: 'ok' } },
      { method: 'tools/call', params: { name: 'fine' } },
      { method: 'notifications/x' },
    ]);
  });

  test('a forbidden notification is refused with its post, and in a batch dropped', () => {
    const methods = { deny: ['notifications/acme'] };
    const driven = DrivenSession.initialized({ policy: { methods }, revision: '2025-03-26' });
    const note = { jsonrpc: '2.0', method: 'notifications/acme' };
    driven.post('p1', note, 'get');
    expect(driven.look()).toMatchObject({
      sent: [{ type: 'refused', fault: 'invalid_request' }],
      written: [],
    });
    driven.post('p2', JSON.stringify([note, { jsonrpc: '2.0', id: 1, method: 'ping' }]));
    expect(driven.look().written).toHaveLength(1);
  });

  const listed = (driven: DrivenSession, result: string, isIdLast = false): string => {
    driven.post('list', { id: 1, method: 'tools/list' });
    const id = (JSON.parse(driven.look().written[0] ?? '{}') as { id: number }).id;
    driven.line(
      isIdLast
        ? `{"jsonrpc":"2.0","result":${result},"id":${id}}`
        : `{"jsonrpc":"2.0","id":${id},"result":${result}}`,
    );
    const [event] = driven.look().sent.filter(({ type }) => type === 'event');
    return event && 'message' in event ? String(event.message) : '';
  };

  test.each([
    [
      '{"tools":[{"name":"ok"},{"name":"bad"},{"name":"fine"}],"nextCursor":"c"}',
      '{"tools":[{"name":"ok"},{"name":"fine"}],"nextCursor":"c"}',
    ],
    [
      '{"tools":[{"name":"bad"} , {"name":"ok", "x":1e400}]}',
      '{"tools":[{"name":"ok", "x":1e400}]}',
    ],
    [
      '{"tools":[{"name":"bad"}],"_meta":{"a":12345678901234567890}}',
      '{"tools":[],"_meta":{"a":12345678901234567890}}',
    ],
    [
      '{"tools":[{"title":"bad","name":"o\\u006b"},{"name":"b\\u0061d"}]}',
      '{"tools":[{"title":"bad","name":"o\\u006b"}]}',
    ],
    ['{"tools":[{"name":"ok","Name":"bad"},{"name":"ok"}]}', '{"tools":[{"name":"ok"}]}'],
    [
      '{"tools":[{"name":"bad"}],"tools":[{"name":"bad"},{"name":"ok"}]}',
      '{"tools":[],"tools":[{"name":"ok"}]}',
    ],
    ['{"tools":[]}', '{"tools":[]}'],
    ['{"tools":[7,{"x":1}]}', '{"tools":[7,{"x":1}]}'],
    ['{"tools":{"name":"bad"}}', '{"tools":{"name":"bad"}}'],
  ])('[F-456] of the list %s clients get %s', (result, expected) => {
    const message = `{"jsonrpc":"2.0","id":1,"result":${expected}}`;
    expect(listed(DrivenSession.initialized({ policy }), result)).toBe(message);
    expect(listed(DrivenSession.modern({ policy }), result)).toBe(message);
    const swapped = `{"jsonrpc":"2.0","result":${expected},"id":1}`;
    expect(listed(DrivenSession.initialized({ policy }), result, true)).toBe(swapped);
  });

  test('[F-456] if no tool may be called, none is listed', () => {
    const driven = DrivenSession.initialized({ policy: { methods: { deny: ['tools/call'] } } });
    expect(listed(driven, '{"tools":[{"name":"ok"}]}')).toContain('"tools":[]');
  });

  test('[F-456] a long list, whose parts were not noted', () => {
    const tools = Array.from({ length: 10_000 }, (_, n) => ({
      name: n % 2 ? 'bad' : 'ok',
      description: 'x'.repeat(20),
    }));
    const shown = JSON.parse(
      listed(DrivenSession.initialized({ policy }), JSON.stringify({ tools })),
    ) as { result: { tools: { name: string }[] } };
    expect(shown.result.tools).toHaveLength(5_000);
    expect(new Set(shown.result.tools.map(({ name }) => name))).toEqual(new Set(['ok']));
  });

  test('results of other methods, and messages of the process, pass as they are', () => {
    const driven = DrivenSession.initialized({ policy });
    driven.post('p', named(1, 'ok'));
    driven.look();
    driven.line({ id: 2, result: { tools: [{ name: 'bad' }] } });
    driven.line({ id: 'q', method: 'ping' });
    expect(JSON.stringify(driven.look().sent)).toContain('bad');
  });
});
