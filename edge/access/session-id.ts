// Signed session ids. The signature lets the edge refuse a forged, foreign or stolen id before any actor is touched, and binds
// an id to its server and principal: having an id never proves who you are.
import { isSame, mac, MAC_CHARACTERS } from './signature.ts';
import { ACTOR_NAME, type PrincipalName, type ServerName } from '../../shared/ids.ts';
import type { ClientKind } from '../../shared/link/control-frames.ts';

/** A session's name, a dot, and the signature. */
const NAME_CHARACTERS = 22;
const SESSION_ID_CHARACTERS = NAME_CHARACTERS + 1 + MAC_CHARACTERS;

/** The owner of a session and the kind of its client: the id of an HTTP+SSE session is unknown on the MCP endpoint, and the reverse. */
export interface SessionOwner {
  readonly server: ServerName;
  readonly principal: PrincipalName;
  readonly clientKind: ClientKind;
  /** The app of a person that signed in: another app of theirs may have overheard the id. */
  readonly client?: string | undefined;
}

/** The public session id `<name>.<mac>`: visible ASCII (MCP 2025-11-25, Transports, "Session Management"), safe in a URL. */
export async function signSession(
  secret: string,
  { name, ...owner }: SessionOwner & { readonly name: string },
): Promise<string> {
  return `${name}.${await mac(secret, 'session', partsOf(owner, name))}`;
}

const partsOf = (
  { server, principal, clientKind, client }: SessionOwner,
  name: string,
): readonly string[] => [
  server,
  principal,
  clientKind,
  name,
  ...(client === undefined ? [] : [client]),
];

/**
 * The name inside a session id, if this secret signed it for this server and principal. Everything else, malformed or
 * foreign, is undefined alike: the answer must not tell them apart.
 */
export async function verifySession(
  secret: string,
  text: string,
  owner: SessionOwner,
): Promise<string | undefined> {
  if (text.length !== SESSION_ID_CHARACTERS || text[NAME_CHARACTERS] !== '.') return undefined;
  const name = text.slice(0, NAME_CHARACTERS);
  if (!ACTOR_NAME.test(name)) return undefined;
  const known = verified.get(text);
  if (known && isOf(known, { secret, ...owner })) return name;
  const expected = await mac(secret, 'session', partsOf(owner, name));
  if (!isSame(text.slice(NAME_CHARACTERS + 1), expected)) return undefined;
  if (verified.size >= VERIFIED_KEPT) verified.clear();
  verified.set(text, { secret, ...owner });
  return name;
}

/** {@link verifySession} for an id that was verified here before, by one of these secrets; undefined if it has to be verified. */
export function verifiedBefore(
  secrets: readonly string[],
  text: string,
  owner: SessionOwner,
): string | undefined {
  const known = verified.get(text);
  if (!known || !secrets.includes(known.secret)) return undefined;
  return isOf(known, { secret: known.secret, ...owner })
    ? text.slice(0, NAME_CHARACTERS)
    : undefined;
}

interface Proof extends SessionOwner {
  readonly secret: string;
}

const isOf = (known: Proof, { secret, server, principal, clientKind, client }: Proof): boolean =>
  known.secret === secret &&
  known.server === server &&
  known.principal === principal &&
  known.clientKind === clientKind &&
  known.client === client;

/**
 * Ids this isolate has verified, and whose they are: a session's requests come in series, and a signature costs more than all other
 * checks.
 */
const verified = new Map<string, Proof>();

/** About 100 KB. When it is full it is cleared; busy ids are soon back. */
const VERIFIED_KEPT = 500;

/**
 * The actor of all modern requests of a principal to a server: modern clients have no session that could name one. Its first two
 * characters help a person who reads a log.
 */
export function modernSessionName(
  secret: string,
  server: ServerName,
  principal: PrincipalName,
): string | Promise<string> {
  if (last.server === server && last.principal === principal && last.secret === secret)
    return last.name;
  const of = JSON.stringify([secret, server, principal]);
  const known = modernNames.get(of);
  if (known !== undefined) {
    last = { secret, server, principal, name: known };
    return known;
  }
  return mac(secret, 'modern', [server, principal]).then((signed) => {
    const name = `m-${signed}`.slice(0, NAME_CHARACTERS);
    if (modernNames.size >= VERIFIED_KEPT) modernNames.clear();
    modernNames.set(of, name);
    return name;
  });
}

/** Each request needs its actor's name, and it is always the same. */
const modernNames = new Map<string, string>();

/** Those of one client come in series. */
let last = { secret: '', server: '', principal: '', name: '' };
