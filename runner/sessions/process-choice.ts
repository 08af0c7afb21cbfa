// Chooses what a session speaks to: the server's own process when both are of one era, else a translator in front of it.
import type { OpenFrame } from '../../shared/link/control-frames.ts';
import type { ServerConfig } from '../config/runner-config.ts';
import type { Log } from '../log.ts';
import type { ServerProcess } from './pooled-process.ts';
import type { ProcessPool } from './process-pool.ts';
import type { SessionProcess } from './session-process.ts';
import { TranslatedProcess } from './translated-process.ts';
import { fixedArguments, type ToolLayer } from '../translate/fixed-arguments.ts';
import { ForLegacyClient } from '../translate/for-legacy-client.ts';
import { ForModernClient } from '../translate/for-modern-client.ts';
import type { ModernClientLimits } from '../translate/modern-to-legacy/translation.ts';
import type { Translator } from '../translate/translator.ts';
import { PROGRAM_TIME, type Time } from '../wake-timer.ts';
import { createSealer, digest } from './sealer.ts';

/** Calls that may wait for their clients' answers at once. */
const MAX_PARKED = 64;

/** What a translator needs to know of the server. */
type TranslatedServer = Pick<
  ServerConfig,
  'name' | 'tools' | 'sharing' | Exclude<keyof ModernClientLimits, 'maxParked'>
>;

/** Where the processes of a server come from, and what is known of them. */
export type SessionPool = Pick<ProcessPool, 'eras' | 'take' | 'served' | 'learned' | 'quote'>;

export interface ProcessChoice {
  readonly open: Pick<OpenFrame, 'clientKind' | 'principal' | 'person'>;
  readonly server: TranslatedServer;
  /** What its tools pass as those of a member of a virtual server, from the server outwards. */
  readonly asMember?: readonly ToolLayer[];
  readonly pool: SessionPool;
  /** Taken from the pool for this session. */
  readonly first: ServerProcess;
  /** Hears of each process that has answered a translator. */
  readonly served?: () => void;
  readonly log: Log;
  readonly time?: Time;
}

/** What a session of `open` takes for its process. */
export function sessionProcess(parts: ProcessChoice): SessionProcess {
  const { open, server, pool, first } = parts;
  if (open.clientKind === 'modern') return translated(parts, modernTranslator(parts));
  if (pool.eras.legacy === true) return first;
  const translator = new ForLegacyClient(server.name);
  return translated(parts, translator, () => translator.isTransparent);
}

function modernTranslator({ open, server, asMember = [], pool }: ProcessChoice): Translator {
  const of = { server: server.name, principal: open.principal };
  return new ForModernClient({
    ...of,
    sealer: createSealer(of),
    digest,
    limits: { ...server, maxParked: MAX_PARKED },
    quote: (bytes, isCut) => pool.quote(bytes, isCut),
    fixed: fixedArguments([server, ...asMember]),
    isShared: server.sharing !== undefined,
  });
}

const translated = (
  { open: { principal, person }, pool, first, served, log, time = PROGRAM_TIME }: ProcessChoice,
  translator: Translator,
  isTransparent = () => false,
): SessionProcess =>
  new TranslatedProcess({
    translator,
    isTransparent,
    first,
    take: () => pool.take(principal, person),
    served: (process) => {
      pool.served(process);
      served?.();
    },
    eras: () => pool.eras,
    learned: (era, isServed) => pool.learned(era, isServed),
    log,
    time,
  });
