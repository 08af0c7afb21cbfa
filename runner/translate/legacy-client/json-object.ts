// The one shape of parsed JSON that the translation looks into.

export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object: no array, no null. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
