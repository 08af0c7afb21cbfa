// What a process of a configured server is started as: the same for the runner and for `mcp-bridge check`.
import { nanoid } from 'nanoid';
import type { ServerConfig } from './config/runner-config.ts';
import type { Containment } from './process/containment.ts';
import { processEnvironment } from './process/environment.ts';
import { runnerMark } from './process/runner-mark.ts';
import type { ProcessSpec } from './process/process-spec.ts';

export interface SpecGround {
  /** The runner's environment, of which a process gets the allowed part. */
  readonly environment: NodeJS.ProcessEnv;
  readonly containment: Containment | undefined;
  /** No output of the process may show them. */
  readonly secrets: readonly string[];
}

/** For one process: it has a mark of its own. */
export function processSpec(server: ServerConfig, ground: SpecGround): ProcessSpec {
  const { name, command, args, env, cwd, inheritEnv, maxLineBytes, user, limits } = server;
  return {
    server: name,
    command,
    args,
    cwd,
    maxLineBytes,
    env: processEnvironment(ground.environment, env, inheritEnv, {
      user,
      ignoresCase: ground.containment?.system.ignoresCase === true,
    }),
    mark: nanoid(),
    runnerMark: runnerMark(),
    containment: ground.containment,
    limits,
    user,
    secrets: ground.secrets,
  };
}
