// Signed session ids and runner tickets. The signature lets a forged, foreign or stolen id be refused before any
// actor is touched, and binds an id to its server and principal: possession of an id is never authentication.
import { ACTOR_NAME } from '../../shared/ids.ts';
import type { Transport } from '../../shared/link/control-frames.ts';

/** 128 bits of the HMAC stay: forging is out of reach, and the id stays short enough for URLs. */
const MAC_BYTES = 16;

/** A session's name, a dot, and the 22 characters that base64url makes of 16 bytes. */
const NAME_CHARACTERS = 22;
const SESSION_ID_CHARACTERS = NAME_CHARACTERS + 1 + 22;

/** Whom a session belongs to, and how it is spoken to: an id of one transport is unknown on the other. */
export interface SessionOwner {
  readonly server: string;
  readonly principal: string;
  readonly transport: Transport;
}

/** What a ticket lets in: one boot of one runner, to one session. */
export interface TicketScope {
  readonly session: string;
  readonly runner: string;
  readonly boot: string;
}

/** The public session id `<name>.<mac>`: visible ASCII (MCP 2025-11-25, Transports, "Session Management"), safe in a URL. */
export async function signSession(
  secret: string,
  { name, server, principal, transport }: SessionOwner & { readonly name: string },
): Promise<string> {
  return `${name}.${await mac(secret, 'session', [server, principal, transport, name])}`;
}

/**
 * The name inside a session id, if this secret signed it for this server and principal. Everything else, malformed or
 * foreign, is undefined alike: the answer must not tell them apart.
 */
export async function verifySession(
  secret: string,
  text: string,
  { server, principal, transport }: SessionOwner,
): Promise<string | undefined> {
  if (text.length !== SESSION_ID_CHARACTERS || text[NAME_CHARACTERS] !== '.') return undefined;
  const name = text.slice(0, NAME_CHARACTERS);
  if (!ACTOR_NAME.test(name)) return undefined;
  const parts = [server, principal, transport, name];
  const proof = JSON.stringify([secret, ...parts, text]);
  if (verified.has(proof)) return name;
  const expected = await mac(secret, 'session', parts);
  if (!isSame(text.slice(NAME_CHARACTERS + 1), expected)) return undefined;
  if (verified.size >= VERIFIED_KEPT) verified.clear();
  verified.add(proof);
  return name;
}

/** Ids this isolate has verified: a session's requests come in series, and a signature costs more than all other checks. */
const verified = new Set<string>();

/** Some 100 KB; beyond it the busy ones are soon back. */
const VERIFIED_KEPT = 500;

/**
 * The actor of all modern requests of a principal to a server: modern clients have no session that could name one. Its first two
 * characters are for a person who reads a log.
 */
export const modernSessionName = async (
  secret: string,
  server: string,
  principal: string,
): Promise<string> =>
  `m-${await mac(secret, 'modern', [server, principal])}`.slice(0, NAME_CHARACTERS);

/** The ticket with which a runner dials a session (LP7). */
export const signTicket = (
  secret: string,
  { session, runner, boot }: TicketScope,
): Promise<string> => mac(secret, 'ticket', [session, runner, boot]);

/** True if this secret signed the ticket for exactly this session, runner and boot. */
export async function verifyTicket(
  secret: string,
  ticket: string,
  scope: TicketScope,
): Promise<boolean> {
  return isSame(ticket, await signTicket(secret, scope));
}

/** Compares in a time that depends only on the lengths. Both are canonical base64url, so text equality is byte equality. */
function isSame(given: string, expected: string): boolean {
  if (given.length !== expected.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at++)
    difference |= given.charCodeAt(at) ^ expected.charCodeAt(at);
  return difference === 0;
}

const encoder = new TextEncoder();

/** The label keeps a ticket from ever passing as a session id; JSON keeps `["a","bc"]` apart from `["ab","c"]`. */
async function mac(
  secret: string,
  label: 'session' | 'ticket' | 'modern',
  parts: readonly string[],
): Promise<string> {
  const text = `mcp-edge-bridge ${label} ${JSON.stringify(parts)}`;
  const key = keys.get(secret) ?? (await importKey(secret));
  return base64url(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
}

/** One secret is in use at a time, two around its rotation. */
const KEYS_KEPT = 4;

/** Imported keys by secret. Keys, not promises of keys: a worker's request cannot await another request's promise. */
const keys = new Map<string, HmacKey>();

/** Named by what makes it: not every runtime's types have a global CryptoKey type. */
type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

async function importKey(secret: string): Promise<HmacKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, [
    'sign',
  ]);
  if (keys.size >= KEYS_KEPT) keys.clear();
  keys.set(secret, key);
  return key;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** base64url without padding (RFC 4648 §5) of the first MAC_BYTES bytes. */
function base64url(buffer: ArrayBuffer): string {
  let text = '';
  let bits = 0;
  let width = 0;
  for (const byte of new Uint8Array(buffer, 0, MAC_BYTES)) {
    bits = (bits << 8) | byte;
    for (width += 8; width >= 6; width -= 6) text += ALPHABET.charAt((bits >> (width - 6)) & 63);
    bits &= 0xff;
  }
  return width === 0 ? text : text + ALPHABET.charAt((bits << (6 - width)) & 63);
}
