// The names of the measured targets. Rivals are called by their package and version.

/** This bridge: the local edge in workerd, and a runner. */
export const OURS = 'mcp-edge-bridge, workerd';
/** This bridge: `mcp-bridge dev`, edge and runner in one program. */
export const OURS_ON_NODE = 'mcp-edge-bridge, Node';
/** This bridge: `mcp-bridge edge` and `mcp-bridge run`, two programs. */
export const OURS_APART = 'mcp-edge-bridge, Node apart';
/** The processes on their pipes. */
export const FLOOR = 'no bridge';
export const WORKERD_FLOOR = 'bare prototype, workerd';
export const NODE_FLOOR = 'bare bridge, Node';
