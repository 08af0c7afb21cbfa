// The operator's policy: who may do what with a server, whatever form the message has, and that less in a policy never gives more.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { OperatorPolicy, type Judged, type PolicyVerdict } from '../../../edge/core/policy.ts';
import { askedBy } from '../../../edge/core/policy-asked.ts';
import type { RuleText, ServerPolicyText } from '../../../edge/core/policy-text.ts';
import { onlyMessageIn } from '../../../shared/jsonrpc/view.ts';

const encoder = new TextEncoder();

const asked = (text: string) => {
  const view = onlyMessageIn(encoder.encode(text));
  if (!view) throw new Error(`no message: ${text}`);
  return askedBy(view);
};

/** `closed`: not let in at all. */
function verdictOf(
  policy: ServerPolicyText,
  who: Judged,
  message: string,
): PolicyVerdict | 'closed' {
  const rights = new OperatorPolicy({ github: policy }).of('github')?.rightsOf(who);
  return rights ? rights.judge(asked(message)) : 'closed';
}
const kindOf = (policy: ServerPolicyText, who: Judged, message: string): string => {
  const verdict = verdictOf(policy, who, message);
  return verdict === 'closed' ? verdict : verdict.kind;
};

const method = (name: string, params: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: name, params });
const call = (name: string): string => method('tools/call', { name });

const CI: Judged = { name: 'ci' };
const OWNER: Judged = { name: 'owner', client: 'https://claude.ai/client', scopes: ['mcp'] };
const person = (groups: string[], scopes: string[], client = 'app-1'): Judged => ({
  name: 'p-0123456789abcdefghijkl',
  client,
  groups,
  scopes,
});

const SCOPES: ServerPolicyText['scopes'] = {
  read: { tools: ['get_*', 'list_*'], methods: ['resources/*', 'prompts/*'] },
  write: { tools: ['*'], implies: ['read'] },
};

describe('[R-15] [F-530] who is let in', () => {
  test('a server without a policy has none; one for all others serves those that are not named', () => {
    expect(new OperatorPolicy({}).of('github')).toBeUndefined();
    expect(new OperatorPolicy({ github: {} }).of('files')).toBeUndefined();
    const all = new OperatorPolicy({ '*': {}, github: { rules: [{ who: ['*'], tools: ['*'] }] } });
    expect(all.of('files')?.rightsOf(CI)).toBeUndefined();
    expect(all.of('github')?.rightsOf(CI)).toBeDefined();
  });

  test.each<[string, RuleText['who'], Judged, boolean]>([
    ['everybody', ['*'], CI, true],
    ['a key', ['key:ci'], CI, true],
    ['another key', ['key:c'], CI, false],
    ['keys by a pattern', ['key:c*'], CI, true],
    ['a person', ['person:owner'], OWNER, true],
    ['a key that has the name of a person', ['person:owner'], { name: 'owner' }, false],
    ['a person that has the name of a key', ['key:owner'], OWNER, false],
    ['a group', ['group:admins'], person(['staff', 'admins'], []), true],
    ['another group', ['group:admins'], person(['admins-2'], []), false],
    ['nobody known to be in the group', ['group:admins'], OWNER, false],
    ['a group of a key', ['group:*'], CI, false],
    ['an app', ['app:https://claude.ai/*'], OWNER, true],
    ['another app', ['app:https://claude.ai/*'], person([], [], 'https://claude.ai.evil/x'), false],
    ['one of several', ['key:x', 'person:owner'], OWNER, true],
    ['no wildcard in what is judged', ['key:ci'], { name: '*' }, false],
  ])('%s', (_, who, judged, isIn) => {
    const policy = { rules: [{ who, tools: ['*'] }] };
    expect(kindOf(policy, judged, method('initialize'))).toBe(isIn ? 'allowed' : 'closed');
  });

  test('nobody, where no rule meets, where a rule only denies, and where one denies all', () => {
    expect(kindOf({}, CI, method('ping'))).toBe('closed');
    expect(kindOf({ rules: [] }, CI, method('ping'))).toBe('closed');
    const only = { rules: [{ who: ['*'], deny: { tools: ['x'] } }] };
    expect(kindOf(only, CI, method('ping'))).toBe('closed');
    const rules: RuleText[] = [
      { who: ['*'], tools: ['*'] },
      { who: ['key:ci'], deny: 'all' },
    ];
    expect(kindOf({ rules }, CI, method('ping'))).toBe('closed');
    expect(kindOf({ rules }, { name: 'other' }, method('ping'))).toBe('allowed');
  });
});

describe('[R-15] [F-530] what may be done', () => {
  const rules: RuleText[] = [
    { who: ['*'], tools: ['get_*'] },
    { who: ['key:ci'], tools: ['merge'], methods: ['resources/read'] },
    { who: ['*'], deny: { tools: ['get_secret'], methods: ['completion/*'] } },
  ];

  test.each([
    [call('get_issue'), 'allowed'],
    [call('merge'), 'allowed'],
    [call('delete_repo'), 'forbidden'],
    [call('Get_issue'), 'forbidden'],
    [call('get_secret'), 'forbidden'],
    [call('get_\u017fecret'), 'forbidden'],
    [call('get_secret\u200b'), 'forbidden'],
    [method('resources/read', { uri: 'x' }), 'allowed'],
    [method('resources/subscribe', { uri: 'x' }), 'forbidden'],
    [method('prompts/get', { name: 'x' }), 'forbidden'],
    [method('tasks/get'), 'forbidden'],
    [method('unknown/method'), 'forbidden'],
    [method('Tools/Call', { name: 'get_issue' }), 'unclear'],
    [method('tools/call\u200b', { name: 'get_issue' }), 'unclear'],
    [method('tools/list'), 'allowed'],
    [method('Tools/list'), 'forbidden'],
    [method('initialize'), 'allowed'],
    [method('server/discover'), 'allowed'],
    [method('completion/complete'), 'forbidden'],
    [method('subscriptions/listen', { notifications: { toolsListChanged: true } }), 'allowed'],
    [
      method('subscriptions/listen', { notifications: { resourceSubscriptions: ['x'] } }),
      'forbidden',
    ],
    [
      method('subscriptions/listen', { Notifications: { ResourceSubscriptions: ['x'] } }),
      'forbidden',
    ],
    ['{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}', 'allowed'],
    ['{"jsonrpc":"2.0","method":"tools/call","params":{"name":"delete_repo"}}', 'forbidden'],
    ['{"jsonrpc":"2.0","id":1,"result":{"name":"delete_repo"}}', 'allowed'],
  ])('%s: %s', (message, kind) => {
    expect(kindOf({ rules }, CI, message)).toBe(kind);
  });

  test.each([
    '{"name":"get_issue","name":"delete_repo"}',
    '{"name":"get_issue","Name":"delete_repo"}',
    '{"NAME":"get_issue"}',
    '{"n\\u0061me":"get_issue","name":"get_issue"}',
    '{"name":["get_issue"]}',
    '{"name":null}',
    '{}',
    '[]',
  ])('what a call with params %s calls is unclear, so nothing judges it twice', (params) => {
    const message = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
    expect(kindOf({ rules: [{ who: ['*'], tools: ['*'] }] }, CI, message)).toBe('unclear');
  });

  test('the first rule with limits says how much', () => {
    const limited: RuleText[] = [
      { who: ['key:ci'], limits: { requests: 5 } },
      { who: ['*'], tools: ['*'], limits: { requests: 2 } },
    ];
    const policy = new OperatorPolicy({ github: { rules: limited } }).of('github');
    expect(policy?.rightsOf(CI)?.limits).toEqual({ requests: 5 });
    expect(policy?.rightsOf(OWNER)?.limits).toEqual({ requests: 2 });
  });
});

describe('[R-15] [F-531] scopes of an app', () => {
  const staff: RuleText[] = [
    { who: ['group:staff'], scopes: ['read'] },
    { who: ['group:admins'], scopes: ['write'] },
  ];
  const policy: ServerPolicyText = { scopes: SCOPES, ask: ['read'], rules: staff };

  test('what is granted serves; what the person may have, and did not grant, is told in one challenge', () => {
    const admin = person(['admins'], ['read']);
    expect(verdictOf(policy, admin, call('get_issue'))).toMatchObject({ kind: 'allowed' });
    expect(verdictOf(policy, admin, call('merge'))).toMatchObject({
      kind: 'scope',
      scopes: ['read', 'write'],
    });
    expect(verdictOf(policy, person(['admins'], []), method('prompts/get'))).toMatchObject({
      scopes: ['read'],
    });
  });

  test('a scope serves for what it implies, over any number of steps', () => {
    const admin = person(['admins'], ['write']);
    expect(kindOf(policy, admin, method('prompts/get'))).toBe('allowed');
    const chain = {
      scopes: { a: { methods: ['x'] }, b: { implies: ['a'] }, c: { implies: ['b', 'c'] } },
    };
    expect(kindOf(chain, person([], ['c']), method('x'))).toBe('allowed');
    expect(kindOf(chain, person([], ['b']), method('x'))).toBe('allowed');
  });

  test('no grant gives more than the rules, and no step-up is offered that could not help', () => {
    expect(kindOf(policy, person(['staff'], ['write']), call('merge'))).toBe('forbidden');
    expect(kindOf(policy, person(['staff'], ['read']), call('merge'))).toBe('forbidden');
    expect(kindOf(policy, person([], ['read', 'write']), call('get_issue'))).toBe('closed');
    expect(kindOf(policy, person(['admins'], ['write']), method('tasks/get'))).toBe('forbidden');
  });

  test('a grant from before there were scopes counts as what is asked for at first', () => {
    const before = person(['admins'], ['mcp']);
    expect(kindOf(policy, before, call('get_issue'))).toBe('allowed');
    expect(verdictOf(policy, before, call('merge'))).toMatchObject({ scopes: ['read', 'write'] });
  });

  test('a grant of scopes that are gone, where none are left, is asked for the whole', () => {
    const rules: RuleText[] = [{ who: ['*'], tools: ['*'] }];
    expect(verdictOf({ rules }, person([], ['read']), call('x'))).toMatchObject({
      kind: 'scope',
      scopes: ['mcp'],
    });
    expect(kindOf({ rules }, person([], ['mcp']), call('x'))).toBe('allowed');
  });

  test('without rules everybody has all scopes: keys at once, apps as granted', () => {
    expect(kindOf({ scopes: SCOPES }, CI, call('merge'))).toBe('allowed');
    expect(kindOf({ scopes: SCOPES }, person([], ['read']), call('merge'))).toBe('scope');
    expect(kindOf({ scopes: SCOPES }, CI, method('tasks/get'))).toBe('forbidden');
  });

  test('what an app is told to ask for, and what it can be granted', () => {
    const of = (text: ServerPolicyText) => new OperatorPolicy({ github: text }).of('github');
    expect(of(policy)).toMatchObject({ ask: ['read'], scopes: ['read', 'write'] });
    expect(of({ scopes: SCOPES })?.ask).toEqual(['read', 'write']);
    expect(of({})).toMatchObject({ ask: ['mcp'], scopes: ['mcp'] });
    expect(new OperatorPolicy({ a: policy, b: {} }).scopes).toEqual(['read', 'write', 'mcp']);
  });
});

describe('[R-15] [F-530] properties', () => {
  const TOOLS = ['get_a', 'get_b', 'set_a', 'x'];
  const METHODS = ['resources/read', 'prompts/get', 'tools/list', 'completion/complete', 'odd'];
  const MESSAGES = [
    ...TOOLS.map(call),
    ...METHODS.map((name) => method(name)),
    method('initialize'),
  ];
  const names = fc.subarray([...TOOLS, 'get_*', '*_a', '*']);
  const methods = fc.subarray([...METHODS, 'resources/*', '*']);
  const scopeNames = fc.subarray(['s1', 's2', 's3']);
  const abilities = fc.record({ tools: names, methods }, { requiredKeys: [] });
  const who = fc.subarray(['*', 'key:k', 'group:g', 'app:a', 'person:p'], { minLength: 1 });
  const rule: fc.Arbitrary<RuleText> = fc.record(
    {
      who,
      tools: names,
      methods,
      scopes: scopeNames,
      deny: fc.oneof(abilities, fc.constant('all' as const)),
    },
    { requiredKeys: ['who'] },
  );
  const scope = fc.record({ tools: names, methods, implies: scopeNames }, { requiredKeys: [] });
  const scopes = fc.oneof(
    fc.record({ s1: scope, s2: scope, s3: scope }, { requiredKeys: [] }),
    fc.constant(undefined),
  );
  const text: fc.Arbitrary<ServerPolicyText> = fc.record({
    scopes,
    ask: fc.constant(undefined),
    rules: fc.array(rule, { maxLength: 4 }),
  });
  const judged: fc.Arbitrary<Judged> = fc.oneof(
    fc.constant({ name: 'k' }),
    fc.record({
      name: fc.constantFrom('p', 'q'),
      client: fc.constantFrom('a', 'b'),
      groups: fc.subarray(['g', 'h']),
      scopes: fc.subarray(['s1', 's2', 's3', 'mcp']),
    }),
  );

  const allowedUnder = (policy: ServerPolicyText, principal: Judged): string[] =>
    MESSAGES.filter((message) => kindOf(policy, principal, message) === 'allowed');

  test('a policy with less never lets anybody do more', () => {
    fc.assert(
      fc.property(text, judged, rule, fc.nat(), (policy, principal, added, at) => {
        const before = new Set(allowedUnder(policy, principal));
        const { rules = [] } = policy;
        const narrower: ServerPolicyText[] = [
          // A rule less that lets in.
          { ...policy, rules: rules.filter((each, n) => n !== at % 5 || each.deny !== undefined) },
          // One that denies more.
          { ...policy, rules: [...rules, { who: added.who, deny: added.deny ?? 'all' }] },
          { ...policy, rules: [] },
          // A rule that gives less.
          {
            ...policy,
            rules: rules.map((each, n) =>
              n === at % 5 ? { ...each, ...(each.tools && { tools: each.tools.slice(1) }) } : each,
            ),
          },
        ];
        for (const less of narrower)
          for (const message of allowedUnder(less, principal)) expect(before).toContain(message);
      }),
    );
  });

  test('fewer scopes in the grant never let an app do more, and the scopes of a challenge are enough', () => {
    fc.assert(
      fc.property(text, judged, (policy, principal) => {
        if (principal.scopes === undefined) return;
        const before = new Set(allowedUnder(policy, principal));
        const fewer = { ...principal, scopes: principal.scopes.slice(1) };
        for (const message of allowedUnder(policy, fewer)) expect(before).toContain(message);
        for (const message of MESSAGES) {
          const verdict = verdictOf(policy, principal, message);
          if (verdict === 'closed' || verdict.kind !== 'scope') continue;
          const stepped = { ...principal, scopes: verdict.scopes };
          expect(kindOf(policy, stepped, message)).toBe('allowed');
          // What the app could do before, it can do with the scopes of the challenge alone.
          for (const other of before) expect(kindOf(policy, stepped, other)).toBe('allowed');
        }
      }),
    );
  });

  test('a message is judged the same whatever form it has', () => {
    const escaped = (name: string): string =>
      `"${name.replaceAll(/./gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
    const spelling = fc.record({
      name: fc.constantFrom(...TOOLS),
      isEscaped: fc.boolean(),
      isKeyEscaped: fc.boolean(),
      isParamsFirst: fc.boolean(),
      space: fc.constantFrom('', ' ', '\n', '\r\n\t'),
      others: fc.subarray(['"arguments":{"name":"x"}', '"_meta":{"name":"y"}', '"x":[1,2]']),
      isNotification: fc.boolean(),
    });
    fc.assert(
      fc.property(text, judged, spelling, (policy, principal, form) => {
        const { name, space } = form;
        const value = form.isEscaped ? escaped(name) : `"${name}"`;
        const key = form.isKeyEscaped ? escaped('name') : '"name"';
        const params = `"params":{${[...form.others, `${key}:${value}`].join(`,${space}`)}}`;
        const members = ['"method":"tools/call"', params];
        const ordered = form.isParamsFirst ? members.toReversed() : members;
        const id = form.isNotification ? [] : ['"id":1'];
        const message = `{${space}${['"jsonrpc":"2.0"', ...id, ...ordered].join(`${space},${space}`)}}`;
        expect(kindOf(policy, principal, message)).toBe(kindOf(policy, principal, call(name)));
      }),
    );
  });
});
