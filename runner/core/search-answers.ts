// What clients and models read of a server whose tools are searched: the two tools that are listed, and the results of a search. Names
// and descriptions are a server's own words, so they stand in JSON, out of which no text can break. Pure.
import { isObject } from '../../shared/json-value.ts';
import { CALL_TOOL, SEARCH_TOOL } from '../../shared/mcp/discovery.ts';
import { META } from '../../shared/mcp/modern.ts';
import type { FoundTools, ShownTool, ToolIndex } from './tool-index.ts';

/** Tools in one result: unless more are asked for, and at most. */
const USUAL_LIMIT = 8;
const MOST_LIMIT = 50;

/** Characters of all definitions in one result. */
const MAX_RESULT_CHARS = 128 * 1024;

/** Of the names that help where no tool is shown. */
const MAX_NAMES_CHARS = 16 * 1024;

/** Of those that may have been meant. */
const MAX_NEAR = 5;

/** Of what a client said, in words for it. */
const MAX_SAID = 100;

/** What a model needs to call a tool. */
const NEEDED = ['name', 'title', 'description', 'inputSchema'] as const;

/** What a result of these clients has beside its own. */
export interface ResultForm {
  /** Of 2026-07-28. */
  readonly isModern: boolean;
  /** JSON text of what the server says of itself in its results. */
  readonly serverInfo: string | undefined;
}

/** The two tools. Without an index, it is not known how many there are. */
export function discoveryTools(index: ToolIndex | undefined): readonly object[] {
  const count = index ? `${index.tools.length} tools` : 'tools';
  const search = {
    name: SEARCH_TOOL,
    title: 'Search tools',
    description: `Finds tools of this server. It has ${count} that are not listed here: search for what you want to do, then call what you found with ${CALL_TOOL}. The result has the name, description and input schema of each tool that matches, best first. Without a query, it has the names of all tools.`,
    inputSchema: {
      type: 'object',
      properties: {
        query: {
          type: 'string',
          description: 'What you want to do, in a few words, such as "create an issue"',
        },
        limit: {
          type: 'integer',
          minimum: 1,
          maximum: MOST_LIMIT,
          description: `The most tools to show; ${USUAL_LIMIT} if you do not say`,
        },
      },
      required: ['query'],
    },
    outputSchema: {
      type: 'object',
      properties: {
        total: { type: 'integer', description: 'How many tools the server has' },
        tools: {
          type: 'array',
          description: 'Definitions of tools, best first',
          items: {
            type: 'object',
            properties: {
              name: { type: 'string' },
              description: { type: 'string' },
              inputSchema: { type: 'object' },
            },
            required: ['name'],
          },
        },
        names: {
          type: 'array',
          description: 'Names of other tools, whose definitions are not shown',
          items: { type: 'string' },
        },
      },
      required: ['total', 'tools'],
    },
    annotations: {
      title: 'Search tools',
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
  };
  const call = {
    name: CALL_TOOL,
    title: 'Call a tool',
    description: `Calls a tool of this server that ${SEARCH_TOOL} has found, and answers with its result.`,
    inputSchema: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'The name of the tool' },
        arguments: {
          type: 'object',
          description: 'The arguments of the tool, as its input schema says',
          additionalProperties: true,
        },
      },
      required: ['name'],
      additionalProperties: false,
    },
    // What the tools do that it calls is theirs: these are the hints of one of which nothing is known.
    annotations: {
      title: 'Call a tool',
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: false,
      openWorldHint: true,
    },
    ...(index && taskSupport(index)),
  };
  return [search, call];
}

/** Tasks of 2025-11-25: a client asks for one only of a tool that says so. */
function taskSupport({ tools }: ToolIndex): object {
  const isAny = tools.some(({ text }) => text.includes('"taskSupport"'));
  return isAny ? { execution: { taskSupport: 'optional' } } : {};
}

/** The result of a `tools/list`, as JSON text. */
export function listResult(index: ToolIndex | undefined, form: ResultForm): string {
  const tools = index?.tools.length === 0 ? [] : discoveryTools(index);
  const more = form.isModern ? ',"ttlMs":0,"cacheScope":"private"' : '';
  return result(`"tools":${JSON.stringify(tools)}${more}`, form);
}

/** What a search asks for. */
export interface WantedTools {
  readonly query: string;
  readonly limit: number;
}

/** Reads the arguments of a search; in words what is wrong with them. */
export function readWanted(args: unknown): WantedTools | string {
  const { query = '', limit = USUAL_LIMIT } = isObject(args) ? args : {};
  if (typeof query !== 'string') return `"query" must be a text.`;
  const isNumber = typeof limit === 'number' && limit >= 1;
  return { query, limit: Math.min(isNumber ? Math.floor(limit) : USUAL_LIMIT, MOST_LIMIT) };
}

/** The result of a search, as JSON text. */
export function searchResult(
  index: ToolIndex,
  { query, limit }: WantedTools,
  form: ResultForm,
  now: number,
): string {
  const total = index.tools.length;
  const { tools: found, isByNames } = query.trim() === '' ? NOTHING : index.find(query, now);
  const { shown, others } = fitting(found, limit);
  const names = namesOf(found.length > 0 ? others : index.tools);
  const structured = `{"total":${total},"tools":[${shown.map(({ text }) => text).join(',')}]${
    names.length > 0 ? `,"names":${JSON.stringify(names)}` : ''
  }}`;
  const words = wordsOn(query, total, found.length, shown.length);
  const more = names.length > 0 ? [`${namesWords(found.length > 0)} ${JSON.stringify(names)}`] : [];
  const why = isByNames ? [BY_NAMES] : [];
  const text = [words, ...why, ...shown.map(forModel), ...more].join('\n');
  const content = JSON.stringify([{ type: 'text', text }]);
  return result(`"content":${content},"structuredContent":${structured}`, form);
}

const NOTHING: FoundTools = { tools: [], isByNames: false };

const BY_NAMES =
  'The tools change so often that only their names were searched. Search for a word of a name, or again in a minute.';

function wordsOn(query: string, total: number, found: number, shown: number): string {
  if (total === 0) return 'The server has no tools.';
  if (query.trim() === '')
    return `The server has ${total} tools. Say in a query what you want to do.`;
  if (found === 0)
    return `None of the ${total} tools matches ${quoted(query)}. Try other words, or a name of these.`;
  const of = found > shown ? `${shown} of ${found} tools that match` : `${found} that match`;
  return `${of}, of ${total} in all, best first. Call one with ${CALL_TOOL}: its "name", and its "arguments" as its inputSchema says.`;
}

const namesWords = (isFound: boolean): string =>
  isFound ? 'Others that match, by name:' : 'Names:';

/** A result that tells a model what went wrong, as JSON text. */
export const toolError = (text: string, form: ResultForm): string =>
  result(`"content":${JSON.stringify([{ type: 'text', text }])},"isError":true`, form);

/** What a model is told that calls what there is not. `index`: absent for clients that may not learn which tools there are. */
export function unknownTool(name: string, index: ToolIndex | undefined, now: number): string {
  const words = `There is no tool ${quoted(name)} here.`;
  if (!index) return words;
  const near = index.near(name, now).slice(0, MAX_NEAR);
  const hint =
    near.length > 0
      ? `Did you mean one of ${JSON.stringify(near.map((tool) => tool.name))}?`
      : `Find one with ${SEARCH_TOOL}.`;
  return `${words} ${hint}`;
}

const quoted = (text: string): string =>
  JSON.stringify(text.length > MAX_SAID ? `${text.slice(0, MAX_SAID)}…` : text);

/** As many as may be shown, and as fit: what is too large for that is among the others. */
function fitting(
  found: readonly ShownTool[],
  limit: number,
): { readonly shown: readonly ShownTool[]; readonly others: readonly ShownTool[] } {
  const shown: ShownTool[] = [];
  const others: ShownTool[] = [];
  let left = MAX_RESULT_CHARS;
  for (const tool of found) {
    const fits = shown.length < limit && tool.text.length <= left;
    (fits ? shown : others).push(tool);
    if (fits) left -= tool.text.length;
  }
  return { shown, others };
}

function namesOf(tools: readonly ShownTool[]): string[] {
  const names: string[] = [];
  let left = MAX_NAMES_CHARS;
  for (const { name } of tools) {
    left -= name.length + 3;
    if (left < 0) break;
    names.push(name);
  }
  return names;
}

/** A line of JSON. Numbers in a schema are those of the definition beside, byte for byte; here a reader's precision is enough. */
function forModel({ text }: ShownTool): string {
  const tool: unknown = JSON.parse(text);
  const members = isObject(tool) ? tool : {};
  return JSON.stringify(Object.fromEntries(NEEDED.map((key) => [key, members[key]])));
}

function result(members: string, { isModern, serverInfo }: ResultForm): string {
  const meta =
    serverInfo === undefined ? '' : `,"_meta":{${JSON.stringify(META.serverInfo)}:${serverInfo}}`;
  return `{${members}${isModern ? ',"resultType":"complete"' : ''}${meta}}`;
}
