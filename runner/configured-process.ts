// What a process of a configured server is started as: the same for the runner and for `mcp-bridge check`.
import { nanoid } from 'nanoid';
import type { HttpSource, ProcessSource } from './config/runner-config.ts';
import type { Containment } from './process/containment.ts';
import { processEnvironment } from './process/environment.ts';
import { runnerMark } from './process/runner-mark.ts';
import type { ProcessSpec } from './process/process-spec.ts';
import type { RemoteSpec } from './remote/remote-process.ts';

export interface SpecGround {
  /** The runner's environment, of which a process gets the allowed part. */
  readonly environment: NodeJS.ProcessEnv;
  readonly containment: Containment | undefined;
  /** No output of the process may show them. */
  readonly secrets: readonly string[];
  readonly aheadBytes?: number;
}

/** What is started of a server. */
export interface StartedServer {
  readonly name: string;
  readonly source: ProcessSource;
  readonly maxLineBytes: number;
}

/** For one process: it has a mark of its own. `personal`: variables of the person whose it is (`perUser`), if there is one. */
export function processSpec(
  { name, source, maxLineBytes }: StartedServer,
  ground: SpecGround,
  personal: Readonly<Record<string, string>> = {},
): ProcessSpec {
  const { command, args, env, cwd, inheritEnv, user, limits } = source;
  return {
    server: name,
    command,
    args,
    cwd,
    maxLineBytes,
    // Made for those who ask: nobody keeps it while the process runs, which a thousand processes would feel.
    get env() {
      return processEnvironment(
        withoutPersonal(ground.environment, source),
        { ...env, ...personal },
        inheritEnv,
        {
          user,
          ignoresCase: ground.containment?.system.ignoresCase === true,
        },
      );
    },
    mark: nanoid(),
    runnerMark: runnerMark(),
    containment: ground.containment,
    limits,
    user,
    secrets: ground.secrets,
    ...(ground.aheadBytes !== undefined && { aheadBytes: ground.aheadBytes }),
  };
}

/** What is needed for a session with a server at a URL. */
export const remoteSpec = (
  { source, maxLineBytes }: { readonly source: HttpSource; readonly maxLineBytes: number },
  note: RemoteSpec['note'],
): RemoteSpec => ({ ...source, maxLineBytes, note });

/** What people get for themselves, nobody gets from the runner's own environment, not even where it is missing. */
function withoutPersonal(
  environment: NodeJS.ProcessEnv,
  { perUser }: ProcessSource,
): NodeJS.ProcessEnv {
  if (!perUser) return environment;
  const personal = new Set(perUser.variables.map(({ name }) => name.toUpperCase()));
  const all = Object.entries(environment);
  return Object.fromEntries(all.filter(([name]) => !personal.has(name.toUpperCase())));
}
