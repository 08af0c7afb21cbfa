// Checks whether this machine can do what a config asks for: another user for processes, limits on what they use. This comes
// after reading, because a file is right or wrong regardless of the machine.
import { processServers, type RunnerConfig } from './runner-config.ts';
import type { Containment } from '../process/containment.ts';
import { whyNoOtherUser } from '../process/process-user.ts';
import { hasFileOwners } from '../file-owners.ts';
import type { ConfigProblem } from './problem.ts';

/** What this machine cannot do. Each setting is named once, with the servers that use it. */
export function machineProblems(config: RunnerConfig, containment: Containment): ConfigProblem[] {
  return [...userProblems(config), ...limitProblems(config, containment)];
}

/** The users that its processes run as, besides the runner's own. */
export const processUsers = ({ servers }: RunnerConfig): number[] =>
  processServers(servers.values()).flatMap(({ source: { user } }) =>
    user === undefined ? [] : [user.uid],
  );

function userProblems(config: RunnerConfig): ConfigProblem[] {
  const servers = processServers(config.servers.values()).filter(
    ({ source: { user } }) => user !== undefined && user.uid !== process.geteuid?.(),
  );
  const why = servers.length === 0 ? undefined : whyNoOtherUser();
  if (why === undefined) return [];
  return [
    {
      file: config.file,
      path: `user of ${names(servers)}`,
      what: `cannot be used: ${why}`,
      fix: hasFileOwners()
        ? 'Start mcp-bridge as root (its processes get no root rights), or remove "user".'
        : 'Remove "user".',
    },
  ];
}

function limitProblems(config: RunnerConfig, containment: Containment): ConfigProblem[] {
  const servers = processServers(config.servers.values()).filter(
    ({ source: { limits } }) => limits !== undefined,
  );
  const all = Object.assign({}, ...servers.map(({ source: { limits } }) => limits)) as object;
  const verdict = containment.allow(all);
  if (verdict.ok) return [];
  return [
    {
      file: config.file,
      path: `limits of ${names(servers)}`,
      what: `cannot be set here: ${verdict.why}`,
      fix: containment.system.hasCgroups
        ? 'Run mcp-bridge as a systemd service with Delegate=yes and DelegateSubgroup=mcp-runner, or remove "limits".'
        : 'Remove "limits", or run mcp-bridge on Linux.',
    },
  ];
}

const names = (servers: readonly { readonly name: string }[]): string =>
  servers.map(({ name }) => name).join(', ');
