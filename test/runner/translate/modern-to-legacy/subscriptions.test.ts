import { describe, expect, test } from 'vitest';

import { DrivenModernClient, SUBSCRIPTION_ID, type Message } from '../driven-modern-client.ts';

const CLIENT_ID = 'mcp-edge-bridge/clientId';
const CHANGING = {
  tools: { listChanged: true },
  prompts: { listChanged: false },
  resources: { listChanged: true, subscribe: true },
};

const legacy = (server: object = CHANGING): DrivenModernClient =>
  DrivenModernClient.legacy({ server });

const listen = (driven: DrivenModernClient, notifications: unknown, clientId: unknown): number =>
  driven.request('subscriptions/listen', { notifications }, { meta: { [CLIENT_ID]: clientId } });

const tagged = (method: string, clientId: unknown, params: Message = {}): Message => ({
  jsonrpc: '2.0',
  method,
  params: { ...params, _meta: { [SUBSCRIPTION_ID]: clientId } },
});

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const CHANGED = 'notifications/tools/list_changed';
const UPDATED = 'notifications/resources/updated';

describe('a subscription before legacy processes', () => {
  test('is acknowledged first, with what the process can tell', () => {
    const driven = legacy();
    const wanted = {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: false,
    };
    const id = listen(driven, { ...wanted, resourceSubscriptions: ['a:1', 'a:1'] }, 'listen:0');
    const notifications = { toolsListChanged: true, resourceSubscriptions: ['a:1'] };
    expect(driven.saidOf()).toEqual([
      { call: id, message: tagged(ACKNOWLEDGED, 'listen:0', { notifications }) },
    ]);
    expect(driven.written(1)).toMatchObject([
      { method: 'resources/subscribe', params: { uri: 'a:1' } },
    ]);
  });

  test('with nothing to tell stays open', () => {
    const driven = legacy({});
    const id = listen(driven, { toolsListChanged: true, resourceSubscriptions: ['a:1'] }, 4);
    expect(driven.saidOf()).toEqual([
      { call: id, message: tagged(ACKNOWLEDGED, 4, { notifications: {} }) },
    ]);
    driven.process(1, { method: CHANGED });
    driven.pass(3_600_000);
    expect([driven.said(), driven.written(1)]).toEqual([[], []]);
  });

  test('hears its changes, tagged, of any process, and no others', () => {
    const driven = legacy();
    const [tools, both] = [
      listen(driven, { toolsListChanged: true }, 'a'),
      listen(driven, { toolsListChanged: true, resourcesListChanged: true }, 7),
    ];
    driven.request('tools/call', { name: 't' }, { capabilities: { roots: {} } });
    driven.initialize(2);
    driven.look();
    driven.process(2, { method: CHANGED, params: { _meta: { k: 1 }, x: 2 } });
    driven.process(1, { method: 'notifications/resources/list_changed' });
    driven.process(1, { method: 'notifications/prompts/list_changed' });
    driven.process(1, { method: UPDATED, params: { uri: 'a:1' } });
    expect(driven.saidOf()).toMatchObject([
      { call: tools, message: { params: { x: 2, _meta: { k: 1, [SUBSCRIPTION_ID]: 'a' } } } },
      { call: both, message: { params: { x: 2, _meta: { k: 1, [SUBSCRIPTION_ID]: 7 } } } },
      { call: both, message: tagged('notifications/resources/list_changed', 7) },
    ]);
  });

  test('shares a subscription to a resource, which ends with the last', () => {
    const driven = legacy();
    const [first, second] = [
      listen(driven, { resourceSubscriptions: ['a:1', 'a:2'] }, 'a'),
      listen(driven, { resourceSubscriptions: ['a:2'] }, 'b'),
    ];
    expect(driven.written(1).map(({ params }) => params)).toEqual([{ uri: 'a:1' }, { uri: 'a:2' }]);
    driven.look();
    driven.process(1, { method: UPDATED, params: { uri: 'a:2/part' } });
    driven.process(1, { method: UPDATED, params: { uri: 'a:22' } });
    expect(driven.saidOf().map(({ call }) => call)).toEqual([first, second]);
    driven.cancel(first);
    expect(driven.written(1)).toMatchObject([
      { method: 'resources/unsubscribe', params: { uri: 'a:1' } },
    ]);
    driven.cancel(second);
    expect(driven.written(1)).toMatchObject([
      { method: 'resources/unsubscribe', params: { uri: 'a:2' } },
    ]);
    driven.process(1, { method: UPDATED, params: { uri: 'a:2' } });
    expect(driven.said()).toEqual([]);
  });

  test('[F-310] is answered by no process: none was sent it', () => {
    const driven = legacy();
    const id = listen(driven, { toolsListChanged: true }, 'a');
    driven.saidOf();
    driven.process(1, { id, result: {} });
    expect(driven.saidOf()).toEqual([]);
    driven.process(1, { method: CHANGED });
    expect(driven.saidOf()).toEqual([{ call: id, message: tagged(CHANGED, 'a') }]);
  });

  test('ends as a server ends one when its process is gone', () => {
    const driven = legacy();
    const id = listen(driven, { toolsListChanged: true }, 'a');
    driven.said();
    driven.exited(1);
    expect(driven.said()).toEqual([
      {
        jsonrpc: '2.0',
        id,
        result: { resultType: 'complete', _meta: { [SUBSCRIPTION_ID]: 'a' } },
      },
    ]);
    listen(driven, { toolsListChanged: true }, 'b');
    driven.initialize(2, CHANGING);
    expect(driven.said()).toEqual([
      tagged(ACKNOWLEDGED, 'b', { notifications: { toolsListChanged: true } }),
    ]);
  });

  test.each([[undefined], ['x'], [{ toolsListChanged: 1 }], [{ resourceSubscriptions: [1] }]])(
    'for %j is refused',
    (notifications) => {
      const driven = legacy();
      const id = listen(driven, notifications, 'a');
      expect(driven.said()).toMatchObject([{ id, error: { code: -32602 } }]);
      driven.process(1, { method: CHANGED });
      expect(driven.said()).toEqual([]);
    },
  );

  test('does not give way to another client, which shares its process where there is no other', () => {
    const limits = { maxProcesses: 1 };
    const driven = DrivenModernClient.legacy({ server: CHANGING, limits });
    listen(driven, { toolsListChanged: true }, 'a');
    driven.look();
    const call = driven.request('tools/call', { name: 't' }, { capabilities: { roots: {} } });
    expect(driven.written(1)).toMatchObject([{ id: call }]);
    expect([driven.stopped(), driven.started(), driven.said()]).toEqual([[], [], []]);
  });

  test('does not keep a call of another kind from its process', () => {
    const driven = legacy();
    listen(driven, { toolsListChanged: true }, 'a');
    driven.look();
    const id = driven.request('tools/call', { name: 't' }, { logLevel: 'info' });
    driven.process(1, { method: 'notifications/message', params: { level: 'info', data: 1 } });
    expect(driven.saidOf()).toMatchObject([{ call: id }]);
  });
});
