// A session of clients of 2026-07-28: each request stands alone, nothing is resumed, and whoever leaves has cancelled.
import { describe, expect, test } from 'vitest';

import type { MessageView } from '../../../shared/jsonrpc/view.ts';
import { DrivenSession, LIMITS } from './driven-session.ts';

const RETURN_MS = 5_000;

const call = (id: unknown, method = 'tools/call') => ({ id, method });
const cancelled = (requestId: number) => ({
  method: 'notifications/cancelled',
  params: { requestId },
});
const written = (driven: DrivenSession): unknown[] =>
  driven.look().written.map((line) => JSON.parse(line) as unknown);

describe('a modern session', () => {
  test('takes a request without any handshake, and answers it on its own stream with the client’s id', () => {
    const driven = DrivenSession.modern();
    driven.post('p1', call('one'));
    expect(written(driven)).toMatchObject([{ id: 1, method: 'tools/call' }]);
    driven.line({ id: 1, result: { resultType: 'complete' } });
    const { sent } = driven.look();
    expect(sent).toMatchObject([{ type: 'event', stream: 'p1', seq: 1, final: true }]);
    expect(
      sent.map((frame) => 'message' in frame && JSON.parse(frame.message ?? '')),
    ).toMatchObject([{ id: 'one' }]);
  });

  test('[R-5] keeps nothing of an answer that arrived', () => {
    const driven = DrivenSession.modern();
    driven.post('p1', call(1));
    driven.line({ id: 1, result: {} });
    driven.receive({ type: 'ack', stream: 'p1', seq: 1 });
    expect(driven.session.keptBytes).toBe(0);
    driven.look();
    driven.receive({ type: 'attach', stream: 'p1', after: 0 });
    expect(driven.look().sent).toMatchObject([{ type: 'refused', fault: 'event_unknown' }]);
  });

  test('[R-2] a client that leaves has cancelled, at once, and nothing of its request is kept', () => {
    const driven = DrivenSession.modern();
    driven.post('p1', call(1));
    driven.look();
    driven.receive({ type: 'cancel', stream: 'p1' });
    expect(written(driven)).toMatchObject([cancelled(1)]);
    driven.line({ id: 1, result: {} });
    expect(driven.look().sent).toEqual([]);
    expect(driven.session.keptBytes).toBe(0);
    expect(driven.session.inFlight).toBe(0);
  });

  test('[F-167] a request that a client names by a guessed id is not cancelled: it may be another’s', () => {
    const driven = DrivenSession.modern();
    driven.post('p1', call(1));
    driven.post('p2', call('two'));
    driven.look();
    for (const requestId of [1, 2, 'two', '1', 1.0]) {
      driven.post(
        `guess${JSON.stringify(requestId)}`.replaceAll('"', '_'),
        { method: 'notifications/cancelled', params: { requestId } },
        'p3',
      );
    }
    expect(driven.look().written).toEqual([]);
    driven.line({ id: 1, result: {} });
    driven.line({ id: 2, result: {} });
    expect(driven.look().audit).toEqual(['tools/call result', 'tools/call result']);
  });

  test('[LP22] a worker that broke away may come back; one that does not has left its client behind', () => {
    const driven = DrivenSession.modern();
    driven.post('p1', call(1));
    driven.post('p2', call(2));
    driven.look();
    for (const stream of ['p1', 'p2']) driven.receive({ type: 'detach', stream });
    driven.sleep(RETURN_MS - 1);
    driven.receive({ type: 'attach', stream: 'p2', after: 0 });
    driven.sleep(1);
    expect(written(driven)).toMatchObject([cancelled(1)]);
    driven.sleep(RETURN_MS);
    driven.line({ id: 2, result: {} });
    expect(driven.look().sent).toMatchObject([{ type: 'event', stream: 'p2', final: true }]);
  });

  test('a message goes to the request it is tied to, and to nobody when that is over or there is none', () => {
    const driven = DrivenSession.modern();
    driven.post('p1', call(1));
    driven.post('p2', call(2));
    driven.look();
    const note = { method: 'notifications/message', params: { level: 'info', data: 1 } };
    driven.line(note, 2);
    expect(driven.look().sent).toMatchObject([{ type: 'event', stream: 'p2', seq: 1 }]);
    driven.line(note);
    driven.line({ id: 2, result: {} });
    driven.look();
    driven.line(note, 2);
    expect(driven.look().sent).toEqual([]);
  });

  test('a listen has no deadline; everything else has', () => {
    const driven = DrivenSession.modern();
    driven.post('listen', call(1, 'subscriptions/listen'));
    driven.post('p2', call(2));
    driven.look();
    driven.sleep(LIMITS.requestTimeoutMs);
    expect(written(driven)).toMatchObject([cancelled(2)]);
    driven.look();
    driven.sleep(LIMITS.requestLimitMs * 10);
    expect(driven.session.isEnded).toBe(false);
    expect(driven.session.inFlight).toBe(1);
  });

  test('listeners take no place from calls, and have a bound of their own', () => {
    const driven = DrivenSession.modern();
    for (let n = 0; n < 1_024; n++) driven.post(`l${n}`, call(n, 'subscriptions/listen'));
    driven.look();
    driven.post('p1', call(1));
    expect(driven.look().written).toHaveLength(1);
    driven.post('one-more', call(2, 'subscriptions/listen'));
    expect(driven.look().sent).toMatchObject([
      { type: 'refused', of: 'one-more', fault: 'overloaded' },
    ]);
    driven.receive({ type: 'cancel', stream: 'l0' });
    driven.sleep(10_000);
    driven.look();
    driven.post('in-its-place', call(2, 'subscriptions/listen'));
    expect(driven.look().written).toHaveLength(1);
  });

  test('ends when nobody asked anything for long, not before', () => {
    const driven = DrivenSession.modern();
    driven.post('p1', call(1));
    driven.line({ id: 1, result: {} });
    driven.receive({ type: 'delivered', streams: ['p1'] });
    driven.sleep(LIMITS.idleTimeoutMs - 1);
    expect(driven.session.isEnded).toBe(false);
    driven.sleep(1);
    expect(driven.session.isEnded).toBe(true);
  });

  test('[LP20] what was in flight when the edge gave up is cancelled and has no second outcome', () => {
    const driven = DrivenSession.modern();
    driven.post('p1', call(1));
    driven.look();
    driven.relink(true);
    expect(written(driven)).toMatchObject([cancelled(1)]);
    driven.line({ id: 1, result: {} });
    expect(driven.look().sent).toEqual([]);
  });

  test('[R-12] an open listen ends with its result when the session does; a call that is not answered, with a fault', () => {
    const driven = DrivenSession.modern();
    driven.post('heard', call('one', 'subscriptions/listen'));
    driven.post('mute', call('two', 'subscriptions/listen'));
    driven.post('p3', call('three'));
    driven.line({ method: 'notifications/subscriptions/acknowledged', params: {} }, 1);
    driven.look();
    driven.end({ message: 'The runner stopped.' });
    const said = driven
      .look()
      .sent.flatMap((frame) => (frame.type === 'event' ? [JSON.parse(frame.message ?? '')] : []));
    const _meta = { 'io.modelcontextprotocol/subscriptionId': 'one' };
    expect(said).toMatchObject([
      { id: 'one', result: { resultType: 'complete', _meta } },
      // What was never acknowledged did not begin, so it cannot end.
      { id: 'two', error: { code: 42003 } },
      { id: 'three', error: { code: 42003 } },
    ]);
  });

  test('[R-12] has nothing to wait for in a listen, which ends when somebody ends it', () => {
    const driven = DrivenSession.modern();
    driven.post('listen', call(1, 'subscriptions/listen'));
    expect(driven.session.isBusy).toBe(false);
    driven.post('p2', call(2));
    expect(driven.session.isBusy).toBe(true);
    driven.line({ id: 2, result: {} });
    expect(driven.session).toMatchObject({ isBusy: false, inFlight: 1 });
  });

  test('[F-202] a notification that no process would get is refused in its words, and all else is written', () => {
    const refusal = ({ method }: MessageView): string | undefined =>
      method === 'acme/nobody' ? 'Nobody.' : undefined;
    const driven = new DrivenSession({ clientKind: 'modern', refusal });
    driven.receive({ type: 'welcome', expired: false });
    driven.look();
    driven.post('n1', { method: 'acme/nobody' }, 'get');
    expect(driven.look()).toMatchObject({
      sent: [{ type: 'refused', of: 'n1', fault: 'invalid_request', message: 'Nobody.' }],
      written: [],
    });
    driven.post('n2', { method: 'acme/hello' }, 'get');
    driven.post('p1', { id: 1, method: 'acme/nobody' });
    expect(written(driven)).toMatchObject([{ method: 'acme/hello' }, { method: 'acme/nobody' }]);
  });
});
