// The first call to a server that is still starting, against an edge that says so, F-1191.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { firstCall, LONGEST_FIRST_CALL_MS } from '../../../runner/dev/first-call.ts';

const STARTING = {
  jsonrpc: '2.0',
  id: 1,
  error: { code: 42_004, message: 'It is still starting.', data: { retryable: true } },
};

const TOOLS = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'echo' }] } };

/** Each call takes as long as a client waits by default, on the clock of the test. */
const WAIT_MS = 30_000;

/** An edge that says `answers` times that the server is still starting, then lists its tools. */
async function startingFor(
  answers: number,
): Promise<{ url: string; now(): number; calls(): number }> {
  let calls = 0;
  const edge = createServer((_request, response) => {
    calls += 1;
    response.end(JSON.stringify(calls > answers ? TOOLS : STARTING));
  });
  await new Promise<void>((resolve) => edge.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void edge.close());
  const { port } = edge.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, now: () => calls * WAIT_MS, calls: () => calls };
}

const never = new AbortController().signal;

test('[F-1191] a server that goes on starting is called again until it answers', async () => {
  const { url, now } = await startingFor(2);
  let slow = 0;
  const call = await firstCall(url, undefined, never, now, () => void (slow += 1));
  expect(call).toMatchObject({ ok: true, tools: ['echo'], ms: 3 * WAIT_MS });
  expect(slow).toBe(2);
});

test('[F-1191] one that never answers is given up, after three minutes', async () => {
  const { url, now, calls } = await startingFor(Number.POSITIVE_INFINITY);
  const call = await firstCall(url, undefined, never, now);
  expect(call).toEqual({ ok: false, what: 'It is still starting.' });
  expect(calls()).toBe(LONGEST_FIRST_CALL_MS / WAIT_MS);
});
