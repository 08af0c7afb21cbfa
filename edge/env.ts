// The worker's bindings. Settings are text variables and secrets, read by settings.ts.
import type { FleetActor } from './actors/fleet-actor.ts';
import type { SessionActor } from './actors/session-actor.ts';

export interface Env extends Record<string, unknown> {
  readonly SESSION: DurableObjectNamespace<SessionActor>;
  readonly FLEET: DurableObjectNamespace<FleetActor>;
}
