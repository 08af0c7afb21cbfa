// The edge's settings, read once from its text variables. A broken variable becomes a problem that says what to set, and what
// it would have opened stays closed. Problems are shown publicly, so none quotes a variable's value or a name in it.
// One file above 300 lines: a variable, its check and its problem are read side by side.
import * as v from 'valibot';

import { ANONYMOUS_NAME, type Grants, type Principal } from './access/principal.ts';
import { RUNNER_NAME, SERVER_NAME } from '../shared/ids.ts';
import { membersOf, type Member } from '../shared/jsonrpc/members.ts';
import type { Problem } from '../shared/problem.ts';

/** `keys`: clients need a key. `none`: anyone who reaches the edge is served. */
export type ClientAuth = 'keys' | 'none';

export interface Settings {
  /** Which variable is wrong in what way, and what to set. They hold no values, so they may be shown to anyone. */
  readonly problems: readonly Problem[];
  /** Signs session ids and tickets. Absent: no session can be opened. */
  readonly secret?: string;
  readonly runners: Grants;
  readonly clients: Grants;
  readonly clientAuth: ClientAuth;
  /** Origins of browser pages that may call, as a browser spells them. */
  readonly origins: ReadonlySet<string>;
  /** Served hosts (`host` or `host:port`, lower case). `'any'` if unset, because a first deploy cannot know its workers.dev name. */
  readonly hosts: ReadonlySet<string> | 'any';
  /** SHA-256 digest of the key that opens `/metrics`. Absent: `/metrics` is closed. */
  readonly metricsKey?: string;
}

/** 32 characters of hex are 128 bits, the least that makes guessing a signature's key pointless. */
const SECRET_CHARACTERS = 32;

/** 32 random hex digits have fewer different ones once in a billion; a word or a repeated letter has few. */
const SECRET_KINDS = 6;

/** Two at a time allow a rotation without a gap; more would only hide keys that nobody withdrew. */
const KEYS_PER_NAME = 2;

/** Client names appear in session signatures and logs; `@` lets a mail address be one. */
const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/u;

const DIGEST = /^sha256:[0-9a-f]{64}$/iu;
const DIGEST_FORM = '"sha256:" and the 64 hex digits of the SHA-256 of the key';

type Problems = Problem[];

/**
 * Reads the settings from the environment's text variables; never throws.
 * Cheap enough to run once per isolate, too expensive for each request.
 */
export function readSettings(env: Record<string, unknown>): Settings {
  const problems: Problems = [];
  const secret = readSecret(env, problems);
  const clientAuth = readClientAuth(env, problems);
  const metricsKey = readMetricsKey(env, problems);
  const runners = readGrants(env, problems, {
    variable: 'BRIDGE_RUNNERS',
    member: 'token',
    name: RUNNER_NAME,
    needed: 'no runner can connect',
  });
  const clients = readGrants(env, problems, {
    variable: 'BRIDGE_CLIENTS',
    member: 'key',
    name: CLIENT_NAME,
    needed: clientAuth === 'keys' ? 'no client is let in' : undefined,
  });
  problems.push(...sharedSecrets({ runners, clients, metricsKey }));
  return {
    ...(secret !== undefined && { secret }),
    runners,
    clients,
    clientAuth,
    origins: readList(env, problems, 'BRIDGE_ORIGINS', isOrigin, ORIGIN_FORM) ?? new Set(),
    hosts: readList(env, problems, 'BRIDGE_HOSTS', isHost, HOST_FORM) ?? 'any',
    ...(metricsKey !== undefined && { metricsKey }),
    problems,
  };
}

/** A variable's text without surrounding white space (pasted values often end in a newline); undefined if unset or empty. */
function readText(
  env: Record<string, unknown>,
  problems: Problems,
  variable: string,
): string | undefined {
  const value = env[variable];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value.trim() || undefined;
  problems.push({
    what: `${variable} is not text`,
    fix: 'Set it as a plain variable or a secret.',
  });
  return '';
}

function readSecret(env: Record<string, unknown>, problems: Problems): string | undefined {
  const text = readText(env, problems, 'BRIDGE_SECRET');
  if (text === '') return undefined;
  const weakness = weaknessOf(text);
  if (weakness === undefined) return text;
  problems.push({
    what: `BRIDGE_SECRET is ${weakness}, so no session can be opened`,
    fix: `Set it to ${SECRET_CHARACTERS} or more random characters, for example from \`openssl rand -hex 32\`.`,
  });
  return undefined;
}

function weaknessOf(secret: string | undefined): string | undefined {
  if (secret === undefined) return 'not set';
  if (secret.length < SECRET_CHARACTERS) return 'too short';
  return new Set(secret).size < SECRET_KINDS ? 'too easy to guess' : undefined;
}

/** If one secret opens two things, anyone who has it for one can use the other. Only reported, since the settings work as they are. */
function sharedSecrets({
  runners,
  clients,
  metricsKey = '',
}: {
  readonly runners: Grants;
  readonly clients: Grants;
  readonly metricsKey: string | undefined;
}): Problem[] {
  const shared: Problem[] = [];
  const both = (first: string, second: string): void =>
    void shared.push({
      what: `${first} and ${second} contain the digest of the same secret, so anyone who knows it can use both`,
      fix: 'Give each its own.',
    });
  if ([...runners.keys()].some((digest) => clients.has(digest)))
    both('BRIDGE_RUNNERS', 'BRIDGE_CLIENTS');
  if (runners.has(metricsKey)) both('BRIDGE_METRICS_KEY', 'BRIDGE_RUNNERS');
  if (clients.has(metricsKey)) both('BRIDGE_METRICS_KEY', 'BRIDGE_CLIENTS');
  return shared;
}

function readClientAuth(env: Record<string, unknown>, problems: Problems): ClientAuth {
  const text = readText(env, problems, 'BRIDGE_CLIENT_AUTH');
  if (text === 'none') return 'none';
  if (text !== undefined && text !== '' && text !== 'keys')
    problems.push({
      what: 'BRIDGE_CLIENT_AUTH is neither "keys" nor "none", so keys are required',
      fix: 'Set it to one of the two.',
    });
  return 'keys';
}

function readMetricsKey(env: Record<string, unknown>, problems: Problems): string | undefined {
  const text = readText(env, problems, 'BRIDGE_METRICS_KEY');
  if (text === undefined || text === '') return undefined;
  if (DIGEST.test(text)) return digestOf(text);
  problems.push({
    what: 'BRIDGE_METRICS_KEY is not a digest, so /metrics stays closed',
    fix: `Set it to ${DIGEST_FORM}.`,
  });
  return undefined;
}

const digestOf = (text: string): string => text.slice('sha256:'.length).toLowerCase();

interface GrantsVariable {
  readonly variable: string;
  readonly member: 'token' | 'key';
  readonly name: RegExp;
  /** What does not work while the variable is unset; undefined if that is fine. */
  readonly needed: string | undefined;
}

/** Every message is ours: the library's own would quote what it received. */
function grantsSchema({ member, name }: GrantsVariable) {
  const keys = v.pipe(
    v.unknown(),
    v.transform((value): unknown[] => (Array.isArray(value) ? value : [value])),
    v.array(
      v.pipe(
        v.string(`"${member}" must be ${DIGEST_FORM}`),
        v.regex(DIGEST, `"${member}" must be ${DIGEST_FORM}`),
        v.transform(digestOf),
      ),
    ),
    v.minLength(1, `"${member}" must contain one or two digests`),
    v.maxLength(KEYS_PER_NAME, `"${member}" must contain one or two digests`),
  );
  const serversForm = '"servers" must be ["*"] or a list of server names';
  const servers = v.pipe(
    v.array(
      v.pipe(
        v.string(serversForm),
        v.check((text) => text === '*' || SERVER_NAME.test(text), serversForm),
      ),
      serversForm,
    ),
    v.minLength(1, serversForm),
  );
  const grant = v.strictObject(
    { [member]: keys, servers },
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

function readGrants(
  env: Record<string, unknown>,
  problems: Problems,
  variable: GrantsVariable,
): Grants {
  const text = readText(env, problems, variable.variable);
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
      grants.set(digest, { name, servers });
    }
  }
  return grants;
}

const ORIGIN_FORM = 'origins as browsers send them, such as https://app.example, without a path';
const HOST_FORM = 'hosts such as bridge.example or 127.0.0.1:8787, without a scheme or a path';

/**
 * A comma-separated allow-list. Wrong entries are left out and reported, which only narrows it; set but wholly wrong
 * is an empty list, not an absent one.
 */
function readList(
  env: Record<string, unknown>,
  problems: Problems,
  variable: string,
  isEntry: (text: string) => boolean,
  form: string,
): ReadonlySet<string> | undefined {
  const text = readText(env, problems, variable);
  if (text === undefined) return undefined;
  const entries = new Set<string>();
  for (const [index, entry] of text.split(',').entries()) {
    const written = entry.trim().toLowerCase();
    if (written === '') continue;
    if (isEntry(written)) entries.add(written);
    else
      problems.push({
        what: `${variable}, entry ${index + 1}: not valid, so it is ignored`,
        fix: `List ${form}.`,
      });
  }
  return entries;
}

/** `scheme://host[:port]`; for http(s) in the one spelling a browser sends: no path, no default port, no user. */
function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\\\s*]+$/u.test(text) || !URL.canParse(text)) return false;
  const { origin, protocol } = new URL(text);
  // Pages of editors and browser extensions have schemes for which URL knows no origin.
  return protocol === 'http:' || protocol === 'https:' ? origin === text : protocol !== 'file:';
}

function isHost(text: string): boolean {
  return URL.canParse(`https://${text}`) && new URL(`https://${text}`).host === text;
}
