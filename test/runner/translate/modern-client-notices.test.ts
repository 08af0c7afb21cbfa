// What no request asks for, between modern clients and processes of both eras: log messages, what no revision defines, and
// whether a process is there at all.
import { describe, expect, test } from 'vitest';

import {
  DrivenModernClient,
  envelope,
  SUBSCRIPTION_ID,
  type Message,
} from './driven-modern-client.ts';

const CLIENT_ID = 'mcp-edge-bridge/clientId';
const HEARTBEAT: Message = { method: 'acme/heartbeat', params: { n: 1 } };

const ERAS = [
  // Two clients share a legacy process only where there can be no other.
  ['legacy', () => DrivenModernClient.legacy({ limits: { maxProcesses: 1 } })],
  ['modern', () => DrivenModernClient.modern()],
] as const;

const call = (driven: DrivenModernClient, options: object = {}): number =>
  driven.request('tools/call', { name: 't' }, options);

const listen = (driven: DrivenModernClient, clientId: string, options: object = {}): number =>
  driven.request(
    'subscriptions/listen',
    { notifications: {} },
    {
      meta: { [CLIENT_ID]: clientId },
      ...options,
    },
  );

describe.each(ERAS)(
  '[F-202] a notification that no revision defines, of a %s process',
  (_, start) => {
    test('is of the one call that runs', () => {
      const driven = start();
      const id = call(driven);
      listen(driven, 'l');
      driven.look();
      driven.process(1, HEARTBEAT);
      expect(driven.saidOf()).toEqual([{ call: id, message: { jsonrpc: '2.0', ...HEARTBEAT } }]);
    });

    test.each(['notifications/acme/heartbeat', 'heartbeat'])('may be called %s', (method) => {
      const driven = start();
      const id = call(driven);
      driven.process(1, { method });
      expect(driven.saidOf()).toMatchObject([{ call: id, message: { method } }]);
    });

    test('goes to those who listen where several run, or none', () => {
      const driven = start();
      const ids = [listen(driven, 'l'), listen(driven, 'm')];
      driven.look();
      driven.process(1, HEARTBEAT);
      call(driven);
      call(driven);
      driven.process(1, HEARTBEAT);
      const tagged = (clientId: string): Message => ({
        ...HEARTBEAT,
        params: { n: 1, _meta: { [SUBSCRIPTION_ID]: clientId } },
      });
      const both = [
        { call: ids[0], message: tagged('l') },
        { call: ids[1], message: tagged('m') },
      ];
      expect(driven.saidOf()).toMatchObject([...both, ...both]);
    });

    test('goes to the oldest of several calls of one client that does not listen', () => {
      const driven = start();
      const [first] = [call(driven), call(driven)];
      driven.process(1, HEARTBEAT);
      expect(driven.saidOf()).toMatchObject([{ call: first }]);
    });

    test.each([
      ['nobody runs or listens', () => undefined],
      [
        'two clients run',
        (driven: DrivenModernClient) => {
          call(driven);
          call(driven, { name: 'other' });
        },
      ],
    ])('is counted and told when %s', (__, before) => {
      const driven = start();
      before(driven);
      driven.look();
      driven.process(1, HEARTBEAT);
      expect(driven.said()).toEqual([]);
      expect(driven.notes()).toMatchObject([expect.stringMatching(/dropped/u)]);
    });
  },
);

describe('[F-202] a notification of a client', () => {
  const notify = (
    driven: DrivenModernClient,
    method: string,
    meta?: object,
  ): string | undefined => {
    const message = { method, params: { task: 1, ...(meta && { _meta: meta }) } };
    const refusal = driven.refusal(message);
    driven.session(message);
    return refusal;
  };

  test.each(ERAS)('reaches its %s process', (era, start) => {
    const driven = start();
    const meta = { ...envelope(), 'mcp-edge-bridge/headers': {}, own: 1 };
    expect(notify(driven, 'acme/hello', meta)).toBeUndefined();
    const expected = era === 'legacy' ? { own: 1 } : { ...envelope(), own: 1 };
    expect(driven.written(1)).toEqual([
      { jsonrpc: '2.0', method: 'acme/hello', params: { task: 1, _meta: expected } },
    ]);
  });

  test.each(ERAS)('has no meaning where it is the protocol’s own: %s process', (_, start) => {
    const driven = start();
    call(driven);
    driven.look();
    for (const name of ['initialized', 'progress', 'cancelled']) {
      const method = `notifications/${name}`;
      expect(driven.refusal({ method })).toContain(method);
    }
  });

  test('that its roots changed reaches a legacy process, which has a meaning for it', () => {
    const driven = DrivenModernClient.legacy();
    expect(notify(driven, 'notifications/roots/list_changed')).toBeUndefined();
    expect(driven.written(1)).toMatchObject([{ method: 'notifications/roots/list_changed' }]);
  });

  test('reaches the process of its client and no other', () => {
    const driven = DrivenModernClient.legacy();
    call(driven, { name: 'other' });
    driven.initialize(2);
    driven.look();
    expect(notify(driven, 'acme/hello')).toContain('_meta');
    expect(notify(driven, 'acme/hello', envelope({ name: 'third' }))).toContain('_meta');
    expect([driven.written(1), driven.written(2)]).toEqual([[], []]);
    expect(notify(driven, 'acme/hello', envelope({ name: 'other' }))).toBeUndefined();
    expect(driven.written(1)).toEqual([]);
    expect(driven.written(2)).toMatchObject([{ method: 'acme/hello' }]);
  });

  test('is refused before there is a process', () => {
    const driven = new DrivenModernClient();
    expect(notify(driven, 'acme/hello')).toContain('No process');
    driven.request('tools/list');
    expect(notify(driven, 'acme/hello')).toContain('No process');
  });
});

describe('log messages of a legacy process', () => {
  const log = (level: string): Message => ({
    method: 'notifications/message',
    params: { level, data: 'x' },
  });

  test('go to each call in flight that wants them, under the most verbose level of all', () => {
    const driven = DrivenModernClient.legacy();
    const ids = ['warning', 'debug', 'error', undefined].map((logLevel) =>
      call(driven, logLevel === undefined ? {} : { logLevel }),
    );
    const levels = driven
      .written(1)
      .flatMap(({ method, params }) =>
        method === 'logging/setLevel' ? [(params as Message)['level']] : [],
      );
    expect(levels).toEqual(['warning', 'debug']);
    driven.process(1, log('info'));
    driven.process(1, log('critical'));
    expect(driven.saidOf().map(({ call: id }) => id)).toEqual([ids[1], ...ids.slice(0, 3)]);
    expect(driven.started()).toEqual([]);
    driven.process(1, { id: ids[1], result: {} });
    const next = call(driven, { logLevel: 'error' });
    expect(driven.written(1)).toMatchObject([
      { method: 'logging/setLevel', params: { level: 'warning' } },
      { id: next },
    ]);
  });

  test('that nobody in flight wants are counted and told', () => {
    const driven = DrivenModernClient.legacy();
    driven.process(1, { id: call(driven, { logLevel: 'debug' }), result: {} });
    driven.look();
    driven.process(1, log('emergency'));
    expect([driven.said(), driven.notes()]).toMatchObject([[], [expect.any(String)]]);
  });
});

describe.each(ERAS)('[F-204] a %s process that answers nobody', (era, start) => {
  const probe = era === 'legacy' ? 'ping' : 'server/discover';
  const silent = (): DrivenModernClient => {
    const driven = start();
    driven.answersPings = false;
    return driven;
  };
  const probed = (driven: DrivenModernClient): Message | undefined =>
    driven.written(1).find(({ method }) => method === probe);

  test('is asked once a call of it ran out of time, and ended when it says nothing', () => {
    const driven = silent();
    const id = call(driven);
    const waiting = call(driven);
    driven.pass(300_000);
    driven.cancel(id);
    expect(probed(driven)).toBeDefined();
    driven.pass(4_999);
    expect(driven.stopped()).toEqual([]);
    driven.pass(1);
    expect(driven.stopped()).toEqual([1]);
    expect(driven.said()).toMatchObject([
      { id: waiting, error: { code: 42_003, data: { phase: 'sent' } } },
    ]);
    const next = call(driven);
    expect(driven.started()).toEqual([2]);
    if (era === 'legacy') driven.initialize(2);
    expect(driven.written(2).at(-1)).toMatchObject({ id: next });
  });

  test('is ended as well when its clients always leave early', () => {
    const driven = silent();
    for (let n = 0; n < 5; n++) {
      const id = call(driven);
      driven.pass(60_000);
      driven.cancel(id);
    }
    driven.pass(5_000);
    expect(driven.stopped()).toEqual([1]);
  });

  test.each([
    [
      'an answer to the question',
      (driven: DrivenModernClient, asked: Message) =>
        driven.process(1, { id: asked['id'], result: {} }),
    ],
    [
      'an error to it',
      (driven: DrivenModernClient, asked: Message) =>
        driven.process(1, { id: asked['id'], error: { code: -32601, message: 'x' } }),
    ],
  ])('lives on after %s', (_, answer) => {
    const driven = silent();
    const id = call(driven);
    driven.pass(300_000);
    driven.cancel(id);
    answer(driven, probed(driven) ?? {});
    driven.pass(600_000);
    expect(driven.stopped()).toEqual([]);
  });

  test.each([
    [
      'answers another call',
      (driven: DrivenModernClient, id: number) => driven.process(1, { id, result: {} }),
    ],
    [
      'reports progress of another',
      (driven: DrivenModernClient) =>
        driven.process(1, {
          method: 'notifications/progress',
          params: { progressToken: 77, progress: 1 },
        }),
    ],
  ])('is only slow if it %s', (_, speak) => {
    const driven = silent();
    const slow = call(driven);
    const other = call(driven, { meta: { progressToken: 77 } });
    driven.pass(299_000);
    speak(driven, other);
    driven.pass(1_000);
    driven.cancel(slow);
    expect(probed(driven)).toBeUndefined();
    driven.pass(5_000);
    expect(driven.stopped()).toEqual([]);
  });

  test('is not saved by what it prints without being asked', () => {
    const driven = silent();
    const id = call(driven);
    driven.pass(300_000);
    driven.cancel(id);
    for (let n = 0; n < 5; n++) {
      driven.process(1, { method: 'notifications/message', params: { level: 'info', data: 1 } });
      driven.process(1, HEARTBEAT);
      driven.pass(1_000);
    }
    expect(driven.stopped()).toEqual([1]);
  });
});
