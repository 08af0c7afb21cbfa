// `mcp-bridge policy`: shows, sets and tries out the policy of an edge, while everything runs.
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';

import { errorCode } from '../error-code.ts';
import { print, printError } from '../output.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { failedAt, readOwnerApi, type OwnerApi } from './owner-api.ts';
import { usageProblem } from './usage.ts';

const SHOWN = v.object({ version: v.number(), text: v.string(), isSettingsToo: v.boolean() });
const SET = v.object({ version: v.number(), shadowed: v.array(v.string()) });
const CHECKED = v.object({
  mistakes: v.array(v.string()),
  verdict: v.optional(
    v.object({
      kind: v.string(),
      by: v.optional(v.string()),
      scopes: v.optional(v.array(v.string())),
    }),
  ),
});

const USAGE = 'say what to do: show, set <file>, remove or check [<file>]';

type Action = (
  api: OwnerApi,
  text: string | undefined,
  given: Arguments,
) => Promise<number | string>;

/** By word; whether it takes a file: must it, may it, or not. */
const ACTIONS: Readonly<Record<string, { readonly act: Action; readonly file: string }>> = {
  show: { act: show, file: 'none' },
  set: { act: set, file: 'needed' },
  remove: { act: remove, file: 'none' },
  check: { act: check, file: 'possible' },
};

/** Returns the exit code. */
export async function policyCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('policy', argv, 2);
  if (given === undefined) return EXIT.usage;
  const outcome = await act(given);
  if (typeof outcome === 'number') return outcome;
  printUsage(usageProblem('policy', outcome));
  return EXIT.usage;
}

async function act(given: Arguments): Promise<number | string> {
  const [word = '', file] = given.words;
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  const isWrong = file === undefined ? action?.file === 'needed' : action?.file === 'none';
  if (!action || isWrong) return USAGE;
  const read = await readOwnerApi(given);
  if (!read.ok) return read.what;
  if (file === undefined) return action.act(read.api, undefined, given);
  try {
    return await action.act(read.api, await readFile(file, 'utf8'), given);
  } catch (error) {
    printError(
      `mcp-bridge policy: ${file} cannot be read (${errorCode(error) ?? 'unknown error'})\n`,
    );
    return EXIT.failed;
  }
}

async function show(api: OwnerApi): Promise<number> {
  const answer = await api.call('GET', 'policy', SHOWN);
  if (!answer.ok) return failedAt('mcp-bridge policy: show', answer);
  const { text, isSettingsToo } = answer.value;
  if (isSettingsToo)
    printError('BRIDGE_POLICY is set, and counts alone for the servers that it names.\n');
  if (text === '') printError('No policy was set here.\n');
  else print(text.endsWith('\n') ? text : `${text}\n`);
  return EXIT.ok;
}

async function set(api: OwnerApi, text = ''): Promise<number> {
  const answer = await api.call('POST', 'policy', SET, { text });
  if (!answer.ok) return failedAt('mcp-bridge policy: set', answer);
  const { shadowed } = answer.value;
  print('The policy is set. It counts everywhere within 30 seconds.\n');
  if (shadowed.length > 0)
    printError(`BRIDGE_POLICY counts in its place for: ${shadowed.join(', ')}\n`);
  return EXIT.ok;
}

async function remove(api: OwnerApi): Promise<number> {
  const answer = await api.call('DELETE', 'policy', SET);
  if (!answer.ok) return failedAt('mcp-bridge policy: remove', answer);
  print('The policy is removed. What it forbade is open everywhere within 30 seconds.\n');
  return EXIT.ok;
}

async function check(
  api: OwnerApi,
  text: string | undefined,
  given: Arguments,
): Promise<number | string> {
  const question = questionOf(given);
  if (typeof question === 'string') return question;
  if (text === undefined && question === undefined) return 'check takes a file, or a question';
  const body = { ...(text !== undefined && { text }), ...question };
  const answer = await api.call('POST', 'policy/check', CHECKED, body);
  if (!answer.ok) return failedAt('mcp-bridge policy: check', answer);
  const { mistakes, verdict } = answer.value;
  for (const mistake of mistakes) printError(`${mistake}\n`);
  if (mistakes.length > 0) return EXIT.failed;
  print(verdict ? verdictText(verdict) : 'The policy is valid.\n');
  return EXIT.ok;
}

/** What is asked of a policy, as the edge takes it; undefined: nothing but whether it is valid. */
function questionOf(given: Arguments): object | string | undefined {
  const text = (name: string): string | undefined => textOf(given, name);
  const asked = ['server', 'key', 'person', 'app', 'groups', 'scopes', 'tool', 'method'];
  if (asked.every((name) => text(name) === undefined)) return undefined;
  const [server, key, person, tool, method] = asked
    .filter((name) => !['app', 'groups', 'scopes'].includes(name))
    .map(text);
  const isOne = (one?: string, other?: string): boolean =>
    (one === undefined) !== (other === undefined);
  if (server === undefined || !isOne(key, person) || !isOne(tool, method))
    return 'a question names --server, --key or --person, and --tool or --method';
  const app = text('app');
  const who =
    key === undefined
      ? { person, ...(app !== undefined && { app }), ...listOf('groups'), ...listOf('scopes') }
      : { key };
  return { server, who, ...(tool === undefined ? { method } : { tool }) };

  function listOf(name: string): object {
    const listed = text(name);
    return listed === undefined ? {} : { [name]: listed.split(',').filter((each) => each !== '') };
  }
}

const WORDS: Readonly<Record<string, string>> = {
  allowed: 'allowed',
  forbidden: 'refused (403)',
  closed: 'not let in: the server is not there for them (404)',
  scope: 'refused (403) until the app has more scopes',
  unclear: 'refused (400): it cannot be told what it asks for',
};

function verdictText({
  kind,
  by,
  scopes,
}: NonNullable<v.InferOutput<typeof CHECKED>['verdict']>): string {
  const more = scopes === undefined ? '' : `: ${scopes.join(' ')}`;
  return `${WORDS[kind] ?? kind}${more}${by === undefined ? '' : `, by ${by}`}\n`;
}
