// The actors of an edge on Node, by name: made when somebody comes to them, and let go when nothing of them is left in memory only.
import type { FleetTerms } from '../../core/fleet-effects.ts';
import type { LogPort } from '../../core/log.ts';
import type { RecordRing } from '../../core/record.ts';
import type { ActorName } from '../../../shared/ids.ts';
import { Alarms } from './alarms.ts';
import type { Database } from './database.ts';
import { Wakers } from './wakers.ts';
import { NodeAccessActor } from './access-actor.ts';
import { NodeFleetActor } from './fleet-actor.ts';
import { NodeSessionActor, type FleetOfSessions } from './session-actor.ts';

export interface ActorsOptions {
  readonly database: Database;
  readonly log: LogPort;
  readonly terms: FleetTerms;
  /** Signs tickets; see Settings. */
  readonly secret: string | undefined;
  /** What was recorded last. */
  readonly ring: RecordRing;
}

/** WebSocket close code: the server restarts, come back (IANA, WebSocket Close Code Number Registry). */
const RESTARTS = 1012;

export class Actors {
  readonly #options: ActorsOptions;
  readonly #queue = new Wakers();
  readonly #alarms: Alarms;
  readonly #sessions = new Map<ActorName, NodeSessionActor>();
  #fleet: NodeFleetActor | undefined;
  #access: NodeAccessActor | undefined;
  #isStopped = false;

  constructor(options: ActorsOptions) {
    this.#options = options;
    const wake = (actor: ActorName): void => this.session(actor).woken();
    this.#alarms = new Alarms(options.database, this.#queue, wake);
  }

  /** Takes up what an earlier life of the program has left. */
  start(): void {
    this.#alarms.start();
    void this.fleet;
    void this.access;
  }

  /** Session actors in memory. */
  get awake(): number {
    return this.#sessions.size;
  }

  get fleet(): NodeFleetActor {
    this.#fleet ??= this.#makeFleet();
    return this.#fleet;
  }

  get access(): NodeAccessActor {
    const { database, log } = this.#options;
    this.#access ??= new NodeAccessActor({ database, log, queue: this.#queue });
    return this.#access;
  }

  session(name: ActorName): NodeSessionActor {
    let actor = this.#sessions.get(name);
    if (!actor) {
      const { database, log } = this.#options;
      const letGo = (gone: NodeSessionActor): void => {
        if (this.#sessions.get(name) === gone) this.#sessions.delete(name);
      };
      const fleet = this.#fleetOfSessions;
      actor = new NodeSessionActor(name, {
        database,
        log,
        queue: this.#queue,
        alarms: this.#alarms,
        fleet,
        letGo,
      });
      if (this.#isStopped) actor.breakAway();
      else this.#sessions.set(name, actor);
    }
    return actor;
  }

  /** What the fleet's actor has counted. If there is none, storage has failed it, and there is nothing to keep. Throws nothing. */
  keepFigures(): void {
    this.#fleet?.keepFigures();
  }

  /** Stops all where they are, as the end of the program would, and tells runners to come back. */
  stop(): void {
    this.#isStopped = true;
    this.#queue.clear();
    for (const actor of this.#sessions.values()) actor.breakAway(RESTARTS, 'the edge restarts');
    this.#fleet?.breakAway(RESTARTS, 'the edge restarts');
  }

  /** The fleet's actor may be another one later. */
  readonly #fleetOfSessions: FleetOfSessions = {
    open: (wish) => this.fleet.open(wish),
    placed: (actor) => this.fleet.placed(actor),
    closed: (session) => this.fleet.closed(session),
    redial: (session, epoch) => this.fleet.redial(session, epoch),
  };

  #makeFleet(): NodeFleetActor {
    const { database, log, terms, secret, ring } = this.#options;
    const fleet: NodeFleetActor = new NodeFleetActor({
      database,
      log,
      queue: this.#queue,
      terms,
      secret,
      ring,
      session: (actor) => this.session(actor),
      letGo: () => {
        if (!this.#isStopped && this.#fleet === fleet) this.#fleet = undefined;
      },
    });
    fleet.start();
    return fleet;
  }
}
