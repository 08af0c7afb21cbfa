// The version of the link protocol, as negotiated at the dial (PROTOCOL.md LP5).

/** Subprotocols this code speaks, best first. A frame change adds one; the older stays while deployed runners need it. */
export const LINK_SUBPROTOCOLS = ['mcp-bridge.v2'] as const;

/** The best subprotocol both sides name, or undefined. `offered` is a Sec-WebSocket-Protocol header value. */
export function chooseSubprotocol(offered: string): string | undefined {
  const names = new Set(offered.split(',').map((name) => name.trim()));
  return LINK_SUBPROTOCOLS.find((name) => names.has(name));
}
