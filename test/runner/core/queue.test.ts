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
