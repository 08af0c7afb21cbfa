// Records in which every name counts: the schema library leaves out some, by which objects could be spoiled where they are made with less
// care, without a word. Here a variable may be called so.
import type * as v from 'valibot';
import { isObject } from '../../shared/json-value.ts';

/** Left out by `v.record`. */
const LEFT_OUT = ['__proto__', 'constructor', 'prototype'] as const;

type Value = v.BaseSchema<unknown, string | object, v.BaseIssue<unknown>>;
type Key = v.BaseSchema<string, string, v.BaseIssue<unknown>>;

/** `schema`, a record, which reads all names. They are its own in the output. */
export function withAnyName<
  K extends Key,
  V extends Value,
  M extends v.ErrorMessage<v.RecordIssue>,
>(schema: v.RecordSchema<K, V, M>): v.RecordSchema<K, V, M> {
  return {
    ...schema,
    '~run'(dataset, config) {
      const input = dataset.value;
      const read = schema['~run'](dataset, config);
      if (!isObject(input) || !isObject(read.value)) return read;
      const issues: v.BaseIssue<unknown>[] = [...(read.issues ?? [])];
      for (const key of LEFT_OUT) {
        if (!Object.hasOwn(input, key)) continue;
        const value = input[key];
        const entry = schema.value['~run']({ value }, config);
        for (const issue of entry.issues ?? []) {
          const item = { type: 'object' as const, origin: 'value' as const, input, key, value };
          issues.push({ ...issue, path: [item, ...(issue.path ?? [])] });
        }
        Object.defineProperty(read.value, key, {
          value: entry.value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      const [first, ...more] = issues;
      return first === undefined ? read : { ...read, typed: false, issues: [first, ...more] };
    },
  };
}
