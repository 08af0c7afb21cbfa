// `npm run conformance [-- --subject dual|legacy|modern|direct] [--suite all|2026-07-28]`: the official conformance
// suite against each fixture behind the bridge (default: those three, both suites). Exits 1 when a check failed that
// was not expected, or an expected one did not. The legacy fixture is served with four processes started
// ahead (`warm`).
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { spawnBound } from '../../runner/dev/bound-child.ts';
import { startBridge } from '../e2e/harness.ts';
import { readFlags, wronglyCalled } from '../flags.ts';
import { addToTotals } from '../totals.ts';
import { EXPECTED_FAILURES, type Subject } from './expected-failures.ts';
import { runSuite, SUITES, type SuiteName } from './suite.ts';
import { verdictOn, type Verdict } from './verdict.ts';

/** A served fixture. */
interface Served {
  readonly url: URL;
  stop(): Promise<void>;
}

const BEHIND_THE_BRIDGE: readonly Subject[] = ['dual', 'legacy', 'modern'];

/**
 * Each client has a process of a legacy server to itself, and the suite gives a new one 600 ms for its first line: Node alone takes
 * most of that to start on a busy machine. An operator whose clients wait so little keeps some started. Four are enough: the suite
 * comes as six clients within as many seconds.
 */
const WARM = { bridge: { warm: 4 } };

const FIGURES: (keyof Verdict)[] = [
  'subject',
  'suite',
  'passed',
  'failed',
  'scenarios',
  'failedScenarios',
  'unexpectedScenarios',
];

/** The suite quotes whole answers in some of its words. */
const MAX_LINE_CHARS = 200;

const suiteNames = Object.keys(SUITES) as SuiteName[];

const ALL_SUBJECTS: readonly Subject[] = [...BEHIND_THE_BRIDGE, 'direct'];

const flags = readFlags(
  'conformance',
  'The official conformance suite against fixtures behind the bridge.\nExit code 1: a check failed that was not expected, or an expected one did not.',
  {
    subject: {
      type: 'string',
      multiple: true,
      value: 'name',
      help: `one of ${ALL_SUBJECTS.join(', ')}; may be repeated (by default all but direct)`,
    },
    suite: {
      type: 'string',
      multiple: true,
      value: 'name',
      help: `one of ${suiteNames.join(', ')}; may be repeated (by default all of them)`,
    },
  },
);
const subjects = chosen(flags.subject, BEHIND_THE_BRIDGE, ALL_SUBJECTS);
const suites = chosen(flags.suite, suiteNames, suiteNames);

const verdicts: Verdict[] = [];
for (const subject of subjects) {
  for (const suite of suites) verdicts.push(await judged(subject, suite));
}
console.table(verdicts, FIGURES);
const complaining = verdicts.filter(({ complaints }) => complaints.length > 0).length;
addToTotals(verdicts.length - complaining, complaining);
process.exitCode = complaining > 0 ? 1 : 0;

/** Some of the suite's own waits are under a second: what a loaded machine fails is tried once more, and both are told. */
async function judged(subject: Subject, suite: SuiteName): Promise<Verdict> {
  const first = await judgedOnce(subject, suite);
  if (first.complaints.length === 0) return first;
  console.log('Once more, to tell a slow machine from a fault.');
  return judgedOnce(subject, suite);
}

/** Each suite meets a bridge of its own: the calls that one walks away from are not the next one's business. */
async function judgedOnce(subject: Subject, suite: SuiteName): Promise<Verdict> {
  const served = await (subject === 'direct' ? serveDirectly() : serveThroughBridge(subject));
  try {
    const outcomes = await runSuite(suite, served.url);
    const verdict = verdictOn(subject, suite, outcomes, EXPECTED_FAILURES);
    printComplaints(verdict);
    return verdict;
  } finally {
    await served.stop();
  }
}

async function serveThroughBridge(subject: Subject): Promise<Served> {
  const args = [fixture(`${subject}.mjs`)];
  const server = { command: process.execPath, args, ...(subject === 'legacy' && WARM) };
  const bridge = await startBridge({ servers: { [subject]: server } });
  return { url: bridge.mcpUrl(subject), stop: () => bridge.stop() };
}

/** The fixture prints its URL when it listens. */
async function serveDirectly(): Promise<Served> {
  const child = spawnBound(process.execPath, [fixture('dual-over-http.mjs')], {
    cwd: process.cwd(),
    env: process.env,
  });
  child.stderr.pipe(process.stderr);
  child.control.resume();
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const stop = async (): Promise<void> => {
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
  };
  return { url: new URL(String(line)), stop };
}

function fixture(file: string): string {
  return fileURLToPath(new URL(`./servers/${file}`, import.meta.url));
}

function chosen<Name extends string>(
  wanted: readonly string[] | undefined,
  usual: readonly Name[],
  known: readonly Name[],
): readonly Name[] {
  if (wanted === undefined) return usual;
  return wanted.map((each) => {
    const found = known.find((name) => name === each);
    return found ?? wronglyCalled('conformance', `${each} is not one of ${known.join(', ')}`);
  });
}

function printComplaints({ subject, suite, complaints }: Verdict): void {
  if (complaints.length > 0) console.log(`\n${subject}, suite ${suite}, not as expected:`);
  for (const { scenario, lines } of complaints) {
    console.log(`  ${scenario}`);
    for (const line of lines) console.log(`    ${line.slice(0, MAX_LINE_CHARS)}`);
  }
}
