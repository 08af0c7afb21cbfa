// How much one link sends before others have their turn, counted on an event loop of its own pace: each turn is an immediate. And what it
// tells its owner of pongs.
import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect, test, vi } from 'vitest';

import { encodeBytes } from '../../../shared/link/codec.ts';
import { FRAME_BYTES } from '../../../shared/link/sizes.ts';
import type { Connection, ConnectionListener } from '../../../runner/link/connect.ts';
import { dial } from '../../../runner/link/dial.ts';
import { PATIENCE } from '../../fixtures/patience.ts';

const MIB = 1024 * 1024;

/** About a millisecond's work of a network socket. */
const TURN_BYTES = 256 * 1024;

/** A far end that confirms at once whatever it is sent, as on a line without bounds. */
class Boundless implements Connection {
  readonly isOpen = true;
  readonly bytesRead = undefined;
  bytes = 0;
  /** Those that the link has heard. */
  pongs = 0;
  #listener: ConnectionListener | undefined;

  open(listener: ConnectionListener): this {
    this.#listener = listener;
    setImmediate(() => listener.opened());
    return this;
  }

  send(message: Uint8Array): void {
    if (message.length > 4) this.bytes += message.length;
    else
      setImmediate(() => {
        this.#listener?.message(Buffer.from('pong'), false);
        this.pongs += 1;
      });
  }

  close(code: number): void {
    this.#listener?.closed(code, '');
  }

  terminate(): void {
    this.close(1006);
  }
}

/** A link that has opened to the far end. `moved`: told of the flows that wait, at each pong that its owner hears of. */
async function linkTo(far: Boundless, moved: (flows: readonly string[]) => void) {
  const opened = Promise.withResolvers<void>();
  const link = dial(
    { url: 'ws://edge.test', token: 'token', connect: (_options, listener) => far.open(listener) },
    {
      opened: () => opened.resolve(),
      message: () => undefined,
      carried: () => undefined,
      moved,
      ended: () => undefined,
      failed: (error) => opened.reject(error),
    },
  );
  await opened.promise;
  return link;
}

const eventOf = (stream: string, bytes: number) =>
  encodeBytes({ type: 'event', stream, seq: 1 }, new Uint8Array(bytes));

test.each([
  ['a result of 15 MiB', 1, 15 * MIB],
  ['16 results of 1 MiB at once', 16, MIB],
  ['4,000 events of 4 KiB', 4_000, 4 * 1024],
])('[F-341] however fast the line, %s take many turns of a link', async (_title, count, bytes) => {
  const far = new Boundless();
  const link = await linkTo(far, () => undefined);
  const turns: number[] = [];
  for (let n = 0; n < count; n++)
    link.send(eventOf(`s${n}`, bytes), () => ({ flow: `s${n}`, name: `s${n}.1` }));
  for (let before = 0; before < count * bytes; before = far.bytes) {
    await nextTurn();
    turns.push(far.bytes - before);
  }
  link.close(1000, 'done');
  expect(Math.max(...turns)).toBeLessThanOrEqual(TURN_BYTES + FRAME_BYTES);
  expect(turns.length).toBeGreaterThanOrEqual((count * bytes) / (TURN_BYTES + FRAME_BYTES));
});

test('[F-1220] a pong of a link that rests is told to nobody, and of one with a large frame each tells that it moves', async () => {
  const far = new Boundless();
  const told: (readonly string[])[] = [];
  const link = await linkTo(far, (flows) => void told.push(flows));
  // The ping of the beginning is answered, and the pong heard.
  await vi.waitUntil(() => far.pongs === 1, PATIENCE);
  expect(told).toEqual([]);
  link.send(eventOf('s', 4 * MIB), () => ({ flow: 's', name: 's.1' }));
  await vi.waitUntil(() => told.at(-1)?.length === 0, PATIENCE);
  expect(told[0]).toEqual(['s']);
  link.close(1000, 'done');
});
