// The edge of `mcp-bridge dev`: in this program, with a link in memory, or in a workerd that is kept running.
import type { Connect } from '../link/connect.ts';
import type { Log } from '../log.ts';
import { edgeBundle } from './bundle.ts';
import { keepEdge, type KeptEdge } from './kept-edge.ts';
import { connectInMemory } from './memory-link.ts';
import { startNodeEdge } from './node-edge.ts';

export interface DevEdge extends KeptEdge {
  /** How its runner connects to it; absent: over the network. */
  readonly connect?: Connect;
}

interface DevEdgeOptions {
  readonly host: 'node' | 'workerd';
  readonly port: number;
  /** Its storage. */
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Log;
}

/** Starts it on 127.0.0.1. Rejects with an `EdgeStartError`; then nothing is left running. */
export async function startDevEdge(options: DevEdgeOptions): Promise<DevEdge> {
  const { host, port, folder, settings, log } = options;
  if (host === 'workerd')
    return keepEdge({ port, storage: folder, settings, bundle: await edgeBundle(folder), log });
  const edge = await startNodeEdge({
    host: '127.0.0.1',
    port,

    storage: folder,
    settings,
    log,
  });
  return {
    url: `http://127.0.0.1:${port}`,
    connect: connectInMemory(edge),
    stop: () => edge.stop(),
    // It ends with this program.
    kill: () => undefined,
  };
}
