// `mcp-bridge tools`: the tools of a server, or of several as one, as clients see them, and how much of a model's context each takes.
import { ESTIMATE, tokenText } from '../../shared/mcp/tool-size.ts';
import { PERSON_ID } from '../../shared/ids.ts';
import { inTurns } from '../check/in-turns.ts';
import { outcomeText, type Outcome } from '../check/outcome.ts';
import { listedTools, type CheckGround } from '../check/server.ts';
import { describeProblem, nearestWord } from '../config/problem.ts';
import { readConfig } from '../config/read.ts';
import type {
  MemberConfig,
  RunnerConfig,
  ServerConfig,
  VirtualConfig,
} from '../config/runner-config.ts';
import { beforeNames } from '../core/member-prefix.ts';
import { NO_PINS } from '../core/pins.ts';
import { visibleText } from '../log.ts';
import { hasColours, print, printError } from '../output.ts';
import { readPins } from '../pin-file.ts';
import { openContainment } from '../process/containment.ts';
import { startProgress } from '../progress.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { configFileOf } from './settings.ts';
import { shownName } from './shown-name.ts';
import {
  ruleWarnings,
  searchTokens,
  measuredTools,
  shownOf,
  sumOf,
  type MeasuredTools,
  type MeasuredTool,
} from './measured-tools.ts';
import { tableText } from './table.ts';
import { usageProblem } from './usage.ts';

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
  const { servers, virtual, leftOut } = reading.config;
  const server = servers.get(name);
  if (server) return show(server, given);
  const several = virtual.get(name);
  if (several) return showVirtual(several, reading.config, given);
  const out = leftOut.find((entry) => entry.name === name || entry.servedName === name);
  if (out) return failed(out.problems.map(describeProblem));
  const names = [...servers.keys(), ...virtual.keys()];
  const near = nearestWord(name, names);
  const hint =
    near === undefined ? `It has ${names.join(', ') || 'none'}.` : `Did you mean ${near}?`;
  return failed([`${file} has no server ${visibleText(name)}. ${hint}`]);
}

async function show(server: ServerConfig, given: Arguments): Promise<number> {
  const read = await listing(server.name, given, (ground) => listedTools(server, ground));
  if (!read.ok) {
    printError(outcomeText(read.outcome, hasColours()));
    return EXIT.failed;
  }
  const { tools, warnings } = measuredTools(read.pages, [{ rules: server }], heldNames(server));
  const tokens = sumOf(tools);
  const search = searchOf(server, tools);
  const told = warnings.flat();
  if (isJson(given)) {
    const all = { server: server.name, estimate: ESTIMATE, tokens, tools, search, warnings: told };
    print(`${JSON.stringify(all)}\n`);
    return EXIT.ok;
  }
  print(tableText([['tool', 'tokens', ''], ...tools.map((tool) => rowOf(tool))]));
  printSum(`${shownOf(tools).length} tools`, tokens, search);
  printWarnings(told);
  return EXIT.ok;
}

/** A member, and its tools as the clients of all see them, or why it has none. */
interface ReadMember {
  readonly member: MemberConfig;
  readonly seen: MeasuredTools | undefined;
  readonly outcome?: Outcome;
}

async function showVirtual(
  virtual: VirtualConfig,
  { servers, leftOut }: RunnerConfig,
  given: Arguments,
): Promise<number> {
  const read = async (member: MemberConfig, ground: CheckGround): Promise<ReadMember> => {
    const server = servers.get(member.server);
    if (!server) {
      const out = leftOut.find(({ servedName }) => servedName === member.server);
      const what = out?.problems.map(describeProblem).join(' ') ?? 'is not served';
      const outcome: Outcome = { verdict: 'FAIL', subject: `server ${member.server}`, what };
      return { member, seen: undefined, outcome };
    }
    const listed = await listedTools(server, ground);
    if (!listed.ok) return { member, seen: undefined, outcome: listed.outcome };
    const layers = [
      { rules: server },
      { rules: { tools: member.tools }, prefix: beforeNames(member.prefix) },
      { rules: virtual },
    ];
    return { member, seen: measuredTools(listed.pages, layers, heldNames(server)) };
  };
  const members = await listing(virtual.name, given, async (ground) =>
    withoutTwins(await allOf(inTurns(virtual.members, (member) => read(member, ground)))),
  );
  const tools = members.flatMap(({ seen }) => seen?.tools ?? []);
  const tokens = sumOf(tools);
  const search = searchOf(virtual, tools);
  const warnings = virtualWarnings(virtual, members);
  const failures = members.flatMap(({ outcome }) => outcome ?? []);
  if (isJson(given)) {
    const each = members.map(({ member, seen, outcome }) => ({
      server: member.server,
      tokens: sumOf(seen?.tools ?? []),
      tools: seen?.tools ?? [],
      ...(outcome && { problem: outcome.what }),
    }));
    const all = {
      server: virtual.name,
      estimate: ESTIMATE,
      tokens,
      members: each,
      search,
      warnings,
    };
    print(`${JSON.stringify(all)}\n`);
  } else {
    const rows = members.flatMap(({ member, seen }) =>
      (seen?.tools ?? []).map((tool) => {
        const [name, size, what] = rowOf(tool, beforeNames(member.prefix));
        return [name, size, member.server, what];
      }),
    );
    print(tableText([['tool', 'tokens', 'server', ''], ...rows]));
    for (const { member, seen } of members)
      if (seen)
        printSum(`${member.server}: ${shownOf(seen.tools).length} tools`, sumOf(seen.tools));
    printSum(`together: ${shownOf(tools).length} tools`, tokens, search);
    printWarnings(warnings);
  }
  for (const failure of failures) printError(outcomeText(failure, hasColours()));
  return failures.length > 0 ? EXIT.failed : EXIT.ok;
}

/** Of two members with a tool of the same name the first keeps it. */
function withoutTwins(members: readonly ReadMember[]): ReadMember[] {
  const taken = new Set<string>();
  return members.map((each) => {
    const tools = each.seen?.tools.map(({ name, ...tool }): MeasuredTool => {
      if (name === undefined) return tool;
      if (taken.has(name)) return { ...tool, twice: true };
      taken.add(name);
      return { ...tool, name };
    });
    return { ...each, seen: each.seen && tools && { ...each.seen, tools } };
  });
}

/** What rules of the whole fit is only known where all members have told their tools. */
function virtualWarnings({ tools }: VirtualConfig, members: readonly ReadMember[]): string[] {
  const own = members.flatMap(({ member, seen }) =>
    (seen?.warnings.slice(0, 2) ?? []).flat().map((warning) => `${member.server}: ${warning}`),
  );
  const names = members.flatMap(({ seen }) => [...(seen?.names[2] ?? [])]);
  const isWhole = members.every(({ seen }) => seen !== undefined);
  return isWhole ? [...own, ...ruleWarnings(tools ?? {}, new Set(names))] : own;
}

async function allOf<Each>(each: AsyncIterable<Each>): Promise<Each[]> {
  const all: Each[] = [];
  for await (const one of each) all.push(one);
  return all;
}

/** Lists while it shows that something goes on. */
async function listing<Read>(
  name: string,
  given: Arguments,
  list: (ground: CheckGround) => Promise<Read>,
): Promise<Read> {
  const progress = isJson(given) ? undefined : startProgress(() => `Starting ${name}`);
  const containment = openContainment();
  const person = textOf(given, 'person');
  const read = await list({ environment: process.env, containment, token: undefined, person });
  progress?.end();
  return read;
}

const isJson = ({ values }: Arguments): boolean => values['json'] === true;

/** What is listed instead if clients search, and whether they do. */
interface SearchSize {
  readonly isOn: boolean;
  readonly tokens: number;
}

const searchOf = (
  { isSearched }: Pick<ServerConfig, 'isSearched'>,
  tools: readonly MeasuredTool[],
): SearchSize => ({ isOn: isSearched === true, tokens: searchTokens(tools) });

/** @param prefix of all names, of which nothing is said. */
function rowOf(
  { tool, name, tokens, heldBack, twice }: MeasuredTool,
  prefix = '',
): [name: string, size: string, what: string] {
  const size = tokenText(tokens);
  if (name === undefined) {
    const why = heldBack ? 'held back' : twice ? 'hidden: another has its name' : 'hidden';
    return [shownName(tool), `(${size})`, why];
  }
  const isOwn = name === `${prefix}${tool}`;
  return [shownName(name), size, isOwn ? '' : `is ${shownName(tool)}`];
}

function printSum(what: string, tokens: number, search?: SearchSize): void {
  if (!search) return print(`${what}, about ${tokenText(tokens)} tokens\n`);
  print(`${what}, about ${tokenText(tokens)} tokens (${ESTIMATE})\n`);
  const two = `2 tools, about ${tokenText(search.tokens)} tokens`;
  if (search.isOn) print(`Clients are listed ${two} in their place ("discovery": "search")\n`);
  else if (search.tokens < tokens) print(`With "discovery": "search" it would be ${two}\n`);
}

function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) print(`warning: ${visibleText(warning)}\n`);
}

/** What its runner held back when it saw it last. */
function heldNames({ name, pin }: ServerConfig): ReadonlySet<string> {
  if (pin?.mode !== 'hold') return new Set();
  const reading = readPins(pin.file);
  return new Set(reading.ok ? (reading.pins.get(name) ?? NO_PINS).held.keys() : []);
}

function failed(lines: readonly string[]): number {
  for (const line of lines) printError(`mcp-bridge tools: ${line}\n`);
  return EXIT.failed;
}
