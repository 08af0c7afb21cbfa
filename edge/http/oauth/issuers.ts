// What issuers publish: their metadata (OpenID Connect Discovery §4, RFC 8414 §3) and their keys, and the tokens that those keys prove.
import { KeptDocuments } from './kept-documents.ts';
import type { Ports } from '../ports.ts';
import {
  judgeJwt,
  readKeys,
  type IssuerKeys,
  type JudgedJwt,
  type JwtTerms,
} from '../../access/jwt.ts';
import { isProviderUrl } from '../../identity-settings.ts';

type Asks = Pick<Ports, 'provider'>;

/** The metadata of an issuer, of the members that are used here. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly keysUrl: string;
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
  readonly userinfoEndpoint: string | undefined;
  /** Of the token endpoint; undefined: not said, which means `client_secret_basic`. */
  readonly authMethods: readonly unknown[] | undefined;
  /** Its answers to browsers name it (RFC 9207). */
  readonly namesItself: boolean;
}

/** Why there is no metadata: nobody answers, or what comes is of no use, which only the operator can mend. */
export type FoundMetadata =
  | { readonly ok: true; readonly metadata: IssuerMetadata }
  | { readonly ok: false; readonly why: 'unreachable' | MetadataMistake };

export type MetadataMistake = 'other_issuer' | 'incomplete';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** An issuer that changes its key is followed within this, and a key that it takes back serves no longer. */
const KEYS = { freshMs: 10 * MINUTE_MS, staleMs: HOUR_MS, restMs: 10_000 };
const METADATA = { freshMs: HOUR_MS, staleMs: 24 * HOUR_MS, restMs: 10_000 };

/** What one isolate or program knows of all issuers. */
export class Issuers {
  readonly #metadata = new KeptDocuments<IssuerMetadata>(METADATA);
  readonly #keys = new KeptDocuments<IssuerKeys>(KEYS);

  async metadata(ports: Asks, issuer: string): Promise<FoundMetadata> {
    let mistake: MetadataMistake | undefined;
    const metadata = await this.#metadata.get(issuer, Date.now(), async () => {
      for (const url of metadataUrls(issuer)) {
        // oxlint-disable-next-line no-await-in-loop -- the second place counts only where the first has nothing
        const json = await readJsonAt(ports, url);
        const read = json === undefined ? undefined : readMetadata(issuer, json);
        if (typeof read === 'object') return read;
        mistake ??= read;
      }
      return undefined;
    });
    return metadata ? { ok: true, metadata } : { ok: false, why: mistake ?? 'unreachable' };
  }

  /** Verifies a token by the keys that its issuer publishes: `keysUrl`, or where its metadata says. */
  async judge(
    ports: Asks,
    token: string,
    terms: JwtTerms,
    keysUrl?: string,
  ): Promise<JudgedJwt | { readonly ok: false; readonly why: 'unreachable' }> {
    const url = keysUrl ?? (await this.#keysUrl(ports, terms.issuer));
    if (url === undefined) return UNREACHABLE;
    const read = async (): Promise<IssuerKeys | undefined> => {
      const json = await readJsonAt(ports, url);
      return json === undefined ? undefined : readKeys(json);
    };
    const keys = await this.#keys.get(url, terms.now, read);
    if (!keys) return UNREACHABLE;
    const judged = await judgeJwt(token, keys, terms);
    if (judged.ok || judged.why !== 'unknown_key') return judged;
    const newer = await this.#keys.newer(url, keys, terms.now, read);
    if (newer === 'rests') return judged;
    // Whether the key is the issuer's cannot be found out now.
    return newer ? judgeJwt(token, newer, terms) : UNREACHABLE;
  }

  async #keysUrl(ports: Asks, issuer: string): Promise<string | undefined> {
    const found = await this.metadata(ports, issuer);
    return found.ok ? found.metadata.keysUrl : undefined;
  }
}

const UNREACHABLE = { ok: false, why: 'unreachable' } as const;

/** OpenID Connect puts the well-known part behind the path of an issuer, RFC 8414 before it. */
function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/u, '');
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

async function readJsonAt(ports: Asks, url: string): Promise<unknown> {
  const answer = await ports.provider({ url });
  return answer?.status === 200 ? jsonIn(answer.text) : undefined;
}

/** Undefined for what is no JSON. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readMetadata(issuer: string, json: unknown): IssuerMetadata | MetadataMistake {
  if (typeof json !== 'object' || json === null) return 'incomplete';
  const said = json as Readonly<Record<string, unknown>>;
  // RFC 8414 §3.3: or one issuer could speak for another.
  if (said['issuer'] !== issuer) return 'other_issuer';
  const keysUrl = urlIn(said['jwks_uri']);
  if (keysUrl === undefined) return 'incomplete';
  const methods = said['token_endpoint_auth_methods_supported'];
  return {
    issuer,
    keysUrl,
    authorizationEndpoint: urlIn(said['authorization_endpoint']),
    tokenEndpoint: urlIn(said['token_endpoint']),
    userinfoEndpoint: urlIn(said['userinfo_endpoint']),
    authMethods: Array.isArray(methods) ? methods : undefined,
    namesItself: said['authorization_response_iss_parameter_supported'] === true,
  };
}

const urlIn = (value: unknown): string | undefined =>
  typeof value === 'string' && isProviderUrl(value.replace(/\?[^#]*$/u, '')) ? value : undefined;
