// A whole edge in this program: the HTTP layer on the actors, the database and the server of Node.
import { createEdge, type EdgeContext } from '../../http/app.ts';
import type { LogPort } from '../../core/log.ts';
import { readSettings, type Settings } from '../../settings.ts';
import { LINK_SUBPROTOCOLS } from '../../../shared/link/version.ts';
import { Actors } from './actors.ts';
import { Database } from './database.ts';
import { Entrances } from './entrances.ts';
import { HttpServer, type Certificate } from './http-server.ts';
import { Mail } from './mail.ts';
import { nodePorts } from './node-ports.ts';
import type { SocketEnd } from './socket.ts';
import { socketPair } from './socket-pair.ts';
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
}

/** How a dial within this program ended. */
export type Dialled =
  | { readonly ok: true; readonly end: SocketEnd }
  | { readonly ok: false; readonly response: Response };

export interface Edge {
  readonly port: number;
  readonly settings: Settings;
  /** A runner in this program dials: everything as over the network, but for the socket. */
  dial(url: string, headers: Readonly<Record<string, string>>): Promise<Dialled>;
  renew(certificate: Certificate): void;
  /** Lets answers under way finish, then stops where everything is: a later start goes on from there. */
  stop(): Promise<void>;
}

/** Starts an edge. Rejects with a `DatabaseError`, or with the error of the server that cannot listen; then nothing is left. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { log } = options;
  const settings = readSettings({ ...options.settings });
  const database = await Database.open(options.database);
  const { secret, clientAuth } = settings;
  const terms = { isConfigured: secret !== undefined, hasQuotas: clientAuth === 'keys' };
  const mail = new Mail();
  const entrances = new Entrances(mail);
  const actors = new Actors({ database, log, terms, secret });
  const ports = nodePorts({ actors, entrances, mail, log });
  const serve = createEdge();
  const context: EdgeContext = { settings, ports, log, requestId: () => undefined };
  const fetch = (request: Request): Response | Promise<Response> => serve(request, context);
  const { certificate, proxies } = options;
  const http = new HttpServer({ fetch, entrances, certificate, proxies });
  try {
    const port = await http.listen(options.host, options.port);
    actors.start();
    return {
      port,
      settings,
      dial: (url, headers) => dialInMemory(url, headers),
      renew: (certificate) => http.renew(certificate),
      async stop() {
        await http.drain();
        // Before the connections: a client that is cut off has not left.
        actors.stop();
        http.close();
        database.close();
      },
    };
  } catch (error) {
    http.close();
    database.close();
    throw error;
  }

  async function dialInMemory(
    url: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Dialled> {
    const protocols = LINK_SUBPROTOCOLS.join(', ');
    const upgrade = { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': protocols };
    const request = new Request(url, { headers: { ...headers, ...upgrade } });
    let end: SocketEnd | undefined;
    entrances.inMemory(request, () => {
      const [inside, outside] = socketPair(mail);
      end = outside;
      return inside;
    });
    const response = await fetch(request);
    return end ? { ok: true, end } : { ok: false, response };
  }
}
