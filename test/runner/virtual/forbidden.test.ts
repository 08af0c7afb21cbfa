// What is forbidden for one member of a virtual server: nothing else is, of this member or of others.
import { expect, test } from 'vitest';

import { DrivenVirtualServer, member, request } from './driven-virtual-server.ts';

/** Of two members, the first of which may not do this. */
const without = (deny: readonly string[], isModern = false): DrivenVirtualServer =>
  new DrivenVirtualServer([member('a', { rules: [{ methods: { deny } }] }), member('b')], {
    isModern,
  });

/** Answers lists with nothing, and what is asked for beside them with who had it. */
const serve = (work: DrivenVirtualServer): void =>
  work.answer(({ method }, name) => {
    const list = /^(?:resources\/)?(\w+)\/list$/u.exec(String(method))?.[1] ?? '';
    if (list === 'templates') return { resourceTemplates: [] };
    return String(method).endsWith('/list') ? { [list]: [] } : { from: name };
  });

test.each([
  ['resources/read', { uri: 'x:1' }],
  ['completion/complete', { ref: { type: 'ref/resource', uri: 'x:{y}' } }],
  ['vendor/do', {}],
])('[R-16] [F-916] %s that one member may not do is asked of the next', (method, params) => {
  const work = without([method]);
  work.initialize();
  work.client(request(2, method, params));
  serve(work);
  expect(work.said()).toEqual([{ jsonrpc: '2.0', id: 2, result: { from: 'b' } }]);
});

test('[R-16] [F-916] what no member may do is refused, with the reason', () => {
  const work = new DrivenVirtualServer(
    ['a', 'b'].map((name) => member(name, { rules: [{ methods: { deny: ['vendor/*'] } }] })),
  );
  work.initialize();
  work.client(request(2, 'vendor/do'));
  serve(work);
  expect(work.said()).toMatchObject([
    { id: 2, error: { code: 42_017, data: { fault: 'not_allowed' } } },
  ]);
});

test('[R-16] [F-916] a subscription of a resource that may not be watched is open for all else', () => {
  const work = without(['resources/subscribe'], true);
  const wanted = { toolsListChanged: true, resourceSubscriptions: ['x:a', 'x:b'] };
  const meta = { _meta: { 'mcp-edge-bridge/clientId': 's' } };
  work.client(request(9, 'subscriptions/listen', { notifications: wanted, ...meta }));
  const filters: Record<string, unknown> = {};
  work.answer(({ method, params }, name) => {
    if (method === 'resources/list') return { resources: [{ uri: `x:${name}` }] };
    if (method === 'resources/templates/list') return { resourceTemplates: [] };
    filters[name] = (params as { notifications?: unknown }).notifications;
    return undefined;
  });
  expect(work.said()).toEqual([]);
  expect(filters).toEqual({
    a: { toolsListChanged: true },
    b: { toolsListChanged: true, resourceSubscriptions: ['x:b'] },
  });
});
