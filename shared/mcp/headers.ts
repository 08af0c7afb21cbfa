// Names of the HTTP headers that MCP defines, spelled as in the specification, because messages quote them. `Headers` does not
// care.

/** 2025-03-26 and 2025-06-18, "Session Management"; 2025-11-25 writes `MCP-Session-Id`. */
export const SESSION_ID_HEADER = 'Mcp-Session-Id';
export const PROTOCOL_VERSION_HEADER = 'MCP-Protocol-Version';
export const LAST_EVENT_ID_HEADER = 'Last-Event-ID';
export const METHOD_HEADER = 'Mcp-Method';
export const NAME_HEADER = 'Mcp-Name';
/** The beginning of the names of headers that repeat an argument of a tool. */
export const PARAM_HEADER = 'Mcp-Param-';
/** {@link PARAM_HEADER} as `Headers` lists it. */
export const PARAM_HEADER_PREFIX = PARAM_HEADER.toLowerCase();
