// The named limits that both sides share, each with its reason. A limit that only one side needs stands next to its user.

/** Largest client message. The official SDKs and claude.ai stay below 4 MiB; a worker isolate has 128 MB for all its requests. */
export const CLIENT_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Largest line a process may print. A 16 MiB result still fits the runner's and the edge's memory several times over. */
export const PROCESS_LINE_BYTES = 16 * 1024 * 1024;

/** Nesting a message may have: no known MCP message passes 20, and deep nesting breaks recursive parsers of processes. */
export const MESSAGE_DEPTH = 128;

/** Keys and values a message may hold: a 4 MiB body of `{},` would otherwise become 1.4 million objects in its reader. */
export const MESSAGE_TOKENS = 100_000;

/** Elements of a list that is rewritten element by element: no server has a hundredth of them, and a page of millions would stall the runner. */
export const LISTED_ELEMENTS = 10_000;

/** Longest raw request id: ids are echoed into every answer and kept for every call in flight. */
export const REQUEST_ID_BYTES = 1024;

/** A ping goes out this often on every link socket; with PONG_MS either side finds a half-open socket within 25 s. */
export const PING_MS = 10_000;

/** How long a pong may take before the socket counts as dead. */
export const PONG_MS = 6_000;

/** A link socket without a ping for this long is half-open to the edge: a ping and its pong are missing. */
export const SILENCE_MS = PING_MS + PONG_MS;

/** While something waits for the runner the edge looks at the link's silence this often: 23.5 s with {@link SILENCE_MS}. */
export const LOOK_MS = 7_500;
