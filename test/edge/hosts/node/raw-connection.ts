// A connection to a server under test on which a test says each byte.
import { connect, type Socket } from 'node:net';

import { onTestFinished, vi } from 'vitest';

import { PATIENCE } from '../../../fixtures/patience.ts';

export interface RawConnection {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** What has come back. */
  text(): string;
  /** The same without the headers of the first answer. */
  body(): string;
  until(words: string): Promise<unknown>;
}

/** Sends bytes on a connection of its own, which is cut when the test is over. */
export function talk(port: number, bytes: string): RawConnection {
  const socket = connect({ port, host: '127.0.0.1' });
  let text = '';
  socket.setEncoding('utf8').on('data', (more: string) => (text += more));
  socket.on('error', () => undefined);
  socket.write(bytes);
  onTestFinished(() => void socket.destroy());
  return {
    socket,
    closed: new Promise((resolve) => void socket.once('close', () => resolve())),
    text: () => text,
    body: () => text.slice(text.indexOf('\r\n\r\n') + 4),
    until: (words) => vi.waitUntil(() => text.includes(words), PATIENCE),
  };
}
