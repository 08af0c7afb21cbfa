// What every host's sockets promise the edge's rules (edge/core/ports.ts).
import { describe, expect, test } from 'vitest';
import type { SocketEffect, Sockets } from '../../edge/core/ports.ts';

/** The other end of an actor's socket. */
export interface Peer {
  send(text: string): void;
  close(code: number): void;
  /** What has come, in order. */
  readonly received: readonly string[];
  /** The code it was closed with, once it is. */
  readonly closedWith: number | undefined;
}

export interface SocketHarness<Note> {
  /** Its peers are in the same program as the actor. */
  readonly isLocal?: boolean;
  /** Somebody dials, and is accepted under the id. */
  dial(): Promise<{ readonly id: string; readonly peer: Peer }>;
  /** Lets the actor do something with its sockets; each time it may be in a life of its own that kept them. */
  step<T>(
    work: (sockets: Sockets<Note> & { perform(effect: SocketEffect<Note>): void }) => T,
  ): Promise<T>;
  /** Waits until it holds. */
  until(holds: () => boolean): Promise<void>;
}

export function socketContract<Note>(
  make: () => Promise<SocketHarness<Note>>,
  notes: readonly [Note, Note],
): void {
  describe('sockets', () => {
    test('are known by their ids, with the last note on each, in the next life too', async () => {
      const { dial, step } = await make();
      const [one, two] = [await dial(), await dial()];
      await step((sockets) => {
        for (const note of notes) sockets.perform({ do: 'note', socket: one.id, note });
        sockets.perform({ do: 'note', socket: two.id, note: notes[0] });
      });
      const all = await step((sockets) => sockets.all());
      const noteOf = (wanted: string) => all.find(({ id }) => id === wanted)?.note;
      expect([noteOf(one.id), noteOf(two.id)]).toEqual([notes[1], notes[0]]);
    });

    test('carry texts in order, each to its own peer', async () => {
      const { dial, step, until } = await make();
      const [one, two] = [await dial(), await dial()];
      await step((sockets) => {
        for (const text of ['a', 'b', 'c']) sockets.perform({ do: 'send', socket: one.id, text });
        sockets.perform({ do: 'send', socket: two.id, text: 'd' });
      });
      await until(() => one.peer.received.length === 3 && two.peer.received.length === 1);
      expect([one.peer.received, two.peer.received]).toEqual([['a', 'b', 'c'], ['d']]);
    });

    test('close with a code, and what is said to one that is closed or never was is passed over', async () => {
      const { dial, step, until } = await make();
      const { id, peer } = await dial();
      await step((sockets) => {
        sockets.perform({ do: 'close', socket: id, code: 4409, reason: 'replaced' });
        sockets.perform({ do: 'send', socket: id, text: 'late' });
        sockets.perform({ do: 'send', socket: 'nobody', text: 'x' });
        sockets.perform({ do: 'close', socket: 'nobody', code: 1000, reason: '' });
        sockets.perform({ do: 'note', socket: 'nobody', note: notes[0] });
      });
      await until(() => peer.closedWith !== undefined);
      expect([peer.closedWith, peer.received]).toEqual([4409, []]);
      expect(await step((sockets) => [sockets.isOpen(id), sockets.isOpen('nobody')])).toEqual([
        false,
        false,
      ]);
      expect(await step((sockets) => sockets.unreadBytes('nobody'))).toBe(0);
    });

    test('are open until the peer closes too', async () => {
      const { dial, step, until } = await make();
      const { id, peer } = await dial();
      expect(await step((sockets) => sockets.isOpen(id))).toBe(true);
      peer.close(1000);
      await until(() => peer.closedWith !== undefined);
      expect(await step((sockets) => sockets.isOpen(id))).toBe(false);
      expect(await step((sockets) => sockets.all().some((socket) => socket.id === id))).toBe(false);
    });

    test('[LP4] answer a ping by themselves', async () => {
      const { dial, step, until, isLocal = false } = await make();
      const { id, peer } = await dial();
      const pingAt = await step((sockets) => sockets.pingAt(id));
      expect(pingAt !== undefined).toBe(isLocal);
      peer.send('ping');
      await until(() => peer.received.includes('pong'));
    });
  });
}
