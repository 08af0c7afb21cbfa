// A bare bridge on Node of the same shape as the Node host: an HTTP POST goes to the process of its session, and the answer comes back as
// JSON. No check, no stream, no link, no limit. Arguments: the port, the command and its arguments.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { eachLine } from './lines.mjs';

const [port, command, ...args] = process.argv.slice(2);

class Session {
  #child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  #waiting = new Map();

  constructor() {
    eachLine(this.#child.stdout, (line) => {
      const { id } = JSON.parse(line);
      this.#waiting.get(id)?.(line);
      this.#waiting.delete(id);
    });
  }

  /** `answer` gets the line with the id's answer; without an id there is none. */
  write(id, message, answer) {
    if (id !== undefined) this.#waiting.set(id, answer);
    this.#child.stdin.write(`${message}\n`);
  }

  end() {
    this.#child.stdin.end();
  }
}

const sessions = new Map();

createServer((request, response) => {
  const sessionId = request.headers['mcp-session-id'] ?? randomUUID();
  if (request.method === 'DELETE') {
    sessions.get(sessionId)?.end();
    sessions.delete(sessionId);
    return response.writeHead(204).end();
  }
  if (request.method !== 'POST') return response.writeHead(405).end();
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  return request.on('end', () => {
    const message = Buffer.concat(chunks).toString();
    const { id } = JSON.parse(message);
    if (!sessions.has(sessionId)) sessions.set(sessionId, new Session());
    sessions.get(sessionId).write(id, message, (line) => {
      const headers = { 'content-type': 'application/json', 'mcp-session-id': sessionId };
      response.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(line) });
      response.end(line);
    });
    if (id === undefined) response.writeHead(202).end();
  });
}).listen(Number(port), '127.0.0.1');
