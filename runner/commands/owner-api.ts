// Calls the operator's API of an edge with the owner's key, which is read from a file and never from an argument.
import * as v from 'valibot';

import { problemText, type Problem } from '../../shared/problem.ts';
import { readEdgeUrl } from '../config/edge-url.ts';
import { readTokenFile } from '../credential.ts';
import { networkProblem } from '../link/network-problem.ts';
import { printError } from '../output.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import type { CommandName } from './commands.ts';
import { usageProblem } from './usage.ts';

/** The edge asks one actor, which answers within a second; past this it is the network. */
const ANSWER_MS = 15_000;

/** What an edge answered: the JSON of a success, or what is wrong. */
export type EdgeAnswer<Value = unknown> =
  | { readonly ok: true; readonly value: Value }
  /** `isUnsure`: no answer came, so it may have been done all the same. */
  | { readonly ok: false; readonly problem: Problem; readonly isUnsure?: true };

export interface OwnerApi {
  readonly edge: string;
  /** `path`: what follows `/-/api/`. */
  call<Schema extends v.GenericSchema>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    schema: Schema,
    body?: object,
  ): Promise<EdgeAnswer<v.InferOutput<Schema>>>;
}

/** The API that the arguments name; or what is wrong with them. */
export async function readOwnerApi(
  given: Arguments,
): Promise<
  { readonly ok: true; readonly api: OwnerApi } | { readonly ok: false; readonly what: string }
> {
  const address = textOf(given, 'edge');
  if (address === undefined) return { ok: false, what: 'name the edge with --edge https://<host>' };
  const edge = readEdgeUrl(address);
  if (!edge.ok) return { ok: false, what: `--edge ${problemText(edge.problem)}` };
  const file = textOf(given, 'owner-key-file');
  if (file === undefined)
    return {
      ok: false,
      what: 'name the file with the owner key with --owner-key-file; `mcp-bridge credential owner --out <file>` writes one',
    };
  const key = await readTokenFile(file, 'owner');
  if (!key.ok) return { ok: false, what: `--owner-key-file ${file} ${problemText(key.problem)}` };
  return { ok: true, api: ownerApi(edge.edge, key.token) };
}

/** The API of an edge, for whoever has its owner's key. */
export function ownerApi(edge: string, ownerKey: string): OwnerApi {
  const headers = { Authorization: `Bearer ${ownerKey}` };
  const call: OwnerApi['call'] = (method, path, schema, body) =>
    callEdge(`${edge}/-/api/${path}`, schema, { method, headers, body });
  return { edge, call };
}

/** Sends JSON to an edge and reads its answer by a schema. Redirects are not followed, because a credential is for the edge alone. */
export async function callEdge<Schema extends v.GenericSchema>(
  url: string,
  schema: Schema,
  {
    method,
    headers = {},
    body,
  }: {
    readonly method: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: object | undefined;
  },
): Promise<EdgeAnswer<v.InferOutput<Schema>>> {
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers, ...(body && { 'Content-Type': 'application/json' }) },
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body && { body: JSON.stringify(body) }),
    });
    const value: unknown = await response.json().catch(() => undefined);
    if (!response.ok) return { ok: false, problem: refusalOf(response.status, value) };
    if (value === undefined)
      return { ok: false, problem: refusalOf(response.status, value), isUnsure: true };
    const read = v.safeParse(schema, value);
    return read.success ? { ok: true, value: read.output } : { ok: false, problem: ODD };
  } catch (error) {
    return { ok: false, problem: networkProblem(error), isUnsure: true };
  }
}

const ODD: Problem = {
  what: 'the edge answers in a form that is not known here',
  fix: 'Upgrade the edge or this program, whichever is older.',
};

function refusalOf(status: number, value: unknown): Problem {
  const { error } = (value ?? {}) as { error?: { message?: unknown } };
  if (typeof error?.message === 'string' && status !== 404)
    return { what: `the edge refuses it (${status})`, fix: error.message };
  if (typeof error?.message === 'string' && error.message.startsWith('There is no '))
    return { what: 'the edge does not know it', fix: error.message };
  return {
    what: `no operator's API answers there (${status})`,
    fix: "Check the edge's URL, and that BRIDGE_URL and BRIDGE_OWNER are set there.",
  };
}

/** Prints what is wrong with a call. */
export const printProblem = (subject: string, problem: Problem): void =>
  printError(`${subject}: ${problemText(problem)}\n`);

/** What one word of a command does; `name`: the word after it. Returns the exit code, or what is wrong with the arguments. */
export type OwnerAction = (
  api: OwnerApi,
  name: string,
  given: Arguments,
) => Promise<number | string>;

/** A command that does something to one of several things: `list` takes no name, and all else takes one. */
export async function ownerCommand(
  command: CommandName,
  argv: readonly string[],
  {
    actions,
    usage,
    mistakeInName,
  }: {
    readonly actions: Readonly<Record<string, OwnerAction>>;
    /** The words that it knows. */
    readonly usage: string;
    readonly mistakeInName: (name: string) => string | undefined;
  },
): Promise<number> {
  const given = readArguments(command, argv, 2);
  if (given === undefined) return EXIT.usage;
  const outcome = await act(given);
  if (typeof outcome === 'number') return outcome;
  printUsage(usageProblem(command, outcome));
  return EXIT.usage;

  async function act(words: Arguments): Promise<number | string> {
    const [word = '', name] = words.words;
    const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
    if (!action || (word === 'list') !== (name === undefined)) return usage;
    const mistake = name === undefined ? undefined : mistakeInName(name);
    if (mistake !== undefined) return mistake;
    const read = await readOwnerApi(words);
    return read.ok ? action(read.api, name ?? '', words) : read.what;
  }
}

/** Prints why an edge did not do it. */
export function failedAt(
  subject: string,
  { problem }: EdgeAnswer & { readonly ok: false },
): number {
  printProblem(subject, problem);
  return EXIT.failed;
}
