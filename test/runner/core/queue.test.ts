import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Queue } from '../../../runner/core/queue.ts';

test('a queue behaves like an array that is pushed and shifted', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 600 }), (pushes) => {
      const queue = new Queue<number>();
      const model: number[] = [];
      for (const [step, isPush] of pushes.entries()) {
        if (isPush) {
          queue.push(step);
          model.push(step);
        } else expect(queue.shift()).toBe(model.shift());
        expect([queue.length, queue.first, queue.at(1)]).toEqual([
          model.length,
          model[0],
          model[1],
        ]);
      }
      expect([...queue]).toEqual(model);
    }),
  );
});
