// What tests inside workerd import from `cloudflare:workers`: the worker's own bindings and its exports.
import type { AccessActor } from '../../../../edge/hosts/cloudflare/access-actor.ts';
import type { FleetActor } from '../../../../edge/hosts/cloudflare/fleet-actor.ts';
import type { SessionActor } from '../../../../edge/hosts/cloudflare/session-actor.ts';
import type * as worker from '../../../../edge/hosts/cloudflare/worker.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly SESSION: DurableObjectNamespace<SessionActor>;
      readonly FLEET: DurableObjectNamespace<FleetActor>;
      readonly ACCESS: DurableObjectNamespace<AccessActor>;
    }
    interface GlobalProps {
      mainModule: typeof worker;
    }
  }
}
