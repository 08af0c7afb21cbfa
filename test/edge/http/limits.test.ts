// How much one network may guess, and one principal may do, before it is told to wait; and what others notice of it.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { ANN, BOB, RUNNER_A } from '../../fixtures/edge-settings.ts';
import { PlayedEdge } from './modern-client.ts';

const KEYS = { BRIDGE_CLIENT_AUTH: 'keys' };
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

async function statuses(count: number, send: (n: number) => Promise<Response>): Promise<number[]> {
  const all: number[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (let n = 0; n < count; n++) all.push((await send(n)).status);
  return all;
}

const countOf = (statuses: readonly number[], status: number): number =>
  statuses.filter((each) => each === status).length;

// What was taken comes back with time, and a slow machine takes its time.
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

describe('[F-459] wrong keys from one network', () => {
  test('are refused with 429 after a while, and say when to come again', async () => {
    const edge = new PlayedEdge(KEYS);
    const seen = await statuses(200, (n) => edge.post(PING, bearer(`wrong-${n}`)));
    expect([countOf(seen, 401), countOf(seen, 429)]).toEqual([120, 80]);
    const refused = await edge.post(PING, bearer('wrong'));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.text()).toContain('came from your network');
  });

  test('cost those who have a key nothing, on that network or on another', async () => {
    const edge = new PlayedEdge(KEYS);
    await statuses(200, (n) => edge.post(PING, bearer(`wrong-${n}`)));
    // Let in; a session is missing.
    expect((await edge.post(PING, bearer(ANN.key))).status).toBe(400);
    edge.address = '192.0.2.99';
    expect((await edge.post(PING, bearer('wrong'))).status).toBe(401);
  });

  test('clients that come without any, and successes, are not counted', async () => {
    const edge = new PlayedEdge(KEYS);
    expect(countOf(await statuses(300, () => edge.post(PING)), 401)).toBe(300);
    expect(countOf(await statuses(300, () => edge.post(PING, bearer(ANN.key))), 400)).toBe(300);
    expect((await edge.post(PING, bearer('wrong'))).status).toBe(401);
  });

  test('count together with those that other isolates saw, and nothing else is counted there', async () => {
    const edge = new PlayedEdge(KEYS);
    const wrong = async () => (await edge.post(PING, bearer('wrong'))).status;
    await edge.post(PING, bearer(ANN.key));
    await edge.post(PING);
    expect(edge.failures).toEqual([]);
    expect([await wrong(), await wrong()]).toEqual([401, 401]);
    edge.failsNoMore = edge.failures[0];
    expect(await wrong()).toBe(401);
    await Promise.all(edge.outliving);
    expect(await wrong()).toBe(429);
    expect((await edge.post(PING, bearer(ANN.key))).status).toBe(400);
  });

  test('[F-588] of clients count for no runner, nor those of runners for clients', async () => {
    const edge = new PlayedEdge(KEYS);
    const dial = (n: number) => edge.send({ headers: bearer(`wrong-${n}`) }, '/runner/link');
    const call = (n: number) => edge.post(PING, bearer(`wrong-${n}`));
    expect(countOf(await statuses(150, call), 429)).toBe(30);
    expect(countOf(await statuses(150, dial), 429)).toBe(30);
    const other = new PlayedEdge(KEYS);
    other.failsNoMore = other.address;
    await other.post(PING, bearer('wrong'));
    await Promise.all(other.outliving);
    expect((await other.post(PING, bearer('wrong'))).status).toBe(429);
    const dialled = await other.send({ headers: bearer('wrong') }, '/runner/link');
    expect(dialled.status).toBe(401);
    expect(new Set(other.failures).size).toBe(2);
  });

  test('count for runners too', async () => {
    const edge = new PlayedEdge(KEYS);
    const dial = (token: string) => edge.send({ headers: bearer(token) }, '/runner/link');
    const seen = await statuses(150, () => dial('wrong'));
    expect([countOf(seen, 401), countOf(seen, 429)]).toEqual([120, 30]);
    // Let in, as far as an upgrade.
    expect((await dial(RUNNER_A.token)).status).toBe(426);
  });
});

describe('[F-459] BRIDGE_LIMITS', () => {
  const limited = (limits: object) =>
    new PlayedEdge({ ...KEYS, BRIDGE_LIMITS: JSON.stringify(limits) });

  test('bounds the requests of a principal, and of no other', async () => {
    const edge = limited({ '*': { requests: 10 }, bob: { requests: 20 } });
    const seen = await statuses(15, () => edge.post(PING, bearer(ANN.key)));
    expect([countOf(seen, 400), countOf(seen, 429)]).toEqual([10, 5]);
    const other = await statuses(25, () => edge.post(PING, bearer(BOB.key)));
    expect([countOf(other, 400), countOf(other, 429)]).toEqual([20, 5]);
    const refused = await edge.post(PING, bearer(ANN.key));
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/u);
    expect(await refused.text()).toContain('10 requests in a minute');
  });

  test('bounds the sessions that it opens', async () => {
    const edge = limited({ ann: { openings: 3 } });
    const initialize = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {} },
    });
    const seen = await statuses(5, () => edge.post(initialize, bearer(ANN.key)));
    expect(seen).toEqual([200, 200, 200, 429, 429]);
    expect(await statuses(5, () => edge.post(initialize, bearer(BOB.key)))).toEqual(
      Array(5).fill(200),
    );
  });

  test('bounds the bytes that it sends: the next request waits', async () => {
    const edge = limited({ '*': { bytes: 10_000 } });
    const large = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'x'.repeat(9_990)}"}}`;
    expect(await statuses(3, () => edge.post(large, bearer(ANN.key)))).toEqual([400, 429, 429]);
    expect((await edge.post(PING, bearer(BOB.key))).status).toBe(400);
  });
});

test('[F-585] quotas of a day count over all isolates, whichever serves, behind the requests that use them', async () => {
  const limits = {
    BRIDGE_LIMITS: JSON.stringify({ '*': { requestsPerDay: 50, bytesPerDay: 1_000 } }),
  };
  const first = new PlayedEdge({ ...KEYS, ...limits });
  const second = new PlayedEdge({ ...KEYS, ...limits });
  second.access = first.access;
  const both = async (edge: PlayedEdge, count: number, key: string, body = '{}') => {
    const seen = await statuses(count, async () => {
      const answer = await edge.post(body, bearer(key));
      await Promise.all(edge.outliving.splice(0));
      return answer;
    });
    return countOf(seen, 429);
  };
  expect(await both(first, 30, ANN.key)).toBe(0);
  // Each learns of the others by the first that it serves.
  expect(await both(second, 30, ANN.key)).toBe(10);
  expect(await both(first, 5, ANN.key)).toBe(4);
  const large = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'x'.repeat(950)}"}}`;
  expect(await both(first, 1, BOB.key, large)).toBe(0);
  expect(await both(second, 3, BOB.key, PING)).toBe(2);
});

test('[F-459] /readyz asks the fleet once in a while, however often it is asked', async () => {
  const edge = new PlayedEdge();
  edge.servers = ['files'];
  expect(new Set(await statuses(500, () => edge.send({}, '/readyz')))).toEqual(new Set([200]));
  expect(edge.views).toBeLessThan(5);
});
