// A process that says nothing at all any more: asked whether it is there, and ended with its session when it does not say so.
import { expect, test } from 'vitest';
import { DrivenSession, LIMITS } from './driven-session.ts';

/** Far more than the question needs. */
const MOMENTS_MS = 10_000;

const pingsIn = (written: readonly string[]): { id: number; method: string }[] =>
  written.map((line) => JSON.parse(line)).filter(({ method }) => method === 'ping');

/** A session whose only call has just reached its deadline. */
function late(): { driven: DrivenSession; ping: number } {
  const driven = DrivenSession.initialized();
  driven.post('a', { id: 7, method: 'tools/call', params: {} });
  driven.sleep(LIMITS.requestTimeoutMs);
  const [ping] = pingsIn(driven.look().written);
  expect(ping).toBeDefined();
  return { driven, ping: ping?.id ?? 0 };
}

test('[F-137] one that does not even say that it is there is ended within seconds, and what waits is answered', () => {
  const { driven } = late();
  driven.post('b', { id: 8, method: 'tools/call', params: {} });
  driven.look();
  driven.sleep(MOMENTS_MS);
  const { sent, done } = driven.look();
  expect(JSON.stringify(sent)).toContain('not even a check that it is alive');
  expect(sent.at(-1)).toMatchObject({ type: 'ended', fault: 'process_exited' });
  expect(done.at(-1)).toContain('stop: ');
});

test.each([
  ['answers the question', (ping: number) => ({ id: ping, result: {} })],
  ['refuses it', (ping: number) => ({ id: ping, error: { code: -32601, message: 'no' } })],
  ['answers the call after all', () => ({ id: 2, result: {} })],
  ['asks something', () => ({ id: 'q', method: 'ping' })],
])('[F-137] one that %s lives, and nobody hears of the question', (_what, said) => {
  const { driven, ping } = late();
  driven.line(said(ping));
  driven.sleep(MOMENTS_MS);
  const { sent } = driven.look();
  expect(JSON.stringify(sent)).not.toContain(String(ping));
  expect(driven.session.isEnded).toBe(false);
});

test('[F-137] a call that was slow beside others that were answered raises no doubt yet', () => {
  const driven = DrivenSession.initialized();
  driven.post('a', { id: 7, method: 'tools/call', params: {} });
  driven.sleep(LIMITS.requestTimeoutMs / 2);
  driven.post('b', { id: 8, method: 'ping' });
  driven.line({ id: 3, result: {} });
  driven.sleep(LIMITS.requestTimeoutMs / 2 + MOMENTS_MS);
  expect(pingsIn(driven.look().written.filter((line) => !line.includes('"id":3')))).toEqual([]);
  expect(driven.session.isEnded).toBe(false);
});

test('[F-137] a call that its client gave up raises the doubt as well', () => {
  const driven = DrivenSession.initialized();
  driven.post('a', { id: 7, method: 'tools/call', params: {} });
  driven.post('c', { method: 'notifications/cancelled', params: { requestId: 7 } });
  driven.sleep(LIMITS.requestTimeoutMs + MOMENTS_MS);
  expect(driven.session.isEnded).toBe(true);
});
