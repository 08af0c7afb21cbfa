// `mcp-bridge runner`: machines that may run servers for an edge: invited, listed and removed while everything runs.
import * as v from 'valibot';

import { print } from '../output.ts';
import { EXIT, type Arguments } from './arguments.ts';
import { KEPT, keptTable, mistakeInName, readServers, REMOVED } from './kept-credentials.ts';
import { failedAt, ownerCommand, type OwnerApi } from './owner-api.ts';

export const INVITATION = v.object({ code: v.string() });

export const RUNNER_LIST = v.object({
  /** Of the edge. */
  version: v.optional(v.string()),
  runners: KEPT,
  linked: v.array(
    v.object({
      runner: v.string(),
      isLinked: v.boolean(),
      from: v.optional(v.string()),
      version: v.optional(v.string()),
      rival: v.optional(v.object({ from: v.optional(v.string()), at: v.number() })),
      servers: v.array(v.string()),
      sessions: v.number(),
    }),
  ),
});

export type LinkedRunner = v.InferOutput<typeof RUNNER_LIST>['linked'][number];

/** Returns the exit code. */
export const runnerCommand = (argv: readonly string[]): Promise<number> =>
  ownerCommand('runner', argv, {
    actions: { add, list, revoke },
    usage: 'say what to do: add <name>, list or revoke <name>',
    mistakeInName,
  });

async function add(api: OwnerApi, name: string, given: Arguments): Promise<number | string> {
  const servers = readServers(given);
  if (typeof servers === 'string') return servers;
  const answer = await api.call('POST', 'runners', INVITATION, { name, servers });
  if (!answer.ok) return failedAt(`mcp-bridge runner: ${name}`, answer);
  const { code } = answer.value;
  print(`On the machine that is to be ${name}, within ten minutes:

mcp-bridge join ${api.edge} ${code}
`);
  return EXIT.ok;
}

async function revoke(api: OwnerApi, name: string): Promise<number> {
  const answer = await api.call('DELETE', `runners/${name}`, REMOVED);
  if (!answer.ok) return failedAt(`mcp-bridge runner: ${name}`, answer);
  print(`${name} is no runner any more. Its link is closed, and its sessions end.\n`);
  return EXIT.ok;
}

async function list(api: OwnerApi, _name: string, given: Arguments): Promise<number> {
  const answer = await api.call('GET', 'runners', RUNNER_LIST);
  if (!answer.ok) return failedAt('mcp-bridge runner: list', answer);
  const lists = answer.value;
  if (given.values['json'] === true) {
    print(`${JSON.stringify(lists)}\n`);
    return EXIT.ok;
  }
  const { runners, linked } = lists;
  const now = linked.map(lineOf);
  print(runners.length === 0 ? 'No machine has joined.\n' : keptTable(runners));
  print(now.length === 0 ? '' : `\n${now.join('')}`);
  return EXIT.ok;
}

function lineOf({ runner, isLinked, from, rival, servers, sessions }: LinkedRunner): string {
  const state = `${isLinked ? 'linked' : 'away'}${whence(from)}`;
  const line = `${runner}: ${state}, serves ${servers.join(', ') || 'nothing'}, ${sessions} sessions\n`;
  if (!rival) return line;
  return `${line}  Another machine showed its credential${whence(rival.from)}, last at ${new Date(rival.at).toISOString()}.
  To keep one of the two: runner revoke ${runner}, runner add ${runner}, and join on that one.
`;
}

export const whence = (address: string | undefined): string =>
  address === undefined ? '' : ` from ${address}`;
