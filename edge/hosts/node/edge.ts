// A whole edge in this program: its parts, the database, and the server of Node.
import type { LogPort } from '../../core/log.ts';
import type { OutsidePort } from '../../http/ports.ts';
import type { Settings } from '../../settings.ts';
import type { TraceSettings } from '../../trace-settings.ts';
import type { TraceSpan } from '../../../shared/tracing.ts';
import { assembleEdge, type Dial } from './assembly.ts';
import { Database } from './database.ts';
import { HttpServer, type Certificate } from './http-server.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

export interface EdgeOptions {
  /** The edge's settings, by their variables (settings.ts). */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Path of the database. */
  readonly database: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly log: LogPort;
  readonly certificate?: Certificate | undefined;
  readonly proxies?: TrustedProxies | undefined;
  /** Opens the way to a collector, if traces are set; without it nothing is traced. */
  readonly exportSpans?: ((settings: TraceSettings) => Promise<SpanSink>) | undefined;
  /** See assembleEdge. */
  readonly outside?: OutsidePort | undefined;
}

/** Where spans go. */
export interface SpanSink {
  /** Never throws, and waits for nothing. */
  take(span: TraceSpan): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

export interface NodeEdge {
  readonly port: number;
  readonly settings: Settings;
  readonly dial: Dial;
  renew(certificate: Certificate): void;
  /** Lets answers under way finish, then stops where everything is: a later start goes on from there. */
  stop(): Promise<void>;
}

/** Starts an edge. Rejects with a `DatabaseError`, or with the error of the server that cannot listen; then nothing is left. */
export async function startEdge(options: EdgeOptions): Promise<NodeEdge> {
  const { settings: env, log, certificate, proxies, outside } = options;
  const database = await Database.open(options.database);
  const { settings, actors, entrances, fetch, dial, keepFigures } = assembleEdge({
    settings: env,
    database,
    log,
    outside,
    takeSpan: options.exportSpans && ((span) => spans?.take(span)),
  });
  const spans = settings.traces && (await options.exportSpans?.(settings.traces));
  const refused = ({ code = 'unknown' }: NodeJS.ErrnoException): void =>
    log({ level: 'error', message: 'a connection could not be taken', error: code });
  const http = new HttpServer({ fetch, entrances, refused, certificate, proxies });
  try {
    const port = await http.listen(options.host, options.port);
    actors.start();
    return {
      port,
      settings,
      dial,
      renew: (certificate) => http.renew(certificate),
      async stop() {
        await http.drain();
        keepFigures();
        // Before the connections: a client that is cut off has not left.
        actors.stop();
        http.close();
        database.close();
        await spans?.close();
      },
    };
  } catch (error) {
    http.close();
    database.close();
    throw error;
  }
}
