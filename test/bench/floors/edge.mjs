// The edge's side of the bare prototype: worker → actor → WebSocket, and nothing else. No check, no signature, no queue, and nothing
// survives a break: what workerd itself costs on this way.
import { DurableObject } from 'cloudflare:workers';

export class Session extends DurableObject {
  #waiting = new Map();
  #count = 0;
  /** It slept if the bench measured others for long. */
  #socket = this.ctx.getWebSockets()[0];

  fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    this.#socket = server;
    return new Response(null, { status: 101, webSocket: client });
  }

  call(message) {
    const number = String((this.#count += 1));
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#socket.send(`${number}\n${message}`);
    });
  }

  note(message) {
    this.#socket.send(`\n${message}`);
  }

  end() {
    this.#socket.close(1000);
  }

  webSocketMessage(_socket, text) {
    const end = text.indexOf('\n');
    const number = text.slice(0, end);
    this.#waiting.get(number)(text.slice(end + 1));
    this.#waiting.delete(number);
  }

  webSocketClose() {}
}

async function post(request, env) {
  const message = await request.text();
  let name = request.headers.get('mcp-session-id');
  const headers = { 'content-type': 'application/json' };
  if (name === null) {
    name = crypto.randomUUID();
    headers['mcp-session-id'] = name;
    await env.RUNNER.fetch(`http://runner/${name}`);
  }
  const session = env.SESSION.getByName(name);
  if (JSON.parse(message).id !== undefined)
    return new Response(await session.call(message), { headers });
  await session.note(message);
  return new Response(null, { status: 202 });
}

export default {
  async fetch(request, env) {
    if (request.method === 'POST') return post(request, env);
    if (request.headers.get('upgrade') === 'websocket')
      return env.SESSION.getByName(new URL(request.url).pathname.slice(1)).fetch(request);
    if (request.method !== 'DELETE') return new Response(null, { status: 405 });
    await env.SESSION.getByName(request.headers.get('mcp-session-id')).end();
    return new Response(null, { status: 204 });
  },
};
