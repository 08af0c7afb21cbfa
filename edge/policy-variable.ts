// Reads a policy from its JSON text: that of BRIDGE_POLICY, and the one that the operator's API takes. If anything in it is wrong,
// nothing of it counts.
import * as v from 'valibot';

import { PRINCIPAL_LIMITS } from './limits-variable.ts';
import { OperatorPolicy } from './core/policy.ts';
import type { PolicyText, ServerPolicyText } from './core/policy-text.ts';
import { lossIn, variableText, type Problems } from './variable.ts';
import { SERVER_NAME } from '../shared/ids.ts';

/** Bytes of a policy's text. */
export const POLICY_BYTES = 64 * 1024;

/** What is wrong with a policy: where (`servers` and scopes by name, rules by number), and what. */
export interface PolicyMistake {
  readonly at: readonly (string | number)[];
  readonly message: string;
}

export type ReadPolicy =
  | { readonly ok: true; readonly policy: OperatorPolicy }
  | { readonly ok: false; readonly mistakes: readonly PolicyMistake[] };

/** A scope in a challenge, on a page and in a token (RFC 6749 §3.3), without what would need quoting. */
const SCOPE = /^[A-Za-z][A-Za-z0-9._:/-]{0,63}$/u;

const WHO = /^(?:\*|(?:person|group|app|key):.+)$/su;

const MOST = { names: 500, characters: 512, rules: 200, servers: 200, scopes: 50 };

const NAMES_FORM = `must be a list of at most ${MOST.names} names, in which * stands for any text`;

const names = v.optional(
  v.pipe(
    v.array(v.pipe(v.string(NAMES_FORM), v.maxLength(MOST.characters, NAMES_FORM)), NAMES_FORM),
    v.maxLength(MOST.names, NAMES_FORM),
  ),
);

const SCOPE_FORM =
  'must name scopes: 1 to 64 letters, digits and . _ : / -, beginning with a letter';
const scopeName = v.pipe(v.string(SCOPE_FORM), v.regex(SCOPE, SCOPE_FORM));
const scopeNames = v.optional(v.array(scopeName, SCOPE_FORM));

const WORDS_FORM = 'must be a text of at most 200 characters';

const scope = v.strictObject(
  {
    tools: names,
    methods: names,
    implies: scopeNames,
    words: v.optional(v.pipe(v.string(WORDS_FORM), v.maxLength(200, WORDS_FORM))),
  },
  'must be an object that may have "tools", "methods", "implies" and "words", and nothing else',
);

const WHO_FORM =
  'must be a list of "*", "person:<id>", "group:<name>", "app:<client id>" or "key:<name>", at least one of them';

const rule = v.strictObject(
  {
    who: v.pipe(
      v.array(
        v.pipe(v.string(WHO_FORM), v.regex(WHO, WHO_FORM), v.maxLength(MOST.characters, WHO_FORM)),
        WHO_FORM,
      ),
      v.minLength(1, WHO_FORM),
      v.maxLength(MOST.names, WHO_FORM),
    ),
    scopes: scopeNames,
    tools: names,
    methods: names,
    deny: v.optional(
      v.union(
        [v.literal('all'), v.strictObject({ tools: names, methods: names })],
        'must be "all", or an object of "tools" and "methods" and nothing else',
      ),
    ),
    limits: v.optional(PRINCIPAL_LIMITS),
  },
  'must be an object of "who" and, as needed, "scopes", "tools", "methods", "deny" and "limits", and nothing else',
);

const server = v.strictObject(
  {
    scopes: v.optional(
      v.pipe(
        v.record(scopeName, scope, 'must be an object of scopes'),
        v.maxEntries(MOST.scopes, `must be at most ${MOST.scopes} scopes`),
      ),
    ),
    ask: scopeNames,
    rules: v.optional(
      v.pipe(
        v.array(rule, 'must be a list of rules'),
        v.maxLength(MOST.rules, `must be at most ${MOST.rules} rules`),
      ),
    ),
  },
  'must be an object that may have "scopes", "ask" and "rules", and nothing else',
);

const SERVER_FORM = 'must be named as a server is, or "*" for all that are not named';

const schema = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.check((name) => name === '*' || SERVER_NAME.test(name), SERVER_FORM),
    ),
    server,
    'must be an object of servers',
  ),
  v.maxEntries(MOST.servers, `must be at most ${MOST.servers} servers`),
);

/** Reads the text of a policy. */
export function readPolicy(text: string): ReadPolicy {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > POLICY_BYTES) return wrong(`must have at most ${POLICY_BYTES} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return wrong('is not valid JSON');
  }
  const loss = lossIn(text);
  if (loss !== undefined) return wrong(loss);
  // A JSON array passes as an object of indices otherwise.
  const parsed = v.safeParse(schema, Array.isArray(json) ? undefined : json);
  if (!parsed.success) return { ok: false, mistakes: parsed.issues.map(mistakeOf) };
  const policy: PolicyText = parsed.output;
  const unknown = Object.entries(policy).flatMap(([name, each]) => unknownScopes(name, each));
  return unknown.length > 0
    ? { ok: false, mistakes: unknown }
    : { ok: true, policy: new OperatorPolicy(policy) };
}

/** The text of the policy that the access actor keeps was read when it was set; empty: none. `unreadable`: nobody knows what it was to forbid. */
export function readKeptPolicy(text: string): OperatorPolicy | 'unreadable' | undefined {
  if (text === '') return undefined;
  const read = readPolicy(text);
  return read.ok ? read.policy : 'unreadable';
}

/** {@link readKeptPolicy}, for the ends that a change of it has: one that cannot be read shuts out nobody. */
export function keptPolicy(text: string): OperatorPolicy | undefined {
  const policy = readKeptPolicy(text);
  return policy === 'unreadable' ? undefined : policy;
}

const wrong = (message: string): ReadPolicy => ({ ok: false, mistakes: [{ at: [], message }] });

function mistakeOf(issue: v.BaseIssue<unknown>): PolicyMistake {
  const at = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
  return { at, message: issue.message };
}

/** Scopes that are used and not there: the one who wrote them meant something that would not happen. */
function unknownScopes(
  name: string,
  { scopes = {}, ask = [], rules = [] }: ServerPolicyText,
): PolicyMistake[] {
  const used = [
    ...Object.entries(scopes).map(([scope, { implies = [] }]) => ({
      at: [name, 'scopes', scope, 'implies'],
      names: implies,
    })),
    { at: [name, 'ask'], names: ask },
    ...rules.map((each, at) => ({ at: [name, 'rules', at, 'scopes'], names: each.scopes ?? [] })),
  ];
  return used
    .filter(({ names }) => names.some((scope) => !Object.hasOwn(scopes, scope)))
    .map(({ at }) => ({ at, message: 'names a scope that is not in "scopes" of this server' }));
}

/** The policy of the settings; `broken`: nothing may be served, as nobody knows what it was to forbid. */
export function readPolicyVariable(
  env: Record<string, unknown>,
  problems: Problems,
): OperatorPolicy | 'broken' | undefined {
  const text = variableText(env, problems, 'BRIDGE_POLICY');
  if (text === undefined) return undefined;
  const read = readPolicy(text);
  if (read.ok) return read.policy;
  for (const mistake of read.mistakes)
    problems.push({
      what: `BRIDGE_POLICY${publicPlace(mistake)} ${mistake.message}, so nothing is served`,
      fix: 'Correct it, or leave it out. `mcp-bridge policy check <file>` shows the place.',
    });
  return 'broken';
}

/** Problems are shown to anybody, so names of servers and scopes are left out. */
function publicPlace({ at }: PolicyMistake): string {
  const shown = at.flatMap((key, depth) =>
    depth === 0 || at[depth - 1] === 'scopes' ? [] : [typeof key === 'number' ? key + 1 : key],
  );
  return shown.length === 0 ? '' : `, at ${shown.join(' ')},`;
}
