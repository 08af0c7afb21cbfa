// `mcp-bridge audit`: shows what an edge has recorded last, and with --follow what it records from now on.
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';

import type { Problem } from '../../shared/problem.ts';
import { createLog, LOG_LEVELS, type LogLevel } from '../log.ts';
import { printError, printLine } from '../output.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { printProblem, readOwnerApi, type OwnerApi } from './owner-api.ts';
import { usageProblem } from './usage.ts';

/** How often a follower asks. */
const FOLLOW_MS = 2_000;

const recordView = v.object({
  lines: v.array(v.object({ time: v.number(), line: v.record(v.string(), v.unknown()) })),
  next: v.number(),
  isGap: v.boolean(),
});

type RecordPage = v.InferOutput<typeof recordView>;

/** Prints the lines, oldest first. Returns the exit code. */
export async function auditCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('audit', argv);
  if (given === undefined) return EXIT.usage;
  const read = await readOwnerApi(given);
  if (!read.ok) {
    printUsage(usageProblem('audit', read.what));
    return EXIT.usage;
  }
  const look = (after: number | undefined): Promise<RecordPage | Problem> =>
    lookAt(read.api, given, after);
  return given.values['follow'] === true ? follow(look, given) : once(look, given);
}

type Look = (after: number | undefined) => Promise<RecordPage | Problem>;

async function once(look: Look, given: Arguments): Promise<number> {
  let after: number | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    const page = await look(after);
    if ('what' in page) return failed(page);
    show(page, given);
    if (page.next === after || page.lines.length === 0) return EXIT.ok;
    after = page.next;
  }
}

/** Goes on until it is stopped, also over a restart of the edge. */
async function follow(look: Look, given: Arguments): Promise<number> {
  let after: number | undefined;
  let told: string | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    const page = await look(after);
    if ('what' in page) {
      if (after === undefined) return failed(page);
      if (told !== page.what) failed(page);
      told = page.what;
    } else {
      show(page, given);
      after = page.next;
      told = undefined;
      if (page.lines.length > 0) continue;
    }
    // oxlint-disable-next-line no-await-in-loop -- the time between two looks
    await sleep(FOLLOW_MS);
  }
}

async function lookAt(
  api: OwnerApi,
  given: Arguments,
  after: number | undefined,
): Promise<RecordPage | Problem> {
  const query = new URLSearchParams();
  const wanted = { server: 'server', principal: 'person', outcome: 'outcome' } as const;
  for (const [parameter, option] of Object.entries(wanted)) {
    const value = textOf(given, option);
    if (value !== undefined) query.set(parameter, value);
  }
  if (after !== undefined) query.set('after', String(after));
  const answer = await api.call('GET', `record?${query.toString()}`, recordView);
  return answer.ok ? answer.value : answer.problem;
}

/** Text on a terminal, else JSON; no character of a line controls the terminal. */
function show({ lines, isGap }: RecordPage, given: Arguments): void {
  const pretty = given.values['json'] !== true && process.stdout.isTTY;
  if (isGap) printError('Lines in between are not kept any more.\n');
  for (const { time, line } of lines) {
    const { level, message, ...fields } = line;
    const log = createLog({
      level: 'debug',
      now: () => time,
      pretty,
      write: (line) => printLine(line),
    });
    log[levelOf(level)](String(message), fields);
  }
}

const levelOf = (level: unknown): LogLevel => LOG_LEVELS.find((each) => each === level) ?? 'info';

function failed(problem: Problem): number {
  printProblem('record', problem);
  return EXIT.failed;
}
