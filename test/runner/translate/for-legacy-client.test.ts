import { expect, test } from 'vitest';

import {
  discovered,
  DrivenLegacyClient,
  ENVELOPE,
  failure,
  initialize,
  notification,
  request,
  result,
} from './driven-legacy-client.ts';

test('a server known to be legacy is transparent at once, and its process is started', () => {
  const driven = new DrivenLegacyClient({ legacy: true });
  expect(driven.translator.isTransparent).toBe(true);
  expect(driven.effects()).toEqual([{ do: 'start', slot: 1 }]);
});

test('a process that answers initialize is passed every byte as it is, and known as legacy', () => {
  const driven = new DrivenLegacyClient();
  const line = '{ "jsonrpc":"2.0","id":1, "method":"initialize","params":{"protocolVersion":"x"}}';
  driven.client(line);
  driven.client('{"jsonrpc":"2.0", "id":2,"method":"ping"}');
  expect(driven.writtenLines()).toEqual([line, '{"jsonrpc":"2.0", "id":2,"method":"ping"}']);
  expect(driven.translator.isTransparent).toBe(false);
  driven.process('{"method":"notifications/message","jsonrpc":"2.0","params":{"data":1e2}}');
  driven.process('not json');
  const answer = '{"jsonrpc":"2.0","id":1,"result":{ "resultType":"complete", "n":1.0}}';
  driven.process(answer);
  expect(driven.saidLines()).toEqual([
    '{"method":"notifications/message","jsonrpc":"2.0","params":{"data":1e2}}',
    'not json',
    answer,
  ]);
  expect(driven.effects()).toEqual([
    { do: 'start', slot: 1 },
    { do: 'served', slot: 1 },
  ]);
  expect(driven.translator.isTransparent).toBe(true);
  expect(driven.eras).toEqual({ legacy: true, modern: undefined });
});

test('a server found to be legacy by another session meanwhile is asked nothing more', () => {
  const driven = new DrivenLegacyClient();
  driven.eras = { ...driven.eras, legacy: true };
  driven.client(initialize());
  expect(driven.written()).toEqual([initialize()]);
  expect(driven.translator.isTransparent).toBe(true);
});

test.each([
  ['the code of an unsupported version', -32022],
  ['another code', -32602],
])('a process that refuses initialize with %s is asked server/discover', (_title, code) => {
  const driven = new DrivenLegacyClient();
  driven.client(initialize('2025-06-18', { roots: { listChanged: true } }));
  driven.effects();
  driven.process(failure(1, code));
  expect(driven.said()).toEqual([]);
  const asked = driven.writtenOwn();
  expect(asked).toEqual({
    jsonrpc: '2.0',
    id: asked.id,
    method: 'server/discover',
    params: {
      _meta: { ...ENVELOPE, 'io.modelcontextprotocol/clientCapabilities': { roots: {} } },
    },
  });
  // What comes before the answer waits for it.
  driven.client(request(2, 'tools/list'));
  expect(driven.written()).toEqual([]);
  driven.process(result(asked.id, discovered({ tools: {} })));
  expect(driven.said()).toEqual([
    result(1, {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 's', version: '2' },
    }),
  ]);
  expect(driven.written()).toMatchObject([{ id: 2, method: 'tools/list' }]);
  expect(driven.eras.modern).toBe(true);
  expect(driven.translator.isTransparent).toBe(false);
  expect(driven.translator.wakeAt()).toBeUndefined();
});

test.each([
  [-32022, false],
  [-32601, false],
  [-32602, undefined],
  [-32603, undefined],
  [-32700, undefined],
])('[F-119] initialize refused with %d teaches of the legacy era: %s', (code, legacy) => {
  const driven = new DrivenLegacyClient();
  driven.client(initialize());
  driven.effects();
  driven.process(failure(1, code));
  driven.process(result(driven.writtenOwn().id, discovered()));
  expect(driven.eras).toEqual({ legacy, modern: true });
});

test('[F-119] a server that is known not to be modern is not asked again', () => {
  const driven = new DrivenLegacyClient({ modern: false });
  driven.client(initialize());
  driven.effects();
  driven.process(failure(1, -32000, 'no key'));
  expect(driven.said()).toEqual([failure(1, -32000, 'no key')]);
  expect(driven.written()).toEqual([]);
});

test.each([
  ['an error', (id: number) => failure(id, -32601, 'unknown'), false],
  ['another error', (id: number) => failure(id, -32000, 'unknown'), undefined],
  ['a result of another kind', (id: number) => result(id, { tools: [] }), undefined],
  [
    'versions the bridge does not know',
    (id: number) => result(id, { ...discovered(), supportedVersions: ['2030-01-01'] }),
    undefined,
  ],
])(
  'a process that answers server/discover with %s has its first refusal said',
  (_title, answer, modern) => {
    const driven = new DrivenLegacyClient();
    driven.client(initialize());
    driven.effects();
    driven.process(failure(1, -32602, 'bad params', { why: 1 }));
    driven.process(answer(driven.writtenOwn().id));
    expect(driven.said()).toEqual([failure(1, -32602, 'bad params', { why: 1 })]);
    expect(driven.translator.isTransparent).toBe(false);
    expect(driven.eras).toEqual({ legacy: undefined, modern });
  },
);

test('a process that says nothing to server/discover has its refusal said after 2 s', () => {
  const driven = new DrivenLegacyClient();
  driven.client(initialize());
  driven.process(failure(1, -32602));
  driven.effects();
  expect(driven.translator.wakeAt()).toBe(driven.now + 2_000);
  driven.now += 1_999;
  expect(driven.translator.tick(driven.now)).toEqual([]);
  driven.wake();
  expect(driven.said()).toEqual([failure(1, -32602)]);
  expect(driven.wake()).toBe(false);
});

test('a request passed before the era was known has its answer passed after', () => {
  const driven = new DrivenLegacyClient();
  driven.client(initialize());
  driven.client(request(2, 'ping'));
  driven.effects();
  driven.process(failure(1, -32022));
  driven.process(result(driven.writtenOwn().id, discovered()));
  driven.effects();
  driven.process(failure(2, -32601));
  expect(driven.said()).toEqual([failure(2, -32601)]);
});

test('the process of a legacy client takes the session with it', () => {
  const driven = new DrivenLegacyClient();
  driven.effects();
  driven.client(initialize());
  driven.effects();
  driven.exited('exited with code 1');
  expect(driven.effects()).toEqual([{ do: 'exited', description: 'exited with code 1' }]);
});

test('a server known not to be legacy is never shown initialize', () => {
  const driven = new DrivenLegacyClient({ legacy: false });
  driven.effects();
  driven.client(initialize());
  expect(driven.writtenOwn()).toMatchObject({ method: 'server/discover' });
});

test('initialize is answered with what server/discover says', () => {
  const driven = new DrivenLegacyClient({ legacy: false });
  driven.client(initialize('1999-01-01'));
  const { id } = driven.writtenOwn();
  const own = {
    tools: { listChanged: true },
    tasks: { list: {} },
    extensions: { 'io.modelcontextprotocol/tasks': {}, 'io.modelcontextprotocol/ui': { a: 1 } },
  };
  driven.process(result(id, { ...discovered(own), instructions: 'Be kind.', _meta: {} }));
  expect(driven.said()).toEqual([
    result(1, {
      protocolVersion: '2025-11-25',
      capabilities: {
        tools: { listChanged: true },
        extensions: { 'io.modelcontextprotocol/ui': { a: 1 } },
      },
      serverInfo: { name: 'fixture', version: '0' },
      instructions: 'Be kind.',
    }),
  ]);
});

test('an error of server/discover is that of initialize, and the era is found out anew', () => {
  const driven = new DrivenLegacyClient({ legacy: false });
  driven.client(initialize());
  driven.process(failure(driven.writtenOwn().id, -32022, 'only newer'));
  expect(driven.said()).toEqual([failure(1, -32603, 'only newer')]);
  expect(driven.eras.legacy).toBeUndefined();
  driven.client(notification('notifications/initialized'));
  expect(driven.written()).toEqual([]);
});

test.each([
  ['exits', (driven: DrivenLegacyClient) => driven.exited('exited with code 1')],
  [
    'is waited for in vain',
    (driven: DrivenLegacyClient) =>
      driven.client(notification('notifications/cancelled', { requestId: 1 })),
  ],
])('a server known not to be legacy that %s is asked anew by the next session', (_title, fail) => {
  const driven = new DrivenLegacyClient({ legacy: false });
  driven.client(initialize());
  fail(driven);
  expect(driven.eras.legacy).toBeUndefined();
});

test('the exit of a process in use says nothing about its era', () => {
  const driven = DrivenLegacyClient.modern();
  driven.exited('exited with code 1');
  expect(driven.eras).toEqual({ legacy: false, modern: true });
});

test('[R-10] [F-135] what a client says while its server is asked what it is, is bounded by bytes', () => {
  const driven = new DrivenLegacyClient();
  driven.client(initialize());
  driven.process(failure(1, -32602));
  driven.effects();
  const large = (id: number): string =>
    JSON.stringify(
      request(id, 'tools/call', { name: 'x', arguments: { text: 'x'.repeat(3 << 20) } }),
    );
  for (const id of [2, 3, 4]) driven.client(large(id));
  driven.client(JSON.stringify(notification('acme/note', { text: 'x'.repeat(3 << 20) })));
  driven.client(request(5, 'ping'));
  expect(driven.said()).toEqual([
    expect.objectContaining({ id: 4, error: expect.objectContaining({ code: 42005 }) }),
  ]);
});
