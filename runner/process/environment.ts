// Which variables of the runner's environment a process may see. This is an allow-list, because any variable that nobody thought of
// may be a credential.

import type { ProcessUser } from './process-user.ts';

/** The runner's own variables. None reaches a process: they may name its credential or its edge. */
const RESERVED_PREFIX = 'MCP_BRIDGE_';

/** A value like this is a function exported by a shell; some shells run it when they start. */
const EXPORTED_FUNCTION = '()';

/** Inherited by every process. An entry ending in `*` is a prefix. */
export const INHERITED_VARIABLES: readonly string[] = [
  // The set that the official MCP SDK inherits on POSIX; servers are written against it.
  'HOME',
  'LOGNAME',
  'PATH',
  'SHELL',
  'TERM',
  'USER',
  // Text and time come out as the operator set them, and file names in UTF-8 stay readable.
  'LANG',
  'LANGUAGE',
  'LC_*',
  'TZ',
  // Hosts that set TMPDIR often make /tmp unwritable.
  'TMPDIR',
  // Paths of extra certificate authorities: without them TLS fails behind an inspecting firewall.
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** The set that the official MCP SDK inherits on Windows, and where its shell and extensions are; without some of them nothing starts. */
const WINDOWS_VARIABLES: readonly string[] = [
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATH',
  'PATHEXT',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
  'WINDIR',
];

/** How `npx` and `uvx` reach a registry from a closed network. Kept back when they hold a password. */
const OUTBOUND_ROUTE_VARIABLES: readonly string[] = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
];

/** A `user` has a home and a name of its own. On Windows capitals and small letters are the same in names. */
export interface EnvironmentOptions {
  readonly user?: ProcessUser | undefined;
  readonly ignoresCase?: boolean;
}

/**
 * The complete environment of a process: allow-listed variables of the parent, then the server's
 * configured `env`, which wins. `allow` adds names, or prefixes such as `AWS_*`; a bare `*` adds
 * nothing, since it would undo the list.
 */
export function processEnvironment(
  parentEnv: Readonly<Record<string, string | undefined>>,
  serverEnv: Readonly<Record<string, string>>,
  allow: readonly string[],
  { user, ignoresCase = false }: EnvironmentOptions = {},
): Record<string, string> {
  if (ignoresCase) return windowsEnvironment(parentEnv, serverEnv, allow);
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(parentEnv)) {
    if (value !== undefined && isInherited(name, value, allow)) environment[name] = value;
  }
  if (user !== undefined) putUser(environment, user);
  return { ...environment, ...serverEnv };
}

/** Each name once, in capitals: Windows takes any one of several, and `Path` is `PATH`. */
function windowsEnvironment(
  parentEnv: Readonly<Record<string, string | undefined>>,
  serverEnv: Readonly<Record<string, string>>,
  allow: readonly string[],
): Record<string, string> {
  const all = allow.map((pattern) => pattern.toUpperCase());
  const environment: Record<string, string> = {};
  for (const [given, value] of Object.entries(parentEnv)) {
    const name = given.toUpperCase();
    if (value === undefined || !isInherited(name, value, [...all, ...WINDOWS_VARIABLES])) continue;
    environment[name] = value;
  }
  for (const [name, value] of Object.entries(serverEnv)) environment[name.toUpperCase()] = value;
  return environment;
}

/** The runner's home is closed to another user, and programs would fail to keep their caches there. */
function putUser(environment: Record<string, string>, { name, home }: ProcessUser): void {
  const own = { HOME: home, USER: name, LOGNAME: name };
  for (const [variable, value] of Object.entries(own)) {
    if (value === undefined) delete environment[variable];
    else environment[variable] = value;
  }
}

function isInherited(name: string, value: string, allow: readonly string[]): boolean {
  if (name.startsWith(RESERVED_PREFIX) || value.startsWith(EXPORTED_FUNCTION)) return false;
  if (isNamed(name, allow) || isNamed(name, INHERITED_VARIABLES)) return true;
  // The part before `@` in a URL is where user and password stand.
  return OUTBOUND_ROUTE_VARIABLES.includes(name) && !value.includes('@');
}

/** True if a pattern is the name, or a prefix of it ending in `*`. */
export function isNamed(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*')
      ? pattern.length > 1 && name.startsWith(pattern.slice(0, -1))
      : name === pattern,
  );
}
