// The table of requests in flight: ids, streams and deadlines.
import { describe, expect, test } from 'vitest';

import { Calls, type Call } from '../../../runner/core/calls.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const TIMES = { quietMs: 60_000, limitMs: 300_000 };

function add(calls: Calls, stream: string, clientId: string, now = 0, times = TIMES): Call {
  return calls.add(
    { stream, clientIdBytes: bytes(clientId), progressToken: undefined, method: 'm' },
    times,
    now,
  );
}

describe('calls', () => {
  test('[R-1] [F-16] equal client ids get different ids of their own, never used twice', () => {
    const calls = new Calls();
    const first = add(calls, 'a', '1');
    const second = add(calls, 'b', '1');
    calls.settle(first);
    const third = add(calls, 'c', '1');
    expect([first, second, third].map(({ bridgeId }) => bridgeId)).toEqual([1, 2, 3]);
    expect([first, second, third].map(({ bridgeId }) => calls.get(bridgeId))).toEqual([
      undefined,
      second,
      third,
    ]);
    expect(calls.size).toBe(2);
  });

  test('[R-8] only the last answer of a stream is its last', () => {
    const calls = new Calls();
    const [a, b] = [add(calls, 'batch', '1'), add(calls, 'batch', '2')];
    expect(calls.streams()).toEqual(['batch']);
    expect(calls.settle(b)).toEqual({ isLast: false });
    expect(calls.settle(a)).toEqual({ isLast: true });
    expect(calls.streams()).toEqual([]);
  });

  test('a client id names the oldest call that has it byte for byte and is not cancelled', () => {
    const calls = new Calls();
    const first = add(calls, 'a', '"1"');
    const second = add(calls, 'b', '1');
    const third = add(calls, 'c', '1');
    expect(calls.byClientId(bytes('1'))).toBe(second);
    expect(calls.byClientId(bytes('"1"'))).toBe(first);
    expect(calls.byClientId(bytes('1.0'))).toBeUndefined();
    second.isCancelled = true;
    expect(calls.byClientId(bytes('1'))).toBe(third);
  });

  test('[F-121] a client id in the other spelling names the only call that it can mean', () => {
    const calls = new Calls();
    const one = add(calls, 'a', '1');
    const text = add(calls, 'b', '"x"');
    expect(calls.byClientId(bytes('"1"'))).toBe(one);
    expect(calls.byClientId(bytes('x'))).toBe(text);
    expect(calls.byClientId(bytes('"1.0"'))).toBeUndefined();
    const other = add(calls, 'c', '"1"');
    expect(calls.byClientId(bytes('"1"'))).toBe(other);
    other.isCancelled = true;
    // It was meant by its own id, and is cancelled already.
    expect(calls.byClientId(bytes('"1"'))).toBeUndefined();
  });

  test('a call is due at the earlier of its quiet time and its limit', () => {
    const calls = new Calls();
    expect(calls.nextDeadline).toBeUndefined();
    const first = add(calls, 'a', '1', 0);
    const second = add(calls, 'b', '2', 10_000);
    expect(calls.nextDeadline).toBe(60_000);
    expect(calls.due(59_999)).toEqual([]);
    expect(calls.due(60_000)).toEqual([first]);
    first.quietUntil = 1_000_000;
    expect(calls.nextDeadline).toBe(70_000);
    expect(calls.due(300_000)).toEqual([first, second]);
  });

  test('what is walked may be settled on the way', () => {
    const calls = new Calls();
    add(calls, 'a', '1');
    add(calls, 'b', '2');
    for (const call of calls.all()) calls.settle(call);
    expect(calls.size).toBe(0);
  });
});
