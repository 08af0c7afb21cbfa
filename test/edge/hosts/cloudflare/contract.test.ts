// The Durable Objects' stores and sockets keep what the edge's rules are promised, in workerd.
import { abortAllDurableObjects, reset, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, vi } from 'vitest';

import { durableAccessStore } from '../../../../edge/hosts/cloudflare/access-actor.ts';
import { durableFleetStore } from '../../../../edge/hosts/cloudflare/fleet-store.ts';
import { DurableSessionStore } from '../../../../edge/hosts/cloudflare/session-store.ts';
import { ActorSockets } from '../../../../edge/hosts/cloudflare/sockets.ts';
import { controlUpgrade } from '../../../../edge/hosts/cloudflare/upgrades.ts';
import type { ControlNote } from '../../../../edge/core/control-links.ts';
import { accessStoreContract } from '../../../contract/access.ts';
import { socketContract, type Peer } from '../../../contract/sockets.ts';
import {
  fleetStoreContract,
  sessionStoreContract,
  type StoreHarness,
} from '../../../contract/stores.ts';
import { PATIENCE } from '../../../fixtures/patience.ts';

afterEach(() => reset());

/** A store on the disk of a real actor, made anew for each step. */
function harness<Store>(
  stub: () => DurableObjectStub,
  make: (ctx: DurableObjectState) => Store,
): StoreHarness<Store> {
  return {
    step: (work) => runInDurableObject(stub(), (_instance, ctx) => work(make(ctx))),
    wakesAt: async () =>
      (await runInDurableObject(stub(), (_instance, ctx) => ctx.storage.getAlarm())) ?? undefined,
    crash: async () => {
      await runInDurableObject(stub(), (_instance, ctx) => ctx.storage.sync());
      await abortAllDurableObjects();
    },
  };
}

sessionStoreContract(async () =>
  harness(
    () => env.SESSION.getByName('s'.repeat(22)) as unknown as DurableObjectStub,
    (ctx) => new DurableSessionStore(ctx),
  ),
);

const fleet = () => env.FLEET.getByName('fleet');

fleetStoreContract(async () =>
  harness(
    () => fleet() as unknown as DurableObjectStub,
    (ctx) => durableFleetStore(ctx),
  ),
);

accessStoreContract(async () =>
  harness(
    () => env.ACCESS.getByName('access') as unknown as DurableObjectStub,
    (ctx) => durableAccessStore(ctx),
  ),
);

class SocketPeer implements Peer {
  readonly received: string[] = [];
  closedWith: number | undefined;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => void this.received.push(String(data)));
    socket.addEventListener('close', ({ code }) => {
      this.closedWith = code;
    });
    socket.accept();
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(code: number): void {
    this.#socket.close(code, 'test');
  }
}

const note = (runner: string): ControlNote => ({
  runner,
  granted: '*',
  withheld: [],
  hasHello: false,
  at: 1,
});

// Of the fleet actor, which lets in who has passed the worker.
socketContract<ControlNote>(async () => {
  const ids = (): Promise<string[]> =>
    runInDurableObject(fleet(), (_instance, ctx) =>
      new ActorSockets(ctx).all().map(({ id }) => id),
    );
  let dials = 0;
  return {
    dial: async () => {
      const before = await ids();
      const dial = {
        runner: `runner${++dials}`,
        granted: '*',
        withheld: [],
        subprotocol: 'x',
      } as const;
      const request = new Request('http://edge.test', {
        headers: { 'Sec-WebSocket-Protocol': 'x' },
      });
      const { webSocket } = await fleet().fetch(controlUpgrade(request, dial));
      if (!webSocket) throw new Error('not let in');
      const id = (await ids()).find((known) => !before.includes(known)) ?? '';
      return { id, peer: new SocketPeer(webSocket) };
    },
    step: async (work) => {
      return runInDurableObject(fleet(), (_instance, ctx) =>
        work(new ActorSockets<ControlNote>(ctx)),
      );
    },
    until: (holds) =>
      vi.waitFor(() => {
        if (!holds()) throw new Error('not yet');
      }, PATIENCE),
  };
}, [note('one'), note('two')]);
