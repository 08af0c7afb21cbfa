// Several servers as one, through the whole bridge, for the clients that virtual.test.ts leaves out.
import { beforeAll, describe, expect, test } from 'vitest';

import { MODERN_CLIENTS, OFFICIAL_CLIENTS, type OfficialClient } from './official-clients.ts';
import { ownClient } from './own-client.ts';
import {
  startVirtualBridge,
  useEveryEra,
  useRealServers,
  type VirtualBridge,
} from './virtual-journeys.ts';

let served: VirtualBridge;

beforeAll(async () => {
  served = await startVirtualBridge();
  return () => served.stop();
});

describe.each([...OFFICIAL_CLIENTS.slice(1), ...MODERN_CLIENTS.slice(0, 1)])(
  '$name over $transport',
  (kind) => {
    const connect = (server: string): Promise<OfficialClient> =>
      ownClient(served.bridge, kind, server, { roots: ['file:///r'] });

    test('[R-16] real servers as one: lists, calls, resources, prompts, logging, progress', async () => {
      expect(await useRealServers(kind, await connect('work'))).toBeGreaterThan(0);
    });

    test('[R-16] servers of every era, and one at a URL, as one: what they ask their clients', async () => {
      expect(await useEveryEra(await connect('eras'))).toBe('Echo: by HTTP');
    });
  },
);
