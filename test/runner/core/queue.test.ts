// The queue, beside an array; and what it lets go.
import { queryObjects } from 'node:v8';

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Queue } from '../../../runner/core/queue.ts';

/** What an array and a queue show over the same pushes and shifts. */
function replay(pushes: readonly boolean[]): { queue: unknown[]; array: unknown[] } {
  const queue = new Queue<number>();
  const array: number[] = [];
  const shown: { queue: unknown[]; array: unknown[] } = { queue: [], array: [] };
  for (const [step, isPush] of pushes.entries()) {
    if (isPush) {
      queue.push(step);
      array.push(step);
    } else {
      shown.queue.push(queue.shift());
      shown.array.push(array.shift());
    }
    shown.queue.push([queue.length, queue.first, queue.at(1)]);
    shown.array.push([array.length, array[0], array[1]]);
  }
  shown.queue.push([...queue]);
  shown.array.push(array);
  return shown;
}

test('a queue behaves like an array that is pushed and shifted', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 600 }), (pushes) => {
      const { queue, array } = replay(pushes);
      expect(queue).toEqual(array);
    }),
  );
});

test.each([1, 3, 63, 200])('[F-722] of %i items that were shifted, none is kept', (count) => {
  class Item extends Uint8Array {}
  const queue = new Queue<Item>();
  for (let n = 0; n < count; n++) queue.push(new Item());
  for (let n = 0; n < count - 1; n++) queue.shift();
  expect(queryObjects(Item, { format: 'count' })).toBe(1);
  queue.shift();
  expect(queryObjects(Item, { format: 'count' })).toBe(0);
  expect([queue.length, queue.first, queue.shift()]).toEqual([0, undefined, undefined]);
});
