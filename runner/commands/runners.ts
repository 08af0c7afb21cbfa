// `mcp-bridge runner`: machines that may run servers for an edge: invited, listed and removed while everything runs.
import * as v from 'valibot';

import { print } from '../output.ts';
import { EXIT, printUsage, readArguments, type Arguments } from './arguments.ts';
import { KEPT, keptTable, mistakeInName, readServers } from './kept-credentials.ts';
import {
  OWNER_OPTIONS,
  printProblem,
  readOwnerApi,
  type EdgeAnswer,
  type OwnerApi,
} from './owner-api.ts';
import { usageProblem } from './usage.ts';

const INVITATION = v.object({ code: v.string() });

const LIST = v.object({
  runners: KEPT,
  linked: v.array(
    v.object({
      runner: v.string(),
      isLinked: v.boolean(),
      servers: v.array(v.string()),
      sessions: v.number(),
    }),
  ),
});

type Action = (api: OwnerApi, name: string, given: Arguments) => Promise<number>;

const ACTIONS: Readonly<Record<string, Action>> = { add, list, revoke };

/** Returns the exit code. */
export async function runnerCommand(argv: readonly string[]): Promise<number> {
  const options = {
    ...OWNER_OPTIONS,
    servers: { type: 'string' },
    json: { type: 'boolean' },
  } as const;
  const given = readArguments('runner', argv, options, 2);
  if (given === undefined) return EXIT.usage;
  const [word = '', name] = given.words;
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (!action) return refuse('say what to do: add <name>, list or revoke <name>');
  if ((word === 'list') !== (name === undefined))
    return refuse(word === 'list' ? 'list takes no name' : `${word} takes the name of a runner`);
  const mistake = name === undefined ? undefined : mistakeInName(name);
  if (mistake !== undefined) return refuse(mistake);
  const read = await readOwnerApi(given);
  return read.ok ? action(read.api, name ?? '', given) : refuse(read.what);
}

async function add(api: OwnerApi, name: string, given: Arguments): Promise<number> {
  const servers = readServers(given);
  if (typeof servers === 'string') return refuse(servers);
  const answer = await api.call('POST', 'runners', { name, servers });
  if (!answer.ok) return failed(name, answer);
  const { code } = v.parse(INVITATION, answer.value);
  print(`On the machine that is to be ${name}, within ten minutes:

mcp-bridge join ${api.edge} ${code}
`);
  return EXIT.ok;
}

async function revoke(api: OwnerApi, name: string): Promise<number> {
  const answer = await api.call('DELETE', `runners/${name}`);
  if (!answer.ok) return failed(name, answer);
  print(`${name} is no runner any more. Its link is closed, and its sessions end.\n`);
  return EXIT.ok;
}

async function list(api: OwnerApi, _name: string, given: Arguments): Promise<number> {
  const answer = await api.call('GET', 'runners');
  if (!answer.ok) return failed('list', answer);
  const lists = v.parse(LIST, answer.value);
  if (given.values['json'] === true) {
    print(`${JSON.stringify(lists)}\n`);
    return EXIT.ok;
  }
  const { runners, linked } = lists;
  const now = linked.map(
    ({ runner, isLinked, servers, sessions }) =>
      `${runner}: ${isLinked ? 'linked' : 'away'}, serves ${servers.join(', ') || 'nothing'}, ${sessions} sessions\n`,
  );
  print(runners.length === 0 ? 'No machine has joined.\n' : keptTable(runners));
  print(now.length === 0 ? '' : `\n${now.join('')}`);
  return EXIT.ok;
}

function failed(subject: string, answer: EdgeAnswer & { readonly ok: false }): number {
  printProblem(`mcp-bridge runner: ${subject}`, answer.problem);
  return EXIT.failed;
}

function refuse(what: string): number {
  printUsage(usageProblem('runner', what));
  return EXIT.usage;
}
