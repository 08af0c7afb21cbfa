// Reads from BRIDGE_LIMITS what principals may do in a minute and in a day: by name, and `*` for all that are not named. If anything in it is wrong,
// nothing of it counts.
import * as v from 'valibot';

import type { PrincipalLimits } from './core/limits.ts';
import { lossIn, variableText, type Problems } from './variable.ts';

export type Limits = ReadonlyMap<string, PrincipalLimits>;

/** Whom limits are for that has no entry of its own. */
const ALL_OTHERS = '*';

const COUNT = 'must be a whole number from 1 on';
const count = v.optional(v.pipe(v.number(COUNT), v.integer(COUNT), v.minValue(1, COUNT)));

/** The limits of one principal. */
export const PRINCIPAL_LIMITS = v.strictObject(
  {
    requests: count,
    openings: count,
    bytes: count,
    sessions: count,
    requestsPerDay: count,
    bytesPerDay: count,
  },
  'must be an object of "requests", "openings", "bytes", "sessions", "requestsPerDay" and "bytesPerDay", any of them',
);
const schema = v.record(v.string(), PRINCIPAL_LIMITS);

const EXAMPLE =
  '{"*": {"requests": 600, "openings": 30, "bytes": 10000000, "sessions": 20}}, with any of these members, each a number from 1 on';

export function readLimits(env: Record<string, unknown>, problems: Problems): Limits {
  const text = variableText(env, problems, 'BRIDGE_LIMITS');
  if (text === undefined || text === '') return new Map();
  const json = parse(text);
  const loss = json === undefined ? undefined : lossIn(text);
  const parsed = v.safeParse(schema, json);
  if (parsed.success && loss === undefined) return new Map(Object.entries(parsed.output));
  problems.push({
    what: `BRIDGE_LIMITS ${loss ?? 'is not valid'} and was ignored, so principals are not limited by it`,
    fix: `Set it to an object such as ${EXAMPLE}.`,
  });
  return new Map();
}

/** A JSON array passes as an object of indices otherwise. */
function parse(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json) ? undefined : json;
  } catch {
    return undefined;
  }
}

/** What a principal may do; its own entry stands in place of that for all others. */
export const limitsOf = (limits: Limits, principal: string): PrincipalLimits | undefined =>
  limits.get(principal) ?? limits.get(ALL_OTHERS);
