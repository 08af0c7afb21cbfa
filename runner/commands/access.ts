// `mcp-bridge access`: shows who was let in by sign-in, ends it, and keeps people out.
import * as v from 'valibot';

import { print } from '../output.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { printProblem, readOwnerApi, type OwnerApi } from './owner-api.ts';
import { dayOf, tableText } from './table.ts';
import { usageProblem } from './usage.ts';

/** What the edge tells of grants; times are ms since the epoch. */
const GRANTS = v.object({
  grants: v.array(
    v.object({
      grant: v.string(),
      person: v.string(),
      email: v.optional(v.string()),
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

const BLOCKED = v.object({ person: v.string(), ended: v.number() });

const UNBLOCKED = v.object({ person: v.string() });

/** Who is blocked; `since`: ms since the epoch. */
const BLOCKED_PEOPLE = v.object({
  blocked: v.array(
    v.object({
      person: v.string(),
      issuer: v.optional(v.string()),
      subject: v.optional(v.string()),
      email: v.optional(v.string()),
      since: v.number(),
    }),
  ),
});

type Grant = v.InferOutput<typeof GRANTS>['grants'][number];

/** Calls the edge. Returns the exit code. */
type Call = (api: OwnerApi) => Promise<number>;

/** What the words ask for; or what is wrong with them. */
const VERBS: Readonly<
  Record<string, (words: readonly string[], given: Arguments) => Call | string>
> = {
  list: (words, given) =>
    words.length === 0 ? (api) => list(api, given) : 'list takes no further word',
  revoke: ([grant, ...more], given) => {
    const choice = more.length === 0 ? choiceOf(given, grant) : undefined;
    return choice
      ? (api) => revoke(api, choice)
      : 'revoke takes a grant, or --person, --app or both, or --all';
  },
  block: (words) => {
    const who = whoIn(words);
    return who ? (api) => block(api, who) : `block takes ${WHO_FORM}`;
  },
  unblock: (words) => {
    const who = whoIn(words);
    return who ? (api) => unblock(api, who) : `unblock takes ${WHO_FORM}`;
  },
  blocked: (words, given) =>
    words.length === 0 ? (api) => listBlocked(api, given) : 'blocked takes no further word',
};

const WHO_FORM = 'a person as list shows them, or an issuer and a subject';

/** Returns the exit code. */
export async function accessCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('access', argv, 3);
  if (given === undefined) return EXIT.usage;
  const [verb = '', ...words] = given.words;
  const read = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  const call = read?.(words, given) ?? 'say what to do: list, revoke, block, unblock or blocked';
  if (typeof call === 'string') return refuse(call);
  const api = await readOwnerApi(given);
  return api.ok ? call(api.api) : refuse(api.what);
}

function whoIn([first, second, ...more]: readonly string[]): Record<string, string> | undefined {
  if (first === undefined || more.length > 0) return undefined;
  return second === undefined ? { person: first } : { issuer: first, subject: second };
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
  print(`${endedText(ended)}\n`);
  return ended === 0 ? EXIT.failed : EXIT.ok;
}

async function block(api: OwnerApi, who: Readonly<Record<string, string>>): Promise<number> {
  const answer = await api.call('POST', 'blocked', BLOCKED, who);
  if (!answer.ok) return failed(answer.problem);
  const { person, ended } = answer.value;
  print(`${person} is blocked. ${endedText(ended)}\n`);
  return EXIT.ok;
}

async function unblock(api: OwnerApi, who: Readonly<Record<string, string>>): Promise<number> {
  const query = new URLSearchParams(who).toString();
  const answer = await api.call('DELETE', `blocked?${query}`, UNBLOCKED);
  if (!answer.ok) return failed(answer.problem);
  print(`${answer.value.person} may sign in again.\n`);
  return EXIT.ok;
}

async function listBlocked(api: OwnerApi, given: Arguments): Promise<number> {
  const answer = await api.call('GET', 'blocked', BLOCKED_PEOPLE);
  if (!answer.ok) return failed(answer.problem);
  const { blocked } = answer.value;
  const rows = blocked.map(({ person, issuer, subject, email, since }) => [
    person,
    email ?? subject ?? '',
    issuer ?? '',
    `since ${dayOf(since)}`,
  ]);
  if (given.values['json'] === true) print(`${JSON.stringify(blocked, null, 2)}\n`);
  else print(rows.length === 0 ? 'Nobody is blocked.\n' : tableText(rows));
  return EXIT.ok;
}

const endedText = (ended: number): string =>
  `${ended} ${ended === 1 ? 'grant has' : 'grants have'} ended.`;

/** One line a grant. The name of an app that registered is only its claim. */
function table(grants: readonly Grant[]): string {
  const rows = grants.map((grant) => [
    grant.grant,
    grant.person,
    grant.email ?? '',
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
