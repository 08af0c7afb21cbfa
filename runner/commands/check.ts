// `mcp-bridge check`: tries everything a runner needs, prints one line for each, and says what to do.
import { fixedToken } from '../runner-token.ts';
import { checkCredential, checkEdge } from '../check/edge.ts';
import { inTurns } from '../check/in-turns.ts';
import { outcomeText, type Outcome } from '../check/outcome.ts';
import { checkPeople } from '../check/people.ts';
import { checkSignIn } from '../check/sign-in.ts';
import { checkTraces } from '../check/traces.ts';
import { checkServer, type CheckGround } from '../check/server.ts';
import { emptyProblems } from '../config/read.ts';
import type { LeftOut, RunnerConfig, VirtualConfig } from '../config/runner-config.ts';
import { describeProblem } from '../config/problem.ts';
import { readTokenFile } from '../credential.ts';
import { checkIsolation } from '../check/isolation.ts';
import { hasColours, print } from '../output.ts';
import { startProgress } from '../progress.ts';
import { openContainment } from '../process/containment.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { usageProblem } from './usage.ts';
import { configFileOf, readRunnerSettings } from './settings.ts';
import { PERSON_ID } from '../../shared/ids.ts';

/** Runs every check. Returns 1 if any failed. */
export async function checkCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('check', argv);
  if (given === undefined) return EXIT.usage;
  const { report, exitCode } = reporter();
  const server = textOf(given, 'oauth');
  if (server !== undefined) {
    if (!/^https?:\/\//u.test(server) || !URL.canParse(server)) {
      printUsage(
        usageProblem('check', '--oauth takes the URL of a server: https://<edge>/<server>/mcp'),
      );
      return EXIT.usage;
    }
    await checkSignIn(server, report);
    return exitCode();
  }
  const person = textOf(given, 'person');
  if (person !== undefined && !PERSON_ID.test(person)) {
    printUsage(
      usageProblem('check', '--person takes an id, such as owner, p-… or the name of a key'),
    );
    return EXIT.usage;
  }
  await checkRunner(given, report);
  return exitCode();
}

type Report = (outcome: Outcome) => void;

/** Prints outcomes, and knows in the end whether all went well. */
export function reporter(): { readonly report: Report; exitCode(): number } {
  let hasFailed = false;
  return {
    report(outcome) {
      hasFailed ||= outcome.verdict === 'FAIL';
      print(outcomeText(outcome, hasColours()));
    },
    exitCode: () => (hasFailed ? EXIT.failed : EXIT.ok),
  };
}

/** Everything that a runner with these arguments needs. */
export async function checkRunner(given: Arguments, report: Report): Promise<void> {
  const containment = openContainment();
  const reading = await readRunnerSettings(given, process.env, containment);
  const problems = reading.ok ? emptyProblems(reading.config) : reading.problems;
  if (reading.ok && problems.length === 0) {
    reportConfig(reading.config, report);
    for (const outcome of await checkIsolation(reading.config, containment)) report(outcome);
    const traces = await checkTraces(reading.config);
    if (traces) report(traces);
    const token = await reportEdge(reading.config, report);
    for (const outcome of checkPeople(reading.config.servers.values())) report(outcome);
    const person = textOf(given, 'person');
    const ground = { environment: process.env, containment, token, person };
    await reportServers(reading.config, ground, report);
    for (const virtual of reading.config.virtual.values()) report(virtualOutcome(virtual));
    for (const entry of reading.config.leftOut) report(leftOutOutcome(entry));
  } else {
    const what = `${configFileOf(given)} has ${counted(problems.length, 'problem')}`;
    const lines = problems.map((problem) => describeProblem(problem));
    report({ verdict: 'FAIL', subject: 'config', what, lines });
  }
}

function reportConfig(config: RunnerConfig, report: Report): void {
  report({
    verdict: 'ok',
    subject: 'config',
    what: configSummary(config),
  });
  for (const { path, what, fix } of config.warnings)
    report({ verdict: 'warn', subject: path, what, fix });
}

/** `mcp.json, 2 servers from "servers" in "mcp", 1 entry left out`. */
function configSummary({ file, servers, serversAt, leftOut }: RunnerConfig): string {
  const place = serversAt
    .map((key) => JSON.stringify(key))
    .toReversed()
    .join(' in ');
  const where = place === '' ? ' from the top level of the file' : ` from ${place}`;
  const isOwn = serversAt[0] === 'mcpServers';
  const rest = leftOut.length === 0 ? '' : `, ${leftOut.length} left out`;
  return `${file}, ${counted(servers.size, 'server')}${isOwn ? '' : where}${rest}`;
}

const VERDICTS = { off: 'skip', elsewhere: 'warn', broken: 'FAIL' } as const;

/** Its members are tried by themselves. */
const virtualOutcome = ({ name, members }: VirtualConfig): Outcome => ({
  verdict: 'ok',
  subject: `virtual server ${name}`,
  what: `is ${members.map(({ server }) => server).join(', ')} as one`,
});

/** Why an entry is not served. */
function leftOutOutcome({ name, reason, problems }: LeftOut): Outcome {
  const verdict = VERDICTS[reason];
  const [first, ...more] = problems;
  const subject = `server ${name}`;
  if (first === undefined) return { verdict, subject, what: 'left out' };
  const what = `left out, since ${first.path} ${first.what}`;
  return { verdict, subject, what, fix: first.fix, lines: more.map(describeProblem) };
}

/** Returns the runner's token if there is a good one. */
async function reportEdge(
  { edge, tokenFile }: RunnerConfig,
  report: Report,
): Promise<string | undefined> {
  const token = tokenFile === undefined ? undefined : await readTokenFile(tokenFile);
  const known = token?.ok === true ? token.token : undefined;
  if (known !== undefined)
    report({ verdict: 'ok', subject: 'token file', what: String(tokenFile) });
  if (token?.ok === false) {
    const { what, fix } = token.problem;
    report({ verdict: 'FAIL', subject: 'token file', what: `${tokenFile} ${what}`, fix });
  }
  if (edge === undefined) {
    report({
      verdict: 'skip',
      subject: 'edge',
      what: 'none is configured',
      fix: 'Give it as "edge" in "bridge" or with --edge.',
    });
    return known;
  }
  const health = await checkEdge(edge);
  report(health);
  if (token === undefined) {
    const fix =
      'Make a key with mcp-bridge credential runner, and name its file as "tokenFile" in "bridge".';
    report({ verdict: 'FAIL', subject: 'credential', what: 'no token file is configured', fix });
  } else if (health.verdict !== 'ok') {
    report({
      verdict: 'skip',
      subject: 'credential',
      what: 'not tried, since the edge does not answer',
    });
  } else if (known !== undefined) {
    report(await checkCredential(edge, await fixedToken(known).forDial(edge)));
  }
  return known;
}

/** Prints in the order of the file, each as soon as it and those before it are known. */
async function reportServers(
  { servers }: RunnerConfig,
  ground: CheckGround,
  report: Report,
): Promise<void> {
  const names = [...servers.keys()];
  const progress = startProgress(() => `Trying ${names[0] ?? ''}`);
  const outcomes = inTurns(servers.values(), (server) => checkServer(server, ground));
  for await (const outcome of outcomes) {
    names.shift();
    progress.clear();
    report(outcome);
  }
  progress.end();
}

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;
