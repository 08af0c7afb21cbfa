// The pages of the console that live: what the edge is doing now. The same function makes them on the server and in the browser.
import { el, type ViewChild, type ViewElement } from './element.ts';
import type { ConsolePage, LiveModel, ShownSession } from './facts.ts';
import { membersInWords, processesPart } from './running-view.ts';
import { signInsView } from './sign-ins-view.ts';
import { callList, callsView } from './calls-view.ts';
import { actionForm, ago, badge, empty, heading, tableOf, textBlock, words } from './parts.ts';
import { RECENT_MS, type RecentCalls } from '../../core/fleet-look.ts';
import {
  aboutInWords,
  attentionOf,
  counted,
  failedInWords,
  durationInWords,
  ownAttentionOf,
  ownStateInWords,
  perMinute,
  stateInWords,
  type AttentionItem,
  type FailingServer,
} from '../../core/state-words.ts';
import type { RunnerView } from '../../core/ports.ts';

export const LIVE_VIEWS: Partial<Record<ConsolePage, (model: LiveModel) => ViewElement>> = {
  overview: overviewView,
  calls: callsView,
  servers: serversView,
  runners: runnersView,
  sessions: sessionsView,
  'sign-ins': signInsView,
};

/** Calls that the overview shows. */
const LATEST = 8;

/** Servers, runners or sessions that the overview counts have pages of their own. */
function overviewView(model: LiveModel): ViewElement {
  const { facts, lines, now, isLive } = model;
  const { isOwner } = facts.viewer;
  const items = (isOwner ? attentionOf : ownAttentionOf)(facts, now);
  return el(
    'div',
    { class: 'page' },
    el(
      'section',
      { class: items.some(({ level }) => level === 'bad') ? 'state bad' : 'state' },
      el('h1', { class: 'sentence' }, (isOwner ? stateInWords : ownStateInWords)(facts, now)),
      !isLive &&
        el('p', { class: 'hint', 'data-text': 'none' }, 'Not live. Reload to see what is new.'),
    ),
    el(
      'section',
      { 'aria-labelledby': 'attention' },
      el('h2', { id: 'attention' }, 'Attention'),
      items.length === 0
        ? empty('Nothing needs you.')
        : el('ul', { class: 'attention' }, ...items.map(attentionItem)),
    ),
    el(
      'section',
      { 'aria-labelledby': 'latest' },
      el('h2', { id: 'latest' }, 'Latest calls'),
      callList(lines.slice(-LATEST), 'No call was recorded yet.'),
      el('p', { 'data-text': 'none' }, el('a', { href: '/-/calls' }, 'All calls')),
    ),
  );
}

const attentionItem = ({ level, what, fix, page }: AttentionItem): ViewElement =>
  el(
    'li',
    { class: level, key: what.replaceAll(/\d/gu, '') },
    el('p', { class: 'what' }, what),
    page === undefined
      ? el('p', { class: 'fix' }, words(fix))
      : el('p', { class: 'fix' }, el('a', { href: `/-/${page}` }, words(fix))),
  );

interface ShownServer {
  readonly server: string;
  readonly isReachable: boolean;
  /** Names of those that offer it, for the owner. */
  readonly runners: readonly string[];
  readonly sessions: number;
  readonly failing: FailingServer | undefined;
  readonly recent: RecentCalls | undefined;
  /** Of a virtual server. */
  readonly members: string | undefined;
}

function serversView({ facts }: LiveModel): ViewElement {
  const { isOwner } = facts.viewer;
  const rows = facts.servers.map((server) => ({
    key: server,
    row: {
      server,
      isReachable: facts.reachable.includes(server),
      runners: facts.runners
        .filter(({ servers }) => servers.includes(server))
        .map(({ runner }) => runner),
      sessions: facts.shownSessions.filter((session) => session.server === server).length,
      failing: facts.failing.find((failure) => failure.server === server),
      recent: facts.recent.find((calls) => calls.server === server),
      members: membersInWords(server, facts),
    },
  }));
  return el(
    'div',
    { class: 'page' },
    heading(
      'Servers',
      isOwner
        ? `What your runners offer. Open one to see its tools. Calls and errors are those of the last ${durationInWords(RECENT_MS)}.`
        : 'What there is for you. Open one to see its tools.',
    ),
    rows.length === 0
      ? empty(isOwner ? 'No runner offers a server yet.' : 'No server is there for you now.')
      : tableOf<ShownServer>(
          'Servers',
          [
            {
              title: 'Server',
              cell: ({ server, members }) =>
                el(
                  'span',
                  {},
                  el('a', { href: `/-/servers?server=${server}` }, server),
                  members !== undefined && el('span', { class: 'hint' }, ` of ${members}`),
                ),
            },
            {
              title: 'State',
              cell: ({ isReachable, failing }) =>
                failing
                  ? badge('bad', `fails: ${failing.fault}`)
                  : isReachable
                    ? badge('good', 'reachable')
                    : badge('warn', 'runner away'),
            },
            isOwner && { title: 'Runners', cell: ({ runners }) => runners.join(', ') },
            { title: isOwner ? 'Sessions' : 'Your sessions', cell: ({ sessions }) => sessions },
            isOwner && {
              title: 'Calls per minute',
              cell: ({ recent }) => perMinute(recent?.calls ?? 0, RECENT_MS),
            },
            isOwner && { title: 'p50', cell: ({ recent }) => timeOf(recent?.p50Ms) },
            isOwner && { title: 'p95', cell: ({ recent }) => timeOf(recent?.p95Ms) },
            isOwner && { title: 'Errors', cell: ({ recent }) => errorsOf(recent) },
            !isOwner && {
              title: 'Connect',
              cell: ({ server }) => el('a', { href: `/-/connect?server=${server}` }, 'Connect'),
            },
            {
              title: 'Calls',
              cell: ({ server }) => el('a', { href: `/-/calls?server=${server}` }, 'Calls'),
            },
          ],
          rows,
        ),
  );
}

const timeOf = (ms: number | undefined): string => (ms === undefined ? 'none' : aboutInWords(ms));

const errorsOf = (recent: RecentCalls | undefined): ViewChild =>
  recent && recent.errors > 0 ? badge('bad', `${recent.errors} of ${recent.calls}`) : 0;

function runnersView({ facts, now }: LiveModel): ViewElement {
  const rows = facts.runners.map((runner) => ({ key: runner.runner, row: runner }));
  return el(
    'div',
    { class: 'page' },
    heading('Runners', 'Machines that dial out to this edge and own the processes of servers.'),
    rows.length === 0
      ? empty('No runner has linked yet. Add one below.')
      : tableOf<RunnerView>(
          'Runners',
          [
            { title: 'Runner', cell: ({ runner }) => el('strong', {}, runner) },
            { title: 'State', cell: (runner) => runnerState(runner, now) },
            {
              title: 'Sessions',
              cell: ({ sessions, capacity }) => `${sessions} of ${capacity}`,
            },
            { title: 'Servers', cell: ({ servers }) => servers.join(', ') || 'none' },
            { title: 'Version', cell: ({ version }) => version ?? 'unknown' },
            { title: 'From', cell: ({ from }) => from ?? 'unknown' },
            {
              title: 'Action',
              cell: ({ runner }) => actionForm('runners/remove', { name: runner }, 'Remove'),
            },
          ],
          rows,
        ),
    ...facts.runners.flatMap((runner) => [
      processesPart(runner, facts, now),
      failuresPart(runner, now),
    ]),
  );
}

/** What failed on a runner's machine, with the last that it wrote. */
const failuresPart = ({ runner, failures = [] }: RunnerView, now: number): ViewElement | false =>
  failures.length > 0 &&
  el(
    'section',
    { class: 'panel', key: `failures ${runner}`, 'aria-label': `What failed on ${runner}` },
    el('h2', {}, `What failed on ${runner}`),
    ...failures.map(({ server, memberOf, what, stderr, at }) =>
      el(
        'div',
        { class: 'tool', key: server },
        el(
          'p',
          {},
          el('strong', {}, failedInWords({ server, memberOf })),
          ` ${what}, `,
          ago(at, now),
        ),
        stderr.length > 0 &&
          textBlock(`The last lines that ${server} wrote`, el('code', {}, stderr.join('\n'))),
      ),
    ),
  );

function runnerState({ isLinked, isDraining, since, rival }: RunnerView, now: number): ViewChild {
  const lasting = since === undefined ? '' : ` for ${durationInWords(now - since)}`;
  return [
    isLinked
      ? badge(isDraining ? 'warn' : 'good', `${isDraining ? 'draining' : 'linked'}${lasting}`)
      : badge('bad', `away${lasting}`),
    rival !== undefined && badge('bad', 'two machines'),
  ];
}

function sessionsView({ facts, now }: LiveModel): ViewElement {
  const { isOwner } = facts.viewer;
  const rows = facts.shownSessions.map((session) => ({ key: session.id, row: session }));
  const more = facts.sessions - rows.length;
  return el(
    'div',
    { class: 'page' },
    heading('Sessions', `${counted(facts.sessions, 'session')} open.`),
    rows.length === 0
      ? empty(isOwner ? 'No client has a session now.' : 'No client of yours has a session now.')
      : tableOf<ShownSession>(
          'Sessions',
          [
            isOwner && { title: 'Who', cell: ({ principal }) => principal },
            { title: 'Server', cell: ({ server }) => server },
            isOwner && { title: 'Runner', cell: ({ runner }) => runner },
            { title: 'State', cell: (session) => sessionState(session, now) },
            { title: 'Opened', cell: ({ openedAt }) => ago(openedAt, now) },
            { title: 'Session', cell: ({ id }) => el('code', {}, id) },
            {
              title: 'Action',
              cell: ({ id, server }) =>
                actionForm('sessions/end', { session: id }, 'End', {
                  'aria-label': `End session ${id} of ${server}`,
                }),
            },
          ],
          rows,
        ),
    more > 0 && el('p', { class: 'hint' }, `${more} older ones are not shown.`),
  );
}

function sessionState({ isReachable, awaySince }: ShownSession, now: number): ViewElement {
  if (isReachable) return badge('good', 'open');
  return badge(
    'bad',
    awaySince === undefined
      ? 'waits for its runner'
      : `waits for its runner, ${durationInWords(now - awaySince)}`,
  );
}
