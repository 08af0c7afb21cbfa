// The access actor on Node: hosts core/access. Each question is one transaction; what it wrote is kept before it is answered.
import { Access } from '../../core/access.ts';
import type { AccessSteps } from '../../core/access-ports.ts';
import { AccessTables } from '../../core/access-tables.ts';
import { failureOf } from '../../core/log.ts';
import type { ActorHost } from './actor.ts';
import { Waker } from './wakers.ts';

export class NodeAccessActor {
  readonly #host: ActorHost;
  readonly #store: AccessTables;
  readonly #access: Access;
  readonly #waker = new Waker(() => this.#sweep());

  /** Takes up what an earlier life has left. */
  constructor(host: ActorHost) {
    this.#host = host;
    this.#store = new AccessTables(host.database, (at) => host.queue.arm(this.#waker, at));
    this.#access = new Access(this.#store);
    host.queue.arm(this.#waker, this.#store.sweepAt());
  }

  take<Name extends keyof AccessSteps>(
    name: Name,
    input: Parameters<AccessSteps[Name]>[0],
  ): ReturnType<AccessSteps[Name]> {
    return this.#host.database.step(() => this.#access.take(name, input, Date.now()));
  }

  #sweep(): void {
    try {
      this.#host.database.step(() => this.#access.sweep(Date.now()));
    } catch (error) {
      this.#host.log({ level: 'error', message: 'an actor failed', ...failureOf(error) });
    }
  }
}
