// A map of what is rarely there behaves like a Map.
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { RareMap } from '../../shared/rare-map.ts';

const step = fc.oneof(
  fc.tuple(fc.constant('set' as const), fc.nat(5)),
  fc.tuple(fc.constant('delete' as const), fc.nat(5)),
  fc.tuple(fc.constant('clear' as const), fc.constant(0)),
);

test('a rare map shows what a Map shows, also while it is gone through', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const [rare, map] = [new RareMap<number, string>(), new Map<number, string>()];
      for (const [what, key] of steps) {
        const said = [rare, map].map((each) => {
          if (what === 'set') each.set(key, `v${key}`);
          else if (what === 'clear') each.clear();
          return what === 'delete' && each.delete(key);
        });
        expect(said[0]).toBe(said[1]);
        expect([rare.size, [...rare], [...rare.keys()], [...rare.values()]]).toEqual([
          map.size,
          [...map],
          [...map.keys()],
          [...map.values()],
        ]);
        expect([rare.has(key), rare.get(key)]).toEqual([map.has(key), map.get(key)]);
      }
      const seen = [rare, map].map((each) => {
        const keys: number[] = [];
        for (const [key] of each) {
          keys.push(key);
          each.delete(key);
          if (key < 9) each.set(9, 'late');
        }
        return keys;
      });
      expect(seen[0]).toEqual(seen[1]);
    }),
  );
});
