// When a session is over that no client was told of.
import { describe, expect, test } from 'vitest';
import { DrivenSession, LIMITS } from './driven-session.ts';

const initialize = { id: 0, method: 'initialize', params: { capabilities: {} } };

const isEnded = (driven: DrivenSession): boolean => driven.session.isEnded;

/** Opened, and its `initialize` posted. */
function opened(clientKind: 'streamable' | 'sse' = 'streamable'): DrivenSession {
  const driven = new DrivenSession({ clientKind });
  driven.receive({ type: 'welcome', expired: false });
  if (clientKind === 'streamable') driven.post('init', initialize);
  return driven;
}

describe('[F-165] [R-11] a session whose client left during initialize', () => {
  test('is over within seconds, while its server still starts', () => {
    const driven = opened();
    driven.receive({ type: 'detach', stream: 'init' });
    driven.sleep(4_999);
    expect(isEnded(driven)).toBe(false);
    driven.sleep(1);
    expect(driven.look().done.join()).toContain('left before it learned');
  });

  test('is over within seconds when the answer came and nobody took it', () => {
    const driven = opened();
    driven.receive({ type: 'detach', stream: 'init' });
    driven.line({ id: 1, result: { protocolVersion: '2025-11-25' } });
    driven.sleep(5_000);
    expect(isEnded(driven)).toBe(true);
  });

  test('waits for its answer as long as somebody else does', () => {
    const driven = opened();
    driven.sleep(LIMITS.startTimeoutMs - 1);
    expect(isEnded(driven)).toBe(false);
  });

  test('goes on when the client comes back for its answer', () => {
    const driven = opened();
    driven.receive({ type: 'detach', stream: 'init' });
    driven.sleep(4_000);
    driven.receive({ type: 'attach', stream: 'init', after: 0 });
    driven.line({ id: 1, result: { protocolVersion: '2025-11-25' } });
    driven.receive({ type: 'ack', stream: 'init', seq: 1 });
    driven.sleep(LIMITS.idleTimeoutMs - 1);
    expect(isEnded(driven)).toBe(false);
  });

  test('is over as soon when initialize never came', () => {
    const driven = new DrivenSession();
    driven.receive({ type: 'welcome', expired: false });
    driven.sleep(5_000);
    expect(isEnded(driven)).toBe(true);
  });
});

describe('a session whose client was told of it', () => {
  test.each<[string, (driven: DrivenSession) => void]>([
    ['by one JSON body', (driven) => driven.receive({ type: 'delivered', streams: ['init'] })],
    ['by a stream', (driven) => driven.receive({ type: 'ack', stream: 'init', seq: 1 })],
    [
      'and that spoke',
      (driven) => driven.post('n', { method: 'notifications/initialized' }, 'get'),
    ],
  ])('%s is kept for the idle time', (_title, tell) => {
    const driven = opened();
    driven.line({ id: 1, result: { protocolVersion: '2025-11-25' } });
    tell(driven);
    driven.receive({ type: 'detach', stream: 'init' });
    driven.sleep(LIMITS.idleTimeoutMs - 1);
    expect(isEnded(driven)).toBe(false);
    driven.sleep(1);
    expect(isEnded(driven)).toBe(true);
  });
});

describe('an HTTP+SSE session', () => {
  test('[F-165] whose stream never came is over within seconds', () => {
    const driven = opened('sse');
    driven.sleep(9_999);
    expect(isEnded(driven)).toBe(false);
    driven.sleep(1);
    expect(isEnded(driven)).toBe(true);
  });
});
