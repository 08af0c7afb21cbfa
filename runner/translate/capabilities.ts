// The capabilities of clients and servers, carried from one era to the other, and those that a process's question needs.
import { ASKING_METHODS, TASKS_EXTENSION } from '../../shared/mcp/modern.ts';
import { isObject, type JsonObject } from '../../shared/json-value.ts';
import { at, without } from './json.ts';

export type Capabilities = JsonObject;

/** Client capabilities by which a server may ask. */
const ASKABLE: readonly string[] = ['elicitation', 'sampling', 'roots'];

/** A client's or a server's capabilities for the other era: without tasks, whose wire form differs between the eras. */
export function acrossEras(capabilities: Capabilities): Capabilities {
  const { extensions } = capabilities;
  const rest = without(capabilities, 'tasks', 'extensions');
  if (!isObject(extensions)) return rest;
  const kept = without(extensions, TASKS_EXTENSION);
  return Object.keys(kept).length > 0 ? { ...rest, extensions: kept } : rest;
}

/** Whether the server may ask the client something during such a call. */
export const mayBeAsked = (method: string, capabilities: Capabilities): boolean =>
  ASKING_METHODS.has(method) && ASKABLE.some((key) => Object.hasOwn(capabilities, key));

/** What each question needs of the client, by its parsed params (MCP 2026-07-28, Client Capabilities). */
const NEEDS: Readonly<Record<string, (params: unknown) => readonly string[]>> = {
  'elicitation/create': (params) =>
    at(params, 'mode') === 'url' ? ['elicitation', 'url'] : ['elicitation', 'form'],
  'sampling/createMessage': (params) =>
    at(params, 'tools') === undefined && at(params, 'toolChoice') === undefined
      ? ['sampling']
      : ['sampling', 'tools'],
  'roots/list': () => ['roots'],
};

/** Whether a request of the process is a question for the client at all. */
export const isQuestion = (method: string): boolean => Object.hasOwn(NEEDS, method);

/** The capabilities a question needs and the client lacks, as `requiredCapabilities` names them; undefined when it may be asked. */
export function missingFor(
  method: string,
  params: unknown,
  capabilities: Capabilities,
): Capabilities | undefined {
  const path = NEEDS[method]?.(params) ?? [];
  if (at(capabilities, ...path) !== undefined) return undefined;
  const [outer = '', inner] = path;
  // An elicitation capability without a mode means forms.
  const declared = capabilities[outer];
  if (inner === 'form' && isObject(declared) && !Object.hasOwn(declared, 'url')) return undefined;
  return { [outer]: inner === undefined ? {} : { [inner]: {} } };
}

/** One question of each kind that needs another capability of the client. */
const KINDS: readonly (readonly [method: string, params: JsonObject])[] = [
  ['elicitation/create', {}],
  ['elicitation/create', { mode: 'url' }],
  ['sampling/createMessage', {}],
  ['sampling/createMessage', { tools: [] }],
  ['roots/list', {}],
];

/**
 * How badly a process that was told `told` fits a client that declares `declared`. 0: the process may ask exactly what the client can
 * answer. One kind of question that it will not ask counts for more than all questions that the client could not answer.
 */
export function misfit(told: Capabilities, declared: Capabilities): number {
  let sum = 0;
  for (const [method, params] of KINDS) {
    const mayAsk = !missingFor(method, params, told);
    const canAnswer = !missingFor(method, params, declared);
    if (canAnswer && !mayAsk) sum += KINDS.length;
    if (mayAsk && !canAnswer) sum += 1;
  }
  return sum;
}
