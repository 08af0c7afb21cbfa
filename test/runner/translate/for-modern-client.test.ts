import { describe, expect, test } from 'vitest';

import { OWN_IDS_FROM } from '../../../runner/core/request-ids.ts';
import { DrivenModernClient, SERVER_INFO_META } from './driven-modern-client.ts';

const DISCOVERED = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
};
const LEGACY = { protocolVersion: '2025-11-25', capabilities: { tools: {} } };
const REFUSED = { code: -32601, message: 'Method not found' };

const asked = (driven: DrivenModernClient, slot: number, method: string): unknown =>
  driven.written(slot).find((message) => message['method'] === method)?.['id'];

describe('the era of a server', () => {
  test('is modern when its first process can be discovered, and that process then serves', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    expect(driven.started()).toEqual([1]);
    const [discover, ...others] = driven.written(1);
    expect(discover).toMatchObject({ method: 'server/discover', id: OWN_IDS_FROM });
    expect(others).toEqual([]);
    driven.process(1, { id: discover?.['id'], result: DISCOVERED });
    expect(driven.eras.modern).toBe(true);
    expect(driven.written(1)).toMatchObject([{ id, method: 'tools/list' }]);
    expect([driven.started(), driven.stopped()]).toEqual([[], []]);
  });

  test.each([-32601, -32602, -32000])('is legacy when discover is answered %d', (code) => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    const discover = asked(driven, 1, 'server/discover');
    driven.process(1, { id: discover, error: { code, message: 'no' } });
    driven.initialize(1);
    expect(driven.eras).toEqual({ legacy: true, modern: false });
    expect(driven.written(1)).toMatchObject([
      { method: 'notifications/initialized' },
      { id, method: 'tools/list' },
    ]);
    expect(driven.started()).toEqual([1]);
  });

  test('is legacy when discover stays silent and initialize is answered', () => {
    const driven = new DrivenModernClient();
    driven.request('tools/list');
    driven.pass(1_499);
    expect(asked(driven, 1, 'initialize')).toBeUndefined();
    driven.pass(1);
    driven.initialize(1);
    expect(driven.eras).toEqual({ legacy: true, modern: false });
  });

  test('is modern when discover is answered late, on the process that would not be initialized', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    const discover = asked(driven, 1, 'server/discover');
    driven.pass(6_000);
    const initialize = asked(driven, 1, 'initialize');
    driven.process(1, { id: discover, result: DISCOVERED });
    driven.process(1, { id: initialize, error: REFUSED });
    expect([driven.started(), driven.stopped()]).toEqual([[1], []]);
    expect(driven.written(1)).toMatchObject([{ id, method: 'tools/list' }]);
  });

  test.each([
    ['is initialized as well', true],
    ['says nothing to initialize', false],
  ])(
    'is modern when discover is answered late, on another process when the first %s',
    (_what, isInitialized) => {
      const driven = new DrivenModernClient();
      const id = driven.request('tools/list');
      const discover = asked(driven, 1, 'server/discover');
      driven.pass(6_000);
      const initialize = asked(driven, 1, 'initialize');
      driven.process(1, { id: discover, result: DISCOVERED });
      if (isInitialized) driven.process(1, { id: initialize, result: LEGACY });
      else driven.pass(1_500);
      expect(driven.stopped()).toEqual([1]);
      expect(driven.started()).toEqual([1, 2]);
      expect(driven.written(2)).toMatchObject([{ id, method: 'tools/list' }]);
      driven.exited(1);
      expect(driven.said()).toEqual([]);
    },
  );

  test('a process that exits on the unknown is followed by one that is only initialized', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    driven.exited(1);
    expect(driven.started()).toEqual([1, 2]);
    const written = driven.written(2);
    expect(written).toMatchObject([{ method: 'initialize' }]);
    driven.process(2, { id: written[0]?.['id'], result: LEGACY });
    expect(driven.written(2)).toMatchObject([{ method: 'notifications/initialized' }, { id }]);
  });

  test('stays open when processes only exit; the next request tries anew', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    driven.exited(1);
    driven.exited(2, 'exited with code 3');
    const [answer] = driven.said();
    expect(answer).toMatchObject({ id, error: { data: { fault: 'process_start_failed' } } });
    expect(JSON.stringify(answer)).toContain('exited with code 3');
    expect(driven.eras).toEqual({ legacy: undefined, modern: undefined });
    driven.started();
    driven.request('tools/list');
    expect(driven.started()).toEqual([3]);
    expect(asked(driven, 3, 'server/discover')).toBeDefined();
  });

  test('is modern when initialize is refused for its revision', () => {
    const driven = new DrivenModernClient();
    const id = driven.request('tools/list');
    driven.exited(1);
    const data = { supported: ['2026-07-28'], requested: '2025-11-25' };
    const initialize = asked(driven, 2, 'initialize');
    driven.process(2, { id: initialize, error: { code: -32022, message: 'no', data } });
    expect(driven.eras.modern).toBe(true);
    expect(driven.written(3)).toMatchObject([{ id }]);
  });

  test.each([
    [30_000, 'unknown', {}],
    [2_000, 'unknown', {}],
    [800, 'unknown', {}],
    [4_000, 'known to be legacy', { modern: false }],
  ])(
    'is waited for no longer than startTimeout of %d ms, where it is %s',
    (startTimeoutMs, _what, eras) => {
      const driven = new DrivenModernClient({ eras, limits: { startTimeoutMs } });
      const id = driven.request('tools/list');
      driven.pass(startTimeoutMs - 1);
      expect(driven.said()).toEqual([]);
      expect(asked(driven, 1, 'initialize')).toBeDefined();
      driven.pass(1);
      const fault = { code: 42004, data: { fault: 'process_start_failed', retryable: true } };
      expect(driven.said()).toMatchObject([{ id, error: fault }]);
    },
  );

  test('is waited for no longer than startTimeout, even if the first process exits', () => {
    const driven = new DrivenModernClient({ limits: { startTimeoutMs: 4_000 } });
    const id = driven.request('tools/list');
    driven.pass(3_000);
    driven.exited(1);
    driven.pass(999);
    expect(driven.said()).toEqual([]);
    driven.pass(1);
    expect(driven.said()).toMatchObject([{ id, error: { data: { retryable: true } } }]);
  });

  test('that another session found needs no discover', () => {
    const modern = new DrivenModernClient({ eras: { modern: true } });
    const id = modern.request('tools/list');
    expect(modern.written(1)).toMatchObject([{ id, method: 'tools/list' }]);
    const legacy = new DrivenModernClient({ eras: { modern: false } });
    legacy.request('tools/list');
    expect(legacy.written(1)).toMatchObject([{ method: 'initialize' }]);
  });

  test('keeps 64 requests waiting and refuses more', () => {
    const driven = new DrivenModernClient();
    for (let count = 0; count < 64; count++) driven.request('tools/list');
    expect(driven.said()).toEqual([]);
    const id = driven.request('tools/list');
    expect(driven.said()).toMatchObject([{ id, error: { data: { fault: 'overloaded' } } }]);
  });

  test('a request that is cancelled meanwhile reaches no process', () => {
    const driven = new DrivenModernClient();
    driven.cancel(driven.request('tools/list'));
    const discover = asked(driven, 1, 'server/discover');
    driven.process(1, { id: discover, error: REFUSED });
    driven.initialize(1);
    expect(driven.written(1)).toMatchObject([{ method: 'notifications/initialized' }]);
  });

  test('discover of a client is answered from the initialize result of a legacy process', () => {
    const driven = new DrivenModernClient({ eras: { modern: false } });
    const id = driven.request('server/discover', {}, { capabilities: { roots: {} } });
    const extensions = { 'io.modelcontextprotocol/tasks': {}, 'a/b': { c: 1 } };
    const capabilities = { tools: { listChanged: true }, tasks: { list: {} }, extensions };
    expect(driven.initialize(1, capabilities)).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: { roots: {} },
      clientInfo: { name: 'c', version: '1' },
    });
    expect(driven.said()).toEqual([
      {
        jsonrpc: '2.0',
        id,
        result: {
          resultType: 'complete',
          supportedVersions: ['2026-07-28'],
          capabilities: { tools: { listChanged: true }, extensions: { 'a/b': { c: 1 } } },
          ttlMs: 0,
          cacheScope: 'private',
          _meta: SERVER_INFO_META,
        },
      },
    ]);
  });
});
