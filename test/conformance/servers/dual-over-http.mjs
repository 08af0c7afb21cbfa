// The dual fixture served by its own SDK over HTTP, to know what the suite says of it without a bridge.
// Prints its URL. The legacy era gets sessions and resumable streams, as the bridge gives them.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

import {
  createMcpHandler,
  hostHeaderValidationResponse,
  isInitializeRequest,
  isLegacyRequest,
  localhostAllowedHostnames,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';

import { bothErasServer } from './both-eras.mjs';

/** What clients are told to wait before they open a closed stream again; the suite only wants that it is told. */
const RETRY_MS = 500;

const sessions = new Map();
const modern = createMcpHandler(() => bothErasServer((kind) => modern.notify[`${kind}Changed`]()), {
  legacy: 'reject',
});

const server = createServer((incoming, outgoing) => {
  void serve(incoming, outgoing).catch((error) => outgoing.destroy(error));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(`http://127.0.0.1:${server.address().port}/mcp`);

async function serve(incoming, outgoing) {
  const isPost = incoming.method === 'POST';
  const abort = new AbortController();
  outgoing.on('close', () => abort.abort());
  const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method,
    headers: Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    signal: abort.signal,
    ...(isPost && { body: await buffer(incoming) }),
  });
  const response =
    hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
    ((await isLegacyRequest(request)) ? await serveLegacy(request) : await modern.fetch(request));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  try {
    for await (const chunk of response.body ?? []) outgoing.write(chunk);
  } finally {
    outgoing.end();
  }
}

async function serveLegacy(request) {
  const id = request.headers.get('mcp-session-id');
  const body = request.method === 'POST' ? await request.clone().json() : undefined;
  if (id === null && isInitializeRequest(body)) {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: eventStore(),
      retryInterval: RETRY_MS,
      onsessioninitialized: (issued) => sessions.set(issued, transport),
      onsessionclosed: (closed) => sessions.delete(closed),
    });
    await bothErasServer().connect(transport);
    return transport.handleRequest(request);
  }
  if (id === null) return new Response('No session', { status: 400 });
  return (
    sessions.get(id)?.handleRequest(request) ?? new Response('No such session', { status: 404 })
  );
}

function eventStore() {
  const events = [];
  return {
    storeEvent: async (streamId, message) => {
      events.push({ streamId, message });
      return `${events.length - 1}`;
    },
    getStreamIdForEventId: async (eventId) => events[Number(eventId)]?.streamId,
    replayEventsAfter: async (lastEventId, { send }) => {
      const { streamId } = events[Number(lastEventId)];
      for (let at = Number(lastEventId) + 1; at < events.length; at += 1) {
        const { streamId: of, message } = events[at];
        if (of === streamId && Object.keys(message).length > 0) await send(`${at}`, message);
      }
      return streamId;
    },
  };
}
