// How many spares a runner asks for, and what becomes of each (LP27).
import { expect, test } from 'vitest';

import { Spares, type SpareEffect } from '../../../runner/core/spares.ts';
import { SPARES, SPARES_DIALLED } from '../../../shared/link/sizes.ts';
import { SPARE_AGAIN_MS } from '../../../shared/link/timing.ts';

const frame = (session: string, server = 'files') =>
  ({ type: 'spare', session, server, ticket: `of ${session}` }) as const;

const want = (server = 'files'): SpareEffect => ({ do: 'want', server });

/** The spares of a runner that has its control link. */
function spares(wanted: Readonly<Record<string, number>> = { files: 2 }): Spares {
  const all = new Spares();
  expect(all.configured(new Map(Object.entries(wanted)), 0)).toEqual([]);
  return all;
}

/** Names and links what the runner asks for, until it asks for no more; the sessions are numbered. */
function settle(all: Spares, effects: readonly SpareEffect[]): string[] {
  const linked: string[] = [];
  const asked = [...effects];
  for (const effect of asked) {
    if (effect.do !== 'want') continue;
    const session = `s${linked.length}`;
    expect(all.named(frame(session, effect.server))).toEqual([
      { do: 'dial', spare: frame(session, effect.server) },
    ]);
    linked.push(session);
    asked.push(...all.linked(session, 0));
  }
  return linked;
}

test('[LP27] a runner without a control link or without `warm` asks for nothing', () => {
  expect(spares({ files: 0 }).welcomed(['files'], 0)).toEqual([]);
  const all = spares();
  expect(all.tick(0)).toEqual([]);
  expect(all.welcomed(['mail'], 0)).toEqual([]);
});

test('[LP27] it asks for as many as are to be there, dials what it is told, and says which are ready', () => {
  const all = spares();
  expect(all.welcomed(['files'], 0)).toEqual([want(), want()]);
  expect(all.named(frame('a'))).toEqual([{ do: 'dial', spare: frame('a') }]);
  expect(all.linked('a', 0)).toEqual([{ do: 'ready', session: 'a' }]);
  expect(all.linked('a', 0)).toEqual([]);
});

test('[LP27] one that is taken is replaced at once, and is no spare any more', () => {
  const all = spares();
  const [first = ''] = settle(all, all.welcomed(['files'], 0));
  expect(all.taken(first, 0)).toEqual([want()]);
  expect(all.has(first)).toBe(false);
  expect(all.taken(first, 0)).toEqual([]);
});

test('[LP27] one that is lost is withdrawn, kept until the fleet answers, and replaced after a while', () => {
  const all = spares();
  const [first = ''] = settle(all, all.welcomed(['files'], 0));
  expect(all.lost(first, 0)).toEqual([{ do: 'withdraw', session: first }]);
  expect(all.lost(first, 0)).toEqual([]);
  expect(all.has(first)).toBe(true);
  expect(all.wakeAt()).toBe(SPARE_AGAIN_MS);
  expect(all.tick(SPARE_AGAIN_MS - 1)).toEqual([]);
  expect(all.tick(SPARE_AGAIN_MS)).toEqual([want()]);
  expect(all.wakeAt()).toBeUndefined();
  expect(all.closed(first, SPARE_AGAIN_MS)).toEqual([{ do: 'drop', session: first }]);
  expect(all.has(first)).toBe(false);
});

test('[LP27] all are dropped with the control link, and asked for anew on the next', () => {
  const all = spares();
  const linked = settle(all, all.welcomed(['files'], 0));
  expect(all.unlinked()).toEqual(linked.map((session) => ({ do: 'drop', session })));
  expect(all.tick(0)).toEqual([]);
  expect(all.welcomed(['files'], 0)).toEqual([want(), want()]);
});

test('[LP27] few are dialled at a time, and no more than a bound are kept, however many servers ask', () => {
  const servers = Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`server${at}`, 32]));
  const all = spares(servers);
  const first = all.welcomed(Object.keys(servers), 0);
  expect(first).toHaveLength(SPARES_DIALLED);
  expect(settle(all, first)).toHaveLength(SPARES);
});

test('[LP27] a server that is not offered any more, or is to have fewer, loses what is too much', () => {
  const all = spares({ files: 2, mail: 1 });
  settle(all, all.welcomed(['files', 'mail'], 0));
  const withdrawn = (effects: readonly SpareEffect[]): number =>
    effects.filter((effect) => effect.do === 'withdraw').length;
  expect(withdrawn(all.configured(new Map([['files', 1]]), 0))).toBe(2);
  expect(withdrawn(all.welcomed([], 0))).toBe(1);
  expect(all.all.every(({ state }) => state === 'withdrawn')).toBe(true);
});

test('[LP27] what the fleet names too late is withdrawn', () => {
  const all = spares();
  all.welcomed(['files'], 0);
  all.configured(new Map(), 0);
  expect(all.named(frame('late'))).toEqual([{ do: 'withdraw', session: 'late' }]);
});

test('[R-10] an edge that names spares nobody asked for fills no memory', () => {
  const all = spares(Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`server${at}`, 32])));
  all.welcomed(
    Array.from({ length: 9 }, (_, at) => `server${at}`),
    0,
  );
  for (let named = 0; named < 1_000; named++) all.named(frame(`s${named}`, `server${named % 10}`));
  expect(all.all.length).toBe(SPARES);
});

test('[LP27] a runner that drains asks for none, and lets go of what the fleet closes', () => {
  const all = spares();
  const [first = ''] = settle(all, all.welcomed(['files'], 0));
  all.drained();
  expect(all.closed(first, 0)).toEqual([{ do: 'drop', session: first }]);
  expect(all.tick(0)).toEqual([]);
  expect(all.named(frame('late'))).toEqual([{ do: 'withdraw', session: 'late' }]);
});
