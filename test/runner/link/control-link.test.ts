// What the runner's log says of the ends of its control link.
import { expect, test } from 'vitest';

import type { Connection, ConnectionListener } from '../../../runner/link/connect.ts';
import { ControlLink } from '../../../runner/link/control-link.ts';
import { createLog } from '../../../runner/log.ts';
import { fixedToken } from '../../../runner/runner-token.ts';

/** A far end that answers only a close. */
class Quiet implements Connection {
  readonly bytesRead = undefined;
  isOpen = false;
  readonly #listener: ConnectionListener;

  constructor(listener: ConnectionListener) {
    this.#listener = listener;
  }

  open(): void {
    this.isOpen = true;
    this.#listener.opened();
  }

  send(): void {}

  /** As `ws` does: a socket that is not open yet fails, and then closes. */
  close(code: number, reason: string): void {
    if (!this.isOpen) this.#listener.failed(new Error('closed before it was open'));
    this.#listener.closed(code, reason);
  }

  terminate(): void {
    this.close(1006, '');
  }
}

/** A link whose dial has begun, and the lines of its log from `info` on. */
async function dialled() {
  const lines: string[] = [];
  const began = Promise.withResolvers<Quiet>();
  const ended = Promise.withResolvers<void>();
  const ignored = (): void => undefined;
  const link = new ControlLink({
    edge: 'http://edge.test',
    token: fixedToken('token'),
    connect: (_options, listener) => {
      const far = new Quiet(listener);
      began.resolve(far);
      return far;
    },
    log: createLog({ level: 'info', pretty: false, write: (line) => lines.push(line) }),
    hello: () => ({
      type: 'hello',
      runner: 'r',
      boot: 'abcdefghijklmnopqrstuv',
      servers: [],
      capacity: 1,
      sessions: [],
    }),
    opened: ignored,
    welcomed: ignored,
    lost: () => ended.resolve(),
    open: ignored,
    spare: ignored,
    yield: ignored,
    watch: ignored,
    close: ignored,
    redial: ignored,
  });
  return { link, lines, far: await began.promise, ended: ended.promise };
}

test.each([true, false])(
  '[F-553] a stop of our own is no warning (the socket was open: %s)',
  async (isOpen) => {
    const { link, lines, far, ended } = await dialled();
    if (isOpen) far.open();
    link.stop();
    await ended;
    expect(lines).toEqual([]);
  },
);

test('[F-553] an end that the runner did not choose is one', async () => {
  const { link, lines, far, ended } = await dialled();
  far.open();
  far.close(1001, 'the edge stops');
  await ended;
  link.stop();
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'warn', message: 'control link closed', code: 1001 }),
  ]);
});
