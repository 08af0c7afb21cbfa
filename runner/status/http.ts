// The runner's own pages for supervisors and scrapers: only on the loopback address, read-only, and without payloads or secrets
// (F-69b). Off unless the config names a port.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { METRICS_CONTENT_TYPE, metricsText } from '../../shared/metrics.ts';
import { isLoopbackHost } from '../config/edge-url.ts';
import type { RunnerSnapshot } from '../running-runner.ts';
import { runnerMetrics } from './metrics.ts';

/** A scraper and a supervisor need two connections; a local program must not use up the runner's files with more. */
const MAX_CONNECTIONS = 32;

/** A request has no body and a few headers; what takes longer is not one. */
const REQUEST_TIMEOUT_MS = 2_000;

/** How often Node looks for such ones; by itself it does so every 30 s. */
const LOOK_MS = 500;

const PLAIN = 'text/plain; charset=utf-8';

export interface StatusOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly snapshot: () => RunnerSnapshot;
  /** A page could not be made. */
  failed(error: unknown): void;
}

/** The pages being served; `close` ends open connections too. */
export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Page {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves /livez, /readyz and /metrics on 127.0.0.1. Rejects with the system's error when the port is taken. */
export async function startStatus(options: StatusOptions): Promise<StatusServer> {
  const server = createServer({ connectionsCheckingInterval: LOOK_MS }, (request, response) => {
    const { status, body, type = PLAIN, headers = {} } = answerTo(request, options);
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    // A body was neither asked for nor read; the socket ends with it.
    request.resume();
  });
  makeRoom(server);
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  await listen(server, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A new connection is always served: the oldest one is closed for it, since no answer takes longer than a moment. */
function makeRoom(server: Server): void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    const [oldest] = open;
    if (open.size >= MAX_CONNECTIONS) oldest?.destroy();
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The last guard: the runner goes on even if a page cannot be made. */
function answerTo(request: IncomingMessage, { snapshot, failed }: StatusOptions): Page {
  try {
    return pageFor(request, snapshot);
  } catch (error) {
    failed(error);
    return { status: 500, body: 'This page could not be made; the log says why.\n' };
  }
}

function pageFor(request: IncomingMessage, snapshot: () => RunnerSnapshot): Page {
  // A page in a browser reaches this port under a name of its own choosing (DNS rebinding); its Host gives it away.
  if (!isLoopbackHost((request.headers.host ?? '').replace(/:\d*$/u, ''))) {
    return { status: 421, body: 'Ask for localhost or 127.0.0.1.\n' };
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return {
      status: 405,
      body: 'These pages can only be read.\n',
      headers: { allow: 'GET, HEAD' },
    };
  }
  switch ((request.url ?? '').replace(/\?.*$/su, '')) {
    case '/livez':
      return { status: 200, body: 'live\n' };
    case '/readyz':
      return readiness(snapshot());
    case '/metrics':
      return {
        status: 200,
        body: metricsText(runnerMetrics(snapshot())),
        type: METRICS_CONTENT_TYPE,
      };
    default:
      return { status: 404, body: 'Pages: /livez /readyz /metrics\n' };
  }
}

function readiness({ linked, draining }: RunnerSnapshot): Page {
  if (draining) return { status: 503, body: 'draining\n' };
  return linked
    ? { status: 200, body: 'ready\n' }
    : { status: 503, body: 'not linked to the edge\n' };
}
