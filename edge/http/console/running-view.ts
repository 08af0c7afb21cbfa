// What runs on the machines of runners, as the console shows it: the processes of each, and of what virtual servers consist.
import { el, type ViewChild, type ViewElement } from './element.ts';
import type { ConsoleFacts, ShownProcess } from './facts.ts';
import { ago, badge, empty, tableOf } from './parts.ts';
import { counted } from '../../core/state-words.ts';
import type { RunnerView } from '../../core/ports.ts';

/** The processes of one runner that is linked. */
export function processesPart(
  { runner, spares, isLinked }: RunnerView,
  { running }: Pick<ConsoleFacts, 'running'>,
  now: number,
): ViewElement | false {
  if (!isLinked) return false;
  const told = running.find((each) => each.runner === runner);
  const title = `Processes on ${runner}`;
  return el(
    'section',
    { class: 'panel', key: `processes ${runner}`, 'aria-label': title },
    el('h2', {}, title),
    told === undefined
      ? empty(
          'Not told yet. A runner says it while somebody looks; one of an older version does not.',
        )
      : el(
          'div',
          {},
          el('p', {}, [countOf(told.processes, told.count), aheadOf(spares)].join(' ')),
          told.processes.length > 0 && processTable(title, told.processes, now),
        ),
  );
}

const STATES = ['running', 'starting', 'ending', 'warm'] as const;

function countOf(processes: readonly ShownProcess[], count: number): string {
  if (count === 0) return 'None: a process starts with the session that needs it.';
  const more = count - processes.length;
  const parts = STATES.map((state) => {
    const of = processes.filter((process) => process.state === state).length;
    return of === 0 ? '' : `${of} ${state}`;
  }).filter((part) => part !== '');
  const shown = more === 0 ? '' : `, of the ${processes.length} oldest, which are shown`;
  return `${count} ${count === 1 ? 'process' : 'processes'}: ${parts.join(', ')}${shown}.`;
}

const aheadOf = (spares: number): string =>
  spares === 0 ? '' : `${counted(spares, 'session')} linked ahead of a client.`;

const processTable = (
  title: string,
  processes: readonly ShownProcess[],
  now: number,
): ViewElement =>
  tableOf<ShownProcess>(
    title,
    [
      { title: 'Server', cell: ({ server }) => server },
      { title: 'Process', cell: ({ pid }) => pid ?? 'none here' },
      {
        title: 'State',
        cell: ({ state }) =>
          badge(state === 'running' || state === 'warm' ? 'good' : 'warn', state),
      },
      {
        title: 'Session',
        cell: sessionsOf,
      },
      { title: 'Started', cell: ({ startedAt }) => ago(startedAt, now) },
    ],
    processes.map((row, at) => ({ key: `${row.server} ${row.pid ?? at}`, row })),
  );

function sessionsOf({ sessions, sharedBy, state }: ShownProcess): ViewChild {
  const named = sessions.length > 0 && el('code', {}, sessions.join(' '));
  if (sharedBy === undefined) return named || (state === 'warm' ? 'waits for one' : 'none');
  const shared = `shared by ${counted(sharedBy, 'session')}`;
  if (!named) return shared;
  return [`${shared}${sharedBy > sessions.length ? ', such as ' : ': '}`, named];
}

/** Of which servers a virtual server consists; undefined for any other, and where no runner says so. */
export function membersInWords(
  server: string,
  { running }: Pick<ConsoleFacts, 'running'>,
): string | undefined {
  const members = running.flatMap(({ virtual }) =>
    virtual.flatMap((each) => (each.server === server ? each.members : [])),
  );
  return members.length === 0 ? undefined : [...new Set(members)].join(', ');
}
