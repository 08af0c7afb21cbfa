// `mcp-bridge client`: keys of client programs at an edge, made, listed, replaced and removed while everything runs.
import * as v from 'valibot';

import { print } from '../output.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { KEPT, keptTable, mistakeInName, readServers } from './kept-credentials.ts';
import {
  OWNER_OPTIONS,
  printProblem,
  readOwnerApi,
  type EdgeAnswer,
  type OwnerApi,
} from './owner-api.ts';
import { usageProblem } from './usage.ts';

const KEY = v.object({ key: v.string() });
const LIST = v.object({ clients: KEPT });

type Action = (api: OwnerApi, name: string, given: Arguments) => Promise<number>;

const ACTIONS: Readonly<Record<string, Action>> = { add, list, rotate, revoke };

/** Returns the exit code. */
export async function clientCommand(argv: readonly string[]): Promise<number> {
  const options = {
    ...OWNER_OPTIONS,
    servers: { type: 'string' },
    days: { type: 'string' },
    'overlap-hours': { type: 'string' },
    json: { type: 'boolean' },
  } as const;
  const given = readArguments('client', argv, options, 2);
  if (given === undefined) return EXIT.usage;
  const [word = '', name] = given.words;
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (!action) return refuse('say what to do: add <name>, list, rotate <name> or revoke <name>');
  if ((word === 'list') !== (name === undefined))
    return refuse(word === 'list' ? 'list takes no name' : `${word} takes the name of a client`);
  const mistake = name === undefined ? undefined : mistakeInName(name);
  if (mistake !== undefined) return refuse(mistake);
  const read = await readOwnerApi(given);
  return read.ok ? action(read.api, name ?? '', given) : refuse(read.what);
}

async function add(api: OwnerApi, name: string, given: Arguments): Promise<number> {
  const servers = readServers(given);
  if (typeof servers === 'string') return refuse(servers);
  const days = wholeOf(given, 'days');
  if (Number.isNaN(days)) return refuse('--days takes a whole number of days');
  const body = { name, servers, ...(days !== undefined && { days }) };
  return showKey(name, await api.call('POST', 'clients', body));
}

async function rotate(api: OwnerApi, name: string, given: Arguments): Promise<number> {
  const overlapHours = wholeOf(given, 'overlap-hours');
  if (Number.isNaN(overlapHours)) return refuse('--overlap-hours takes a whole number of hours');
  const body = overlapHours === undefined ? {} : { overlapHours };
  return showKey(name, await api.call('POST', `clients/${name}/rotate`, body));
}

async function revoke(api: OwnerApi, name: string): Promise<number> {
  const answer = await api.call('DELETE', `clients/${name}`);
  if (!answer.ok) return failed(name, answer);
  print(`The keys of ${name} are removed. They are refused everywhere within 30 seconds.\n`);
  return EXIT.ok;
}

async function list(api: OwnerApi, _name: string, given: Arguments): Promise<number> {
  const answer = await api.call('GET', 'clients');
  if (!answer.ok) return failed('list', answer);
  const { clients } = v.parse(LIST, answer.value);
  if (given.values['json'] === true) print(`${JSON.stringify(clients)}\n`);
  else print(clients.length === 0 ? 'No client has a key here.\n' : keptTable(clients));
  return EXIT.ok;
}

function showKey(name: string, answer: EdgeAnswer): number {
  if (!answer.ok) return failed(name, answer);
  const { key } = v.parse(KEY, answer.value);
  print(`The key of ${name}, shown only this once. The client sends it as "Authorization: Bearer <key>":

${key}
`);
  return EXIT.ok;
}

function failed(subject: string, answer: EdgeAnswer & { readonly ok: false }): number {
  printProblem(`mcp-bridge client: ${subject}`, answer.problem);
  return EXIT.failed;
}

/** A whole number; NaN for anything else, undefined if it was not given. */
function wholeOf(given: Arguments, name: string): number | undefined {
  const text = textOf(given, name);
  if (text === undefined) return undefined;
  return /^\d{1,5}$/u.test(text) ? Number(text) : Number.NaN;
}

function refuse(what: string): number {
  printUsage(usageProblem('client', what));
  return EXIT.usage;
}
