// What Cloudflare is told of the edge's worker: the config that wrangler reads, made from a name and an account. Pure. It says the same
// as the repository's wrangler.toml; a test compares them.
import {
  EDGE_ACTORS,
  EDGE_COMPATIBILITY_DATE,
  EDGE_COMPATIBILITY_FLAGS,
} from '../dev/workerd-config.ts';

/** The bundle's name beside the config. */
export const WORKER_FILE = 'edge-worker.js';

/** Which actors came with which step. Cloudflare remembers the last step that it took. */
const MIGRATIONS = [
  { tag: 'v1', new_sqlite_classes: ['SessionActor', 'FleetActor'] },
  { tag: 'v2', new_sqlite_classes: ['AccessActor'] },
];

export interface WorkerPlace {
  readonly name: string;
  /** Id of the account. */
  readonly account: string;
  /** The host at which it serves, in a zone of the account; undefined: one below workers.dev. */
  readonly domain?: string | undefined;
}

/** What a call needs that uploads nothing: where the worker is, as far as it is known. */
export const placeConfig = ({ name, account }: Partial<WorkerPlace>): string =>
  `${JSON.stringify({ name, account_id: account, send_metrics: false })}\n`;

/** The config of an upload, as JSON. */
export function workerConfig({ name, account, domain }: WorkerPlace): string {
  const config = {
    name,
    account_id: account,
    main: WORKER_FILE,
    // The very bundle of this package: it was tested, and nothing is to change it.
    no_bundle: true,
    compatibility_date: EDGE_COMPATIBILITY_DATE,
    compatibility_flags: EDGE_COMPATIBILITY_FLAGS,
    // One address: what is signed and granted at one would not count at another.
    workers_dev: domain === undefined,
    ...(domain !== undefined && { routes: [{ pattern: domain, custom_domain: true }] }),
    preview_urls: false,
    send_metrics: false,
    // What somebody set by hand, such as BRIDGE_LIMITS, stays.
    keep_vars: true,
    durable_objects: {
      bindings: Object.entries(EDGE_ACTORS).map(([binding, actor]) => ({
        name: binding,
        class_name: actor,
      })),
    },
    migrations: MIGRATIONS,
    ratelimits: [{ name: 'FAILURES', namespace_id: '42029', simple: { limit: 120, period: 60 } }],
    observability: { enabled: true },
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** What a worker may be called: it becomes a label of a host name (RFC 1123 §2.1), and Cloudflare allows no capitals. */
export const WORKER_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

/** Whether a host, as URLs have it, may be a custom domain of a worker: a name in a zone, not an address and not one of workers.dev. */
export const isDomain = (host: string): boolean =>
  host.length <= 253 &&
  /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/u.test(host) &&
  !host.endsWith('.workers.dev');

export const USUAL_WORKER_NAME = 'mcp-edge-bridge';
