// The simulator's stores and sockets keep the promises that the edge's rules rely on.
import { ActorSockets } from './sockets.ts';
import { Chance, VirtualClock } from './clock.ts';
import { fleetStoreContract, sessionStoreContract, type StoreHarness } from '../contract/stores.ts';
import { socketContract, type Peer } from '../contract/sockets.ts';
import { MemoryFleetStore, MemorySessionStore, type SteppedStore } from './stores.ts';
import { Wire } from './wire.ts';

/** A crash takes back the step that was under way, and no other. */
const harness = <Store extends SteppedStore>(store: Store): StoreHarness<Store> => ({
  step: async (work) => {
    store.begin();
    return work(store);
  },
  wakesAt: async () => store.wakesAt,
  crash: async () => {
    store.begin();
    store.rollback();
  },
});

sessionStoreContract(async () => harness(new MemorySessionStore()));
fleetStoreContract(async () => harness(new MemoryFleetStore()));

class WirePeer implements Peer {
  readonly received: string[] = [];
  closedWith: number | undefined;
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.a.onMessage = (text) => void this.received.push(text);
    wire.a.onClose = (code) => {
      this.closedWith = code;
    };
  }

  send(text: string): void {
    this.#wire.a.send(text);
  }

  close(code: number): void {
    this.#wire.a.close(code);
  }
}

socketContract<string>(async () => {
  const clock = new VirtualClock();
  const chance = new Chance(1);
  const nobody = (): undefined => undefined;
  const sockets = new ActorSockets<string>({ now: () => clock.now, message: nobody, gone: nobody });
  let dials = 0;
  return {
    dial: async () => {
      const wire = new Wire(clock, chance);
      const id = `socket${String(++dials)}`;
      sockets.accept(id, { wire, end: wire.b });
      return { id, peer: new WirePeer(wire) };
    },
    step: async (work) => work(sockets),
    until: async (holds) => {
      for (let turn = 0; turn < 10 && !holds(); turn++) clock.run(clock.now + 100);
      clock.run(clock.now + 100);
    },
  };
}, ['one', 'two']);
