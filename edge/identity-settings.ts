// Reads who signs people in beside the owner's key: the operator's identity provider (BRIDGE_IDP), and issuers whose access tokens count
// here (BRIDGE_ISSUERS). If anything in one of them is wrong, nothing of it counts.
import * as v from 'valibot';

import { DOMAIN, type AllowEntry } from './access/allow-list.ts';
import type { ClaimTerms } from './access/claims.ts';
import { LOOPBACK_HOST, lossIn, variableText, type Problems } from './variable.ts';
import { serversMember } from './servers-member.ts';

/** Somebody whose word on people counts. */
interface Issuer extends ClaimTerms {
  /** Byte for byte as the issuer writes it, also a slash at the end. */
  readonly issuer: string;
  readonly allow: readonly AllowEntry[];
}

/** Where people sign in (OpenID Connect). */
export interface IdentityProvider extends Issuer {
  /** This edge as an app of the provider. */
  readonly client: string;
  readonly secret: string;
  /** Asked for at the provider, separated by spaces. */
  readonly scope: string;
}

/** Whose access tokens open servers of this edge. */
export interface TrustedIssuer extends Issuer {
  /** What `aud` has for all of this edge; undefined: the URL of the server. */
  readonly audience: string | undefined;
  /** Where its keys are; undefined: its metadata says. */
  readonly jwks: string | undefined;
}

const ISSUERS = 10;
const ENTRIES = 500;
const CHARACTERS = 1_000;

const DEFAULT_SCOPE = 'openid email profile';
const DEFAULT_GROUPS = 'groups';

const text = (member: string) => {
  const form = `"${member}" must be a text of 1 to ${CHARACTERS} characters`;
  return v.pipe(v.string(form), v.minLength(1, form), v.maxLength(CHARACTERS, form));
};

const flag = (member: string) => v.boolean(`"${member}" must be true or false`);

/** True for what may be asked: https, and http on this machine, without a query. */
export const isProviderUrl = (url: string): boolean => {
  const parsed = URL.parse(url);
  if (!parsed || /[?#\s\\]/u.test(url) || parsed.search !== '') return false;
  return (
    parsed.protocol === 'https:' || (parsed.protocol === 'http:' && LOOPBACK_HOST.test(parsed.host))
  );
};

const address = (member: string) => {
  const form = `"${member}" must be an https URL without a query`;
  return v.pipe(text(member), v.check(isProviderUrl, form));
};

const servers = v.pipe(
  serversMember,
  v.transform((names): ReadonlySet<string> | '*' => (names.includes('*') ? '*' : new Set(names))),
);

const SCOPES_FORM = '"scopes" must be a list of scopes';
const EMAIL_FORM = '"email" must be a mail address';
const DOMAIN_FORM =
  '"domain" must be the part of mail addresses behind the @, such as corp.example';

const entry = v.pipe(
  v.strictObject(
    {
      email: v.optional(
        v.pipe(text('email'), v.toLowerCase(), v.regex(/^[!-?A-~]+@[!-?A-~]+$/u, EMAIL_FORM)),
      ),
      domain: v.optional(v.pipe(text('domain'), v.toLowerCase(), v.regex(DOMAIN, DOMAIN_FORM))),
      group: v.optional(text('group')),
      subject: v.optional(text('subject')),
      everyone: v.optional(v.literal(true, '"everyone" can only be true')),
      servers,
      scopes: v.optional(v.pipe(v.array(text('scopes'), SCOPES_FORM), v.minLength(1, SCOPES_FORM))),
    },
    'each entry of "allow" must be an object of "servers", of "email", "domain", "group", "subject" or "everyone", and perhaps of "scopes"',
  ),
  v.check(
    ({ email, domain, group, subject, everyone }) =>
      [email, domain, group, subject, everyone].some((member) => member !== undefined),
    'each entry of "allow" must say whom it means: "email", "domain", "group", "subject", or "everyone": true',
  ),
);

const ALLOW_FORM = `"allow" must list 1 to ${ENTRIES} entries`;

const ISSUER = {
  issuer: address('issuer'),
  allow: v.pipe(
    v.array(entry, ALLOW_FORM),
    v.minLength(1, ALLOW_FORM),
    v.maxLength(ENTRIES, ALLOW_FORM),
  ),
  trustEmail: v.optional(flag('trustEmail'), false),
  groupsClaim: v.optional(text('groupsClaim'), DEFAULT_GROUPS),
};

const SCOPE_FORM = '"scope" must be scopes with a space between, "openid" among them';

const PROVIDER = v.strictObject(
  {
    ...ISSUER,
    client: text('client'),
    secret: text('secret'),
    scope: v.optional(
      v.pipe(
        text('scope'),
        v.check((scope) => scope.split(' ').includes('openid'), SCOPE_FORM),
      ),
      DEFAULT_SCOPE,
    ),
  },
  'must be an object of "issuer", "client", "secret", "allow", and perhaps "scope", "groupsClaim" and "trustEmail"',
);

const TRUSTED = v.pipe(
  v.array(
    v.pipe(
      v.strictObject(
        { ...ISSUER, audience: v.optional(text('audience')), jwks: v.optional(address('jwks')) },
        'must list objects of "issuer", "allow", and perhaps "audience", "jwks", "groupsClaim" and "trustEmail"',
      ),
      v.transform(({ audience, jwks, ...issuer }) => ({ ...issuer, audience, jwks })),
    ),
    'must be a list of issuers',
  ),
  v.minLength(1, 'must list an issuer'),
  v.maxLength(ISSUERS, `must list at most ${ISSUERS} issuers`),
  v.check(
    (issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
    'lists an issuer twice',
  ),
);

const PROVIDER_EXAMPLE =
  '{"issuer": "https://…", "client": "…", "secret": "…", "allow": [{"domain": "corp.example", "servers": ["docs"]}]}';
const ISSUERS_EXAMPLE =
  '[{"issuer": "https://…", "allow": [{"group": "staff", "servers": ["*"]}]}]';

/** The identity provider, if one is set. */
export const readProvider = (
  env: Record<string, unknown>,
  problems: Problems,
): IdentityProvider | undefined =>
  readVariable(env, problems, {
    variable: 'BRIDGE_IDP',
    schema: PROVIDER,
    example: PROVIDER_EXAMPLE,
    so: 'nobody can sign in by it',
  });

/** Issuers whose access tokens count, if any are set. */
export const readIssuers = (
  env: Record<string, unknown>,
  problems: Problems,
): readonly TrustedIssuer[] =>
  readVariable(env, problems, {
    variable: 'BRIDGE_ISSUERS',
    schema: TRUSTED,
    example: ISSUERS_EXAMPLE,
    so: 'no token of another issuer counts',
  }) ?? [];

function readVariable<Schema extends v.GenericSchema>(
  env: Record<string, unknown>,
  problems: Problems,
  {
    variable,
    schema,
    example,
    so,
  }: {
    readonly variable: string;
    readonly schema: Schema;
    readonly example: string;
    /** What does not work without it. */
    readonly so: string;
  },
): v.InferOutput<Schema> | undefined {
  const written = variableText(env, problems, variable);
  if (written === undefined || written === '') return undefined;
  let json: unknown;
  try {
    json = JSON.parse(written);
  } catch {
    problems.push({
      what: `${variable} is not valid JSON, so ${so}`,
      fix: `Set it to ${example}.`,
    });
    return undefined;
  }
  const loss = lossIn(written);
  if (loss !== undefined) {
    problems.push({ what: `${variable} ${loss}, so ${so}`, fix: `Correct it; until then ${so}.` });
    return undefined;
  }
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  // Messages of ours only: the library's own would quote what it received.
  for (const { message } of parsed.issues.slice(0, 3))
    problems.push({ what: `${variable}: ${message}`, fix: `Correct it; until then ${so}.` });
  return undefined;
}
