// The servers that other programs on this machine start, as `mcp-bridge up` offers them.
import { existsSync } from 'node:fs';

import { readConfig } from '../config/read.ts';
import { offeredNames, processServers } from '../config/runner-config.ts';
import type { ConfigPlace } from './found-configs.ts';

/** A file with servers that can be served. */
export interface Offer extends ConfigPlace {
  /** The names they are served under. */
  readonly servers: readonly string[];
}

/**
 * The places that hold servers, in their order. Files without any, and files that cannot be read, are no offers; nor are those whose
 * servers are all at a URL, since the program that has the file reaches them by itself.
 */
export async function findOffers(
  places: readonly ConfigPlace[],
  environment: NodeJS.ProcessEnv,
): Promise<readonly Offer[]> {
  const there = places.filter(({ path }) => existsSync(path));
  const offers = there.map(async (place): Promise<readonly Offer[]> => {
    const reading = await readConfig(place.path, environment, place.project);
    if (!reading.ok || processServers(reading.config.servers.values()).length === 0) return [];
    const servers = offeredNames(reading.config);
    return servers.length === 0 ? [] : [{ ...place, servers }];
  });
  return (await Promise.all(offers)).flat();
}

/** A path as people write it: from their home folder. */
export const shortPath = (path: string, home: string): string =>
  home !== '' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
