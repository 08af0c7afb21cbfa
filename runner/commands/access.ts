// `mcp-bridge access`: shows who was let in by sign-in, and ends it.
import * as v from 'valibot';

import { print } from '../output.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { OWNER_OPTIONS, printProblem, readOwnerApi, type OwnerApi } from './owner-api.ts';
import { dayOf, tableText } from './table.ts';
import { usageProblem } from './usage.ts';

const OPTIONS = {
  ...OWNER_OPTIONS,
  server: { type: 'string' },
  json: { type: 'boolean' },
  person: { type: 'string' },
  app: { type: 'string' },
  all: { type: 'boolean' },
} as const;

/** What the edge tells of grants; times are ms since the epoch. */
const GRANTS = v.object({
  grants: v.array(
    v.object({
      grant: v.string(),
      person: v.string(),
      client: v.string(),
      app: v.string(),
      server: v.string(),
      scopes: v.array(v.string()),
      createdAt: v.number(),
      usedAt: v.number(),
      expiresAt: v.number(),
    }),
  ),
});

const ENDED = v.object({ ended: v.number() });

type Grant = v.InferOutput<typeof GRANTS>['grants'][number];

/** Returns the exit code. */
export async function accessCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('access', argv, OPTIONS, 2);
  if (given === undefined) return EXIT.usage;
  const [verb, grant] = given.words;
  const choice = verb === 'revoke' ? choiceOf(given, grant) : undefined;
  if (verb === 'revoke' && !choice)
    return refuse('revoke takes a grant, or --person, --app or both, or --all');
  if (!choice && (verb !== 'list' || grant !== undefined))
    return refuse('say what to do: list, or revoke');
  const read = await readOwnerApi(given);
  if (!read.ok) return refuse(read.what);
  return choice ? revoke(read.api, choice) : list(read.api, given);
}

/** What to end, as the edge is asked for it. */
function choiceOf(given: Arguments, grant: string | undefined): URLSearchParams | undefined {
  const [person, client] = [textOf(given, 'person'), textOf(given, 'app')];
  const named = Object.entries({ grant, person, client }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  if (given.values['all'] === true)
    return named.length === 0 ? new URLSearchParams({ all: 'true' }) : undefined;
  if (named.length === 0 || (grant !== undefined && named.length > 1)) return undefined;
  return new URLSearchParams(named);
}

async function list(api: OwnerApi, given: Arguments): Promise<number> {
  const server = textOf(given, 'server');
  const query = server === undefined ? '' : `?${new URLSearchParams({ server }).toString()}`;
  const answer = await api.call('GET', `grants${query}`, GRANTS);
  if (!answer.ok) return failed(answer.problem);
  const { grants } = answer.value;
  if (given.values['json'] === true) print(`${JSON.stringify(grants, null, 2)}\n`);
  else print(grants.length === 0 ? 'Nobody was let in by sign-in.\n' : table(grants));
  return EXIT.ok;
}

async function revoke(api: OwnerApi, choice: URLSearchParams): Promise<number> {
  const answer = await api.call('DELETE', `grants?${choice.toString()}`, ENDED);
  if (!answer.ok) return failed(answer.problem);
  const { ended } = answer.value;
  print(`${ended} ${ended === 1 ? 'grant has' : 'grants have'} ended.\n`);
  return ended === 0 ? EXIT.failed : EXIT.ok;
}

/** One line a grant. The name of an app that registered is only its claim. */
function table(grants: readonly Grant[]): string {
  const rows = grants.map((grant) => [
    grant.grant,
    grant.person,
    grant.server,
    URL.canParse(grant.client) ? new URL(grant.client).host : `${grant.app} (unverified)`,
    grant.scopes.join(' '),
    `used ${dayOf(grant.usedAt)}`,
    `until ${dayOf(grant.expiresAt)}`,
  ]);
  return tableText(rows);
}

function refuse(what: string): number {
  printUsage(usageProblem('access', what));
  return EXIT.usage;
}

function failed(problem: Parameters<typeof printProblem>[1]): number {
  printProblem('access', problem);
  return EXIT.failed;
}
