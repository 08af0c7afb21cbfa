// A hostile edge, as a runner sees it. What the runner dials is passed on to a good edge; from the moment it turns hostile,
// frames that no edge may send are mixed in, on the control link and on the links of sessions opened since.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { WebSocket, WebSocketServer, type RawData } from 'ws';

/** A frame follows the other by this. */
const EVERY_MS = 250;

/** Headers that a socket makes for itself. */
const OWN_HEADERS = /^(?:host|connection|upgrade|sec-websocket-)/u;

const wide = '界';

const HOSTILE_FRAMES: readonly string[] = [
  `{"type":"${wide.repeat(50)}"}`,
  `{"type":"end","${wide.repeat(60)}":1}`,
  '{"type":"open","command":"/bin/sh"}',
  'not json at all',
  `{"type":"post","stream":"s","id":"s"}\n${'['.repeat(5_000)}`,
  `{"type":"welcome","servers":[${'"x",'.repeat(20_000)}"x"]}`,
  '{"type":"part","last":false}x',
  `{"type":"ack","stream":"${'s'.repeat(100_000)}","seq":1}`,
  '{"type":"close","session":"nobody"}',
];

export interface BadEdge {
  /** What the runner dials. */
  readonly url: string;
  turn(isBad: boolean): void;
  close(): Promise<void>;
}

/** @param edgeUrl of the good edge that sockets lead to. */
export async function startBadEdge(edgeUrl: string): Promise<BadEdge> {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const bad = new Set<WebSocket>();
  let isBad = false;
  let next = 0;
  http.on('upgrade', (request, socket, head) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !OWN_HEADERS.test(name)),
    );
    const protocols = request.headers['sec-websocket-protocol']?.split(/\s*,\s*/u) ?? [];
    const target = `${edgeUrl.replace('http', 'ws')}${request.url ?? ''}`;
    const far = new WebSocket(target, protocols, { headers, perMessageDeflate: false });
    far.once('error', () => socket.destroy());
    far.once('open', () => {
      sockets.handleUpgrade(request, socket, head, (near) => {
        pass(far, near);
        pass(near, far);
        if (isBad || request.url === '/runner/link') bad.add(near);
        near.once('close', () => bad.delete(near));
      });
    });
  });
  const spoil = setInterval(() => {
    const frame = HOSTILE_FRAMES[next++ % HOSTILE_FRAMES.length] ?? '';
    if (isBad) for (const socket of bad) socket.send(frame);
  }, EVERY_MS);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    turn: (to) => {
      isBad = to;
    },
    close: async () => {
      clearInterval(spoil);
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

function pass(from: WebSocket, to: WebSocket): void {
  from.on('message', (data: RawData, isBinary) => {
    if (to.readyState === WebSocket.OPEN) to.send(data, { binary: isBinary });
  });
  from.on('error', () => to.terminate());
  from.on('close', (code, reason) => {
    if (to.readyState !== WebSocket.OPEN) return;
    if (code === 1005 || code === 1006) to.terminate();
    else to.close(code, reason);
  });
}
