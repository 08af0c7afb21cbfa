// Small helpers for parsed JSON.
import { isObject, type JsonObject } from '../../shared/json-value.ts';

/** The value at `path`, through own members of objects only. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let inner = value;
  for (const key of path) {
    inner = isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined;
  }
  return inner;
}

/** A text that is equal for equal values, whatever the order of their members. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(',')}}`;
}

/** The object without some of its members. */
export function without(value: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

/** The object without the members that are null, including those of its own objects, down to `depth` levels. */
export function withoutNulls(value: JsonObject, depth = 2): JsonObject {
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  if (depth === 1) return Object.fromEntries(entries);
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, isObject(inner) ? withoutNulls(inner, depth - 1) : inner]),
  );
}
