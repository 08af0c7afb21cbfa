import { describe, expect, test } from 'vitest';

import { DrivenModernClient, envelope, SUBSCRIPTION_ID } from '../driven-modern-client.ts';

const PRIVATE = 'mcp-edge-bridge/';

describe('a modern process', () => {
  test('is sent requests unchanged but for what the edge added', () => {
    const driven = DrivenModernClient.modern();
    const meta = JSON.stringify(envelope()).slice(1, -1);
    const headers = `"${PRIVATE}headers":{}`;
    const line = (inner: string): string =>
      `{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"_meta":{${inner}},"name":"t","arguments":{"a":1.0,"b":"\\u0041"},"requestState":"s"}}`;
    driven.session(line(`${headers},${meta}`));
    expect(driven.writtenLines(1)).toEqual([line(meta)]);
  });

  test('gets all calls, and its answers pass byte for byte', () => {
    const driven = DrivenModernClient.modern();
    const first = driven.request('tools/list');
    const second = driven.request('prompts/list');
    expect(driven.started()).toEqual([]);
    const lines = [second, first].map(
      (id) => `{"jsonrpc":"2.0","id":${id},"result":{ "resultType":"input_required","x":1e2}}`,
    );
    for (const line of lines) driven.process(1, line);
    expect(driven.saidLines()).toEqual(lines);
  });

  test('that exits fails its calls, and the next request starts another', () => {
    const driven = DrivenModernClient.modern();
    const id = driven.request('tools/list');
    driven.exited(1);
    expect(driven.said()).toMatchObject([
      { id, error: { data: { fault: 'process_exited', phase: 'sent' } } },
    ]);
    const next = driven.request('tools/list');
    expect(driven.started()).toEqual([2]);
    expect(driven.written(2)).toMatchObject([{ id: next }]);
  });

  test('speaks of a subscription under the id the client gave it, of whatever type', () => {
    const driven = DrivenModernClient.modern();
    const open = (clientId: unknown): number =>
      driven.request(
        'subscriptions/listen',
        { notifications: { toolsListChanged: true } },
        { meta: { [`${PRIVATE}clientId`]: clientId } },
      );
    const [text, number] = [open('7'), open(7)];
    expect(JSON.stringify(driven.written(1))).not.toContain(PRIVATE);
    for (const tag of [text, number]) {
      const params = { _meta: { [SUBSCRIPTION_ID]: tag } };
      driven.process(1, { method: 'notifications/tools/list_changed', params });
    }
    expect(driven.saidOf()).toMatchObject([
      { call: text, message: { params: { _meta: { [SUBSCRIPTION_ID]: '7' } } } },
      { call: number, message: { params: { _meta: { [SUBSCRIPTION_ID]: 7 } } } },
    ]);
    const result = { resultType: 'complete', _meta: { [SUBSCRIPTION_ID]: text } };
    driven.process(1, { id: text, result });
    expect(driven.said()).toMatchObject([
      { id: text, result: { _meta: { [SUBSCRIPTION_ID]: '7' } } },
    ]);
    driven.exited(1);
    expect(driven.said()).toEqual([
      {
        jsonrpc: '2.0',
        id: number,
        result: { resultType: 'complete', _meta: { [SUBSCRIPTION_ID]: 7 } },
      },
    ]);
  });

  test('ends a subscription by cancelling it, too', () => {
    const driven = DrivenModernClient.modern();
    const meta = { [`${PRIVATE}clientId`]: 'listen:0' };
    const id = driven.request('subscriptions/listen', { notifications: {} }, { meta });
    driven.process(1, { method: 'notifications/cancelled', params: { requestId: id } });
    expect(driven.said()).toMatchObject([
      { id, result: { resultType: 'complete', _meta: { [SUBSCRIPTION_ID]: 'listen:0' } } },
    ]);
  });

  test('is not heard where what it says belongs to no call', () => {
    const driven = DrivenModernClient.modern();
    driven.request('tools/list');
    driven.look();
    driven.process(1, { method: 'notifications/tools/list_changed' });
    driven.process(1, { method: 'notifications/progress', params: { progressToken: 77 } });
    driven.process(1, {
      method: 'notifications/message',
      params: { level: 'error', data: '' },
    });
    driven.process(1, { id: 1, method: 'roots/list' });
    driven.process(1, { id: 1234, result: {} });
    expect([driven.saidLines(), driven.writtenLines(1)]).toEqual([[], []]);
    expect(driven.notes()).toHaveLength(3);
  });

  test('is told of a cancelled call; a late answer is said to nobody else', () => {
    const driven = DrivenModernClient.modern();
    const id = driven.request('tools/list');
    driven.written(1);
    driven.cancel(id);
    expect(driven.written(1)).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: id } },
    ]);
    driven.pass(5_000);
    driven.process(1, { id, result: {} });
    expect(driven.saidLines()).toEqual([]);
  });

  test('shows its log messages to every call that wants such, and starts no other for them', () => {
    const driven = DrivenModernClient.modern();
    driven.request('tools/list');
    const first = driven.request('tools/list', {}, { logLevel: 'debug' });
    const second = driven.request('tools/list', {}, { logLevel: 'info' });
    const log = (level: string) => ({
      method: 'notifications/message',
      params: { level, data: 'x' },
    });
    driven.process(1, log('info'));
    driven.process(1, log('debug'));
    expect(driven.saidOf().map(({ call }) => call)).toEqual([first, second, first]);
    driven.process(1, { id: first, result: {} });
    driven.look();
    driven.process(1, log('debug'));
    expect(driven.said()).toEqual([]);
    expect(driven.notes()).toHaveLength(1);
    expect(driven.started()).toEqual([]);
  });

  test('reports progress by the token that it was given', () => {
    const driven = DrivenModernClient.modern();
    const id = driven.request('tools/list', {}, { meta: { progressToken: 2 } });
    const line = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2}}';
    driven.process(1, line);
    driven.process(1, { id, result: {} });
    driven.process(1, line);
    expect(driven.saidLines().filter((said) => said === line)).toHaveLength(1);
  });
});
