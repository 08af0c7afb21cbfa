// The text of workerd's config for the edge on one machine, made from a few paths and names. Pure. It never contains values of
// settings: workerd takes them from its environment, so none is stored on disk.

/** As in wrangler.toml, which deploys the same worker. */
export const EDGE_COMPATIBILITY_DATE = '2026-10-20';

/** As in wrangler.toml. */
export const EDGE_COMPATIBILITY_FLAGS: readonly string[] = [
  'enable_request_signal',
  'global_fetch_strictly_public',
];

/** Binding → class of the edge's actors, as in wrangler.toml. */
export const EDGE_ACTORS = {
  SESSION: 'SessionActor',
  FLEET: 'FleetActor',
  ACCESS: 'AccessActor',
} as const;

/**
 * Left to itself V8 takes up to 48 MiB for what passes through the edge and is kept by nobody, and more behind it: 128 MiB of results
 * that no client reads cost 130 MiB of memory, and 70 with this. A call costs no more processor time.
 */
export const V8_FLAGS: readonly string[] = ['--max-semi-space-size=4'];

/** The name of the one socket in workerd's messages about itself. */
export const EDGE_SOCKET = 'http';

/** What the config depends on. Paths are relative to the config's own folder, which is workerd's working directory. */
export interface WorkerdConfigOptions {
  /** The bundle of the edge. */
  readonly bundlePath: string;
  /** An existing folder in which each actor class gets a folder of SQLite files. */
  readonly actorsPath: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Names of the settings that the worker sees as text bindings. */
  readonly settingNames: readonly string[];
}

/** A Cap'n Proto text file with the constant `config` (schema: workerd.capnp in the workerd package). */
export function workerdConfig(options: WorkerdConfigOptions): string {
  // The class name is also the unique key: ids of actors, and so the stored rows, hang on it.
  const namespaces = Object.values(EDGE_ACTORS).map(
    (actor) => `(className = ${text(actor)}, uniqueKey = ${text(actor)}, enableSql = true)`,
  );
  const bindings = [
    ...Object.entries(EDGE_ACTORS).map(
      ([name, actor]) => `(name = ${text(name)}, durableObjectNamespace = ${text(actor)})`,
    ),
    // The operator names them, and may have them in a private network. All else stays on the public internet.
    `(name = "PROVIDERS", service = "providers")`,
    ...options.settingNames.map(
      (name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`,
    ),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  v8Flags = [${V8_FLAGS.map(text).join(', ')}],
  services = [
    (name = "edge", worker = .edge),
    (name = "providers", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
    (name = "actors", disk = (path = ${text(options.actorsPath)}, writable = true)),
  ],
  sockets = [
    (name = ${text(EDGE_SOCKET)}, address = "127.0.0.1:${options.port}", service = "edge", http = ()),
  ],
);

const edge :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed ${text(options.bundlePath)})],
  compatibilityDate = ${text(EDGE_COMPATIBILITY_DATE)},
  compatibilityFlags = [${EDGE_COMPATIBILITY_FLAGS.map(text).join(', ')}],
  durableObjectNamespaces = [
    ${namespaces.join(',\n    ')},
  ],
  durableObjectStorage = (localDisk = "actors"),
  bindings = [
    ${bindings.join(',\n    ')},
  ],
);
`;
}

/** A Cap'n Proto string: UTF-8 between quotes with C's escapes. */
function text(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
