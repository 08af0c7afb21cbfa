// The state of an edge in words: one sentence for whoever looks, and what needs attention, each with the one thing to do about it. Pure.
import { LONGEST_MS } from './fleet-look.ts';
import type { PinAlarm } from './held-tools.ts';
import type { RunnerView } from './ports.ts';
import type { RecordLevel } from './record.ts';
import type { ServerFailure } from './server-failures.ts';
import type { Problem } from '../../shared/problem.ts';
import { VERSION, versionSkew } from '../../shared/version.ts';

/** What the words are made of. Times are ms since the epoch, by the edge's clock. */
export interface EdgeState {
  readonly runners: readonly RunnerView[];
  /** Names of the servers that runners offer, and of those that are reachable now. */
  readonly servers: readonly string[];
  readonly reachable: readonly string[];
  /** Open ones. */
  readonly sessions: number;
  readonly lastCallAt?: number | undefined;
  /** Of the settings. */
  readonly problems: readonly Problem[];
  readonly record: RecordLevel;
  readonly failing: readonly FailingServer[];
  readonly stuck: readonly StuckSignIn[];
  /** Servers whose tools are others than when somebody looked last. */
  readonly changed: readonly ChangedTools[];
}

/** A server whose process does not start, or ends under its calls. */
export interface FailingServer {
  readonly server: string;
  readonly fault: string;
  readonly at: number;
  /** Calls that failed so, of late. */
  readonly times: number;
}

/** A sign-in that stopped on the way. */
export interface StuckSignIn {
  readonly app: string;
  readonly missing: string;
  readonly at: number;
}

export interface ChangedTools {
  readonly server: string;
  /** Names of tools that came, went or have another description or schema. */
  readonly tools: readonly string[];
}

/** Something that needs whoever looks. */
export interface AttentionItem {
  readonly level: 'bad' | 'warn';
  readonly what: string;
  /** The one thing to do about it. */
  readonly fix: string;
  /** A page of the console on which it is done. */
  readonly page?: string | undefined;
}

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

/** How long something takes or took, in the unit that fits. */
export function durationInWords(ms: number): string {
  const units = [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
  ] as const;
  const [unit, name] = units.find(
    ([unit]) => ms >= 2 * unit || (unit !== MINUTE && ms >= unit),
  ) ?? [SECOND, 's'];
  return `${Math.max(0, Math.floor(ms / unit))} ${name}`;
}

/** About how long something takes, from its parts that are known: two digits, which say no more than that. */
export function aboutInWords(ms: number): string {
  if (ms >= LONGEST_MS) return `${durationInWords(LONGEST_MS)} or more`;
  const about = Number(Math.max(1, ms).toPrecision(2));
  return about < SECOND ? `about ${about} ms` : `about ${about / SECOND} s`;
}

/** How often a minute something was, that was so often within so many ms. */
export function perMinute(times: number, withinMs: number): string {
  const often = (times * MINUTE) / withinMs;
  return often === 0 || often >= 10 ? String(Math.round(often)) : often.toFixed(1);
}

export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Runners that are away, those with the most sessions first. */
const away = ({ runners }: Pick<EdgeState, 'runners'>): RunnerView[] =>
  runners
    .filter(({ isLinked }) => !isLinked)
    .toSorted((one, other) => other.sessions - one.sessions);

/** A runner and for how long it is away. */
const awayInWords = ({ runner, since }: RunnerView, now: number): string =>
  since === undefined
    ? `${runner} is away`
    : `${runner} has been away for ${durationInWords(now - since)}`;

const waiting = (sessions: number): string =>
  sessions === 1 ? 'its session waits' : `its ${sessions} sessions wait`;

/** The one sentence. What is wrong comes before what is well. */
export function stateInWords(state: EdgeState, now: number): string {
  const linked = state.runners.filter(({ isLinked }) => isLinked).length;
  if (state.runners.length === 0) return 'No runner is linked yet.';
  const [first, ...others] = away(state).filter(({ sessions }) => sessions > 0 || linked === 0);
  if (first) {
    const more = others.length === 0 ? '' : ` ${counted(others.length, 'other runner')} too.`;
    const wait = first.sessions === 0 ? '' : `; ${waiting(first.sessions)}`;
    return `${awayInWords(first, now)}${wait}.${more}`;
  }
  return `${counted(linked, 'runner')} linked, ${counted(state.servers.length, 'server')}, ${counted(state.sessions, 'session')}, ${lastCall(state, now)}.`;
}

const lastCall = ({ lastCallAt }: EdgeState, now: number): string =>
  lastCallAt === undefined ? 'no call yet' : `last call ${durationInWords(now - lastCallAt)} ago`;

/** The state as it is for a person, who sees what is theirs. */
export function ownStateInWords(state: EdgeState, now: number): string {
  const { servers, reachable, sessions } = state;
  if (servers.length === 0) return 'No server is there for you now.';
  const missing = missingOf(state);
  if (missing.length > 0)
    return `${missing.join(', ')} cannot be reached now${sessions === 0 ? '' : `, ${counted(sessions, 'session')} open`}.`;
  return `${counted(reachable.length, 'server')} for you, ${counted(sessions, 'session')}, ${lastCall(state, now)}.`;
}

const missingOf = ({ servers, reachable }: EdgeState): string[] =>
  servers.filter((server) => !reachable.includes(server));

/** What a person should know, of what is theirs. */
export function ownAttentionOf(state: EdgeState, now: number): AttentionItem[] {
  return [
    ...missingOf(state).map((server): AttentionItem => ({
      level: 'bad',
      what: `${server} cannot be reached: its machine is away.`,
      fix: 'Wait, or tell the operator of this edge.',
    })),
    ...state.failing.map(({ server, fault, at, times }): AttentionItem => ({
      level: 'bad',
      what: failingInWords({ server, fault, at, times }, now),
      fix: 'Tell the operator of this edge, with the id of a call that failed.',
      page: `calls?server=${server}&outcome=refused`,
    })),
  ];
}

/** So long a failure is told that nobody has met since. */
const FAILED_MS = 10 * MINUTE;

const MEND = 'Mend that on the machine of its runner; `mcp-bridge check` there tries the server.';

const newestFailure = ({ runners }: EdgeState, server: string): ServerFailure | undefined =>
  runners
    .flatMap(({ failures = [] }) =>
      failures.filter(
        (failure) => failure.server === server || failure.memberOf?.includes(server) === true,
      ),
    )
    .toSorted((one, other) => other.at - one.at)[0];

/** What failed, by the names under which clients meet it. */
export const failedInWords = ({
  server,
  memberOf,
}: Pick<ServerFailure, 'server' | 'memberOf'>): string =>
  memberOf === undefined ? server : `member ${server} of ${memberOf.join(', ')}`;

const whoseProcess = ({ server, memberOf }: ServerFailure): string =>
  memberOf === undefined ? 'Its process' : `The process of its member ${server}`;

/** What it wrote last. */
const lastWords = ({ stderr }: ServerFailure): string => {
  const line = stderr.at(-1);
  return line === undefined ? '' : `: “${line}”`;
};

const failingInWords = ({ server, fault, at, times }: FailingServer, now: number): string =>
  `${server} fails: ${fault}, ${counted(times, 'time')}, last ${durationInWords(now - at)} ago.`;

/** What needs attention, the worst first. */
export function attentionOf(state: EdgeState, now: number): AttentionItem[] {
  const items: AttentionItem[] = state.problems.map(({ what, fix }) => ({
    level: 'bad',
    what: `${what}.`,
    fix,
  }));
  if (state.runners.length === 0)
    items.push({
      level: 'bad',
      what: 'No runner is linked, so no server can be used.',
      fix: 'Add a runner.',
      page: 'runners',
    });
  for (const runner of away(state)) items.push(awayItem(runner, now));
  for (const { runner, rival, from } of state.runners)
    if (rival)
      items.push({
        level: 'bad',
        what: `Two machines show the credential of ${runner}${placesInWords(from, rival.from)}.`,
        fix: 'Stop one of them, or give it a credential of its own.',
        page: 'runners',
      });
  for (const failing of state.failing) {
    const last = newestFailure(state, failing.server);
    items.push({
      level: 'bad',
      what: `${failingInWords(failing, now)}${last ? ` ${whoseProcess(last)} ${last.what}${lastWords(last)}.` : ''}`,
      fix: last
        ? MEND
        : 'Run `mcp-bridge check` on the machine of its runner: it shows the exit code and the last lines of stderr.',
      page: last ? 'runners' : `calls?server=${failing.server}&outcome=refused`,
    });
  }
  // What failed under a call was answered with that, so the record of the edge has it among the answered ones.
  for (const { runner, failures = [] } of state.runners)
    for (const failure of failures) {
      const isNamed = state.failing.some(({ server }) =>
        (failure.memberOf ?? [failure.server]).includes(server),
      );
      if (isNamed || now - failure.at > FAILED_MS) continue;
      items.push({
        level: 'warn',
        what: `${failedInWords(failure)} failed on ${runner} ${durationInWords(now - failure.at)} ago: its process ${failure.what}${lastWords(failure)}.`,
        fix: MEND,
        page: 'runners',
      });
    }
  for (const runner of state.runners)
    for (const held of runner.held ?? []) items.push(heldItem(state, runner, held));
  for (const { server, tools } of state.changed)
    items.push({
      level: 'warn',
      what: `The tools of ${server} changed: ${tools.join(', ')}.`,
      fix: 'Look at what changed.',
      page: `servers?server=${server}`,
    });
  for (const { app, missing, at } of state.stuck)
    items.push({
      level: 'warn',
      what: `A sign-in of ${app} stopped ${durationInWords(now - at)} ago: ${missing}`,
      fix: 'Look at its steps.',
      page: 'sign-ins',
    });
  for (const { runner, version } of state.runners) {
    const skew = versionSkew(VERSION, version);
    if (skew === undefined) continue;
    items.push({
      level: 'warn',
      what: `${runner} runs ${version}, which is ${skew} than this edge (${VERSION}).`,
      fix:
        skew === 'older'
          ? `Run \`npm install -g mcp-edge-bridge@${VERSION}\` on its machine, and start it again.`
          : 'Run `mcp-bridge upgrade` where this edge was deployed from.',
      page: 'runners',
    });
  }
  if (state.record !== 'all')
    items.push({
      level: 'warn',
      what: `Calls are not recorded: BRIDGE_RECORD is "${state.record}".`,
      fix: 'Set it to "all" to see calls here.',
    });
  return items.toSorted(
    (one, other) => Number(one.level === 'warn') - Number(other.level === 'warn'),
  );
}

function awayItem(runner: RunnerView, now: number): AttentionItem {
  const { sessions, isDraining } = runner;
  const wait =
    sessions === 0
      ? ''
      : `; ${waiting(sessions)}. Calls in them fail after 30 s, and after 5 min they end`;
  return {
    level: sessions > 0 ? 'bad' : 'warn',
    what: `${awayInWords(runner, now)}${wait}.`,
    fix: isDraining
      ? 'It was stopped. Start it again with `mcp-bridge run`, or remove it.'
      : 'Start it again with `mcp-bridge run`, or see its log with `mcp-bridge service logs`.',
    page: 'runners',
  };
}

/** Tools that are not as they were pinned. Which runner says so is told where it is not plain. */
function heldItem(
  { runners }: EdgeState,
  { runner }: RunnerView,
  { server, mode, count, tools }: PinAlarm,
): AttentionItem {
  const offering = runners.filter(({ servers }) => servers.includes(server));
  const isPlain = offering.length === 1 && offering[0]?.runner === runner;
  const whose = isPlain ? server : `${server} on ${runner}`;
  const where = isPlain ? 'the machine of its runner' : `the machine of ${runner}`;
  if (mode === 'all')
    return {
      level: 'bad',
      what: `${whose}: all tools are held back: the file of their pins cannot be read.`,
      fix: `See why with \`mcp-bridge pins\` on ${where}, and put the file right or remove it: then the tools are pinned anew.`,
    };
  const [are, they] =
    count === 1 ? ['is', 'it is not as it was'] : ['are', 'they are not as they were'];
  const more = count - tools.length;
  const names = [...tools.map(quoted), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return {
    level: mode === 'hold' ? 'bad' : 'warn',
    what:
      mode === 'hold'
        ? `${whose}: ${counted(count, 'tool')} ${are} held back: ${they} pinned (${names}).`
        : `${whose}: ${counted(count, 'tool')} ${are} not as pinned, and ${are} served all the same (${names}).`,
    fix: `Look at \`mcp-bridge pins diff ${server}\` on ${where}, then \`mcp-bridge pins accept ${server}\`.`,
  };
}

/** A name that could be taken for words of ours. */
const quoted = (name: string): string => (/^[\w./-]+$/u.test(name) ? name : `“${name}”`);

const placesInWords = (from: string | undefined, other: string | undefined): string =>
  from === undefined || other === undefined ? '' : `, from ${from} and ${other}`;
