// The parts of an edge put together, without a network: the HTTP layer on the actors.
import { useHashes } from '../../access/hashes.ts';
import { createEdge } from '../../http/app.ts';
import type { EdgeContext } from '../../http/edge-context.ts';
import type { LogPort } from '../../core/log.ts';
import type { OutsidePort } from '../../http/ports.ts';
import { recordingLog, RecordRing } from '../../core/record.ts';
import { fleetTerms, readSettings, type Settings } from '../../settings.ts';
import { mintHex } from '../../http/mint-hex.ts';
import { Tracer, type TraceSpan } from '../../../shared/tracing.ts';
import { LINK_SUBPROTOCOLS } from '../../../shared/link/version.ts';
import { Actors } from './actors.ts';
import { CountedMail } from './counted-mail.ts';
import type { Database } from './database.ts';
import { Entrances } from './entrances.ts';
import { addressOf } from './incoming-request.ts';
import { Mail } from './mail.ts';
import { nodeHashes } from './node-hashes.ts';
import { nodePorts } from './node-ports.ts';
import { publicOutside } from './outside.ts';
import type { RunnerEnd } from './socket.ts';
import { socketPair } from './socket-pair.ts';

/** How a dial within this program ended. */
export type Dialled =
  | { readonly ok: true; readonly end: RunnerEnd }
  | { readonly ok: false; readonly response: Response };

/** A runner in this program dials: everything as over the network, but for the socket. */
export type Dial = (url: string, headers: Readonly<Record<string, string>>) => Promise<Dialled>;

export interface Assembly {
  readonly settings: Settings;
  readonly actors: Actors;
  readonly entrances: Entrances;
  fetch(request: Request): Response | Promise<Response>;
  readonly dial: Dial;
  /** Before the actors stop: what was counted is kept. */
  keepFigures(): void;
}

interface AssemblyOptions {
  /** The edge's settings, by their variables (settings.ts). */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly database: Database;
  readonly log: LogPort;
  /** Takes spans, if traces are set. */
  readonly takeSpan?: ((span: TraceSpan) => void) | undefined;
  /** Reads documents of apps; by default from public addresses of the internet. */
  readonly outside?: OutsidePort | undefined;
}

export function assembleEdge({
  settings: env,
  database,
  log: hostLog,
  takeSpan,
  outside = publicOutside,
}: AssemblyOptions): Assembly {
  useHashes(nodeHashes);
  const settings = readSettings({ ...env });
  const ring = new RecordRing(Date.now());
  const log = recordingLog(settings.record, hostLog, (line) => ring.push(line, Date.now()));
  const mail = new Mail();
  const entrances = new Entrances(mail);
  const actors = new Actors({
    database,
    log,
    terms: fleetTerms(settings),
    secret: settings.secret,
    ring,
  });
  const counted = new CountedMail((figures) => void actors.fleet.counted(figures));
  const serve = createEdge();
  const context: EdgeContext = {
    settings,
    ports: nodePorts({ actors, entrances, mail, log, outside }),
    log,
    tally: counted.tally,
    tracer:
      settings.traces &&
      takeSpan &&
      new Tracer({ ratio: settings.traces.ratio, mint: mintHex, now: Date.now, take: takeSpan }),
    requestId: () => undefined,
    addressOf,
  };
  const fetch: Assembly['fetch'] = (request) => serve(request, context);
  const dial: Dial = async (url, headers) => {
    const protocols = LINK_SUBPROTOCOLS.join(', ');
    const upgrade = { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': protocols };
    const request = new Request(url, { headers: { ...headers, ...upgrade } });
    let end: RunnerEnd | undefined;
    entrances.inMemory(request, () => {
      const [inside, outside] = socketPair(mail);
      end = outside;
      return inside;
    });
    const response = await fetch(request);
    return end ? { ok: true, end } : { ok: false, response };
  };
  const keepFigures = (): void => {
    counted.flush();
    actors.keepFigures();
  };
  return { settings, actors, entrances, fetch, dial, keepFigures };
}
