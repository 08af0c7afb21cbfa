// An HTTP server that answers as a test says, and a session of the runner with it.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { ExitFacts } from '../../../runner/process/exit.ts';
import type { StdioProcess } from '../../../runner/process/stdio-process.ts';
import { startRemote, type RemoteSpec } from '../../../runner/remote/remote-process.ts';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The message; undefined without a body. */
  readonly message: { readonly id?: number; readonly method?: string } | undefined;
}

export interface PlayedServer {
  readonly url: string;
  readonly requests: readonly Request[];
  /** Connections that are open now. */
  readonly connections: number;
  /** Ends it and every connection, at once. */
  kill(): Promise<void>;
}

type Play = (request: Request, response: ServerResponse) => void;

/** Serves on `port`, by default any that is free. */
export async function playServer(
  play: Play,
  options: { readonly port?: number; readonly tls?: { key: string; cert: string } } = {},
): Promise<PlayedServer> {
  const requests: Request[] = [];
  const listener: RequestListener = (incoming, response) => {
    void text(incoming).then((body) => {
      const message = body === '' ? undefined : (JSON.parse(body) as Request['message']);
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, headers, message };
      requests.push(request);
      play(request, response);
    });
  };
  const server: Server = options.tls
    ? createTlsServer(options.tls, listener)
    : createServer(listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const kill = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  onTestFinished(kill);
  const { port } = server.address() as AddressInfo;
  const scheme = options.tls ? 'https' : 'http';
  return {
    url: `${scheme}://127.0.0.1:${port}/mcp`,
    requests,
    get connections() {
      return sockets.size;
    },
    kill,
  };
}

export const JSON_HEAD = { 'content-type': 'application/json' };
export const EVENTS_HEAD = { 'content-type': 'text/event-stream' };

/** Answers `initialize` and what has no answer as a server should; the rest is the test's. */
export const initialized =
  (play: Play): Play =>
  (request, response) => {
    const { method, message } = request;
    if (message?.method === 'initialize') {
      response.writeHead(200, { ...JSON_HEAD, 'mcp-session-id': 'sid' });
      response.end(resultOf(message.id, { protocolVersion: '2025-11-25' }));
    } else if (message?.id === undefined && method === 'POST') response.writeHead(202).end();
    else play(request, response);
  };

export const resultOf = (id: number | undefined, result: object): string =>
  JSON.stringify({ jsonrpc: '2.0', id, result });

export const eventOf = (data: string, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;

export interface DrivenProcess {
  readonly process: StdioProcess;
  readonly lines: string[];
  readonly exit: Promise<ExitFacts>;
  write(message: object): boolean;
  /** The answer to a request. */
  answerTo(id: number): Promise<Record<string, unknown>>;
  /** Says `initialize` and that it is done. */
  begin(): Promise<void>;
}

export function startDriven(url: string, spec: Partial<RemoteSpec> = {}): DrivenProcess {
  const lines: string[] = [];
  const exit = Promise.withResolvers<ExitFacts>();
  let wake = (): void => undefined;
  const all = {
    transport: 'any' as const,
    headers: {},
    maxLineBytes: 1024 * 1024,
    note: () => undefined,
  };
  const process = startRemote(
    { url, ...all, ...spec },
    {
      onLine: (bytes) => {
        lines.push(Buffer.from(bytes).toString());
        wake();
      },
      onOverlong: () => undefined,
      onStderr: () => undefined,
      onDrain: () => undefined,
      onExit: (facts) => {
        exit.resolve(facts);
        wake();
      },
    },
  );
  onTestFinished(() => process.terminate('the test is over').then(() => undefined));
  const write = (message: object): boolean =>
    process.write(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })));
  const answerTo = async (id: number): Promise<Record<string, unknown>> => {
    for (;;) {
      const found = lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .find((message) => message['id'] === id && !('method' in message));
      if (found) return found;
      if (process.state === 'exited')
        throw new Error(`ended: ${JSON.stringify(await exit.promise)}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const begin = async (): Promise<void> => {
    write({ id: 1, method: 'initialize', params: {} });
    await answerTo(1);
    write({ method: 'notifications/initialized' });
  };
  return { process, lines, exit: exit.promise, write, answerTo, begin };
}
