// Legacy clients before processes that say things in their own way, while their era is found out and after.
import { expect, test } from 'vitest';

import {
  discovered,
  DrivenLegacyClient,
  failure,
  initialize,
  notification,
  request,
  result,
} from '../driven-legacy-client.ts';

const RESULT =
  '{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}';

test.each([
  ['its id as a string', `{"jsonrpc":"2.0","id":"1","result":${RESULT}}`],
  ['an error that is null', `{"jsonrpc":"2.0","id":1,"result":${RESULT},"error":null}`],
  ['a byte order mark', `\uFEFF{"jsonrpc":"2.0","id":1,"result":${RESULT}}`],
  ['several lines', `{\n"jsonrpc":"2.0",\n"id":1.0,\n"result":${RESULT}\n}`],
])('[F-110] an answer to initialize with %s shows the legacy era', (_what, text) => {
  const driven = new DrivenLegacyClient();
  driven.client(initialize());
  driven.effects();
  for (const line of text.split('\n')) driven.process(line);
  expect(driven.translator.isTransparent).toBe(true);
  const said = driven
    .saidLines()
    .filter((line) => line.includes('"jsonrpc"') && line.includes(RESULT));
  expect(said).toHaveLength(1);
});

test('[F-114] what is no answer to initialize is heard by the session, which says so', () => {
  const driven = new DrivenLegacyClient();
  driven.client(initialize());
  driven.effects();
  const lines = ['Server listening on port 3000', '{"jsonrpc":"2.0","id":1,"result":NaN}'];
  for (const line of lines) driven.process(line);
  expect(driven.saidLines()).toEqual(lines);
});

test('[F-110] pieces of a text over several lines are held until it is whole, or known to be none', () => {
  const driven = new DrivenLegacyClient();
  driven.client(initialize());
  driven.effects();
  driven.process('{');
  driven.process('  "level": "info"');
  expect(driven.saidLines()).toEqual([]);
  driven.process('}');
  expect(driven.saidLines()).toEqual(['{', '  "level": "info"', '}']);
  driven.process('{');
  while (driven.wake());
  expect(driven.saidLines()).toEqual(['{']);
});

test.each([
  ['its id as a string', (id: number) => `{"jsonrpc":"2.0","id":"${id}","result":{"n":1e0}}`],
  ['its id as a float', (id: number) => `{"jsonrpc":"2.0","id":${id}.0,"result":{"n":1e0}}`],
  [
    'an escape sequence',
    (id: number) => `\u001b[?25l{"jsonrpc":"2.0","id":${id},"result":{"n":1e0}}`,
  ],
])('[F-110] a modern process is heard with %s', (_what, line) => {
  const driven = DrivenLegacyClient.modern();
  driven.client(request(2, 'tools/call', { name: 't' }));
  driven.effects();
  driven.process(line(2));
  expect(driven.saidLines().join('')).toContain('"n":1e0');
});

test.each([
  ['NaN', (id: number) => `{"jsonrpc":"2.0","id":${id},"result":NaN}`],
  ['another id', () => '{"jsonrpc":"2.0","id":-1,"result":{}}'],
])('[F-112] an answer of a modern process that is of no use ends the call: %s', (_what, line) => {
  const driven = DrivenLegacyClient.modern();
  driven.client(request(2, 'tools/call', { name: 't' }));
  driven.effects();
  driven.process(line(2));
  while (driven.wake());
  expect(driven.said()).toMatchObject([{ id: 2, error: { code: 42008 } }]);
});

test('[F-112] an answer to server/discover that is of no use ends the wait for it', () => {
  const driven = new DrivenLegacyClient();
  driven.client(initialize());
  driven.effects();
  driven.process(failure(1, -32602));
  const { id } = driven.writtenOwn();
  driven.process(`{"jsonrpc":"2.0","id":${id},"result":NaN}`);
  expect(driven.said()).toEqual([failure(1, -32602)]);
});

test('[F-111] tags and tokens of a modern process count in any spelling', () => {
  const driven = new DrivenLegacyClient({ legacy: false });
  driven.client(initialize());
  const { id } = driven.writtenOwn();
  driven.process(result(String(id), discovered({ tools: { listChanged: true } })));
  driven.client(notification('notifications/initialized'));
  driven.effects();
  driven.client(request(2, 'tools/call', { name: 't', _meta: { progressToken: 2 } }));
  driven.effects();
  driven.process(notification('notifications/progress', { progressToken: '2', progress: 1 }));
  expect(driven.said()).toMatchObject([{ method: 'notifications/progress' }]);
});

test('[F-120] a list of more tools than there are is not written anew one by one', () => {
  const driven = DrivenLegacyClient.modern();
  driven.client(request(2, 'tools/list'));
  driven.effects();
  driven.process(`{"jsonrpc":"2.0","id":2,"result":{"tools":[${'{},'.repeat(10_000)}{}]}}`);
  expect(driven.said()).toMatchObject([{ id: 2, error: { code: 42008 } }]);
});
