// Calls as the console shows them: each in one line that unfolds to where its time went.
import { el, type ViewElement } from './element.ts';
import type { CallQuery, LiveModel, Viewer } from './facts.ts';
import { badge, clock, copyable, empty, field, heading } from './parts.ts';
import type { CallLine, RefusalLine } from '../../core/log.ts';
import type { KeptLine } from '../../core/record.ts';

/** What stands above the calls. It does not live: what is drawn again takes from a field what is being typed. */
export const callsHead = (query: CallQuery, { isOwner }: Pick<Viewer, 'isOwner'>): ViewElement =>
  el(
    'div',
    { class: 'page' },
    heading(isOwner ? 'Calls' : 'Your calls', 'The newest first. They are kept in memory only.'),
    filterForm(query, isOwner),
  );

export function callsView({ lines, query, isPaused, isLive }: LiveModel): ViewElement {
  return el(
    'div',
    { class: 'page' },
    el(
      'p',
      { class: 'toolbar', 'data-text': 'none' },
      isLive
        ? el(
            'button',
            {
              type: 'button',
              class: 'small',
              'data-act': 'pause',
              'aria-pressed': String(isPaused),
            },
            isPaused ? 'Go on' : 'Pause',
          )
        : el('span', { class: 'hint' }, 'Not live. Reload to see what is new.'),
      el(
        'a',
        { href: `/-/audit.jsonl${queryText(query)}`, download: 'audit.jsonl' },
        'Export as JSONL',
      ),
    ),
    callList(lines, 'No call fits.'),
  );
}

/** The query as in a URL, with its `?`; empty if all calls are shown. */
export function queryText(query: CallQuery): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return given.length === 0
    ? ''
    : `?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}

const filterForm = (
  { server = '', person = '', outcome = '' }: CallQuery,
  isOwner: boolean,
): ViewElement =>
  el(
    'form',
    { class: 'filter', method: 'get', action: '/-/calls', role: 'search', 'aria-label': 'Calls' },
    field('Server', { id: 'f-server', name: 'server', value: server, autocomplete: 'off' }),
    isOwner && field('Who', { id: 'f-person', name: 'person', value: person, autocomplete: 'off' }),
    field('Outcome', {
      id: 'f-outcome',
      name: 'outcome',
      value: outcome,
      autocomplete: 'off',
      placeholder: 'refused, answered, a fault …',
    }),
    el('button', { class: 'small' }, 'Show'),
  );

/** The newest first. */
export function callList(lines: readonly KeptLine[], none: string): ViewElement {
  const calls = lines.filter(({ line }) => isCall(line)).toReversed();
  if (calls.length === 0) return empty(none);
  return el(
    'div',
    { class: 'calls' },
    ...calls.map(({ at, time, line }) => callItem(at, time, line as CallLine | RefusalLine)),
  );
}

/** Whether the console shows it among calls. */
export const isCall = ({ message }: Pick<KeptLine['line'], 'message'>): boolean =>
  message === 'call' || message === 'request refused';

function callItem(at: number, time: number, line: CallLine | RefusalLine): ViewElement {
  const { principal = 'nobody', server = '', method, tool, app } = line;
  const isRefused = line.message === 'request refused';
  return el(
    'details',
    { class: isRefused ? 'call refused' : 'call', key: String(at) },
    el(
      'summary',
      {},
      clock(time),
      ' ',
      el('span', { class: 'what' }, tool ?? method ?? 'request'),
      ' ',
      el('span', { class: 'where' }, server),
      ' ',
      el('span', { class: 'who' }, app === undefined ? principal : `${principal} · ${app}`),
      ' ',
      isRefused
        ? badge('bad', String(line.fault))
        : badge(line.outcome === 'left' ? 'warn' : 'good', line.outcome),
      ' ',
      el('span', { class: 'ms' }, isRefused ? '' : `${line.ms} ms`),
    ),
    isRefused ? refusalFacts(line) : callFacts(line),
  );
}

const factList = (
  facts: readonly (readonly [string, string | number | undefined])[],
): ViewElement =>
  el(
    'dl',
    { class: 'facts' },
    ...facts
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
  );

function callFacts(line: CallLine): ViewElement {
  const { method, session, clientKind, bytesUp, bytesDown, app, appVersion, callId, requests } =
    line;
  return el(
    'div',
    { class: 'unfolded' },
    timeline(line),
    factList([
      ['Method', method],
      ['Client', app === undefined ? undefined : `${app} ${appVersion ?? ''}`],
      ['Transport', clientKind],
      ['Session', session],
      ['Requests', requests],
      ['Bytes', `${bytesUp} in, ${bytesDown} out`],
    ]),
    callId !== undefined && copyable(callId, 'Call id'),
  );
}

function refusalFacts(line: RefusalLine): ViewElement {
  const { status, method, by, callId, session, request } = line;
  return el(
    'div',
    { class: 'unfolded' },
    factList([
      ['Status', status],
      ['Method', method],
      ['Refused by', by],
      ['Session', session],
      ['Request', request],
    ]),
    callId !== undefined && copyable(callId, 'Call id'),
  );
}

const WIDTH = 600;

interface Share {
  readonly of: 'edge' | 'link' | 'process' | 'rest';
  readonly title: string;
  readonly took: number;
}

/** Where the time went; what the runner did not tell of stands together. */
const sharesOf = ({ ms, edgeMs, processMs, linkMs }: CallLine): readonly Share[] => [
  { of: 'edge', title: 'Edge', took: edgeMs },
  ...(processMs === undefined || linkMs === undefined
    ? [{ of: 'rest' as const, title: 'link and process', took: Math.max(0, ms - edgeMs) }]
    : [
        { of: 'link' as const, title: 'link', took: linkMs },
        { of: 'process' as const, title: 'process', took: processMs },
      ]),
];

function timeline(line: CallLine): ViewElement {
  const shares = sharesOf(line);
  const all = Math.max(
    1,
    shares.reduce((sum, { took }) => sum + took, 0),
  );
  let x = 0;
  const bars = shares.map(({ of, took }) => {
    const width = (took / all) * WIDTH;
    const bar = el('rect', { class: of, x, y: 0, width, height: 12 });
    x += width;
    return bar;
  });
  return el(
    'div',
    { class: 'timeline' },
    el(
      'svg',
      {
        viewBox: `0 0 ${WIDTH} 12`,
        preserveAspectRatio: 'none',
        'aria-hidden': 'true',
        focusable: 'false',
      },
      ...bars,
    ),
    el('p', {}, ...shares.flatMap((share) => [key(share), ', ']), `together ${line.ms} ms.`),
  );
}

/** Words with the color of their share before them, which says nothing that they do not. */
const key = ({ of, title, took }: Share): ViewElement =>
  el('span', { class: `key ${of}` }, `${title} ${took} ms`);
