// `mcp-bridge up`: from a command, a config file or what other programs have configured to a URL that answers.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { styleText } from 'node:util';

import { inTurns } from '../check/in-turns.ts';
import { outcomeText } from '../check/outcome.ts';
import { checkServer } from '../check/server.ts';
import { offeredNames } from '../config/runner-config.ts';
import { USUAL_FILE } from '../config/places.ts';
import { firstCall } from '../dev/first-call.ts';
import { configPlaces } from '../dev/found-configs.ts';
import {
  calledLine,
  nextSteps,
  noticeLine,
  nothingFoundText,
  offersText,
  slowLine,
  type Called,
  type Style,
} from './guidance.ts';
import { findOffers, shortPath, type Offer } from '../dev/offers.ts';
import { readUpOptions, type LocalSource, type UpOptions } from '../dev/options.ts';
import { visibleText } from '../log.ts';
import { hasColours, print, printError } from '../output.ts';
import { startProgress } from '../progress.ts';
import { EXIT, printUsage } from './arguments.ts';
import { calledAs } from './called-as.ts';
import { wrapped } from './help.ts';
import { serveHere, type LocalBridge, type Shown } from './local-bridge.ts';
import { atTerminal } from './terminal.ts';

/** Runs until a signal stops it. Resolves to the exit code. */
export async function upCommand(argv: readonly string[]): Promise<number> {
  const reading = readUpOptions(argv);
  if (!reading.ok) {
    printUsage(reading.problem);
    return EXIT.usage;
  }
  const { options } = reading;
  const source = options.source ?? (await findSource(options));
  if (source === undefined) return EXIT.failed;
  return serveHere({ ...options, source }, shownFor(options));
}

const style: Style = (format, text) =>
  hasColours() ? styleText(format, text, { validateStream: false }) : text;

/** What is served if nothing was named: this folder's file, or one that the person chooses. */
async function findSource(options: UpOptions): Promise<LocalSource | undefined> {
  if (existsSync(USUAL_FILE)) return { kind: 'config', files: [{ path: USUAL_FILE }] };
  const home = homedir();
  const self = calledAs(process.env);
  const places = configPlaces({
    platform: process.platform,
    home,
    cwd: process.cwd(),
    environment: process.env,
  });
  const offers = await findOffers(places, process.env);
  const [first] = offers;
  if (first === undefined) {
    printError(nothingFoundText(self));
    return undefined;
  }
  if (options.yes) {
    printError(`Serving the servers of ${first.program}, ${shortPath(first.path, home)}.\n`);
    return { kind: 'config', files: [first] };
  }
  printError(offersText(offers, home, style));
  const canAsk = process.stdin.isTTY && process.stderr.isTTY && !options.json;
  if (!canAsk) {
    const file = offers.find(({ project }) => project === undefined);
    const choice =
      first.project === undefined && file
        ? `Choose one, or several with --config for each: ${self} up --config ${JSON.stringify(file.path)}`
        : `To serve the first: ${self} up --yes`;
    printError(`\n${choice}\n`);
    return undefined;
  }
  const files = await choose(offers);
  return files && { kind: 'config', files };
}

/** Asks until some are chosen. Undefined: none, by a word, Ctrl-C or the end of the input. */
async function choose(offers: readonly Offer[]): Promise<readonly Offer[] | undefined> {
  const range = offers.length === 1 ? '' : ` Numbers, or a for all;`;
  try {
    return await atTerminal(async (ask) => {
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- one question after the other
        const answer = await ask(`\nServe which?${range} Enter for 1, q for none: `);
        const word = answer?.toLowerCase();
        if (word === undefined || /^(?:q|quit|n|no|none)$/u.test(word)) return undefined;
        const chosen = chosenOffers(word, offers);
        if (chosen.length > 0) return chosen;
      }
    });
  } finally {
    printError('\n');
  }
}

/** Those that an answer means, such as `1`, `1,3` or `a`; none if one of its words means nothing. */
export function chosenOffers(answer: string, offers: readonly Offer[]): readonly Offer[] {
  if (answer === '') return offers.slice(0, 1);
  if (/^(?:a|all)$/u.test(answer)) return offers;
  const words = answer.split(/[\s,]+/u).filter((word) => word !== '');
  const chosen = words.flatMap((word) => offers[Number(word) - 1] ?? []);
  return chosen.length === words.length ? [...new Set(chosen)] : [];
}

/** For a person as text, for a program as one line of JSON. */
const shownFor = ({ json }: UpOptions): Shown => ({
  say: json ? printError : print,
  // A person reads it in its place.
  logsConfig: json,
  ready: (bridge, stop) => (json ? forProgram(bridge, stop) : forPerson(bridge, stop)),
});

/** Calls each server once, in the order of the file; one that does not answer is started once more to see why. */
const callAll = (
  { edge, key, config, environment, containment }: LocalBridge,
  stop: AbortSignal,
  onSlow?: (name: string) => void,
): AsyncGenerator<Called, void> =>
  inTurns(offeredNames(config), async (name) => {
    const server = config.servers.get(name);
    const url = `${edge}/${name}/mcp`;
    const now = (): number => performance.now();
    const call = await firstCall(url, key?.key, stop, now, () => onSlow?.(name));
    if (call.ok || stop.aborted || !server) return { name, url, call };
    const why = await checkServer(server, { environment, containment, token: undefined });
    return { name, url, call, why };
  });

async function forProgram(bridge: LocalBridge, stop: AbortSignal): Promise<number | undefined> {
  const servers = [];
  for await (const { name, url, call, why } of callAll(bridge, stop)) {
    const told = why && why.verdict !== 'ok' && { what: why.what, fix: why.fix };
    servers.push({ name, url, ...call, ...told });
  }
  const { edge, key, config, console } = bridge;
  const leftOut = config.leftOut.map(({ name, reason }) => ({ name, reason }));
  const keyed = key && { key: key.key, keyFile: key.path };
  const owned = console && { console: console.url, ownerKeyFile: console.keyPath };
  const told = { edge, ...keyed, ...owned, config: config.file, servers, leftOut };
  print(`${JSON.stringify(told)}\n`);
  return servers.some(({ ok }) => ok) ? undefined : EXIT.failed;
}

async function forPerson(bridge: LocalBridge, stop: AbortSignal): Promise<number | undefined> {
  const { config, edge } = bridge;
  const names = offeredNames(config);
  const width = Math.max(...names.map((name) => name.length));
  const widths = { width, urls: `${edge}//mcp`.length + width };
  const called: Called[] = [];
  const slow = new Set<string>();
  print('\n');
  const progress = startProgress(() => {
    const name = names[called.length] ?? '';
    return slow.has(name)
      ? `  ${name} has not answered yet`
      : `  Starting ${name}; the first start may have to download it`;
  });
  let isNoted = false;
  const note = (): void => {
    if (!isNoted) noteConfig(bridge);
    isNoted = true;
  };
  const onSlow = (name: string): void => {
    if (slow.has(name)) return;
    slow.add(name);
    progress.clear();
    // A mistake in its entry is what most often keeps it from answering.
    note();
    print(slowLine(name, style));
  };
  for await (const one of callAll(bridge, stop, onSlow)) {
    called.push(one);
    progress.clear();
    if (stop.aborted) break;
    print(calledLine(one, widths, style));
  }
  progress.end();
  if (stop.aborted) return undefined;
  note();
  for (const { call, why } of called) {
    // What works alone, and not here, is told as it was answered here.
    if (why && why.verdict !== 'ok') print(`\n${outcomeText(why, hasColours())}`);
    else if (!call.ok) print(`\n${wrapped(visibleText(call.what), '  ', '  ')}\n`);
  }
  const self = calledAs(process.env);
  const answered = called.find(hasAnswered);
  if (!answered) {
    printError('\nNo server answers, so there is nothing to serve.\n');
    return EXIT.failed;
  }
  print(`\n${style('bold', 'mcp-bridge is up')}, for this machine only. Ctrl-C stops it.\n`);
  print(nextSteps(answered, bridge, { self, isWindows: process.platform === 'win32' }, style));
  return undefined;
}

/** What is wrong in the config, or should be changed. */
function noteConfig({ config: { leftOut, warnings } }: LocalBridge): void {
  for (const { name, reason, problems } of leftOut) {
    const [why] = problems;
    if (reason === 'broken' && why)
      print(noticeLine(`${name} is left out: ${why.path}`, why, true, style));
  }
  for (const warning of warnings) print(noticeLine(warning.path, warning, false, style));
}

const hasAnswered = (called: Called): called is Called & { call: { ok: true } } => called.call.ok;
