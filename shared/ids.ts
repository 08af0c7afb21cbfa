// The shapes and types of ids. Text from outside is checked where it becomes an id.

/** Name of a configured server, as used in URLs, grants and frames. */
export const SERVER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Name of a runner, as used in grants and frames. */
export const RUNNER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Name of a tool (MCP 2025-11-25, Server Features, Tools, "Tool Names"). */
export const TOOL_NAME = /^[A-Za-z0-9_./-]{1,128}$/;

/**
 * Who a client was proved to be, for a runner: the name of a key, or the id of a person. It has no character that would lead to another
 * folder, and does not begin with a dot: it may be a part of a path. `@` lets a mail address be the name of a key.
 */
export const PERSON_ID = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/** A stream of a session: `get`, `sse`, or the nanoid that the worker minted for one POST. */
export const STREAM_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The name of a session for edge and runner: its actor (22 characters) and, for modern clients, 8 more characters, since their actor
 * opens one session after the other.
 */
export const SESSION_NAME = /^[A-Za-z0-9_-]{22}(~[A-Za-z0-9_-]{8})?$/;

/** The public name of a session actor: the random part of a session id (nanoid, 22 characters, 132 bits). */
export const ACTOR_NAME = /^[A-Za-z0-9_-]{22}$/;

/** The name of a session's actor. */
export const actorOf = (session: SessionName): ActorName => session.split('~', 1)[0] ?? '';

/** The session of an actor that has only one, a legacy client's or a spare: it has the actor's name. */
export function onlySessionOf(actor: ActorName): SessionName {
  const name: string = actor;
  return name;
}

/** The stream a GET attaches to; one for each session (MCP 2025-11-25, Transports, "Listening for Messages from the Server"). */
export const GET_STREAM = 'get';

/** The one stream of an HTTP+SSE session (MCP 2024-11-05, Transports, "HTTP with SSE"). */
export const SSE_STREAM = 'sse';

/** Characters of the time in a post's id: milliseconds in base 36, enough for three thousand years. */
const POST_TIME_CHARACTERS = 9;

const [DASH, ZERO, NINE, LOWER_A, LOWER_Z] = [0x2d, 0x30, 0x39, 0x61, 0x7a];

/** An id for a post: the worker's time (ms since the epoch), then a part that is `unique` in its session (LP12). */
export const postId = (now: number, unique: string): string =>
  `${Math.max(0, Math.floor(now)).toString(36).padStart(POST_TIME_CHARACTERS, '0')}-${unique}`;

/** When a post's id was minted, in milliseconds since the epoch; undefined for an id that does not say. */
export function postTime(id: string): number | undefined {
  if (id.charCodeAt(POST_TIME_CHARACTERS) !== DASH) return undefined;
  let time = 0;
  for (let at = 0; at < POST_TIME_CHARACTERS; at++) {
    const code = id.charCodeAt(at);
    if (code >= ZERO && code <= NINE) time = time * 36 + code - ZERO;
    else if (code >= LOWER_A && code <= LOWER_Z) time = time * 36 + code - LOWER_A + 10;
    else return undefined;
  }
  return time;
}

declare const kind: unique symbol;

/** A named kind of text: text of another name does not compile in its place; plain text, as from outside, does. */
type Named<Name extends string> = string & { readonly [kind]?: Name };

/** The name of a configured server ({@link SERVER_NAME}). */
export type ServerName = Named<'ServerName'>;

/** The name of a runner ({@link RUNNER_NAME}). */
export type RunnerName = Named<'RunnerName'>;

/** One life of a runner's program: a nanoid that it mints when it starts. */
export type BootId = Named<'BootId'>;

/** The name of a session ({@link SESSION_NAME}). */
export type SessionName = Named<'SessionName'>;

/** The name of a session actor ({@link ACTOR_NAME}). A modern client's session has a longer name than its actor. */
export type ActorName = Named<'ActorName'>;

/** A stream of a session ({@link STREAM_ID}). */
export type StreamId = Named<'StreamId'>;

/** A socket of an actor, as its host names it. */
export type SocketId = Named<'SocketId'>;

/** Who a client is, as its key or its token says: in the form of {@link PERSON_ID}. */
export type PrincipalName = Named<'PrincipalName'>;

/** A named kind of value: neither another kind nor a plain value compiles in its place. */
type Branded<Value, Kind extends string> = Value & { readonly [kind]: Kind };

/**
 * The integer under which the bridge sends a request to a process: it replaces the client's id and progress token. Requests that no
 * client made have one too.
 */
export type BridgeRequestId = Branded<number, 'BridgeRequestId'>;

/** The id that a client gave its request: raw JSON text, a string's with its quotes. */
export type ClientRequestId = Branded<string, 'ClientRequestId'>;
