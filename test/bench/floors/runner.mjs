// The runner's side of the bare prototype: a WebSocket and a process for each session, and nothing else. The worker asks it over HTTP to
// dial. Arguments: the port to listen on, the edge's port, the command and its arguments.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

import { WebSocket } from 'ws';

import { eachLine } from './lines.mjs';

const [port, edgePort, command, ...args] = process.argv.slice(2);

const decoder = new TextDecoder();

function open(name, opened) {
  const socket = new WebSocket(`ws://127.0.0.1:${edgePort}/${name}`, { perMessageDeflate: false });
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const numbers = new Map();
  socket.on('open', opened);
  socket.on('message', (bytes) => {
    const text = decoder.decode(bytes);
    const end = text.indexOf('\n');
    const message = text.slice(end + 1);
    if (end > 0) numbers.set(JSON.parse(message).id, text.slice(0, end));
    child.stdin.write(`${message}\n`);
  });
  socket.on('close', () => child.stdin.end());
  eachLine(child.stdout, (line) => {
    const { id } = JSON.parse(line);
    socket.send(`${numbers.get(id)}\n${line}`);
    numbers.delete(id);
  });
}

createServer(({ url }, response) => open(url.slice(1), () => response.end())).listen(
  Number(port),
  '127.0.0.1',
);
