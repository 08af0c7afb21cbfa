// What the actors owe their sockets, tried on stand-ins: a socket is all these functions see.
import { describe, expect, test, vi } from 'vitest';

import { completeClose, contained } from '../../../edge/hosts/cloudflare/sockets.ts';

const socketOf = (close: (...args: unknown[]) => void): WebSocket =>
  ({ close }) as unknown as WebSocket;

describe('[F-241] what the handling of a frame throws', () => {
  test('ends its socket with 1011, and is told by its kind and place alone', () => {
    const told = vi.spyOn(console, 'error').mockReturnValue();
    const close = vi.fn<(...args: unknown[]) => void>();
    contained(socketOf(close), () => {
      throw new RangeError('with a secret of the peer');
    });
    expect(close).toHaveBeenCalledExactlyOnceWith(1011);
    const lines = told.mock.calls.map(([line]) => JSON.parse(String(line)) as object);
    expect(lines).toEqual([
      {
        level: 'error',
        message: 'a frame could not be handled',
        error: 'RangeError',
        at: expect.arrayContaining([expect.stringContaining('sockets.test.ts')]),
      },
    ]);
    expect(String(told.mock.calls)).not.toContain('secret');
    told.mockRestore();
  });

  test('goes no further when the socket cannot be closed either', () => {
    const told = vi.spyOn(console, 'error').mockReturnValue();
    const close = (): void => {
      throw new Error('closed already');
    };
    expect(() => contained(socketOf(close), close)).not.toThrow();
    told.mockRestore();
  });
});

test('[F-240] a close is completed without the words of the peer', () => {
  const close = vi.fn<(...args: unknown[]) => void>();
  completeClose(socketOf(close), 4400);
  completeClose(socketOf(close), 1006);
  expect(close.mock.calls).toEqual([[4400], [1000]]);
});
