// What the bridge says about itself: to a modern process with each request, to a legacy process once.
import { META, MODERN_REVISION } from '../../shared/mcp/modern.ts';
import { NEWEST_LEGACY_REVISION } from '../../shared/mcp/revisions.ts';
import { acrossEras } from './capabilities.ts';
import type { ClientCall } from './client-call.ts';
import { isObject } from '../../shared/json-value.ts';

export const BRIDGE_INFO = { name: 'mcp-edge-bridge', version: '1' } as const;

/** `_meta` of a request to a modern process that no client made, as from `clientInfo`. */
export const ownMeta = (clientInfo: object): object => ({
  [META.protocolVersion]: MODERN_REVISION,
  [META.clientInfo]: clientInfo,
  [META.clientCapabilities]: {},
});

export const OWN_META = ownMeta(BRIDGE_INFO);

/** What `initialize` tells a legacy process about the client it is for. */
export const initializeParams = ({ clientInfo, capabilities }: ClientCall): object => ({
  protocolVersion: NEWEST_LEGACY_REVISION,
  capabilities: acrossEras(capabilities),
  clientInfo: isObject(clientInfo) ? clientInfo : BRIDGE_INFO,
});
