// A process whose session is over before it has answered `initialize`.
import { expect, test } from 'vitest';
import { DrivenSession, LIMITS } from './driven-session.ts';

/** A session whose client has asked to initialize. */
function asked(): DrivenSession {
  const driven = new DrivenSession();
  driven.receive({ type: 'welcome', expired: false });
  driven.post('init', { id: 'a', method: 'initialize', params: { capabilities: {} } });
  driven.look();
  return driven;
}

test('[F-132] a start that takes too long is told as one to try again, and goes on, unheard of its end', () => {
  const driven = asked();
  driven.sleep(LIMITS.startTimeoutMs);
  const { sent, written, done } = driven.look();
  const [answer] = sent.flatMap((frame) => (frame.type === 'event' ? [frame] : []));
  expect(JSON.parse(answer?.message ?? '')).toMatchObject({
    id: 'a',
    error: {
      code: 42004,
      message: expect.stringMatching(/within 30 s\. It is still starting; try again soon\.$/u),
      data: { retryable: true, phase: 'sent' },
    },
  });
  // `initialize` is never cancelled: the process is to answer it.
  expect(written).toEqual([]);
  expect(done).toEqual([expect.stringContaining('leave: ')]);
});

test('[F-132] a client that ends its session leaves the start to others, too', () => {
  const driven = asked();
  driven.receive({ type: 'end' });
  expect(driven.look().done).toEqual([expect.stringContaining('leave: ')]);
});

test('[F-132] a client that is gone does not cancel the start', () => {
  const driven = asked();
  driven.receive({ type: 'cancel', stream: 'init' });
  expect(driven.look().written).toEqual([]);
});

test.each([
  ['was refused', { id: 1, error: { code: -32602, message: 'no' } }],
  ['was answered', { id: 1, result: { protocolVersion: '2025-11-25' } }],
])('[F-132] one whose initialize %s is stopped with its session', (_what, answer) => {
  const driven = asked();
  driven.line(answer);
  driven.end({ message: 'enough' });
  expect(driven.look().done.at(-1)).toContain('stop: ');
});

test('[F-132] one that ended by itself is left by nobody', () => {
  const driven = asked();
  driven.exit('exited with code 1');
  const { sent } = driven.look();
  expect(JSON.stringify(sent)).not.toContain('still starting');
});
