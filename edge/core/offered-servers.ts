// Which servers there are at all. Pure.
import type { RunnerView } from './ports.ts';

/** Names of the servers that runners offer, each once and in order. */
export const offeredServers = (runners: readonly Pick<RunnerView, 'servers'>[]): string[] =>
  [...new Set(runners.flatMap(({ servers }) => servers))].toSorted();
