// The ids of a session's posts: none that was taken is ever new again, whatever came between.
import { describe, expect, test } from 'vitest';
import { PostIds } from '../../../runner/core/post-ids.ts';
import { POST_TABLE_IDS } from '../../../shared/link/sizes.ts';
import { postId, postTime, STREAM_ID } from '../../../shared/ids.ts';
import { excessOf } from '../../fixtures/growth.ts';

const TABLE_IDS = 64;

/** Ids of a worker whose clock shows `from`, one a millisecond. */
const timed = (count: number, from = 1_790_000_000_000): string[] =>
  Array.from({ length: count }, (_, index) => postId(from + index, `unique${index}`));

const untimed = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `p${index}`);

function filled(ids: readonly string[], tableIds: number | undefined = TABLE_IDS): PostIds {
  const known = new PostIds(tableIds);
  for (const id of ids) known.add(id);
  return known;
}

describe('[F-160] [R-2] [LP12] a post that comes again', () => {
  test.each([
    ['10', 10],
    ['1,000', 1_000],
    ['20,000', 20_000],
    ['100,000', 100_000],
  ])('after %s others is known, with the sizes of production', (_title, count) => {
    const ids = timed(count);
    const known = filled(ids, POST_TABLE_IDS);
    expect(ids.filter((id) => known.knows(id) !== 'seen')).toEqual([]);
    expect(known.knows(postId(1_790_001_000_000, 'another'))).toBe('new');
  });

  test.each([
    ['times', timed],
    ['ids that say no time', untimed],
  ])('is never new, however many came between (%s)', (_title, make) => {
    const ids = make(5_000);
    const known = new PostIds(TABLE_IDS);
    for (const [index, id] of ids.entries()) {
      known.add(id);
      const again = ids[(index * 7919) % (index + 1)] ?? '';
      expect(known.knows(again)).not.toBe('new');
    }
  });

  test('is forgotten, not new, once it is older than all that is remembered', () => {
    const ids = timed(1_000);
    const known = filled(ids);
    expect(known.knows(ids[0] ?? '')).toBe('forgotten');
    expect(known.knows(ids[999] ?? '')).toBe('seen');
  });
});

describe('a post that is new', () => {
  test('is new while nothing was let go, even from a clock that is a day behind', () => {
    const known = filled(timed(100));
    expect(known.knows(postId(1_789_900_000_000, 'late'))).toBe('new');
    expect(known.knows('no-time')).toBe('new');
  });

  test('of a worker whose clock is a little behind is new although much was let go', () => {
    const known = filled(timed(10_000), 4_096);
    expect(known.knows(postId(1_790_000_000_000 + 9_000, 'behind'))).toBe('new');
  });

  test('cannot be told from a forgotten one without a time', () => {
    const known = filled(untimed(1_000));
    expect(known.knows('p-new')).toBe('forgotten');
    expect(known.knows(postId(1, 'new'))).toBe('new');
  });
});

describe('the id of a post', () => {
  test.each([0, 1, 1_790_000_000_000, 99_999_999_999_999])('tells its time (%i)', (now) => {
    const id = postId(now, 'V1StGXR8_Z5jdHi6');
    expect(id).toMatch(STREAM_ID);
    expect(postTime(id)).toBe(now);
  });

  test.each(['V1StGXR8_Z5jdHi6B-myT', 'get', 'sse', ''])('says no time: %j', (id) => {
    expect(postTime(id)).toBeUndefined();
  });
});

test('[F-380] a post costs the same however many ids are kept', () => {
  const work = (tableIds: number): void => {
    filled(timed(4 * tableIds), tableIds);
  };
  expect(excessOf(work, 4_000)).toBeUndefined();
});
