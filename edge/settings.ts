// The edge's settings, read once from its text variables. A broken variable becomes a problem that says what to set, and what
// it would have opened stays closed. Problems are shown publicly, so none quotes a variable's value or a name in it.
import { LetInBySettings } from './access/let-in.ts';
import { PERSON_NAME, type Grants } from './access/principal.ts';
import { PERSON_ID, RUNNER_NAME } from '../shared/ids.ts';
import type { FleetTerms } from './core/fleet-effects.ts';
import type { OperatorPolicy } from './core/policy.ts';
import { RECORD_LEVELS, type RecordLevel } from './core/record.ts';
import { limitsOf, readLimits, type Limits } from './limits-variable.ts';
import { readGrants } from './grants-variable.ts';
import { readPolicyVariable } from './policy-variable.ts';
import { readTraces, type TraceSettings } from './trace-settings.ts';
import { readOwnUrl, readSignIn, type SignInSettings } from './sign-in-settings.ts';
import { DIGEST, DIGEST_FORM, digestOf, variableText, type Problems } from './variable.ts';
import type { Problem } from '../shared/problem.ts';

/** `keys`: clients need a key. `none`: anyone who reaches the edge is served; only at hosts that are listed. */
export type ClientAuth = 'keys' | 'none';

export interface Settings extends SignInSettings {
  /** Which variable is wrong in what way, and what to set. They hold no values, so they may be shown to anyone. */
  readonly problems: readonly Problem[];
  /** Signs session ids and tickets. Absent: no session can be opened. */
  readonly secret?: string;
  /** What it signed before it was replaced goes on to count. */
  readonly secretBefore?: string;
  readonly runners: Grants;
  readonly clients: Grants;
  readonly clientAuth: ClientAuth;
  /** Origins of browser pages that may call, as a browser spells them. */
  readonly origins: ReadonlySet<string>;
  /** Served hosts (`host` or `host:port`, lower case). If unset, that of BRIDGE_URL; `'any'` without one, because a first deploy cannot know its workers.dev name. */
  readonly hosts: ReadonlySet<string> | 'any';
  /** SHA-256 digest of the key that opens `/metrics`. Absent: `/metrics` is closed. */
  readonly metricsKey?: string;
  readonly record: RecordLevel;
  /** Absent: nothing is traced. */
  readonly traces?: TraceSettings;
  readonly limits: Limits;
  /** See `readPolicyVariable`. */
  readonly policy?: OperatorPolicy | 'broken';
  /** One of the variables that let clients in is wrong: nobody knows whom it was to let in. */
  readonly isLettingInBroken?: true;
}

/** What the fleet must know of the settings: whether sessions can be opened, whether principals can be told apart (no quota without), and who is let in. */
export const fleetTerms = (settings: Settings): FleetTerms => {
  const { secret, clientAuth, limits, policy, isLettingInBroken } = settings;
  return {
    isConfigured: secret !== undefined,
    hasQuotas: clientAuth === 'keys',
    ...(policy !== undefined && { policy }),
    ...(isLettingInBroken !== true && { letIn: new LetInBySettings(settings) }),
    sessionsOf: (principal: string) => limitsOf(limits, principal)?.sessions,
  };
};

/** 32 characters of hex are 128 bits, the least that makes guessing a signature's key pointless. */
const SECRET_CHARACTERS = 32;

/** 32 random hex digits have fewer different ones once in a billion; a word or a repeated letter has few. */
const SECRET_KINDS = 6;

/**
 * Reads the settings from the environment's text variables; never throws.
 * Cheap enough to run once per isolate, too expensive for each request.
 */
export function readSettings(env: Record<string, unknown>): Settings {
  const problems: Problems = [];
  const secret = readSecret(env, problems);
  const secretBefore = readSecretBefore(env, problems);
  const lettingIn: Problems = [];
  const url = readOwnUrl(env, lettingIn);
  const hosts = readList(env, problems, 'BRIDGE_HOSTS', isHost, HOST_FORM) ?? hostsOf(url) ?? 'any';
  const clientAuth = readClientAuth(env, lettingIn, hosts);
  const signingIn = readSignIn(env, lettingIn, { url, clientAuth });
  const metricsKey = readMetricsKey(env, problems);
  const hasOwner = (signingIn.signIn?.ownerKeys.size ?? 0) > 0;
  const runners = readGrants(env, problems, {
    variable: 'BRIDGE_RUNNERS',
    member: 'token',
    name: RUNNER_NAME,
    // With an owner, machines join and clients get keys without a setting.
    needed: hasOwner ? undefined : 'no runner can connect',
  });
  // That nobody has a key is said, and is no mistake in who has one.
  const hasKeys = variableText(env, [], 'BRIDGE_CLIENTS') !== undefined;
  const keyHolders = readGrants(env, hasKeys ? lettingIn : problems, {
    variable: 'BRIDGE_CLIENTS',
    member: 'key',
    name: PERSON_ID,
    needed: clientAuth === 'keys' && !signingIn.signIn ? 'no client is let in' : undefined,
  });
  const clients = signingIn.signIn ? withoutPeople(keyHolders, lettingIn) : keyHolders;
  problems.push(...lettingIn);
  const policy = readPolicyVariable(env, problems);
  const traces = readTraces(env, problems);
  problems.push(
    ...sharedSecrets({
      runners,
      clients,
      metricsKey,
      owner: signingIn.signIn?.ownerKeys ?? new Set(),
    }),
  );
  return {
    ...signingIn,
    ...(secret !== undefined && { secret }),
    ...(secretBefore !== undefined && { secretBefore }),
    runners,
    clients,
    clientAuth,
    origins: readList(env, problems, 'BRIDGE_ORIGINS', isOrigin, ORIGIN_FORM) ?? new Set(),
    hosts,
    ...(metricsKey !== undefined && { metricsKey }),
    record: readRecord(env, problems),
    limits: readLimits(env, problems),
    ...(policy !== undefined && { policy }),
    ...(traces && { traces }),
    ...(lettingIn.length > 0 && { isLettingInBroken: true }),
    problems,
  };
}

/** A key under a person's name would share that person's sessions. */
function withoutPeople(clients: Grants, problems: Problems): Grants {
  if (![...clients.values()].some(({ name }) => PERSON_NAME.test(name))) return clients;
  problems.push({
    what: 'BRIDGE_CLIENTS has the name of a person that signs in ("owner", or "p-" and 22 characters), so the whole variable is ignored',
    fix: 'Give that client another name.',
  });
  return new Map();
}

const hostsOf = (url: string | undefined): ReadonlySet<string> | undefined =>
  url === undefined ? undefined : new Set([new URL(url).host]);

function readSecret(env: Record<string, unknown>, problems: Problems): string | undefined {
  const text = variableText(env, problems, 'BRIDGE_SECRET');
  if (text === '') return undefined;
  const weakness = weaknessOf(text);
  if (weakness === undefined) return text;
  problems.push({
    what: `BRIDGE_SECRET is ${weakness}, so no session can be opened`,
    fix: `Set it to ${SECRET_CHARACTERS} or more random characters, for example from \`openssl rand -hex 32\`.`,
  });
  return undefined;
}

/** The secret before: set while sessions that it signed are to go on. */
function readSecretBefore(env: Record<string, unknown>, problems: Problems): string | undefined {
  const text = variableText(env, problems, 'BRIDGE_SECRET_BEFORE');
  if (text === undefined || text === '') return undefined;
  const weakness = weaknessOf(text);
  if (weakness === undefined) return text;
  problems.push({
    what: `BRIDGE_SECRET_BEFORE is ${weakness}, so it is ignored`,
    fix: 'Set it to what BRIDGE_SECRET was, or remove it.',
  });
  return undefined;
}

/** The secrets whose signatures count, the one that signs first. */
export const secretsOf = ({ secret, secretBefore }: Settings): readonly string[] =>
  [secret, secretBefore].filter((each) => each !== undefined);

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
  owner,
}: {
  readonly owner: ReadonlySet<string>;
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
  for (const digest of owner) {
    if (runners.has(digest)) both('BRIDGE_OWNER', 'BRIDGE_RUNNERS');
    if (clients.has(digest)) both('BRIDGE_OWNER', 'BRIDGE_CLIENTS');
    if (digest === metricsKey) both('BRIDGE_OWNER', 'BRIDGE_METRICS_KEY');
  }
  return shared;
}

/** Without keys, the Host is all that keeps a web page out that has its own name resolved to this edge (DNS rebinding). */
function readClientAuth(
  env: Record<string, unknown>,
  problems: Problems,
  hosts: Settings['hosts'],
): ClientAuth {
  const text = variableText(env, problems, 'BRIDGE_CLIENT_AUTH');
  if (text === 'none') {
    if (hosts !== 'any') return 'none';
    problems.push({
      what: 'BRIDGE_CLIENT_AUTH is "none" and BRIDGE_HOSTS is not set, so any web page could use this edge, and keys are required',
      fix: 'Set BRIDGE_HOSTS to the host names of this edge, or give clients keys.',
    });
    return 'keys';
  }
  if (text !== undefined && text !== '' && text !== 'keys')
    problems.push({
      what: 'BRIDGE_CLIENT_AUTH is neither "keys" nor "none", so keys are required',
      fix: 'Set it to one of the two.',
    });
  return 'keys';
}

function readMetricsKey(env: Record<string, unknown>, problems: Problems): string | undefined {
  const text = variableText(env, problems, 'BRIDGE_METRICS_KEY');
  if (text === undefined || text === '') return undefined;
  if (DIGEST.test(text)) return digestOf(text);
  problems.push({
    what: 'BRIDGE_METRICS_KEY is not a digest, so /metrics stays closed',
    fix: `Set it to ${DIGEST_FORM}.`,
  });
  return undefined;
}

function readRecord(env: Record<string, unknown>, problems: Problems): RecordLevel {
  const text = variableText(env, problems, 'BRIDGE_RECORD');
  if (text === undefined || text === '') return 'all';
  const level = RECORD_LEVELS.find((level) => level === text);
  if (level === undefined)
    problems.push({
      what: 'BRIDGE_RECORD is neither "all", "events" nor "off", so everything is recorded',
      fix: 'Set it to one of the three.',
    });
  return level ?? 'all';
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
  const text = variableText(env, problems, variable);
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
