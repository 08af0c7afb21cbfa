// Reads who may connect from BRIDGE_RUNNERS and BRIDGE_CLIENTS: names, digests of tokens or keys, public keys, and servers. If anything in one of
// them is wrong, nothing of it counts.
import * as v from 'valibot';

import { ANONYMOUS_NAME, type Grants, type Principal } from './access/principal.ts';
import { DIGEST, DIGEST_FORM, digestOf, lossIn, variableText, type Problems } from './variable.ts';
import { serversMember } from './servers-member.ts';
import {
  isRunnerPublicKey,
  RUNNER_PUBLIC_KEY_FORM as PUBLIC_KEY_FORM,
} from '../shared/link/assertion.ts';
import { membersOf, type Member } from '../shared/jsonrpc/members.ts';

/** Two at a time allow a rotation without a gap; more would only hide keys that nobody withdrew. */
const KEYS_PER_NAME = 2;

export interface GrantsVariable {
  readonly variable: string;
  readonly member: 'token' | 'key';
  readonly name: RegExp;
  /** What does not work while the variable is unset; undefined if that is fine. */
  readonly needed: string | undefined;
}

/** Every message is ours: the library's own would quote what it received. */
function grantsSchema({ member, name }: GrantsVariable) {
  const form = `"${member}" must be ${member === 'token' ? `${DIGEST_FORM}, or ${PUBLIC_KEY_FORM}` : DIGEST_FORM}`;
  const isKnown = (text: string): boolean =>
    DIGEST.test(text) || (member === 'token' && isRunnerPublicKey(text));
  const count = `"${member}" must contain one or two of them`;
  const keys = v.pipe(
    v.unknown(),
    v.transform((value): unknown[] => (Array.isArray(value) ? value : [value])),
    v.array(
      v.pipe(
        v.string(form),
        v.check(isKnown, form),
        v.transform((text) => (isRunnerPublicKey(text) ? text : digestOf(text))),
      ),
    ),
    v.minLength(1, count),
    v.maxLength(KEYS_PER_NAME, count),
  );
  const grant = v.strictObject(
    { [member]: keys, servers: serversMember },
    `must be an object of "${member}" and "servers" and nothing else`,
  );
  return v.record(
    v.pipe(
      v.string(),
      v.regex(name, 'has a name with characters that are not allowed'),
      v.check(
        (text) => member !== 'key' || text !== ANONYMOUS_NAME,
        'has the name of clients without a key; give it another name',
      ),
    ),
    grant,
    'must be a JSON object',
  );
}

export function readGrants(
  env: Record<string, unknown>,
  problems: Problems,
  variable: GrantsVariable,
): Grants {
  const text = variableText(env, problems, variable.variable);
  const example = `{"<name>": {"${variable.member}": "sha256:<64 hex digits>", "servers": ["*"]}}`;
  if (text === undefined && variable.needed !== undefined)
    problems.push({
      what: `${variable.variable} is not set, so ${variable.needed}`,
      fix: `Set it to ${example}.`,
    });
  if (text === undefined || text === '') return new Map();

  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    problems.push({
      what: `${variable.variable} is not valid JSON and was ignored`,
      fix: `Set it to ${example}.`,
    });
    return new Map();
  }
  const repeated = repeatedEntry(text);
  if (repeated !== undefined) {
    problems.push({
      what: `${variable.variable}, entry ${repeated}: its name or one of its members appears twice, so the whole variable is ignored`,
      fix: 'Remove one of the two: the first would be lost.',
    });
    return new Map();
  }
  const loss = lossIn(text);
  if (loss !== undefined) {
    problems.push({
      what: `${variable.variable} ${loss}, so the whole variable is ignored`,
      fix: `Set it to ${example}.`,
    });
    return new Map();
  }
  // A JSON array passes as an object of indices otherwise.
  const parsed = v.safeParse(grantsSchema(variable), Array.isArray(json) ? undefined : json);
  if (!parsed.success) {
    for (const issue of parsed.issues)
      problems.push({
        what: `${variable.variable}${place(issue)} ${issue.message}`,
        fix: 'Correct it; until then the whole variable is ignored.',
      });
    return new Map();
  }
  return byDigest(parsed.output, variable, problems);
}

/** The place, from 1, of the first entry with a repeated name or a repeated member. `text` is JSON. */
function repeatedEntry(text: string): number | undefined {
  const bytes = new TextEncoder().encode(text);
  const at = [...membersOf(bytes)].findIndex((entry, index, entries) => {
    const members = [...membersOf(bytes, entry.value)];
    return [members, entries.slice(0, index + 1)].some(hasRepeated);
  });
  return at < 0 ? undefined : at + 1;
}

const hasRepeated = (members: readonly Member[]): boolean =>
  new Set(members.map(({ key }) => key)).size < members.length;

/** `, entry 2:`, counted from 1, so that no name is shown. */
function place(issue: v.BaseIssue<unknown>): string {
  const entry = issue.path?.[0];
  if (entry === undefined) return '';
  return `, entry ${Object.keys(Object(entry.input)).indexOf(String(entry.key)) + 1}:`;
}

function byDigest(
  entries: Record<string, Record<string, string[]>>,
  { variable, member }: GrantsVariable,
  problems: Problems,
): Grants {
  const grants = new Map<string, Principal>();
  for (const [name, entry] of Object.entries(entries)) {
    const names = entry['servers'] ?? [];
    const servers = names.includes('*') ? '*' : new Set(names);
    for (const digest of new Set(entry[member])) {
      if (grants.has(digest)) {
        problems.push({
          what: `${variable}: two entries have the same "${member}" and cannot be told apart, so the whole variable is ignored`,
          fix: 'Give each its own.',
        });
        return new Map();
      }
      grants.set(digest, { name, servers, ...(member === 'key' && { key: digest }) });
    }
  }
  return grants;
}
