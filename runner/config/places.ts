// Where the config file lies if none is named.

/** In the working folder. */
export const USUAL_FILE = 'mcp.json';

/** Of a machine that serves for everybody. */
export const SYSTEM_FILE = '/etc/mcp-bridge/mcp.json';
