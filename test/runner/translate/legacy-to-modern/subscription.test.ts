import { describe, expect, test } from 'vitest';

import {
  DrivenLegacyClient,
  ENVELOPE,
  failure,
  notification,
  request,
  result,
  type Message,
} from '../driven-legacy-client.ts';

const TAG = 'io.modelcontextprotocol/subscriptionId';
const SERVER = { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } };
const CHANGES = { toolsListChanged: true, resourcesListChanged: true };

const acknowledged = (id: number, notifications: object): Message =>
  notification('notifications/subscriptions/acknowledged', { _meta: { [TAG]: id }, notifications });
const updated = (id: number, uri: string): Message =>
  notification('notifications/resources/updated', { _meta: { [TAG]: id }, uri });
const filterOf = (listen: Message): unknown => (listen['params'] as Message)['notifications'];

/** A client that is ready; gives the id of the listen it led to. */
function listening(): { driven: DrivenLegacyClient; id: number } {
  const driven = DrivenLegacyClient.modern({ server: SERVER });
  driven.client(notification('notifications/initialized'));
  const { id } = driven.writtenOwn();
  driven.process(acknowledged(id, CHANGES));
  expect(driven.effects()).toEqual([]);
  return { driven, id };
}

/** As {@link listening}, subscribed to `uris` one after the other. */
function subscribed(...uris: string[]): { driven: DrivenLegacyClient; id: number } {
  const { driven, id: first } = listening();
  let id = first;
  for (const [index, uri] of uris.entries()) {
    driven.client(request(10 + index, 'resources/subscribe', { uri }));
    ({ id } = driven.writtenOwn());
    const all = uris.slice(0, index + 1);
    driven.process(acknowledged(id, { ...CHANGES, resourceSubscriptions: all }));
    driven.effects();
  }
  return { driven, id };
}

describe('changes of lists', () => {
  test('are listened to once the client is ready, with what the process offers', () => {
    const driven = DrivenLegacyClient.modern({ server: SERVER });
    driven.client(notification('notifications/initialized'));
    const listen = driven.writtenOwn();
    expect(listen).toEqual({
      jsonrpc: '2.0',
      id: listen.id,
      method: 'subscriptions/listen',
      params: { notifications: CHANGES, _meta: ENVELOPE },
    });
  });

  test('are not listened to where the process offers none', () => {
    const driven = DrivenLegacyClient.modern({
      server: { tools: {}, resources: { subscribe: true } },
    });
    driven.client(notification('notifications/initialized'));
    expect(driven.written()).toEqual([]);
  });

  test('are said without the tag, and belong to no call', () => {
    const { driven, id } = listening();
    const changed = (meta: object): Message =>
      notification('notifications/tools/list_changed', { _meta: meta });
    driven.process(changed({ [TAG]: id }));
    driven.process(changed({ [TAG]: id, x: 1 }));
    const effects = driven.effects();
    expect(effects.map((effect) => 'call' in effect)).toEqual([false, false]);
    driven.process(changed({ [TAG]: id }));
    driven.process(changed({ [TAG]: id, x: 1 }));
    expect(driven.said()).toEqual([
      notification('notifications/tools/list_changed', {}),
      changed({ x: 1 }),
    ]);
  });

  test('of a listen that is not the bridge’s are dropped', () => {
    const { driven } = listening();
    driven.process(notification('notifications/tools/list_changed', { _meta: { [TAG]: 'x' } }));
    expect(driven.effects()).toEqual([]);
  });
});

describe('resources/subscribe', () => {
  test('opens a listen with all resources, is answered at its ack, and ends the one before', () => {
    const { driven, id: first } = listening();
    driven.client(request(2, 'resources/subscribe', { uri: 'a' }));
    const second = driven.writtenOwn();
    expect(filterOf(second)).toEqual({ ...CHANGES, resourceSubscriptions: ['a'] });
    // Until then the one before is what the client hears.
    driven.process(notification('notifications/tools/list_changed', { _meta: { [TAG]: first } }));
    driven.process(updated(second.id, 'a'));
    expect(driven.said()).toEqual([notification('notifications/tools/list_changed', {})]);

    driven.process(acknowledged(second.id, { ...CHANGES, resourceSubscriptions: ['a'] }));
    expect(driven.said()).toEqual([result(2, {})]);
    expect(driven.written()).toEqual([
      notification('notifications/cancelled', { requestId: first }),
    ]);
    driven.process(notification('notifications/tools/list_changed', { _meta: { [TAG]: first } }));
    driven.process(updated(second.id, 'a'));
    expect(driven.said()).toEqual([notification('notifications/resources/updated', { uri: 'a' })]);

    driven.client(request(3, 'resources/subscribe', { uri: 'b' }));
    expect(filterOf(driven.writtenOwn())).toEqual({
      ...CHANGES,
      resourceSubscriptions: ['a', 'b'],
    });
  });

  test('of a resource that the client has is answered at once', () => {
    const { driven } = subscribed('a');
    driven.client(request(2, 'resources/subscribe', { uri: 'a' }));
    expect(driven.said()).toEqual([result(2, {})]);
    expect(driven.written()).toEqual([]);
  });

  test('that the ack omits is refused, and not asked for again', () => {
    const { driven } = subscribed('a');
    driven.client(request(2, 'resources/subscribe', { uri: 'b' }));
    const { id } = driven.writtenOwn();
    driven.process(acknowledged(id, { resourceSubscriptions: ['a'] }));
    expect(driven.said()).toMatchObject([{ id: 2, error: { code: -32602 } }]);
    expect(driven.written()).toMatchObject([{ method: 'notifications/cancelled' }]);
    driven.client(request(3, 'resources/subscribe', { uri: 'c' }));
    expect(filterOf(driven.writtenOwn())).toMatchObject({ resourceSubscriptions: ['a', 'c'] });
  });

  test('while another waits is answered at an ack of its own', () => {
    const { driven } = listening();
    driven.client(request(2, 'resources/subscribe', { uri: 'a' }));
    const first = driven.writtenOwn();
    driven.client(request(3, 'resources/subscribe', { uri: 'b' }));
    expect(driven.written()).toEqual([]);
    driven.process(acknowledged(first.id, { resourceSubscriptions: ['a'] }));
    expect(driven.said()).toEqual([result(2, {})]);
    const [, second] = driven.written();
    expect(second).toMatchObject({ method: 'subscriptions/listen' });
    driven.process(acknowledged(Number(second?.['id']), { resourceSubscriptions: ['a', 'b'] }));
    expect(driven.said()).toEqual([result(3, {})]);
    expect(driven.written()).toEqual([
      notification('notifications/cancelled', { requestId: first.id }),
    ]);
  });

  test('is refused with the error of the listen, which leaves the one before', () => {
    const { driven, id: before } = subscribed('a');
    driven.client(request(2, 'resources/subscribe', { uri: 'b' }));
    driven.process(failure(driven.writtenOwn().id, -32021, 'no more'));
    expect(driven.said()).toEqual([failure(2, -32603, 'no more')]);
    expect(driven.wake()).toBe(false);
    driven.process(updated(before, 'a'));
    expect(driven.said()).toHaveLength(1);
  });

  test('that was cancelled is not answered', () => {
    const { driven } = listening();
    driven.client(request(2, 'resources/subscribe', { uri: 'a' }));
    const { id } = driven.writtenOwn();
    driven.client(notification('notifications/cancelled', { requestId: 2 }));
    expect(driven.written()).toEqual([]);
    driven.process(acknowledged(id, { resourceSubscriptions: ['a'] }));
    expect(driven.said()).toEqual([]);
  });

  test.each(['resources/subscribe', 'resources/unsubscribe'])(
    '%s without a resource is refused',
    (method) => {
      const { driven } = listening();
      driven.client(request(2, method));
      expect(driven.said()).toMatchObject([{ id: 2, error: { code: -32602 } }]);
      expect(driven.written()).toEqual([]);
    },
  );
});

describe('resources/unsubscribe', () => {
  test('is answered at once, and the listen is opened without the resource', () => {
    const { driven, id } = subscribed('a', 'b');
    driven.client(request(2, 'resources/unsubscribe', { uri: 'a' }));
    expect(driven.said()).toEqual([result(2, {})]);
    const next = driven.writtenOwn();
    expect(filterOf(next)).toEqual({ ...CHANGES, resourceSubscriptions: ['b'] });
    driven.process(updated(id, 'a'));
    driven.process(updated(id, 'b'));
    expect(driven.said()).toEqual([notification('notifications/resources/updated', { uri: 'b' })]);
  });

  test('of the last thing listened to ends the listen', () => {
    const driven = DrivenLegacyClient.modern({ server: { resources: { subscribe: true } } });
    driven.client(request(2, 'resources/subscribe', { uri: 'a' }));
    const { id } = driven.writtenOwn();
    driven.process(acknowledged(id, { resourceSubscriptions: ['a'] }));
    driven.client(request(3, 'resources/unsubscribe', { uri: 'a' }));
    expect(driven.said()).toEqual([result(2, {}), result(3, {})]);
    expect(driven.written()).toEqual([notification('notifications/cancelled', { requestId: id })]);
  });
});

describe('a listen that ends by itself', () => {
  test.each([
    ['its result', (id: number) => result(id, { resultType: 'complete' })],
    [
      'notifications/cancelled',
      (id: number) => notification('notifications/cancelled', { requestId: id }),
    ],
    ['an error', (id: number) => failure(id, -32603)],
  ])('by %s is opened again after 1 s', (_title, end) => {
    const { driven, id } = subscribed('a');
    driven.process(end(id));
    expect(driven.effects()).toEqual([]);
    expect(driven.translator.wakeAt()).toBe(driven.now + 1_000);
    driven.wake();
    const again = driven.writtenOwn();
    expect(filterOf(again)).toEqual({ ...CHANGES, resourceSubscriptions: ['a'] });
    driven.process(acknowledged(again.id, { ...CHANGES, resourceSubscriptions: ['a'] }));
    expect(driven.effects()).toEqual([]);
    expect(driven.wake()).toBe(false);
  });

  test('is opened again five times in a row, then no more', () => {
    const { driven, id: first } = listening();
    let id = first;
    for (let again = 1; again <= 5; again++) {
      driven.process(result(id, { resultType: 'complete' }));
      driven.wake();
      ({ id } = driven.writtenOwn());
      driven.process(acknowledged(id, CHANGES));
    }
    driven.process(result(id, { resultType: 'complete' }));
    expect(driven.wake()).toBe(false);
    expect(driven.effects()).toMatchObject([{ do: 'note', level: 'warn' }]);
    // A client that asks again gets one.
    driven.client(request(2, 'resources/subscribe', { uri: 'a' }));
    expect(driven.writtenOwn()).toMatchObject({ method: 'subscriptions/listen' });
  });

  test('after a minute in order is opened again as at first', () => {
    const { driven, id: first } = listening();
    let id = first;
    for (let again = 1; again <= 7; again++) {
      driven.now += 60_000;
      driven.process(result(id, { resultType: 'complete' }));
      expect(driven.wake()).toBe(true);
      ({ id } = driven.writtenOwn());
      driven.process(acknowledged(id, CHANGES));
    }
  });

  test('is opened again at once when something new is wanted', () => {
    const { driven, id } = listening();
    driven.process(result(id, { resultType: 'complete' }));
    driven.client(request(2, 'resources/subscribe', { uri: 'a' }));
    expect(filterOf(driven.writtenOwn())).toEqual({ ...CHANGES, resourceSubscriptions: ['a'] });
    expect(driven.wake()).toBe(false);
  });

  test('before its ack and too often leaves nobody without an answer', () => {
    const { driven, id: first } = listening();
    let id = first;
    for (let again = 1; again <= 5; again++) {
      driven.process(result(id, { resultType: 'complete' }));
      driven.wake();
      ({ id } = driven.writtenOwn());
    }
    driven.client(request(2, 'resources/subscribe', { uri: 'a' }));
    driven.process(result(id, { resultType: 'complete' }));
    expect(driven.said()).toMatchObject([{ id: 2, error: { code: -32603 } }]);
    expect(driven.wake()).toBe(false);
  });
});
