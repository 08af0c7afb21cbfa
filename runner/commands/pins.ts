// `mcp-bridge pins`: which tools are pinned, what is held back and how it differs, and letting it in. A runner that serves takes it up by
// itself, since it looks at the lock file before it judges.
import { resolve } from 'node:path';

import { PIN_ERAS, pinBefore, pinDiff, type Pinned, type ServerPins } from '../core/pins.ts';
import { visibleText } from '../log.ts';
import { print, printError } from '../output.ts';
import { acceptPins, lockFileOf, readPins } from '../pin-file.ts';
import { errorCode } from '../error-code.ts';
import { writeFix } from '../write-fix.ts';
import { EXIT, printUsage, readArguments, type Arguments } from './arguments.ts';
import { configFileOf } from './settings.ts';
import { shownName } from './shown-name.ts';
import { tableText } from './table.ts';
import { usageProblem } from './usage.ts';

/** What is held back of one tool for clients of one era. */
interface Held {
  readonly server: string;
  readonly tool: string;
  readonly kind: 'new' | 'changed';
  /** Only clients of this era get it, since others were shown it otherwise. */
  readonly era: (typeof PIN_ERAS)[number];
  readonly diff: readonly string[];
}

/** Returns the exit code. */
export function pinsCommand(argv: readonly string[]): number {
  const given = readArguments('pins', argv, 3);
  if (given === undefined) return EXIT.usage;
  const [word = 'list', server, tool] = given.words;
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (!action || (word === 'list' && server !== undefined)) {
    const what = 'say what to do: list, diff [<server> [<tool>]] or accept [<server> [<tool>]]';
    printUsage(usageProblem('pins', what));
    return EXIT.usage;
  }
  const file = lockFileOf(resolve(configFileOf(given)));
  const reading = readPins(file);
  if (!reading.ok) return failed(`${file} ${reading.what}`, 'Put it right, or remove it.');
  const wanted = [...reading.pins].filter(([name]) => server === undefined || name === server);
  if (server !== undefined && wanted.length === 0)
    return failed(`no tool of ${shownName(server)} is pinned in ${file}`, 'See: mcp-bridge pins');
  return action({ given, file, wanted, tool, pins: reading.pins });
}

interface Wish {
  readonly given: Arguments;
  readonly file: string;
  readonly pins: ReadonlyMap<string, ServerPins>;
  readonly wanted: readonly (readonly [server: string, pins: ServerPins])[];
  readonly tool: string | undefined;
}

const ACTIONS: Readonly<Record<string, (wish: Wish) => number>> = { list, diff, accept };

function list({ given, file, wanted }: Wish): number {
  const held = heldIn(wanted);
  if (given.values['json'] === true) {
    const servers = wanted.map(([server, { tools }]) => ({ server, tools: [...tools.keys()] }));
    print(`${JSON.stringify({ file, servers, held })}\n`);
    return EXIT.ok;
  }
  if (wanted.length === 0) {
    print(`No tool is pinned in ${file}. To pin those of a server: "pin": true in its "bridge".\n`);
    return EXIT.ok;
  }
  const rows = wanted.map(([server, { tools, held: back }]) => [
    shownName(server),
    `${tools.size} pinned`,
    back.size === 0 ? '' : `${back.size} held back: ${[...back.keys()].map(shownName).join(', ')}`,
  ]);
  print(tableText(rows));
  if (held.length > 0) print('See: mcp-bridge pins diff\n');
  return EXIT.ok;
}

function diff({ given, wanted, tool }: Wish): number {
  const held = heldIn(wanted, tool);
  if (given.values['json'] === true) {
    print(`${JSON.stringify({ held })}\n`);
    return EXIT.ok;
  }
  if (held.length === 0) print('Nothing is held back.\n');
  for (const each of held) {
    const of = each.era === 'modern' ? ', for 2026-07-28 clients' : '';
    print(`${shownName(each.server)} ${shownName(each.tool)} (${each.kind}${of})\n`);
    for (const line of each.diff) print(`  ${visibleText(line)}\n`);
  }
  return EXIT.ok;
}

function accept({ given, file, pins, wanted, tool }: Wish): number {
  const held = heldIn(wanted, tool);
  if (held.length === 0 && tool !== undefined)
    return failed(`no tool ${shownName(tool)} is held back`, 'See: mcp-bridge pins');
  try {
    const servers = wanted.flatMap(([server, own]) => (own.held.size > 0 ? [server] : []));
    if (servers.length > 0) acceptPins(file, pins, servers, tool);
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    return failed(`${file} cannot be written (${code})`, `${writeFix(code)}.`);
  }
  const accepted = held.map((each) => ({ server: each.server, tool: each.tool }));
  if (given.values['json'] === true) print(`${JSON.stringify({ accepted })}\n`);
  else if (held.length === 0) print('Nothing is held back.\n');
  else
    for (const each of new Set(accepted.map(({ server, tool: name }) => `${server} ${name}`)))
      print(`${shownName(each)} is let in.\n`);
  return EXIT.ok;
}

function heldIn(wanted: Wish['wanted'], only?: string): Held[] {
  return wanted.flatMap(([server, { tools, held }]) =>
    [...held]
      .filter(([tool]) => only === undefined || tool === only)
      .flatMap(([tool, pinned]) => heldOf(server, tool, pinned, tools.get(tool))),
  );
}

/** A definition that was held back in both eras is shown once. */
function heldOf(server: string, tool: string, held: Pinned, known: Pinned | undefined): Held[] {
  const seen = new Set<string>();
  return PIN_ERAS.flatMap((era) => {
    const pin = held[era];
    if (!pin || seen.has(pin.digest)) return [];
    seen.add(pin.digest);
    const before = pinBefore(known, era);
    const kind = before ? ('changed' as const) : ('new' as const);
    return [{ server, tool, kind, era, diff: pinDiff(before, pin) }];
  });
}

function failed(what: string, fix: string): number {
  printError(`mcp-bridge pins: ${what}. ${fix}\n`);
  return EXIT.failed;
}
