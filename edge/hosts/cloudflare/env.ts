// The worker's bindings. Settings are text variables and secrets, read by settings.ts.
import type { AccessRpc, FleetRpc, SessionRpc } from './rpc.ts';

export interface Env extends Record<string, unknown> {
  readonly SESSION: DurableObjectNamespace<SessionRpc>;
  readonly FLEET: DurableObjectNamespace<FleetRpc>;
  readonly ACCESS: DurableObjectNamespace<AccessRpc>;
  /** Counts failures of a network in all isolates of one location; absent: each isolate counts by itself. */
  readonly FAILURES?: RateLimit;
  /** The network in which identity providers and the collector of traces are; absent: the public internet. */
  readonly PROVIDERS?: Fetcher;
}
