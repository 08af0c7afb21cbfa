// Names that revision 2026-07-28 defines: keys, codes and sets of methods that both the edge and the runner read.
import { isRevision } from './revisions.ts';

/** The modern revision this bridge serves. */
export const MODERN_REVISION = '2026-07-28';

/** Whether a text names a revision of the modern era, served or not: revisions are dates, and this one was the first. */
export const isModernRevision = (text: string): boolean =>
  isRevision(text) && text >= MODERN_REVISION;

/** Keys of `_meta` (MCP 2026-07-28, Base Protocol, "_meta"). */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
} as const;

/** Members of `_meta` that say of one request what `initialize` said of a session; they are not passed to a legacy process. */
export const ENVELOPE_META: readonly string[] = [
  META.protocolVersion,
  META.clientInfo,
  META.clientCapabilities,
  META.logLevel,
];

/** Members of `_meta` that the edge or a session adds for translators; no process gets them, and no client may set them. */
export const PRIVATE_META = {
  /** Lower-cased names of `Mcp-Param-*` headers to their raw values. */
  headers: 'mcp-edge-bridge/headers',
  /** The id the client itself gave a `subscriptions/listen`, which its notifications are tagged with. */
  clientId: 'mcp-edge-bridge/clientId',
  /** True: the client called the tool by way of another, so that its headers cannot repeat the arguments. */
  unmirrored: 'mcp-edge-bridge/unmirrored',
} as const;

/** Levels of `notifications/message` (RFC 5424), least severe first. */
export const LOGGING_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;

/** Error codes of the revision (Base Protocol, "Error Codes"), in addition to JSON-RPC's own. */
export const CODE = {
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;

/** The extension whose wire form differs between the eras, so that it is never offered across them. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** Methods whose complete results say how long they may be kept (Utilities, "Caching"). */
export const CACHEABLE_METHODS: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** The only methods that may answer `input_required` (Patterns, "Multi Round-Trip Requests"). */
export const ASKING_METHODS: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
]);

/** Requests of the legacy era, which a modern client must not send: 404 and -32601. */
export const REMOVED_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
]);

/** The request whose answer is a stream of changes. */
export const LISTEN_METHOD = 'subscriptions/listen';

/** Methods whose `Mcp-Name` header repeats a member of their params (Transports, "Request Headers"; the tasks extension). */
export const NAMED_METHODS: ReadonlyMap<string, 'name' | 'uri' | 'taskId'> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);
