// The runner's side of a session: what reaches stdin, on which stream each message goes, and when the session is over.
import { describe, expect, test } from 'vitest';

import { CREDIT_BYTES } from '../../../shared/link/sizes.ts';
import { WINDOW_MS } from '../../../shared/link/timing.ts';
import type { CallRecord } from '../../../runner/core/session-effects.ts';
import { postId } from '../../../shared/ids.ts';
import { DrivenSession, faultOf, LIMITS, rpc } from './driven-session.ts';

const ACCEPT_DELAY_MS = 100;
const STALL_MS = 30_000;
const SSE_RETURN_MS = 10_000;
const CANCEL_GRACE_MS = 5_000;
/** The credit counts 64 bytes beside each message. */
const CREDIT_FILL = 'x'.repeat(CREDIT_BYTES);

/** What a session that was negotiated says first on each new socket (F-186). */
const NEGOTIATED = { type: 'negotiated', revision: '2025-11-25' };

const call = (id: unknown, params?: object) => ({
  id,
  method: 'tools/call',
  ...(params && { params }),
});

describe('a post', () => {
  test('[R-2] [LP12] sent again after a break is accepted again and written once', () => {
    const driven = DrivenSession.initialized();
    driven.post('p1', call(7));
    expect(driven.look().written).toHaveLength(1);
    driven.relink();
    driven.post('p1', call(7));
    const sent = [NEGOTIATED, { type: 'accepted', id: 'p1' }];
    expect(driven.look()).toMatchObject({ sent, written: [] });
    driven.line({ id: 2, result: {} });
    driven.post('p1', call(7));
    expect(driven.look().written).toEqual([]);
  });

  test('[R-2] [F-160] sent again after thousands of others is never written again', () => {
    const driven = DrivenSession.initialized();
    const note = { method: 'notifications/x' };
    for (let n = 1; n <= 10_000; n++) driven.post(`n${n}`, note, 'get');
    expect(driven.look().written).toHaveLength(10_000);
    for (const id of ['n1', 'n2', 'n4096', 'n5000', 'n10000']) driven.post(id, note, 'get');
    expect(driven.look()).toMatchObject({
      sent: ['n1', 'n2', 'n4096', 'n5000', 'n10000'].map((id) => ({ type: 'accepted', id })),
      written: [],
    });
  });

  test('[R-2] [F-160] that is older than all that is remembered is refused, and nobody can say whether it ran', () => {
    const driven = DrivenSession.initialized();
    const note = { method: 'notifications/x' };
    const id = (n: number): string => postId(1_790_000_000_000 + n, `n${n}`);
    for (let n = 0; n < 140_000; n++) {
      driven.post(id(n), note, 'get');
      if (n % 1_000 === 0) driven.look();
    }
    driven.look();
    driven.post(id(1), note, 'get');
    expect(driven.look()).toMatchObject({
      sent: [{ type: 'refused', of: id(1), fault: 'runner_lost', phase: 'unknown' }],
      written: [],
    });
    driven.post(id(140_000), note, 'get');
    expect(driven.look().written).toHaveLength(1);
  });

  test('[LP12] [F-295] [R-2] that was refused stays refused when it is said again, though there is room by then', () => {
    const driven = DrivenSession.initialized({ limits: { maxInFlight: 1 } });
    driven.post('p1', call(1));
    driven.look();
    const refused = {
      sent: [{ type: 'refused', of: 'p2', fault: 'overloaded', phase: 'not_sent' }],
      written: [],
    };
    driven.post('p2', call(2));
    expect(driven.look()).toMatchObject(refused);
    driven.line({ id: 2, result: {} });
    driven.look();
    driven.post('p2', call(2));
    expect(driven.look()).toMatchObject(refused);
    // Its client's next attempt is another post.
    driven.post('p3', call(2));
    expect(driven.look().written).toHaveLength(1);
  });

  test('[LP31] [F-732] ends with how long the process had it, each time that is sent, and says it nowhere else', () => {
    const driven = DrivenSession.initialized();
    driven.post('p1', call(1, { _meta: { progressToken: 'a' } }));
    driven.pass(30);
    driven.line({ method: 'notifications/progress', params: { progressToken: 2, progress: 1 } });
    driven.pass(12);
    driven.line({ id: 2, result: {} });
    const timesOf = () =>
      driven
        .look()
        .sent.flatMap((frame) => (frame.type === 'event' ? [[frame.seq, frame.ms]] : []));
    expect(timesOf()).toEqual([
      [1, undefined],
      [2, 42],
    ]);
    driven.pass(1_000);
    driven.relink();
    expect(timesOf()).toEqual([
      [1, undefined],
      [2, 42],
    ]);
  });

  test('[LP13] that opens a stream is accepted by its first event, or after 100 ms', () => {
    const driven = DrivenSession.initialized();
    driven.post('quick', call(1));
    driven.line({ id: 2, result: {} });
    driven.post('slow', call(2));
    expect(driven.look().sent).toMatchObject([{ type: 'event', stream: 'quick', seq: 1 }]);
    driven.sleep(ACCEPT_DELAY_MS - 1);
    expect(driven.look().sent).toEqual([]);
    driven.sleep(1);
    expect(driven.look().sent).toEqual([{ type: 'accepted', id: 'slow' }]);
    driven.sleep(1_000);
    expect(driven.look().sent).toEqual([]);
  });

  test('[LP13] of a notification or a response is accepted at once', () => {
    const driven = DrivenSession.initialized();
    driven.post('n', { method: 'notifications/x' }, 'get');
    expect(driven.look().sent).toEqual([{ type: 'accepted', id: 'n' }]);
  });

  test('[LP13] on the HTTP+SSE stream is accepted at once', () => {
    const driven = DrivenSession.initialized({ clientKind: 'sse' });
    driven.post('p', call(1), 'sse');
    expect(driven.look().sent).toEqual([{ type: 'accepted', id: 'p' }]);
  });

  test('[LP17] frees the streams it names as delivered, and so does `delivered` by itself', () => {
    const driven = DrivenSession.initialized();
    for (const [index, id] of ['a', 'b', 'c'].entries()) {
      driven.post(id, call(id));
      driven.line({ id: index + 2, result: {} });
    }
    const before = driven.session.keptBytes;
    driven.receive({ type: 'post', stream: 'd', id: 'd', delivered: ['a'] }, rpc(call(4)));
    driven.receive({ type: 'delivered', streams: ['b'] });
    expect(driven.session.keptBytes).toBeLessThan(before);
    driven.look();
    for (const stream of ['a', 'b', 'c']) driven.receive({ type: 'attach', stream, after: 0 });
    expect(driven.look().sent).toMatchObject([
      { type: 'refused', of: 'a', fault: 'event_unknown' },
      { type: 'refused', of: 'b', fault: 'event_unknown' },
      { type: 'attached', stream: 'c', after: 0 },
      { type: 'event', stream: 'c', seq: 1 },
    ]);
  });

  test.each([
    ['text that is no JSON', '{', 'parse_error'],
    ['JSON that is no message', '{"id":1}', 'invalid_request'],
    ['a batch', `[${rpc(call(1))}]`, 'invalid_request'],
  ])('of %s is refused and not written', (_what, message, fault) => {
    const driven = DrivenSession.initialized();
    driven.post('p', message);
    expect(driven.look()).toMatchObject({
      sent: [{ type: 'refused', of: 'p', fault, phase: 'not_sent' }],
      written: [],
    });
    driven.receive({ type: 'attach', stream: 'p', after: 0 });
    expect(driven.look().sent).toMatchObject([{ fault: 'event_unknown' }]);
  });

  test('[R-10] is refused while the process leaves 8 MiB unread, and not later', () => {
    const driven = DrivenSession.initialized();
    driven.session.stdinFull();
    driven.post('large', call(1, { text: 'x'.repeat(5_000_000) }));
    expect(driven.look().written).toHaveLength(1);
    driven.post('more', call(2, { text: 'x'.repeat(5_000_000) }));
    expect(driven.look()).toMatchObject({
      sent: [{ of: 'more', fault: 'overloaded' }],
      written: [],
    });
    driven.session.stdinDrained();
    driven.post('later', call(2, { text: 'x'.repeat(5_000_000) }));
    expect(driven.look().written).toHaveLength(1);
  });

  test('after the end is refused as of an unknown session', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'end' });
    driven.look();
    driven.post('p', call(1));
    expect(driven.look()).toMatchObject({
      sent: [{ of: 'p', fault: 'session_not_found' }],
      written: [],
    });
  });
});

describe('ids and tokens', () => {
  test('[R-1] [F-19] only the id and the progress token change, in both directions, byte for byte', () => {
    const driven = DrivenSession.initialized();
    const request =
      '{ "params":{"_meta":{ "progressToken" : "tök\\u0065n" ,"x":1e400},"a":9007199254740993,"a":-0},"id" : 12345678901234567890 ,"jsonrpc":"2.0", "method":"tools/call"}';
    driven.post('p', request);
    expect(driven.look().written).toEqual([
      '{ "params":{"_meta":{ "progressToken" : 2 ,"x":1e400},"a":9007199254740993,"a":-0},"id" : 2 ,"jsonrpc":"2.0", "method":"tools/call"}',
    ]);
    driven.line(
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0,"progressToken": 2 }}',
    );
    driven.line('{"result" : {"big":1e999,"id":2} ,"id": 2 ,"jsonrpc":"2.0"}');
    expect(driven.look().sent.map(({ message }) => message)).toEqual([
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1.0,"progressToken": "tök\\u0065n" }}',
      '{"result" : {"big":1e999,"id":2} ,"id": 12345678901234567890 ,"jsonrpc":"2.0"}',
    ]);
  });

  test('[F-19b] a message over several lines reaches the process as one', () => {
    const driven = DrivenSession.initialized();
    driven.post('p', '{"jsonrpc":"2.0",\r\n"id":1,\n"method":"tools/call","params":{"a":"\\n"}}');
    expect(driven.look().written).toEqual([
      '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"a":"\\n"}}',
    ]);
  });

  test('[F-16] equal ids in flight are answered each on its own stream', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.post('b', call(1));
    driven.line({ id: 3, result: { for: 'b' } });
    driven.line({ id: 2, result: { for: 'a' } });
    expect(driven.look().sent).toEqual([
      {
        type: 'event',
        stream: 'b',
        seq: 1,
        final: true,
        ms: 0,
        message: rpc({ id: 1, result: { for: 'b' } }),
      },
      {
        type: 'event',
        stream: 'a',
        seq: 1,
        final: true,
        ms: 0,
        message: rpc({ id: 1, result: { for: 'a' } }),
      },
    ]);
  });

  test('[F-54] an answer to no request in flight is dropped, a second one too', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.line({ id: 2, result: {} });
    driven.look();
    for (const id of [2, 99, '2', null]) driven.line({ id, error: { code: 1, message: '' } });
    expect(driven.look().sent).toEqual([]);
  });

  test('[F-19b] an answer to a request that was never made raises an alarm, a late one does not', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.line({ id: 2, result: {} });
    driven.look();
    driven.line({ id: 2, result: {} });
    expect(driven.look().done).not.toContainEqual(expect.stringContaining('warn'));
    driven.line({ id: 99, result: {} });
    expect(driven.look().done).toEqual([
      'warn: an answer to a request that was never made; dropped',
    ]);
  });

  test('[F-41] [R-10] a thousand lines that are no messages make one note, and one more after a while', () => {
    const driven = DrivenSession.initialized();
    const chatter = () => {
      for (let n = 0; n < 1_000; n++) driven.line('no message');
      return driven.look().done;
    };
    const note = 'warn: a line on stdout is not a JSON-RPC message; dropped';
    expect(chatter()).toEqual([note]);
    expect(chatter()).toEqual([]);
    driven.sleep(10_000);
    expect(chatter()).toEqual([note]);
  });

  test('[F-46] progress with an unknown token, or after the answer, is dropped', () => {
    const driven = DrivenSession.initialized();
    const progress = (progressToken: unknown) =>
      driven.line({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
    driven.post('with', call(1, { _meta: { progressToken: 'mine' } }));
    driven.post('without', call(2));
    driven.look();
    for (const token of ['mine', 3, 99]) progress(token);
    expect(driven.look().sent).toEqual([]);
    progress(2);
    expect(driven.look().sent).toMatchObject([{ stream: 'with', seq: 1 }]);
    driven.line({ id: 2, result: {} });
    driven.look();
    progress(2);
    expect(driven.look().sent).toEqual([]);
  });
});

describe('cancelling', () => {
  const cancelled = (requestId: unknown) => ({
    method: 'notifications/cancelled',
    params: { reason: 'no more', requestId },
  });

  test('[F-95] a client’s notification is written with the id the process knows, and other calls go on', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call('"x"'));
    driven.post('b', call(5));
    driven.look();
    driven.post('n', cancelled(5), 'get');
    expect(driven.look()).toMatchObject({
      written: [rpc(cancelled(3))],
      sent: [{ type: 'accepted', id: 'n' }],
    });
    expect(driven.session.inFlight).toBe(2);
  });

  test('a call the process stays silent about after that ends without a message, within 5 s', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(5));
    driven.post('n', cancelled(5), 'get');
    driven.look();
    driven.sleep(CANCEL_GRACE_MS);
    expect(driven.look()).toMatchObject({
      sent: [{ type: 'accepted' }, { type: 'event', stream: 'a', seq: 1, final: true }],
      audit: ['tools/call cancelled'],
      written: [],
    });
    driven.line({ id: 2, result: {} });
    expect(driven.look().sent).toEqual([]);
  });

  test('[R-1] an answer that crosses the cancellation is the outcome', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(5));
    driven.post('n', cancelled(5), 'get');
    driven.line({ id: 2, result: {} });
    driven.look();
    driven.sleep(CANCEL_GRACE_MS);
    expect(driven.look().sent).toEqual([]);
    expect(driven.session.inFlight).toBe(0);
  });

  test('of an unknown id writes nothing', () => {
    const driven = DrivenSession.initialized();
    driven.post('n', cancelled(5), 'get');
    expect(driven.look()).toMatchObject({ written: [], sent: [{ type: 'accepted' }] });
  });

  test('of a stream by the edge cancels its calls, once', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.post('b', call(2));
    driven.look();
    driven.receive({ type: 'cancel', stream: 'b' });
    driven.receive({ type: 'cancel', stream: 'b' });
    const { written } = driven.look();
    expect(written.map((line) => JSON.parse(line))).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: 3 } },
    ]);
  });
});

describe('a batch', () => {
  test('[F-17] of revision 2025-03-26 is written message by message and ends with its last answer', () => {
    const driven = DrivenSession.initialized({ revision: '2025-03-26' });
    driven.post('p', `[${rpc(call(1))},${rpc({ method: 'notifications/x' })},${rpc(call(2))}]`);
    expect(driven.look().written).toEqual([
      rpc(call(2)),
      rpc({ method: 'notifications/x' }),
      rpc(call(3)),
    ]);
    driven.line(`[${rpc({ id: 3, result: {} })}, ${rpc({ id: 2, result: {} })}]`);
    expect(driven.look().sent).toEqual([
      { type: 'event', stream: 'p', seq: 1, message: rpc({ id: 2, result: {} }) },
      {
        type: 'event',
        stream: 'p',
        seq: 2,
        final: true,
        ms: 0,
        message: rpc({ id: 1, result: {} }),
      },
    ]);
  });

  test('[R-10] counts each of its requests, and is refused as a whole', () => {
    const driven = DrivenSession.initialized({
      revision: '2025-03-26',
      limits: { maxInFlight: 2 },
    });
    driven.post('p', `[${rpc(call(1))},${rpc(call(2))},${rpc(call(3))}]`);
    expect(driven.look()).toMatchObject({ sent: [{ fault: 'overloaded' }], written: [] });
  });

  test('may not hide an initialize', () => {
    const driven = DrivenSession.initialized({ revision: '2025-03-26' });
    driven.post('p', `[${rpc({ id: 1, method: 'initialize', params: {} })},${rpc(call(2))}]`);
    expect(driven.look()).toMatchObject({ sent: [{ fault: 'invalid_request' }], written: [] });
  });
});

describe('the handshake', () => {
  test('[F-24] a second initialize is refused and not written, during the first one too', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    const initialize = { id: 1, method: 'initialize', params: { capabilities: {} } };
    driven.post('a', initialize);
    driven.look();
    driven.post('b', initialize);
    expect(driven.look()).toMatchObject({
      sent: [{ type: 'refused', of: 'b', fault: 'invalid_request' }],
      written: [],
    });
    driven.line({ id: 1, result: { protocolVersion: '2025-06-18' } });
    expect(driven.session.revision).toBe('2025-06-18');
    driven.look();
    driven.post('c', initialize);
    expect(driven.look().written).toEqual([]);
  });

  test('[F-186] what was negotiated is told before the answer', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.post('a', { id: 1, method: 'initialize', params: {} });
    driven.line({ id: 1, result: { protocolVersion: '2024-10-07' } });
    const told = { type: 'negotiated', revision: '2024-10-07' };
    expect(driven.look().sent).toMatchObject([told, { type: 'event', stream: 'a', final: true }]);
  });

  test('[F-186] [F-600] what was negotiated is told again on each new socket, and not once the session is over', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.post('a', { id: 1, method: 'initialize', params: {} });
    driven.receive({ type: 'welcome', expired: false });
    expect(driven.look().sent.map(({ type }) => type)).not.toContain('negotiated');
    driven.line({ id: 1, result: { protocolVersion: '2024-10-07' } });
    driven.look();
    driven.receive({ type: 'welcome', expired: false });
    const told = { type: 'negotiated', revision: '2024-10-07' };
    expect(driven.look().sent[0]).toEqual(told);
    driven.exit('ended');
    driven.receive({ type: 'welcome', expired: false });
    expect(driven.look().sent).not.toContainEqual(told);
  });

  test.each([{}, { protocolVersion: 7 }, { protocolVersion: 'x'.repeat(65) }])(
    '[F-186] what is no revision is not told: %j',
    (result) => {
      const driven = new DrivenSession();
      driven.receive({ type: 'welcome', expired: false });
      driven.post('a', { id: 1, method: 'initialize', params: {} });
      driven.line({ id: 1, result });
      expect(driven.look().sent.map(({ type }) => type)).not.toContain('negotiated');
    },
  );

  test('an initialize the process refuses is answered, and the session is over', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.post('a', { id: 1, method: 'initialize', params: {} });
    driven.line({ id: 1, error: { code: -32602, message: 'no' } });
    expect(driven.look()).toMatchObject({
      sent: [{ type: 'event', stream: 'a', final: true }, { type: 'ended' }],
      done: ['stop: The server refused to initialize the session.'],
    });
  });

  test('[F-70] an initialize that is not answered in time ends the session with that fault', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.post('a', { id: 1, method: 'initialize', params: {} });
    driven.look();
    driven.sleep(LIMITS.startTimeoutMs);
    const { sent } = driven.look();
    const event = sent.find(({ type }) => type === 'event');
    expect(event && faultOf(event)).toEqual({
      id: 1,
      fault: 'process_start_failed',
      phase: 'sent',
    });
    expect(sent.at(-1)).toMatchObject({ type: 'ended', fault: 'process_start_failed' });
    expect(driven.session.isEnded).toBe(true);
  });
});

describe('what the process asks', () => {
  test.each([
    ['sampling/createMessage', 'sampling'],
    ['elicitation/create', 'elicitation'],
    ['roots/list', 'roots'],
  ])(
    '[F-47] %s goes to a client that declared %s, and is answered -32601 otherwise',
    (method, capability) => {
      const without = DrivenSession.initialized();
      without.line({ id: 'q1', method });
      const refused = without.look();
      expect(refused.sent).toEqual([]);
      expect(refused.written.map((line) => JSON.parse(line))).toMatchObject([
        { id: 'q1', error: { code: -32601 } },
      ]);

      const with_ = DrivenSession.initialized({ capabilities: { [capability]: {} } });
      with_.receive({ type: 'attach', stream: 'get', after: null });
      with_.look();
      with_.line({ id: 'q1', method });
      expect(with_.look()).toMatchObject({
        sent: [{ type: 'event', stream: 'get', seq: 1, message: rpc({ id: 'q1', method }) }],
        written: [],
      });
    },
  );

  test('[F-19b] a response counts once, and only to a request the process made', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.line({ id: 'q1', method: 'ping' });
    driven.look();
    driven.post('r0', { id: 'q2', result: {} }, 'get');
    expect(driven.look().written).toEqual([]);
    driven.post('r1', { id: 'q1', result: {} }, 'get');
    expect(driven.look().written).toEqual([rpc({ id: 'q1', result: {} })]);
    driven.post('r2', { id: 'q1', result: {} }, 'get');
    expect(driven.look()).toMatchObject({ written: [], sent: [{ type: 'accepted', id: 'r2' }] });
  });

  test.each([
    ['answers to questions that were never asked', (n: number) => ({ id: `q${n}`, result: {} })],
    [
      'cancellations of what does not run',
      (n: number) => ({ method: 'notifications/cancelled', params: { requestId: n + 100 } }),
    ],
  ])('[F-167] %s are counted, not written down one by one', (_title, useless) => {
    const driven = DrivenSession.initialized();
    for (let n = 0; n < 1_000; n++) driven.post(`n${n}`, useless(n), 'get');
    const { done, written } = driven.look();
    expect(done.filter((words) => words.startsWith('warn'))).toHaveLength(1);
    expect(written).toEqual([]);
    driven.now += 60_000;
    driven.post('last', useless(1_001), 'get');
    expect(driven.look().done).toHaveLength(1);
  });

  test('a question it takes back is not answered any more; taking back what it never asked is dropped', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.line({ id: 5, method: 'ping' });
    driven.line({ method: 'notifications/cancelled', params: { requestId: 5 } });
    driven.line({ method: 'notifications/cancelled', params: { requestId: 6 } });
    expect(driven.look().sent.map(({ type }) => type)).toEqual(['attached', 'event', 'event']);
    driven.post('r', { id: 5, result: {} }, 'get');
    expect(driven.look().written).toEqual([]);
  });
});

describe('a message that belongs to no request', () => {
  const notify = (driven: DrivenSession): string[] => {
    driven.look();
    driven.line({ method: 'notifications/x' });
    driven.receive({ type: 'attach', stream: 'get', after: null });
    // A stream that was attached before sends it twice.
    const { sent } = driven.look();
    return [...new Set(sent.flatMap((frame) => (frame.type === 'event' ? [frame.stream] : [])))];
  };

  test('goes to the only stream in flight', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.post('a', call(1));
    expect(notify(driven)).toEqual(['a']);
  });

  test('goes to the GET stream when several are in flight and a client listens there', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.post('a', call(1));
    driven.post('b', call(2));
    expect(notify(driven)).toEqual(['get']);
  });

  test('goes to the oldest of several in flight when nobody listens on the GET stream', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.post('b', call(2));
    expect(notify(driven)).toEqual(['a']);
  });

  test('waits on the GET stream when nothing is in flight', () => {
    expect(notify(DrivenSession.initialized())).toEqual(['get']);
  });

  test('goes to the one stream of an HTTP+SSE session', () => {
    const driven = DrivenSession.initialized({ clientKind: 'sse' });
    driven.post('a', call(1), 'sse');
    driven.look();
    driven.line({ method: 'notifications/x' });
    expect(driven.look().sent).toMatchObject([{ stream: 'sse' }]);
  });

  test('[F-41] a line that is no message is dropped, and the session lives', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.look();
    driven.line('Server listening on stdio');
    expect(driven.look()).toMatchObject({ sent: [], done: [expect.stringContaining('warn')] });
    driven.line({ id: 2, result: {} });
    expect(driven.look().sent).toHaveLength(1);
  });
});

describe('links that break', () => {
  test('[LP14] [LP18] after a relink unacknowledged events are resent with their numbers, acknowledged ones not', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1, { _meta: { progressToken: 1 } }));
    const progress = { method: 'notifications/progress', params: { progressToken: 2 } };
    driven.line(progress);
    driven.line(progress);
    driven.receive({ type: 'ack', stream: 'a', seq: 1 });
    driven.unlink();
    driven.line({ id: 2, result: {} });
    const away = driven.look().sent;
    expect(away.map((frame) => frame.type === 'event' && frame.seq)).toEqual([1, 2]);
    driven.receive({ type: 'welcome', expired: false });
    const [told, ...resent] = driven.look().sent;
    expect(told).toEqual(NEGOTIATED);
    expect(resent).toMatchObject([
      { type: 'event', stream: 'a', seq: 2 },
      { type: 'event', stream: 'a', seq: 3, final: true },
    ]);
    expect(resent[0]).toEqual(away[1]);
  });

  test('[LP18] without a link nothing is sent', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.unlink();
    driven.look();
    driven.line({ id: 2, result: {} });
    driven.sleep(ACCEPT_DELAY_MS);
    expect(driven.look().sent).toEqual([]);
  });

  test('[LP20] expired: calls of attached streams are cancelled and never answered, later answers dropped', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.unlink();
    driven.look();
    driven.relink(true);
    const given = driven.look();
    expect(given.sent).toEqual([NEGOTIATED]);
    expect(given.audit).toEqual(['tools/call runner_lost']);
    expect(given.written.map((line) => JSON.parse(line))).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: 2 } },
    ]);
    driven.line({ id: 2, result: {} });
    driven.receive({ type: 'attach', stream: 'a', after: 0 });
    expect(driven.look().sent).toEqual([{ type: 'refused', of: 'a', fault: 'event_unknown' }]);
    expect(driven.session.inFlight).toBe(0);
  });

  test('[LP20] expired: the call of a client that had left before goes on and can be resumed', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.receive({ type: 'detach', stream: 'a' });
    driven.relink(true);
    driven.line({ id: 2, result: {} });
    driven.look();
    driven.receive({ type: 'attach', stream: 'a', after: 0 });
    expect(driven.look().sent).toMatchObject([
      { type: 'attached', after: 0 },
      { type: 'event', seq: 1, final: true },
    ]);
  });

  test('[LP20] expired: an answer the edge replaced by an error is not told later', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.unlink();
    driven.line({ id: 2, result: {} });
    driven.look();
    driven.relink(true);
    expect(driven.look().sent).toEqual([NEGOTIATED]);
  });

  test('[LP20] expired: an HTTP+SSE session is over', () => {
    const driven = DrivenSession.initialized({ clientKind: 'sse' });
    driven.post('a', call(1), 'sse');
    driven.look();
    driven.relink(true);
    expect(driven.session.isEnded).toBe(true);
    expect(driven.look().sent.at(-1)).toMatchObject({ type: 'ended', fault: 'runner_lost' });
  });

  test('[R-11] an edge that stays away for the window ends the session', () => {
    const driven = DrivenSession.initialized();
    driven.unlink();
    driven.sleep(WINDOW_MS - 1);
    expect(driven.session.isEnded).toBe(false);
    driven.sleep(1);
    expect(driven.session.isEnded).toBe(true);
    driven.receive({ type: 'welcome', expired: false });
    expect(driven.look().sent.at(-1)).toMatchObject({ type: 'ended' });
  });
});

describe('credit', () => {
  test('[LP15] [R-10] stdout pauses when 8 MiB are owed and runs again when half is acknowledged', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.look();
    const half = { method: 'notifications/x', params: { text: 'x'.repeat(CREDIT_BYTES / 2) } };
    driven.line(half);
    expect(driven.look().done).toEqual([]);
    driven.line(half);
    const congested = driven.look();
    expect(congested.done).toEqual(['pause']);
    // One on the way fills more than half the credit: the second waits.
    expect(congested.sent).toEqual([]);
    driven.receive({ type: 'ack', stream: 'get', seq: 1 });
    expect(driven.look()).toMatchObject({ sent: [{ stream: 'get', seq: 2 }], done: [] });
    driven.receive({ type: 'ack', stream: 'get', seq: 2 });
    expect(driven.look().done).toEqual(['resume']);
  });

  test('[LP15] a client that leaves lets stdout run again', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.line({ method: 'notifications/x', params: { text: CREDIT_FILL } });
    expect(driven.look().done).toEqual(['pause']);
    driven.receive({ type: 'detach', stream: 'get' });
    expect(driven.look().done).toEqual(['withdraw', 'resume']);
  });

  test('[F-83] a client that acknowledges nothing for 30 s is cut off, and can resume', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.line({ method: 'notifications/x' });
    driven.look();
    driven.pass(STALL_MS - 1);
    expect(driven.look().sent).toEqual([]);
    driven.pass(1);
    expect(driven.look().sent).toMatchObject([{ type: 'refused', of: 'get', fault: 'overloaded' }]);
    driven.receive({ type: 'attach', stream: 'get', after: 0 });
    expect(driven.look().sent).toMatchObject([{ type: 'attached', after: 0 }, { seq: 1 }]);
  });

  test('[F-150] a client whose event is still on its way is not slow, however long the line takes', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.line({ method: 'notifications/x' });
    driven.look();
    for (let n = 0; n < 60; n += 1) {
      driven.sleep(STALL_MS / 6);
      driven.delivering('get');
    }
    driven.sleep(STALL_MS - 1);
    expect(driven.look().sent).toEqual([]);
    driven.sleep(1);
    expect(driven.look().sent).toMatchObject([{ type: 'refused', of: 'get' }]);
  });

  test('[R-10] the session asks to be woken in time to see a stalled client', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.line({ method: 'notifications/x' });
    driven.look();
    driven.sleep(2 * STALL_MS);
    expect(driven.look().sent).toMatchObject([{ type: 'refused', of: 'get' }]);
  });
});

describe('what is on its way', () => {
  const answering = (): DrivenSession => {
    const driven = DrivenSession.initialized();
    driven.post('p', call(7));
    driven.line({ id: 2, result: {} });
    driven.look();
    return driven;
  };

  test('[LP18] [LP24] is taken back when its stream is attached again, and sent behind `attached`', () => {
    const driven = answering();
    driven.receive({ type: 'attach', stream: 'p', after: 0 });
    expect(driven.lookAtOrder()).toEqual(['withdraw', 'attached', 'event']);
  });

  test('is taken back when its client leaves, and sent when it is back', () => {
    const driven = answering();
    driven.receive({ type: 'detach', stream: 'p' });
    expect(driven.lookAtOrder()).toEqual(['withdraw']);
    driven.receive({ type: 'attach', stream: 'p', after: 0 });
    expect(driven.lookAtOrder()).toContain('event');
  });

  test('[LP12] a post that was taken is accepted when it begins to come again; a new one when it is whole', () => {
    const driven = answering();
    driven.relink();
    driven.look();
    driven.begun('p');
    driven.begun('new');
    expect(driven.look().sent).toEqual([{ type: 'accepted', id: 'p' }]);
    // Somebody waits for it: its stream does not count as left.
    driven.sleep(20_000);
    expect(driven.look().sent).toEqual([]);
    driven.receive({ type: 'ack', stream: 'p', seq: 1 });
    expect(driven.session.isBusy).toBe(false);
  });
});

describe('attaching', () => {
  test('[LP16] an unknown stream and a future event are unknown; what was let go is told', () => {
    const driven = DrivenSession.initialized();
    for (let n = 0; n < 1_001; n++) driven.line({ method: 'notifications/x' });
    driven.look();
    driven.receive({ type: 'attach', stream: 'nope', after: 0 });
    driven.receive({ type: 'attach', stream: 'get', after: 5_000 });
    driven.receive({ type: 'attach', stream: 'get', after: 0 });
    expect(driven.look().sent).toEqual([
      { type: 'refused', of: 'nope', fault: 'event_unknown' },
      { type: 'refused', of: 'get', fault: 'event_unknown' },
      { type: 'refused', of: 'get', fault: 'replay_evicted' },
    ]);
  });

  test('[LP21] [R-4] a call whose client left goes on; its answer can be resumed', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.receive({ type: 'detach', stream: 'a' });
    driven.look();
    driven.line({ id: 2, result: {} });
    expect(driven.look()).toMatchObject({ sent: [], written: [] });
    driven.receive({ type: 'attach', stream: 'a', after: 0 });
    expect(driven.look().sent).toMatchObject([{ type: 'attached' }, { seq: 1, final: true }]);
  });

  test('an attach twice is harmless: the later one starts anew from its cursor', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.line({ id: 2, result: {} });
    driven.look();
    for (let twice = 0; twice < 2; twice++) {
      driven.receive({ type: 'attach', stream: 'a', after: 0 });
      expect(driven.look().sent).toMatchObject([{ type: 'attached', after: 0 }, { seq: 1 }]);
    }
  });
});

describe('deadlines', () => {
  test('[F-73] a quiet call is answered with `deadline`, the process is told, and a later answer is dropped', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call('x'));
    driven.sleep(LIMITS.requestTimeoutMs - 1);
    driven.look();
    driven.sleep(1);
    const { sent, written } = driven.look();
    expect(sent.map(faultOf)).toEqual([{ id: 'x', fault: 'deadline', phase: 'sent' }]);
    expect(written.map((line) => JSON.parse(line))).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: 2 } },
      { method: 'ping' },
    ]);
    driven.line({ id: 2, result: {} });
    expect(driven.look().sent).toEqual([]);
  });

  test('[F-94] progress puts the deadline off, but not behind the limit of the call', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1, { _meta: { progressToken: 1 } }));
    const pause = LIMITS.requestTimeoutMs - 1_000;
    let spent = 0;
    for (let n = 0; spent + pause < LIMITS.requestLimitMs; n++) {
      driven.sleep(pause);
      spent += pause;
      expect(driven.session.inFlight).toBe(1);
      driven.line({ method: 'notifications/progress', params: { progressToken: 2 } });
      driven.receive({ type: 'ack', stream: 'a', seq: n + 1 });
      driven.look();
    }
    driven.sleep(LIMITS.requestLimitMs - spent);
    expect(driven.look().sent.map(faultOf)).toMatchObject([{ fault: 'deadline' }]);
  });
});

describe('the process', () => {
  test('[R-6] [F-71] that ends answers every call at once, then the session is over', () => {
    const driven = DrivenSession.initialized();
    for (const id of ['a', 'b', 'c']) driven.post(id, call(id));
    driven.look();
    driven.exit('was killed by SIGSEGV');
    const { sent, done } = driven.look();
    expect(sent.slice(0, 3).map(faultOf)).toEqual(
      ['a', 'b', 'c'].map((id) => ({ id, fault: 'process_exited', phase: 'sent' })),
    );
    expect(sent.slice(0, 3).every((frame) => frame.type === 'event' && frame.final)).toBe(true);
    expect(sent.slice(3)).toEqual([
      {
        type: 'ended',
        fault: 'process_exited',
        message: 'The server process was killed by SIGSEGV.',
      },
    ]);
    expect(done).toEqual([expect.stringContaining('stop')]);
    driven.exit('again');
    expect(driven.look()).toMatchObject({ sent: [], done: [] });
  });

  test('[R-6] that ends while the link is away is told at the next one, once a socket', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.unlink();
    driven.exit('exited with code 1');
    expect(driven.look().sent.filter(({ type }) => type !== 'accepted')).toEqual([]);
    driven.relink();
    expect(driven.look().sent.map(({ type }) => type)).toEqual(['event', 'ended']);
    driven.relink();
    expect(driven.look().sent.map(({ type }) => type)).toEqual(['event', 'ended']);
  });

  test('[F-70] that ends before the handshake failed to start', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.post('a', { id: 1, method: 'initialize', params: {} });
    driven.exit('exited with code 1');
    const [event] = driven.look().sent;
    expect(event && faultOf(event)).toMatchObject({ id: 1, fault: 'process_start_failed' });
  });

  test('[F-43] a line too long fails the only call in flight, and the session lives', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.look();
    driven.overlong(16 * 1024 * 1024 + 1);
    expect(driven.look().sent.map(faultOf)).toEqual([{ id: 1, fault: 'too_large', phase: 'sent' }]);
    expect(driven.session.isEnded).toBe(false);
  });

  test('[F-43] a line too long with several in flight fails them all: whose it was is unknown', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.post('b', call(2));
    driven.look();
    driven.overlong(16 * 1024 * 1024 + 1);
    expect(driven.look().sent.map(faultOf)).toMatchObject([
      { id: 1, fault: 'process_protocol' },
      { id: 2, fault: 'process_protocol' },
    ]);
  });

  test('what it prints on stderr becomes a log notification once the session is initialized', () => {
    const early = new DrivenSession();
    early.receive({ type: 'welcome', expired: false });
    early.stderr('starting');
    expect(early.look().sent).toEqual([]);
    const driven = DrivenSession.initialized({ clientKind: 'sse' });
    driven.stderr('a "line"\n');
    const [frame] = driven.look().sent;
    expect(JSON.parse(frame?.message ?? '')).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/message',
      params: { level: 'info', logger: 'stderr', data: 'a "line"\n' },
    });
  });
});

describe('the end', () => {
  test('[F-28] by the client answers what is in flight, stops the process and is told', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.look();
    driven.receive({ type: 'end' });
    expect(driven.look()).toMatchObject({
      sent: [{ type: 'event', stream: 'a', final: true }, { type: 'ended' }],
      done: ['stop: The client ended the session.'],
    });
    driven.line({ id: 2, result: {} });
    driven.receive({ type: 'end' });
    expect(driven.look()).toMatchObject({ sent: [], done: [] });
    expect(driven.session.wakeAt()).toBeUndefined();
  });

  test('[F-70] a start that failed before the first request came is what that request is told', () => {
    const driven = new DrivenSession();
    driven.relink();
    driven.exit('exited with code 1');
    driven.look();
    driven.post('a', call(1));
    expect(driven.look().sent).toMatchObject([
      { type: 'refused', of: 'a', fault: 'process_start_failed', phase: 'not_sent' },
    ]);
  });

  test('[R-11] comes after the idle time without a client or a call', () => {
    const driven = DrivenSession.initialized();
    driven.sleep(LIMITS.idleTimeoutMs - 1);
    expect(driven.session.isEnded).toBe(false);
    driven.sleep(1);
    expect(driven.look()).toMatchObject({
      sent: [{ type: 'ended' }],
      done: ['stop: The session was idle for too long.'],
    });
  });

  test('[R-11] does not come while a client listens or a call runs', () => {
    const listening = DrivenSession.initialized();
    listening.receive({ type: 'attach', stream: 'get', after: null });
    listening.sleep(2 * LIMITS.idleTimeoutMs);
    expect(listening.session.isEnded).toBe(false);
    const hour = 3_600_000;
    const busy = DrivenSession.initialized({
      limits: { requestTimeoutMs: 2 * hour, requestLimitMs: 2 * hour },
    });
    busy.post('a', call(1));
    busy.receive({ type: 'detach', stream: 'a' });
    busy.sleep(hour);
    expect(busy.session.isEnded).toBe(false);
  });

  test('[R-11] comes soon after a client that listened has vanished, but not before it could come back', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.receive({ type: 'detach', stream: 'get' });
    driven.sleep(LIMITS.vanishTimeoutMs - 1);
    expect(driven.session.isEnded).toBe(false);
    driven.sleep(1);
    expect(driven.look().done).toEqual(['stop: The client vanished.']);
  });

  test('[R-4] [R-11] waits for a vanished client while an answer it has not seen is kept', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    driven.post('a', call(1));
    driven.receive({ type: 'detach', stream: 'a' });
    driven.receive({ type: 'detach', stream: 'get' });
    driven.line({ id: 2, result: {} });
    driven.sleep(WINDOW_MS - 1);
    expect(driven.session.isEnded).toBe(false);
    driven.sleep(LIMITS.vanishTimeoutMs + 1);
    expect(driven.session.isEnded).toBe(true);
  });

  test('[LP21] [R-5] an HTTP+SSE session ends 10 s after its stream was let go', () => {
    const driven = DrivenSession.initialized({ clientKind: 'sse' });
    driven.post('a', call(1), 'sse');
    driven.receive({ type: 'detach', stream: 'sse' });
    driven.sleep(SSE_RETURN_MS - 1);
    expect(driven.session.isEnded).toBe(false);
    driven.sleep(1);
    expect(driven.session.isEnded).toBe(true);
  });

  test('[LP21] an HTTP+SSE worker that returns in time finds its session', () => {
    const driven = DrivenSession.initialized({ clientKind: 'sse' });
    driven.post('a', call(1), 'sse');
    driven.receive({ type: 'detach', stream: 'sse' });
    driven.sleep(SSE_RETURN_MS - 1);
    driven.line({ id: 2, result: {} });
    driven.look();
    driven.receive({ type: 'attach', stream: 'sse', after: 1 });
    expect(driven.look().sent).toMatchObject([{ type: 'attached', after: 1 }, { seq: 2 }]);
    driven.receive({ type: 'ack', stream: 'sse', seq: 2 });
    driven.sleep(LIMITS.idleTimeoutMs);
    expect(driven.session.isEnded).toBe(false);
  });

  test('[R-11] [LP18] a client that left while the link was away does not count as listening for ever', () => {
    const driven = DrivenSession.initialized();
    driven.receive({ type: 'attach', stream: 'get', after: null });
    // Its detach found no link. No worker attaches again, and no event shows that nobody is there.
    driven.relink();
    driven.sleep(LIMITS.idleTimeoutMs + STALL_MS);
    expect(driven.session.isEnded).toBe(true);
  });
});

describe('audit', () => {
  test('tells each call once, with its method, its outcome and its time', () => {
    const driven = DrivenSession.initialized();
    driven.post('a', call(1));
    driven.post('b', { id: 2, method: 'tools/list' });
    driven.now += 250;
    driven.line({ id: 2, error: { code: 1, message: 'no' } });
    driven.line({ id: 3, result: {} });
    expect(driven.look().audit).toEqual(['tools/call error', 'tools/list result']);
  });

  test('[F-457] names the tool and the client, and each call apart, by the id of its post', () => {
    const records: CallRecord[] = [];
    const recording = (driven: DrivenSession): void => {
      driven.post('a', call('secret-id', { name: 'echo', arguments: { text: 'canary' } }), 'sse');
      driven.line({ id: 2, result: { content: 'canary' } });
      records.push(...driven.records());
    };
    recording(
      DrivenSession.initialized({ clientKind: 'sse', app: { name: 'an app', version: '2' } }),
    );
    expect(records).toEqual([
      {
        callId: 'a',
        method: 'tools/call',
        tool: 'echo',
        app: 'an app',
        appVersion: '2',
        outcome: 'result',
        ms: 0,
        bytes: expect.any(Number),
      },
    ]);
    const driven = DrivenSession.initialized({ revision: '2025-03-26' });
    const batch = [call(1, { name: 'x' }), { method: 'notifications/x' }, call(1, { name: 'y' })];
    driven.post('b', JSON.stringify(batch.map((each) => ({ jsonrpc: '2.0', ...each }))));
    for (const id of [2, 3]) driven.line({ id, result: {} });
    expect(driven.records().map(({ callId, tool }) => [callId, tool])).toEqual([
      ['b.1', 'x'],
      ['b.3', 'y'],
    ]);
  });

  test('[F-457] is not written where nobody wants it', () => {
    const driven = DrivenSession.initialized({ isRecorded: false });
    driven.post('a', call(1, { name: 'x' }));
    driven.line({ id: 2, result: {} });
    expect(driven.records()).toEqual([]);
  });
});
