// `mcp-bridge check`: tries out all that a runner needs, prints one line each, and says what to do.
import { checkCredential, checkEdge } from '../check/edge.ts';
import { outcomeText } from '../check/outcome.ts';
import type { Outcome } from '../check/outcome.ts';
import { checkServer } from '../check/server.ts';
import type { RunnerConfig } from '../config.ts';
import { describeProblem } from '../config/problem.ts';
import { readTokenFile } from '../credential.ts';
import { checkIsolation } from '../check/isolation.ts';
import { print } from '../output.ts';
import { openContainment } from '../process/containment.ts';
import type { Containment } from '../process/containment.ts';
import { EXIT, readArguments } from './arguments.ts';
import { configFileOf, readSettings } from './settings.ts';

/** Servers started at a time: starting many at once would make slow ones miss their start time. */
const SERVERS_AT_A_TIME = 4;

const OPTIONS = {
  config: { type: 'string' },
  edge: { type: 'string' },
  'token-file': { type: 'string' },
} as const;

/** Runs every check. Answers 1 if any failed. */
export async function checkCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('check', argv, OPTIONS);
  if (given === undefined) return EXIT.usage;
  let hasFailed = false;
  const report = (outcome: Outcome): void => {
    hasFailed ||= outcome.verdict === 'FAIL';
    print(outcomeText(outcome, process.stdout.isTTY && process.env['NO_COLOR'] === undefined));
  };
  const containment = openContainment();
  const reading = await readSettings(given, process.env, containment);
  if (reading.ok) {
    reportConfig(reading.config, report);
    for (const outcome of await checkIsolation(reading.config, containment)) report(outcome);
    await reportEdge(reading.config, report);
    await reportServers(reading.config, containment, report);
  } else {
    const words = `${configFileOf(given)} has ${counted(reading.problems.length, 'problem')}`;
    const lines = reading.problems.map((problem) => describeProblem(problem));
    report({ verdict: 'FAIL', subject: 'config', words, lines });
  }
  return hasFailed ? EXIT.failed : EXIT.ok;
}

function reportConfig(config: RunnerConfig, report: (outcome: Outcome) => void): void {
  report({
    verdict: 'ok',
    subject: 'config',
    words: `${config.file}, ${counted(config.servers.size, 'server')}`,
  });
  for (const { path, what, fix } of config.warnings)
    report({ verdict: 'warn', subject: path, words: what, fix });
}

async function reportEdge(
  { edge, tokenFile }: RunnerConfig,
  report: (outcome: Outcome) => void,
): Promise<void> {
  const token = tokenFile === undefined ? undefined : await readTokenFile(tokenFile);
  if (token?.ok === true)
    report({ verdict: 'ok', subject: 'token file', words: String(tokenFile) });
  if (token?.ok === false) report({ verdict: 'FAIL', subject: 'token file', words: token.message });
  if (edge === undefined) {
    report({
      verdict: 'skip',
      subject: 'edge',
      words: 'none is configured',
      fix: 'Give it as "edge" in "bridge" or with --edge.',
    });
    return;
  }
  const health = await checkEdge(edge);
  report(health);
  if (token === undefined) {
    const fix =
      'Make a token with mcp-bridge credential runner, and name its file as "tokenFile" in "bridge".';
    report({ verdict: 'FAIL', subject: 'credential', words: 'no token file is configured', fix });
  } else if (health.verdict !== 'ok') {
    report({
      verdict: 'skip',
      subject: 'credential',
      words: 'not tried, since the edge does not answer',
    });
  } else if (token.ok) {
    report(await checkCredential(edge, token.token));
  }
}

/** Prints in the order of the file, each as soon as it and those before it are known. */
async function reportServers(
  { servers }: RunnerConfig,
  containment: Containment,
  report: (outcome: Outcome) => void,
): Promise<void> {
  const waiting = [...servers.values()].map((server) => ({
    server,
    done: Promise.withResolvers<Outcome>(),
  }));
  const queue = [...waiting];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      next.done.resolve(await checkServer(next.server, process.env, containment));
    }
  };
  const workers = Promise.all(Array.from({ length: SERVERS_AT_A_TIME }, work));
  for (const { done } of waiting) report(await done.promise);
  await workers;
}

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;
