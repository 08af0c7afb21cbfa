// `mcp-bridge tools`: the tools of a server as clients see them, and how much of a model's context each takes.
import { elementsOf } from '../../shared/jsonrpc/elements.ts';
import { parsedAt, stringAt } from '../../shared/jsonrpc/members.ts';
import { splice } from '../../shared/jsonrpc/splice.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { ESTIMATE, tokenText, toolTokens } from '../../shared/mcp/tool-size.ts';
import { PERSON_ID } from '../../shared/ids.ts';
import { outcomeText } from '../check/outcome.ts';
import { listedTools } from '../check/server.ts';
import { describeProblem, nearestWord } from '../config/problem.ts';
import { readConfig } from '../config/read.ts';
import type { ServerConfig } from '../config/runner-config.ts';
import { NO_PINS } from '../core/pins.ts';
import { ToolView, type ToolRules } from '../core/tool-view.ts';
import { visibleText } from '../log.ts';
import { hasColours, print, printError } from '../output.ts';
import { readPins } from '../pin-file.ts';
import { openContainment } from '../process/containment.ts';
import { startProgress } from '../progress.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { configFileOf } from './settings.ts';
import { shownName } from './shown-name.ts';
import { tableText } from './table.ts';
import { usageProblem } from './usage.ts';

/** A tool of the list. */
interface Listed {
  /** The server's own name. */
  readonly tool: string;
  /** What clients call it; absent if they do not see it. */
  readonly name?: string;
  /** Of what clients get; for those that they do not see, of what the server says. */
  readonly tokens: number;
  readonly heldBack?: true;
}

/** Returns the exit code. */
export async function toolsCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('tools', argv, 1);
  if (given === undefined) return EXIT.usage;
  const [name] = given.words;
  const person = textOf(given, 'person');
  const isWrong = person !== undefined && !PERSON_ID.test(person);
  if (name === undefined || isWrong) {
    const what = isWrong ? '--person takes an id, such as owner' : 'say which server';
    printUsage(usageProblem('tools', what));
    return EXIT.usage;
  }
  const file = configFileOf(given);
  const reading = await readConfig(file, process.env);
  if (!reading.ok) return failed(reading.problems.map(describeProblem));
  const { servers, leftOut } = reading.config;
  const server = servers.get(name);
  if (server) return show(server, given);
  const out = leftOut.find((entry) => entry.name === name || entry.servedName === name);
  if (out) return failed(out.problems.map(describeProblem));
  const near = nearestWord(name, servers.keys());
  const hint =
    near === undefined
      ? `It has ${[...servers.keys()].join(', ') || 'none'}.`
      : `Did you mean ${near}?`;
  return failed([`${file} has no server ${visibleText(name)}. ${hint}`]);
}

async function show(server: ServerConfig, given: Arguments): Promise<number> {
  const isJson = given.values['json'] === true;
  const progress = isJson ? undefined : startProgress(() => `Starting ${server.name}`);
  const containment = openContainment();
  const person = textOf(given, 'person');
  const ground = { environment: process.env, containment, token: undefined, person };
  const read = await listedTools(server, ground);
  progress?.end();
  if (!read.ok) {
    printError(outcomeText(read.outcome, hasColours()));
    return EXIT.failed;
  }
  const tools = listedOf(read.pages, server);
  const seen = tools.filter(({ name }) => name !== undefined);
  const tokens = seen.reduce((sum, tool) => sum + tool.tokens, 0);
  const warnings = ruleWarnings(server.tools ?? {}, new Set(tools.map(({ tool }) => tool)));
  if (isJson) {
    print(
      `${JSON.stringify({ server: server.name, estimate: ESTIMATE, tokens, tools, warnings })}\n`,
    );
    return EXIT.ok;
  }
  const rows = tools.map(({ tool, name, tokens: size, heldBack }) => [
    shownName(name ?? tool),
    name === undefined ? `(${tokenText(size)})` : tokenText(size),
    heldBack
      ? 'held back'
      : name === undefined
        ? 'hidden'
        : name === tool
          ? ''
          : `is ${shownName(tool)}`,
  ]);
  print(tableText([['tool', 'tokens', ''], ...rows]));
  print(`${seen.length} tools, about ${tokenText(tokens)} tokens (${ESTIMATE})\n`);
  for (const warning of warnings) print(`warning: ${visibleText(warning)}\n`);
  return EXIT.ok;
}

function listedOf(pages: readonly MessageView[], server: ServerConfig): Listed[] {
  const view = new ToolView(server.tools ?? {});
  const held = heldNames(server);
  return pages.flatMap((page) => {
    const { bytes } = page;
    const at = page.at('result', 'tools');
    return (at ? [...elementsOf(bytes, at)] : []).flatMap((span): Listed[] => {
      const own = bytes.slice(span.start, span.end);
      const tool = stringAt(own, 'name');
      if (tool === undefined) return [];
      const change = view.tool(own, { start: 0, end: own.length });
      const isHidden = change === 'hidden';
      const seen = isHidden
        ? own
        : splice(
            own,
            change.toSorted((a, b) => a.start - b.start),
          );
      const tokens = sizeOf(seen);
      if (isHidden) return [{ tool, tokens }];
      if (held.has(tool)) return [{ tool, tokens, heldBack: true }];
      return [{ tool, name: stringAt(seen, 'name') ?? tool, tokens }];
    });
  });
}

const sizeOf = (tool: Uint8Array): number =>
  toolTokens({
    name: stringAt(tool, 'name') ?? '',
    description: stringAt(tool, 'description'),
    inputSchema: parsedAt(tool, 'inputSchema'),
  });

/** What its runner held back when it saw it last. */
function heldNames({ name, pin }: ServerConfig): ReadonlySet<string> {
  if (pin?.mode !== 'hold') return new Set();
  const reading = readPins(pin.file);
  return new Set(reading.ok ? (reading.pins.get(name) ?? NO_PINS).held.keys() : []);
}

/** Rules that name no tool of the server, or give a name that another of its tools has. */
function ruleWarnings(
  { allow = [], deny = [], ...rules }: ToolRules,
  tools: ReadonlySet<string>,
): string[] {
  const { rename = {}, describe = {}, arguments: fixed = {} } = rules;
  const named = {
    allow: allow.filter((name) => !name.includes('*')),
    deny: deny.filter((name) => !name.includes('*')),
    rename: Object.keys(rename),
    describe: Object.keys(describe),
    arguments: Object.keys(fixed),
  };
  const unknown = Object.entries(named).flatMap(([setting, names]) =>
    names
      .filter((name) => !tools.has(name))
      .map((name) => {
        const near = nearestWord(name, tools);
        const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
        return `"${setting}" names "${name}", which is no tool of the server.${hint}`;
      }),
  );
  const taken = Object.entries(rename)
    .filter(([own, name]) => own !== name && tools.has(name) && !Object.hasOwn(rename, name))
    .map(
      ([own, name]) =>
        `"rename" gives "${own}" the name of another tool, so "${name}" is hidden. Choose another name, or rename that one too.`,
    );
  return [...unknown, ...taken];
}

function failed(lines: readonly string[]): number {
  for (const line of lines) printError(`mcp-bridge tools: ${line}\n`);
  return EXIT.failed;
}
