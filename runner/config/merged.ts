// Several config files served as one, as `mcp-bridge up` does with what it finds on a machine.

import { ANOTHERS_FILE, variableThatMeets } from './per-user.ts';
import { settingPath, type ConfigProblem } from './problem.ts';
import { MAX_SERVERS } from './reader.ts';
import { perUserOf, type RunnerConfig, type ServerConfig } from './runner-config.ts';
import { isSameServer } from './same-server.ts';

/** Tells whether there is a file or folder of this path. */
type Exists = (path: string) => boolean;

/**
 * The servers of all `configs`, in their order; every other setting is that of the first. The same server in two files is served
 * once. Another server of the same name gets a number behind it, and a warning says so.
 */
export function mergedConfig(
  [first, ...others]: readonly [RunnerConfig, ...RunnerConfig[]],
  exists: Exists,
): RunnerConfig {
  const servers = new Map(first.servers);
  const warnings = [...first.warnings];
  const leftOut = [...first.leftOut];
  for (const { file, serversAt, servers: more, ...other } of others) {
    leftOut.push(...other.leftOut);
    for (const name of other.virtual.keys())
      warnings.push({
        file,
        path: settingPath(['bridge', 'virtual', name]),
        what: 'is not served: virtual servers are those of the first file',
        fix: `Move it to ${first.file}, or serve this file by itself.`,
      });
    for (const server of more.values()) {
      const name = nameFor(server, servers, first.virtual, exists);
      if (name === undefined) continue;
      const meets = variableThatMeetsOneOf(server, servers);
      if (meets !== undefined) {
        const asked = server.configuredAs ?? server.name;
        const keys = [...serversAt, asked, 'bridge', 'perUser', 'env', meets, 'file'];
        const problems = [{ file, path: settingPath(keys), ...ANOTHERS_FILE }];
        leftOut.push({ name: asked, servedName: name, reason: 'broken', problems });
        continue;
      }
      if (name !== server.name)
        warnings.push({
          file,
          path: server.configuredAs ?? server.name,
          what: `is served as "${name}", because another file has another server of its name`,
          fix: 'Rename one of the two to choose its name.',
        });
      servers.set(name, {
        ...server,
        name,
        ...(name !== server.name && { configuredAs: server.configuredAs ?? server.name }),
      });
    }
    warnings.push(...other.warnings);
  }
  return {
    ...first,
    // What is watched.
    envFiles: [
      ...new Set([...first.envFiles, ...others.flatMap((each) => [each.file, ...each.envFiles])]),
    ],
    servers,
    leftOut,
    warnings,
  };
}

/** Files of people are kept apart over all files of settings, as within one of them. */
function variableThatMeetsOneOf(
  server: ServerConfig,
  servers: ReadonlyMap<string, ServerConfig>,
): string | undefined {
  const perUser = perUserOf(server);
  if (!perUser) return undefined;
  for (const other of servers.values()) {
    const known = perUserOf(other);
    const name = known && variableThatMeets(perUser, known);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The name it is served under beside `servers`; undefined: it is one of them. */
function nameFor(
  server: ServerConfig,
  servers: ReadonlyMap<string, ServerConfig>,
  virtual: ReadonlyMap<string, unknown>,
  exists: Exists,
): string | undefined {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? server.name : `${server.name.slice(0, NAME_CHARS)}-${number}`;
    const other = servers.get(name);
    if (other === undefined && !virtual.has(name)) return name;
    if (other && isSameServer(server, other, exists)) return undefined;
  }
}

/** What is wrong with more servers than a runner may offer. */
export function tooManyServers({
  file,
  servers,
  virtual,
}: RunnerConfig): ConfigProblem | undefined {
  if (servers.size + virtual.size <= MAX_SERVERS) return undefined;
  const what = `and the other files have more than ${MAX_SERVERS} servers together`;
  return { file, path: '', what, fix: 'Serve fewer of them.' };
}

/** Room for a number within the 64 characters of a name. */
const NAME_CHARS = 60;
