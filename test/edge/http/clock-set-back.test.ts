// The clock of an edge is set back by some hours, as on a machine that hears the time only after it has started: what is remembered for
// seconds is not kept until the clock is there again.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Rates } from '../../../edge/core/rates.ts';
import { KeptDocuments } from '../../../edge/http/oauth/kept-documents.ts';
import { PolicyMemory } from '../../../edge/http/policies.ts';
import { ShortMemory } from '../../../edge/http/short-memory.ts';
import { Readiness } from '../../../edge/http/status.ts';

const START = 1_800_000_000_000;
const BACK_MS = 3 * 60 * 60 * 1000;

beforeEach(() => void vi.useFakeTimers({ now: START }));
afterEach(() => void vi.useRealTimers());

const setBack = (): unknown => vi.setSystemTime(Date.now() - BACK_MS);

test('[F-1174] a credential that was let in, or refused, is looked up again', () => {
  const memory = new ShortMemory<string>();
  memory.get('key', Date.now());
  memory.set('key', 'let in', Date.now() + 30_000);
  expect(memory.get('key', Date.now() + 1)).toBe('let in');
  setBack();
  expect(memory.get('key', Date.now())).toBeUndefined();
});

test('[F-1174] readiness is asked again', async () => {
  const readiness = new Readiness();
  expect(await readiness.of(async () => false)).toBe(false);
  setBack();
  expect(await readiness.of(async () => true)).toBe(true);
});

test('[F-1174] the policy is asked for again before it lets anybody do more', async () => {
  let asked = 0;
  const access = async () => {
    asked += 1;
    return { version: 1, text: undefined };
  };
  const signIn = {
    issuer: 'https://edge.example',
    ownerKeys: new Set(['a digest']),
    issuers: [],
    tokenMs: 3_600_000,
  };
  const ports = { access, outlive: () => undefined } as never;
  const memory = new PolicyMemory();
  const find = async (): Promise<unknown> => memory.find({ signIn }, ports);
  await find();
  await find();
  expect(asked).toBe(1);
  setBack();
  await find();
  expect(asked).toBe(2);
});

test('[F-1174] keys of an issuer are read again, also if they could not be read a moment ago', async () => {
  const documents = new KeptDocuments<string>({ freshMs: 60_000, staleMs: 0, restMs: 1_000 });
  const get = (key: string, value: string | undefined) =>
    documents.get(key, Date.now(), async () => value);
  expect(await get('old', 'first')).toBe('first');
  expect(await get('failed', undefined)).toBeUndefined();
  setBack();
  expect(await get('old', 'second')).toBe('second');
  expect(await get('failed', 'there')).toBe('there');
  setBack();
  expect(await documents.newer('old', 'second', Date.now(), async () => 'third')).toBe('third');
});

test('[F-1174] who has made as many requests as are permitted waits for the next, and no longer', () => {
  const rates = new Rates();
  const rate = { count: 10, periodMs: 60_000 };
  for (let made = 0; made < 10; made++) expect(rates.take('ci', rate, Date.now())).toBe(0);
  setBack();
  const waitMs = rates.wait('ci', rate, Date.now());
  expect(waitMs).toBeLessThanOrEqual(rate.periodMs / rate.count);
  vi.setSystemTime(Date.now() + waitMs);
  expect(rates.take('ci', rate, Date.now())).toBe(0);
});
