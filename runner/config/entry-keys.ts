// The names that programs use for the parts of a server's entry, and for transports.
import { canonicalKey } from './layouts.ts';

/** What the runner reads, by the canonical spelling of what programs call it. */
const ROLES: Readonly<Record<string, Role>> = {
  command: 'command',
  cmd: 'command',
  args: 'args',
  arguments: 'args',
  env: 'env',
  envs: 'env',
  environment: 'env',
  envvars: 'env',
  envkeys: 'inheritEnv',
  envfile: 'envFile',
  envfiles: 'envFile',
  cwd: 'cwd',
  workingdirectory: 'cwd',
  workingdir: 'cwd',
  workdir: 'cwd',
  type: 'type',
  transport: 'type',
  transporttype: 'type',
  url: 'url',
  httpurl: 'url',
  serverurl: 'url',
  sseurl: 'url',
  baseurl: 'url',
  uri: 'url',
  disabled: 'off',
  disable: 'off',
  isdisabled: 'off',
  enabled: 'on',
  enable: 'on',
  isenabled: 'on',
  active: 'on',
  isactive: 'on',
  bridge: 'bridge',
};

/** The meaning of a key of an entry. */
export type Role =
  | 'command'
  | 'args'
  | 'env'
  | 'inheritEnv'
  | 'envFile'
  | 'cwd'
  | 'type'
  | 'url'
  | 'off'
  | 'on'
  | 'bridge';

/** A process of this machine, by canonical spelling. */
export const STDIO_TYPES: ReadonlySet<string> = new Set([
  'stdio',
  'local',
  'command',
  'process',
  'stdioserverparams',
]);
/** A server at a URL, by how it is spoken to: `any` is Streamable HTTP, or HTTP+SSE if it does not speak that. */
export const REMOTE_TYPES: ReadonlyMap<string, 'any' | 'sse'> = new Map([
  ['http', 'any'],
  ['https', 'any'],
  ['streamablehttp', 'any'],
  ['remote', 'any'],
  ['streamablehttpserverparams', 'any'],
  ['sse', 'sse'],
  ['sseserverparams', 'sse'],
]);

/** No transport of MCP. */
export const SOCKET_TYPES: ReadonlySet<string> = new Set(['websocket', 'ws']);

/** Parts of Goose, Cherry Studio and Zed's extensions, which no command starts. */
export const BUILT_IN_TYPES: ReadonlySet<string> = new Set([
  'builtin',
  'platform',
  'frontend',
  'inlinepython',
  'inmemory',
  'extension',
]);

/** Words for on and off, under a name that may also mean other things: a server's state, or one of several. */
const STATES: ReadonlySet<string> = new Set(['enabled', 'disabled', 'active', 'inactive']);

/** The part that `key` is. Codex lists names under `env_vars`, where others have values. */
export function roleOf(key: string, value: unknown): Role | undefined {
  const canonical = canonicalKey(key);
  if (canonical === 'bridge' && key !== 'bridge') return undefined;
  if (canonical === 'state' || canonical === 'status')
    return typeof value === 'string' && STATES.has(value.toLowerCase()) ? 'on' : undefined;
  const role = Object.hasOwn(ROLES, canonical) ? ROLES[canonical] : undefined;
  return canonical === 'envvars' && Array.isArray(value) ? 'inheritEnv' : role;
}
