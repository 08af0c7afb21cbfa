// The answer to `server/discover`, made from a legacy process's `initialize` result.
import { META, MODERN_REVISION } from '../../../shared/mcp/modern.ts';
import { acrossEras } from '../capabilities.ts';
import type { About } from './pool.ts';

export const discoverResult = ({ capabilities, instructions, serverInfo }: About): object => ({
  resultType: 'complete',
  supportedVersions: [MODERN_REVISION],
  capabilities: acrossEras(capabilities),
  instructions,
  ttlMs: 0,
  cacheScope: 'private',
  _meta: { [META.serverInfo]: serverInfo },
});
