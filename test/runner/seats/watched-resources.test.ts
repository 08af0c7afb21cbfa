// Who hears of an update of a resource.
import { expect, test } from 'vitest';
import { covers } from '../../../runner/core/resource-uris.ts';
import { WatchedResources } from '../../../runner/seats/watched-resources.ts';

const URIS = [
  'a:',
  'a:/',
  'a://',
  'a://b',
  'a://b/',
  'a://b/c',
  'a://b//c',
  'a://bc',
  '/',
  '',
  'a',
];

test('[F-875] those who watch the resource or what it is a part of, and nobody else', () => {
  const watched = new WatchedResources();
  for (const [seat, uri] of URIS.entries()) watched.add(seat, uri);
  for (const updated of [...URIS, 'a://b/c/d', 'a://b/c/', `a:${'/'.repeat(20_000)}`]) {
    const covered = [...URIS.entries()].flatMap(([seat, uri]) =>
      covers(uri, updated) ? [seat] : [],
    );
    expect([...watched.watchersOf(updated)].toSorted((a, b) => a - b)).toEqual(covered);
  }
});

test('[F-875] and of them, those who still do', () => {
  const watched = new WatchedResources();
  for (const seat of [1, 2]) for (const uri of ['a:/b', 'a:/c']) watched.add(seat, uri);
  expect([watched.remove(1, 'a:/b'), watched.remove(1, 'a:/b')]).toEqual([false, false]);
  expect(watched.watchersOf('a:/b/part')).toEqual(new Set([2]));
  expect(watched.drop(2)).toEqual(['a:/b']);
  expect(watched.watchersOf('a:/b/part')).toEqual(new Set());
  expect(watched.watchersOf('a:/c')).toEqual(new Set([1]));
});

test('[F-889] an update costs the same, however much sessions watch', () => {
  const watched = new WatchedResources();
  for (let seat = 0; seat < 200; seat += 1)
    for (let n = 0; n < 1_000; n += 1) watched.add(seat, `file:///of/${seat}/${n}`);
  const startedAt = performance.now();
  for (let n = 0; n < 1_000; n += 1)
    expect(watched.watchersOf(`file:///of/7/${n}/part`)).toEqual(new Set([7]));
  // Milliseconds. To look at each of 200,000 resources takes 20 s.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
