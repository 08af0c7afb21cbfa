// Documents of issuers under many requests at once: all get the one that a few read, whatever becomes of those few.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { KeptDocuments } from '../../../../edge/http/oauth/kept-documents.ts';

const TIMES = { freshMs: 60_000, staleMs: 60_000, restMs: 1_000 };
const START = 1_800_000_000_000;

/** Reads that a test answers; each has its own answer. */
class PlayedReads {
  readonly #open: ((value: string | undefined) => void)[] = [];
  count = 0;

  readonly read = (): Promise<string | undefined> => {
    this.count += 1;
    return new Promise((resolve) => void this.#open.push(resolve));
  };

  answer(value: string | undefined): void {
    for (const resolve of this.#open.splice(0)) resolve(value);
  }
}

let documents: KeptDocuments<string>;
let reads: PlayedReads;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  documents = new KeptDocuments<string>(TIMES);
  reads = new PlayedReads();
});
afterEach(() => void vi.useRealTimers());

const ask = (key = 'k'): Promise<string | undefined> => documents.get(key, Date.now(), reads.read);

const burst = (count: number): Promise<readonly (string | undefined)[]> =>
  Promise.all(Array.from({ length: count }, () => ask()));

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('[F-535] a burst while nothing is known', () => {
  test('is served whole, and few of it read', async () => {
    const all = burst(200);
    await pass(300);
    expect(reads.count).toBeLessThanOrEqual(4);
    reads.answer('document');
    await pass(1_000);
    expect(new Set(await all)).toEqual(new Set(['document']));
    expect(reads.count).toBeLessThanOrEqual(4);
  });

  test('is refused whole where the issuer does not answer, and is let wait no longer than a while', async () => {
    const all = burst(50);
    await pass(5_000);
    reads.answer(undefined);
    await pass(6_000);
    expect(new Set(await all)).toEqual(new Set([undefined]));
    expect(reads.count).toBeLessThanOrEqual(8);
  });

  test('is served although the clients that read have left, and their reads with them', async () => {
    const lost = burst(4);
    await pass(1_000);
    const all = burst(20);
    await pass(14_500);
    // Who came first has given up; whoever comes reads anew.
    expect(new Set(await all)).toEqual(new Set([undefined]));
    const next = burst(20);
    const fresh = reads.count;
    expect(fresh).toBeGreaterThan(4);
    reads.answer('document');
    await pass(1_000);
    expect(new Set(await next)).toEqual(new Set(['document']));
    await lost;
  });

  test('of one issuer takes nothing from another', async () => {
    void burst(20);
    const other = ask('other');
    await pass(0);
    reads.answer('document');
    expect(await other).toBe('document');
  });
});

test('[F-535] a burst that misses a key in what is known gets the newer document', async () => {
  const first = ask();
  await pass(0);
  reads.answer('old');
  expect(await first).toBe('old');
  await pass(2_000);
  const all = Promise.all(
    Array.from({ length: 50 }, () => documents.newer('k', 'old', Date.now(), reads.read)),
  );
  await pass(50);
  reads.answer('new');
  await pass(1_000);
  expect(new Set(await all)).toEqual(new Set(['new']));
  expect(reads.count).toBeLessThanOrEqual(5);
});

test('[F-535] whoever has an old document does not wait for a newer one', async () => {
  const first = ask();
  await pass(0);
  reads.answer('old');
  await first;
  await pass(61_000);
  const reading = burst(4);
  expect(await burst(20)).toEqual(Array.from({ length: 20 }, () => 'old'));
  expect(reads.count).toBe(5);
  reads.answer('new');
  expect(new Set(await reading)).toEqual(new Set(['new']));
});
