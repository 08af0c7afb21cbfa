// Names of the HTTP headers MCP defines, in the lower case that Headers uses.

export const SESSION_ID_HEADER = 'mcp-session-id';
export const PROTOCOL_VERSION_HEADER = 'mcp-protocol-version';
export const LAST_EVENT_ID_HEADER = 'last-event-id';
export const METHOD_HEADER = 'mcp-method';
export const NAME_HEADER = 'mcp-name';
/** What the names of all headers begin with that repeat an argument of a tool. */
export const PARAM_HEADER_PREFIX = 'mcp-param-';
