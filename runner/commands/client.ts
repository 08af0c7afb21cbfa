// `mcp-bridge client`: keys of client programs at an edge, made, listed, replaced and removed while everything runs.
import * as v from 'valibot';

import { print } from '../output.ts';
import { EXIT, textOf, type Arguments } from './arguments.ts';
import { KEPT, keptTable, mistakeInName, readServers, REMOVED } from './kept-credentials.ts';
import { failedAt, ownerCommand, type EdgeAnswer, type OwnerApi } from './owner-api.ts';

const KEY = v.object({ key: v.string() });
const LIST = v.object({ clients: KEPT });

/** Returns the exit code. */
export const clientCommand = (argv: readonly string[]): Promise<number> =>
  ownerCommand('client', argv, {
    actions: { add, list, rotate, revoke },
    usage: 'say what to do: add <name>, list, rotate <name> or revoke <name>',
    mistakeInName,
  });

async function add(api: OwnerApi, name: string, given: Arguments): Promise<number | string> {
  const servers = readServers(given);
  if (typeof servers === 'string') return servers;
  const days = wholeOf(given, 'days');
  if (Number.isNaN(days)) return '--days takes a whole number of days';
  const body = { name, servers, ...(days !== undefined && { days }) };
  return showKey(name, await api.call('POST', 'clients', KEY, body));
}

async function rotate(api: OwnerApi, name: string, given: Arguments): Promise<number | string> {
  const overlapHours = wholeOf(given, 'overlap-hours');
  if (Number.isNaN(overlapHours)) return '--overlap-hours takes a whole number of hours';
  const body = overlapHours === undefined ? {} : { overlapHours };
  return showKey(name, await api.call('POST', `clients/${name}/rotate`, KEY, body));
}

async function revoke(api: OwnerApi, name: string): Promise<number> {
  const answer = await api.call('DELETE', `clients/${name}`, REMOVED);
  if (!answer.ok) return failedAt(`mcp-bridge client: ${name}`, answer);
  print(`The keys of ${name} are removed. They are refused everywhere within 30 seconds.\n`);
  return EXIT.ok;
}

async function list(api: OwnerApi, _name: string, given: Arguments): Promise<number> {
  const answer = await api.call('GET', 'clients', LIST);
  if (!answer.ok) return failedAt('mcp-bridge client: list', answer);
  const { clients } = answer.value;
  if (given.values['json'] === true) print(`${JSON.stringify(clients)}\n`);
  else print(clients.length === 0 ? 'No client has a key here.\n' : keptTable(clients));
  return EXIT.ok;
}

function showKey(name: string, answer: EdgeAnswer<v.InferOutput<typeof KEY>>): number {
  if (!answer.ok) return failedAt(`mcp-bridge client: ${name}`, answer);
  print(`The key of ${name}, shown only this once. The client sends it as "Authorization: Bearer <key>":

${answer.value.key}
`);
  return EXIT.ok;
}

/** A whole number; NaN for anything else, undefined if it was not given. */
function wholeOf(given: Arguments, name: string): number | undefined {
  const text = textOf(given, name);
  if (text === undefined) return undefined;
  return /^\d{1,5}$/u.test(text) ? Number(text) : Number.NaN;
}
