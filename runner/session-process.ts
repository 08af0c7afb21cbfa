// Which process a session speaks to: the server's own where both are of one era, else a translator in front of it (DESIGN §7).
import type { OpenFrame } from '../shared/link/control-frames.ts';
import type { ServerConfig } from './config.ts';
import type { Log } from './log.ts';
import type { PooledProcess, ProcessPool } from './process-pool.ts';
import { TranslatedProcess, type SessionProcess } from './translated-process.ts';
import { ForLegacyClient } from './translate/for-legacy-client.ts';
import { ForModernClient } from './translate/for-modern-client.ts';
import { createSealer, digest } from './sealer.ts';

/** Calls that may wait for their clients' answers at once: each occupies a process. */
const MAX_PARKED = 64;

export interface SessionProcessParts {
  readonly open: OpenFrame;
  readonly server: ServerConfig;
  readonly pool: ProcessPool;
  /** Taken from the pool for this session. */
  readonly first: PooledProcess;
  readonly log: Log;
}

/** What a session of `open` takes for its process. */
export function sessionProcess(parts: SessionProcessParts): SessionProcess {
  if (parts.open.transport === 'modern') return forModernClient(parts);
  return parts.pool.eras.legacy === true ? parts.first : forLegacyClient(parts);
}

function forLegacyClient({ server, pool, first, log }: SessionProcessParts): SessionProcess {
  const translator = new ForLegacyClient({ eras: pool.eras, server: server.name });
  return new TranslatedProcess({
    translator,
    isTransparent: () => translator.isTransparent,
    first,
    take: () => pool.take(),
    served: (process) => pool.served(process),
    log,
  });
}

function forModernClient({ open, server, pool, first, log }: SessionProcessParts): SessionProcess {
  const { maxProcesses, parkTimeoutMs } = server;
  const translator = new ForModernClient({
    server: server.name,
    principal: open.principal,
    eras: pool.eras,
    sealer: createSealer({ server: server.name, principal: open.principal }),
    digest,
    limits: { maxProcesses, parkTimeoutMs, maxParked: MAX_PARKED },
  });
  return new TranslatedProcess({
    translator,
    isTransparent: () => false,
    first,
    take: () => pool.take(),
    served: (process) => pool.served(process),
    log,
  });
}
