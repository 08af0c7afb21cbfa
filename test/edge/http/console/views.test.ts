// The pages of the console as HTML and as text: what others called themselves is shown, and does nothing (F-642, F-643).
import { describe, expect, test } from 'vitest';

import type { ViewElement } from '../../../../edge/http/console/element.ts';
import type { LiveModel } from '../../../../edge/http/console/facts.ts';
import { callsHead } from '../../../../edge/http/console/calls-view.ts';
import { LIVE_VIEWS } from '../../../../edge/http/console/live-views.ts';
import { markupOf } from '../../../../edge/http/console/markup.ts';
import { plainTextOf } from '../../../../edge/http/console/text.ts';
import { VERSION } from '../../../../shared/version.ts';

const NOW = Date.UTC(2026, 10, 26, 12, 0, 0);

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  'javascript:alert(1)',
  '\u001b[2J\u001b]0;title\u0007',
  '\u202Egnp.exe',
  '</style></script></textarea>',
  '`code` and **more**',
];

/** An edge at which everybody has this name. */
const modelOf = (name: string): LiveModel => ({
  facts: {
    at: NOW,
    viewer: { name: 'owner', label: 'owner', isOwner: true },
    runners: [
      {
        runner: name,
        isLinked: false,
        since: NOW - 9_000,
        isDraining: false,
        servers: [name],
        sessions: 1,
        capacity: 3,
        spares: 0,
        from: name,
        version: VERSION,
        failures: [
          { server: name, what: name, stderr: [name, name], at: NOW },
          { server: `${name}2`, memberOf: [name], what: name, stderr: [], at: NOW },
        ],
        held: [{ server: name, mode: 'hold', count: 1, tools: [name] }],
      },
      {
        runner: `${name}2`,
        isLinked: true,
        since: NOW - 9_000,
        isDraining: false,
        servers: [],
        sessions: 1,
        capacity: 3,
        spares: 1,
      },
    ],
    servers: [name],
    reachable: [],
    sessions: 1,
    shownSessions: [
      {
        id: 'abc',
        server: name,
        principal: name,
        runner: name,
        openedAt: NOW,
        isReachable: false,
        awaySince: NOW - 9_000,
      },
    ],
    lastCallAt: NOW,
    problems: [],
    record: 'all',
    trails: [{ key: name, app: name, server: name, person: name, steps: { found: NOW }, at: NOW }],
    recent: [{ server: name, calls: 8, errors: 1, p50Ms: 14, p95Ms: 1_234 }],
    failing: [{ server: name, fault: 'process_exited', at: NOW, times: 1 }],
    stuck: [{ app: name, missing: name, at: NOW }],
    changed: [{ server: name, tools: [name] }],
    running: [
      {
        runner: `${name}2`,
        count: 2,
        processes: [
          { server: name, state: 'running', pid: 4711, sessions: [name], startedAt: NOW - 9_000 },
        ],
        virtual: [{ server: name, members: [name] }],
      },
    ],
  },
  lines: [
    {
      at: 1,
      time: NOW,
      line: {
        level: 'info',
        message: 'call',
        principal: name,
        server: name,
        clientKind: 'modern',
        callId: 'p1',
        session: 's1',
        method: 'tools/call',
        tool: name,
        app: name,
        appVersion: name,
        outcome: 'answered',
        ms: 12,
        edgeMs: 2,
        processMs: 7,
        linkMs: 3,
        bytesUp: 1,
        bytesDown: 1,
      },
    },
    {
      at: 2,
      time: NOW,
      line: {
        level: 'info',
        message: 'request refused',
        fault: 'forbidden',
        status: 403,
        principal: name,
        server: name,
        method: name,
        by: name,
      },
    },
  ],
  query: { server: name, person: name, outcome: name },
  now: NOW,
  isPaused: false,
  isLive: true,
});

const PAGES = Object.entries(LIVE_VIEWS);

test.each(PAGES)('[F-650] what lives on the page %s has no field to type into', (_page, view) => {
  const html = markupOf(view(modelOf('vm1')));
  expect(html).not.toMatch(/<(?:input (?![^>]*type="hidden")|select|textarea)/u);
});

const SHOWN: readonly (readonly [string, (model: LiveModel) => ViewElement])[] = [
  ...PAGES,
  ['calls, above what lives', ({ query, facts }) => callsHead(query, facts.viewer)],
];

describe.each(SHOWN)('[F-642] the page %s', (_page, view) => {
  test.each(HOSTILE)('with %j for every name', (name) => {
    const html = markupOf(view(modelOf(name)));
    // Every tag is one of ours, with attributes of ours.
    const tags = new Set(
      [...html.matchAll(/<(\/?[a-z]\w*)/giu)].map(([, tag]) => tag?.toLowerCase()),
    );
    for (const tag of tags)
      expect(tag).toMatch(
        /^\/?(?:a|button|code|dd|details|div|dl|dt|form|h[123]|input|label|li|ol|p|pre|rect|section|span|strong|summary|svg|table|tbody|td|th|thead|time|tr|ul)$/u,
      );
    const bare = [...html.matchAll(/<[^>]*>/gu)].map(([tag]) => tag.replaceAll(/"[^"]*"/gu, '""'));
    expect(bare.join('')).not.toMatch(/\son\w+=|'/iu);
    expect(html).not.toMatch(/href="(?!\/-\/)/u);
    const text = plainTextOf(view(modelOf(name)));
    // oxlint-disable-next-line no-control-regex -- none of them may be there
    expect(text).not.toMatch(
      /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/u,
    );
  });
});

test('[F-881] the page of runners says how many sessions share a process', () => {
  const model = modelOf('vm1');
  const [of] = model.facts.running;
  const shownWith = (sharedBy: number, sessions: readonly string[]): string => {
    const process = { server: 'echo', state: 'running', pid: 4711, startedAt: NOW } as const;
    const running = of
      ? [{ ...of, runner: 'vm1', processes: [{ ...process, sharedBy, sessions }] }]
      : [];
    const runners = model.facts.runners.map((runner) => ({
      ...runner,
      runner: 'vm1',
      isLinked: true,
    }));
    const { runners: view } = LIVE_VIEWS;
    if (!view) throw new Error('there is such a page');
    return plainTextOf(view({ ...model, facts: { ...model.facts, runners, running } }));
  };
  expect(shownWith(200, ['one', 'two'])).toContain('shared by 200 sessions, such as one two');
  expect(shownWith(2, ['one', 'two'])).toContain('shared by 2 sessions: one two');
  expect(shownWith(0, [])).toContain('shared by 0 sessions');
});

describe('[F-643] in a terminal', () => {
  test('the overview says what the page says', () => {
    const view = LIVE_VIEWS.overview;
    expect(view && plainTextOf(view(modelOf('vm1')))).toBe(
      [
        'vm1 has been away for 9 s; its session waits.',
        '',
        'Attention',
        '- vm1 has been away for 9 s; its session waits. Calls in them fail after 30 s, and after 5 min they end.',
        'Start it again with mcp-bridge run, or see its log with mcp-bridge service logs.',
        '- vm1 fails: process_exited, 1 time, last 0 s ago. Its process vm1: “vm1”.',
        'Mend that on the machine of its runner; mcp-bridge check there tries the server.',
        '- vm1: 1 tool is held back: it is not as it was pinned (vm1).',
        'Look at mcp-bridge pins diff vm1 on the machine of its runner, then mcp-bridge pins accept vm1.',
        '- The tools of vm1 changed: vm1.',
        'Look at what changed.',
        '- A sign-in of vm1 stopped 0 s ago: vm1',
        'Look at its steps.',
        '',
        'Latest calls',
        '',
        '12:00:00 vm1 vm1 vm1 forbidden',
        'Status',
        '  403',
        'Method',
        '  vm1',
        'Refused by',
        '  vm1',
        '',
        '12:00:00 vm1 vm1 vm1 · vm1 answered 12 ms',
        'Edge 2 ms, link 3 ms, process 7 ms, together 12 ms.',
        'Method',
        '  tools/call',
        'Client',
        '  vm1 vm1',
        'Transport',
        '  modern',
        'Session',
        '  s1',
        'Bytes',
        '  1 in, 1 out',
        'p1',
        '',
      ].join('\n'),
    );
  });

  test('tables are rows of columns', () => {
    const view = LIVE_VIEWS.sessions;
    expect(view && plainTextOf(view(modelOf('vm1')))).toContain(
      'vm1  vm1  vm1  waits for its runner, 9 s  0 s ago  abc',
    );
  });
});

test('[F-649] the page of servers says how recent calls went, and that their times are about', () => {
  const { servers } = LIVE_VIEWS;
  const text = servers ? plainTextOf(servers(modelOf('files'))) : '';
  expect(text).toMatch(/^Server {2}.* {2}Calls per minute {2}p50 {2}p95 {2}Errors {2}/mu);
  expect(text).toContain('  1.6  about 14 ms  about 1.2 s  1 of 8  ');
  expect(text).toContain('of the last 5 min');
});
