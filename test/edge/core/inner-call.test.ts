// A tool that calls another in turn is no way around the policy of the edge: it is judged by both names, whatever the server takes it for.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { OperatorPolicy, type Judged } from '../../../edge/core/policy.ts';
import { askedBy } from '../../../edge/core/policy-asked.ts';
import type { ServerPolicyText } from '../../../edge/core/policy-text.ts';
import { onlyMessageIn, type MessageView } from '../../../shared/jsonrpc/view.ts';
import { innerCallOf } from '../../../shared/mcp/discovery.ts';
import { toldOf } from '../../../shared/mcp/told.ts';

const CI: Judged = { name: 'ci' };

const viewOf = (params: string): MessageView => {
  const text = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
  const view = onlyMessageIn(new TextEncoder().encode(text));
  if (!view) throw new Error(`no message: ${text}`);
  return view;
};
function kindOf(policy: ServerPolicyText, params: string, who = CI): string {
  const rights = new OperatorPolicy({ work: policy }).of('work')?.rightsOf(who);
  return rights?.judge(askedBy(viewOf(params))).kind ?? 'closed';
}
const inner = (name: string): string =>
  JSON.stringify({ name: 'call_tool', arguments: { name, arguments: { name: 'any' } } });

describe('[R-15] [F-787] a call by way of another tool', () => {
  const rules: ServerPolicyText['rules'] = [
    { who: ['*'], tools: ['search_tools', 'call_tool'] },
    { who: ['key:ci'], tools: ['get_*'] },
    { who: ['*'], deny: { tools: ['get_secret'] } },
  ];

  test.each([
    [inner('get_issue'), 'allowed'],
    [inner('delete_issue'), 'forbidden'],
    [inner('get_secret'), 'forbidden'],
    [inner('search_tools'), 'allowed'],
    ['{"name":"get_issue"}', 'allowed'],
    ['{"name":"search_tools","arguments":{"name":"delete_issue"}}', 'allowed'],
    ['{"name":"call_tool"}', 'allowed'],
    ['{"name":"call_tool","arguments":null}', 'allowed'],
    ['{"name":"call_tool","arguments":{"other":1}}', 'allowed'],
    ['{"name":"call_tool","arguments":{"name":7}}', 'unclear'],
    ['{"name":"call_tool","arguments":{"name":"get_a","name":"delete_a"}}', 'unclear'],
    ['{"name":"call_tool","arguments":{"name":"get_a","Name":"delete_a"}}', 'unclear'],
    [
      '{"name":"call_tool","arguments":{"name":"get_a"},"arguments":{"name":"delete_a"}}',
      'unclear',
    ],
    ['{"name":"call_tool","Arguments":{"name":"delete_a"}}', 'unclear'],
    ['{"name":"call_tool","arguments":{"name":"get_a","arguments":{},"Arguments":{}}}', 'unclear'],
    ['{"arguments":{"name":"delete_a"},"name":"call_\\u0074ool"}', 'forbidden'],
  ])('with params %s is %s', (params, kind) => {
    expect(kindOf({ rules }, params)).toBe(kind);
  });

  test('needs both names, each by any rule; a denied one in any spelling is denied', () => {
    const only = (tools: string[]): ServerPolicyText => ({ rules: [{ who: ['*'], tools }] });
    expect(kindOf(only(['get_*']), inner('get_issue'))).toBe('forbidden');
    expect(kindOf(only(['call_tool']), inner('get_issue'))).toBe('forbidden');
    expect(kindOf(only(['*']), inner('get_issue'))).toBe('allowed');
    const denied: ServerPolicyText = {
      rules: [
        { who: ['*'], tools: ['*'] },
        { who: ['*'], deny: { tools: ['delete_*'] } },
      ],
    };
    for (const name of ['delete_x', 'DELETE_X', 'dele\u200bte_x', 'delete_x\u0000'])
      expect(kindOf(denied, inner(name))).toBe('forbidden');
    const noCalls: ServerPolicyText = {
      rules: [
        { who: ['*'], tools: ['*'] },
        { who: ['*'], deny: { tools: ['call_tool'] } },
      ],
    };
    expect(kindOf(noCalls, inner('get_issue'))).toBe('forbidden');
  });

  test('an app that lacks the scope of the inner tool is asked for it', () => {
    const policy: ServerPolicyText = {
      scopes: {
        read: { tools: ['search_tools', 'call_tool', 'get_*'] },
        write: { tools: ['*'], implies: ['read'] },
      },
      rules: [{ who: ['*'], scopes: ['write'] }],
    };
    const app: Judged = { name: 'owner', client: 'app', scopes: ['read'] };
    expect(kindOf(policy, inner('get_issue'), app)).toBe('allowed');
    expect(kindOf(policy, inner('merge'), app)).toBe('scope');
  });

  test('[F-980] whoever may not list tools may not search them, nor be told their names by a call', () => {
    const policy: ServerPolicyText = {
      rules: [
        { who: ['*'], tools: ['*'] },
        { who: ['*'], deny: { methods: ['TOOLS/list'] } },
      ],
    };
    const search = '{"name":"search_tools","arguments":{"query":"x"}}';
    for (const params of [search, inner('search_tools'), inner('get_issue')])
      expect(kindOf(policy, params)).toBe('forbidden');
    expect(kindOf(policy, '{"name":"get_issue"}')).toBe('allowed');
  });

  test('is never allowed where the tool itself is not', () => {
    const names = fc.constantFrom('get_a', 'delete_a', 'call_tool', 'search_tools', 'x');
    const patterns = fc.uniqueArray(
      fc.constantFrom('get_*', 'call_tool', 'search_tools', '*', 'x'),
    );
    const rule = fc.oneof(
      patterns.map((tools) => ({ who: ['*'], tools })),
      patterns.map((tools) => ({ who: ['*'], deny: { tools } })),
    );
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), names, (some, name) => {
        const policy: ServerPolicyText = { rules: some };
        const direct = kindOf(policy, JSON.stringify({ name }));
        const by = kindOf(policy, inner(name));
        expect(by === 'allowed' && direct !== 'allowed').toBe(false);
      }),
    );
  });
});

describe('[F-789] the record of such a call', () => {
  const told = (params: string): string | undefined => toldOf(viewOf(params)).tool;

  test('has the name of the tool that is called, and no other argument', () => {
    expect(told(inner('get_issue'))).toBe('get_issue');
    expect(told('{"name":"call_tool","arguments":{"name":"Ann lives at 7"}}')).toBe('call_tool');
    expect(told('{"name":"call_tool","arguments":{"name":"a","name":"b"}}')).toBe('call_tool');
    expect(told('{"name":"other","arguments":{"name":"get_issue"}}')).toBe('other');
    expect(told(inner('x'.repeat(128)))).toHaveLength(101);
  });

  test('of other methods there is no inner call', () => {
    const text = `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":${inner('x')}}`;
    const view = onlyMessageIn(new TextEncoder().encode(text));
    expect(view && innerCallOf(view).kind).toBe('none');
  });
});
