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
