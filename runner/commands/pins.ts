// `mcp-bridge pins`: which tools are pinned, what is held back and how it differs, and letting it in. A runner that serves takes it up by
// itself, since it looks at the lock file before it judges.
import { resolve } from 'node:path';

import {
  DIGEST_DIGITS,
  PIN_ERAS,
  pinBefore,
  pinDiff,
  shortDigest,
  type Pinned,
  type ServerPins,
} from '../core/pins.ts';
import { visibleText } from '../log.ts';
import { print, printError } from '../output.ts';
import { acceptPins, lockFileOf, noteShown, readPins, type PinsChoice } from '../pin-file.ts';
import { errorCode } from '../error-code.ts';
import { writeFix } from '../write-fix.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
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
  /** What stands for this definition. */
  readonly digest: string;
  /** A person was shown it. */
  readonly shown: boolean;
  /** Only its digest was kept, so that nobody can be shown it here. */
  readonly isTooLarge: boolean;
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
  const mistake = mistakeIn(given, word);
  if (mistake !== undefined) {
    printUsage(usageProblem('pins', mistake));
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

function mistakeIn(given: Arguments, word: string): string | undefined {
  const digest = textOf(given, 'digest');
  const isAll = given.values[ALL_CURRENT] === true;
  if (digest === undefined && !isAll) return undefined;
  if (word !== 'accept') return '--digest and --all-current are for accept';
  if (digest === undefined) return undefined;
  if (isAll || given.words.length < 3) return '--digest is for one tool: say its server and name';
  return DIGEST.test(digest)
    ? undefined
    : `--digest takes ${DIGEST_DIGITS} digits, as diff shows them`;
}

const ALL_CURRENT = 'all-current';

/** As many digits as {@link DIGEST_DIGITS}, up to those of the whole. */
const DIGEST = /^(?:sha256:)?[0-9a-f]{32,64}$/u;

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

function diff({ given, file, wanted, tool }: Wish): number {
  const held = heldIn(wanted, tool);
  if (given.values['json'] === true) print(`${JSON.stringify({ held })}\n`);
  else if (held.length === 0) print('Nothing is held back.\n');
  else
    for (const each of held) {
      const of = each.era === 'modern' ? ', for 2026-07-28 clients' : '';
      const digest = `digest ${each.digest}`;
      print(`${shownName(each.server)} ${shownName(each.tool)} (${each.kind}${of}; ${digest})\n`);
      for (const line of each.diff) print(`  ${visibleText(line)}\n`);
    }
  try {
    noteShown(file, among(held));
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    printError(`mcp-bridge pins: that you saw this cannot be noted in ${file} (${code}).\n`);
  }
  return EXIT.ok;
}

/** Chooses these definitions, and none that has come in place of one. */
const among =
  (held: readonly Held[]): PinsChoice =>
  (server, tool, pin) =>
    held.some(
      (each) => each.server === server && each.tool === tool && each.digest === shortDigest(pin),
    );

function accept({ given, file, pins, wanted, tool }: Wish): number {
  const held = heldIn(wanted, tool);
  if (held.length === 0 && tool !== undefined)
    return failed(`no tool ${shownName(tool)} is held back`, 'See: mcp-bridge pins');
  const digest = textOf(given, 'digest')?.replace('sha256:', '').slice(0, DIGEST_DIGITS);
  const isAll = given.values[ALL_CURRENT] === true;
  const isAccepted = (each: Held): boolean =>
    isAll || (digest === undefined ? each.shown : each.digest === digest);
  const accepted = held.filter(isAccepted);
  const unseen = digest === undefined ? held.filter((each) => !isAccepted(each)) : [];
  if (digest !== undefined && accepted.length === 0)
    return failed(
      `what is held back of ${shownName(tool ?? '')} has another digest`,
      'It has changed since, so look at it again: mcp-bridge pins diff',
    );
  try {
    if (accepted.length > 0) acceptPins(file, pins, among(accepted));
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    return failed(`${file} cannot be written (${code})`, `${writeFix(code)}.`);
  }
  const [letIn, left] = [eachOnce(accepted), eachOnce(unseen)];
  if (given.values['json'] === true)
    print(
      `${JSON.stringify({ accepted: namesOf(letIn), ...(left.length > 0 && { unseen: namesOf(left) }) })}\n`,
    );
  else {
    if (held.length === 0) print('Nothing is held back.\n');
    for (const each of letIn) print(`${shownName(`${each.server} ${each.tool}`)} is let in.\n`);
  }
  for (const each of left) failed(...whyLeft(each));
  return left.length > 0 ? EXIT.failed : EXIT.ok;
}

/** What is not let in, why, and what to do. */
function whyLeft({ server, tool, digest, isTooLarge }: Held): [what: string, fix: string] {
  const what = `${shownName(`${server} ${tool}`)} is not let in`;
  return isTooLarge
    ? [
        `${what}: its definition is too large to be shown`,
        `Read it elsewhere, then let it in by its digest: mcp-bridge pins accept ${shownName(server)} ${shownName(tool)} --digest=${digest}`,
      ]
    : [
        `${what}: as it is now, nobody was shown it`,
        `Look at it: mcp-bridge pins diff ${shownName(server)}. Or let in whatever there is: --${ALL_CURRENT}`,
      ];
}

/** Each tool once. */
const eachOnce = (held: readonly Held[]): Held[] => [
  ...new Map(held.map((each) => [JSON.stringify([each.server, each.tool]), each])).values(),
];

const namesOf = (held: readonly Held[]): Pick<Held, 'server' | 'tool'>[] =>
  held.map(({ server, tool }) => ({ server, tool }));

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
    return [
      {
        server,
        tool,
        kind,
        era,
        digest: shortDigest(pin),
        shown: pin.isShown === true,
        isTooLarge: pin.definition === null,
        diff: pinDiff(before, pin),
      },
    ];
  });
}

function failed(what: string, fix: string): number {
  printError(`mcp-bridge pins: ${what}. ${fix}\n`);
  return EXIT.failed;
}
