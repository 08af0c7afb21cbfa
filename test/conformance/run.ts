// `npm run conformance [-- --subject dual|legacy|modern|direct|remote] [--suite all|2026-07-28] [--access open|token|member|members]`: the official
// conformance suite against each fixture behind the bridge (default: those three, both suites), and against one of them behind an edge
// where people sign in, with an access token. Exits 1 when a check failed that was not expected, or an expected one did not. The
// legacy fixture is served with four processes started ahead (`warm`).
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { spawnBound } from '../../runner/dev/bound-child.ts';
import { startBridge, type ServerEntry } from '../e2e/harness.ts';
import { readFlags, wronglyCalled } from '../flags.ts';
import { addToTotals } from '../totals.ts';
import { EXPECTED_FAILURES, type Access, type Subject } from './expected-failures.ts';
import { serveSignedIn } from './signed-in.ts';
import { runSuite, SUITES, type SuiteName } from './suite.ts';
import type { Served } from './served.ts';
import { verdictOn, type Run, type Verdict } from './verdict.ts';

const BEHIND_THE_BRIDGE: readonly Subject[] = ['dual', 'legacy', 'modern'];

/**
 * Each client has a process of a legacy server to itself, and the suite gives a new one 600 ms for its first line: Node alone takes
 * most of that to start on a busy machine. An operator whose clients wait so little keeps some started. Four are enough: the suite
 * comes as six clients within as many seconds.
 */
const WARM = { bridge: { warm: 4 } };

const FIGURES: (keyof Verdict)[] = [
  'subject',
  'access',
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

const ACCESSES: readonly Access[] = ['open', 'token', 'member', 'members'];

const ALL_SUBJECTS: readonly Subject[] = [...BEHIND_THE_BRIDGE, 'direct', 'remote'];

const flags = readFlags(
  'conformance',
  'The official conformance suite against fixtures behind the bridge.\nExit code 1: a check failed that was not expected, or an expected one did not.',
  {
    subject: {
      type: 'string',
      multiple: true,
      value: 'name',
      help: `one of ${ALL_SUBJECTS.join(', ')}; may be repeated (by default all but direct and remote)`,
    },
    suite: {
      type: 'string',
      multiple: true,
      value: 'name',
      help: `one of ${suiteNames.join(', ')}; may be repeated (by default all of them)`,
    },
    access: {
      type: 'string',
      multiple: true,
      value: 'name',
      help: `one of ${ACCESSES.join(', ')}; may be repeated (by default all; token and members for dual alone, member for legacy alone)`,
    },
  },
);
const subjects = chosen(flags.subject, BEHIND_THE_BRIDGE, ALL_SUBJECTS);
const suites = chosen(flags.suite, suiteNames, suiteNames);
const accesses = chosen(flags.access, ACCESSES, ACCESSES);

const verdicts: Verdict[] = [];
for (const access of accesses)
  for (const subject of subjects.filter((subject) => isRun(access, subject)))
    for (const suite of suites) verdicts.push(await judged({ subject, suite, access }));
console.table(verdicts, FIGURES);
const complaining = verdicts.filter(({ complaints }) => complaints.length > 0).length;
addToTotals(verdicts.length - complaining, complaining);
process.exitCode = complaining > 0 ? 1 : 0;

/** By default one subject is met with a token, and one as a member: who is let in, and by which way, does not change what a server does. */
function isRun(access: Access, subject: Subject): boolean {
  if (access === 'open') return true;
  if (flags.access === undefined && flags.subject === undefined)
    return subject === (access === 'member' ? 'legacy' : 'dual');
  return subject !== 'direct' && subject !== 'remote';
}

/** Some of the suite's own waits are under a second: what a loaded machine fails is tried once more, and both are told. */
async function judged(run: Run): Promise<Verdict> {
  const first = await judgedOnce(run);
  if (first.complaints.length === 0) return first;
  console.log('Once more, to tell a slow machine from a fault.');
  return judgedOnce(run);
}

/** Each suite meets a bridge of its own: the calls that one walks away from are not the next one's business. */
async function judgedOnce(run: Run): Promise<Verdict> {
  const served = await serve(run);
  try {
    const outcomes = await runSuite(run.suite, served.url);
    const verdict = verdictOn(run, outcomes, EXPECTED_FAILURES);
    printComplaints(verdict);
    return verdict;
  } finally {
    await served.stop();
  }
}

function serve({ subject, access }: Run): Promise<Served> {
  if (subject === 'direct') return serveDirectly();
  if (subject === 'remote') return serveAtUrl();
  const args = [fixture(`${subject}.mjs`)];
  const server = { command: process.execPath, args, ...(subject === 'legacy' && WARM) };
  if (access === 'token') return serveSignedIn(subject, server);
  if (access === 'open') return serveThroughBridge(subject, server);
  return serveAsMember(subject, server, access === 'member' ? [] : BEHIND_THE_BRIDGE);
}

async function serveThroughBridge(subject: Subject, server: ServerEntry): Promise<Served> {
  const bridge = await startBridge({ servers: { [subject]: server } });
  return { url: bridge.mcpUrl(subject), stop: () => bridge.stop() };
}

/** As a member without a prefix, before `others` with theirs. */
async function serveAsMember(
  subject: Subject,
  server: ServerEntry,
  others: readonly Subject[],
): Promise<Served> {
  const beside = others.filter((other) => other !== subject);
  const entries = beside.map((other) => {
    const args = [fixture(`${other}.mjs`)];
    return [other, { command: process.execPath, args }] as const;
  });
  const prefixed = Object.fromEntries(beside.map((other) => [other, {}]));
  const members = { [subject]: { prefix: '' }, ...prefixed };
  const bridge = await startBridge({
    servers: { [subject]: server, ...Object.fromEntries(entries) },
    bridge: { virtual: { joined: { members } } },
  });
  return { url: bridge.mcpUrl('joined'), stop: () => bridge.stop() };
}

async function serveAtUrl(): Promise<Served> {
  const direct = await serveDirectly();
  const bridge = await startBridge({ servers: { remote: { url: direct.url.href } } });
  const stop = async (): Promise<void> => {
    await bridge.stop();
    await direct.stop();
  };
  return { url: bridge.mcpUrl('remote'), stop };
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

function printComplaints({ subject, suite, access, complaints }: Verdict): void {
  if (complaints.length > 0)
    console.log(`\n${subject}, suite ${suite}, ${access}, not as expected:`);
  for (const { scenario, lines } of complaints) {
    console.log(`  ${scenario}`);
    for (const line of lines) console.log(`    ${line.slice(0, MAX_LINE_CHARS)}`);
  }
}
