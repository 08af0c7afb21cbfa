// What `mcp-bridge up` prints: what it found, what answered, and what to do next. Fits 80 columns, and whatever is meant to be pasted
// works as it is. Pure.
import type { Problem } from '../../shared/problem.ts';
import type { Outcome } from '../check/outcome.ts';
import { wrapped } from './help.ts';
import { visibleText } from '../log.ts';
import { FIRST_CALL, FIRST_CALL_HEADERS, type FirstCall } from '../dev/first-call.ts';
import { shortPath, type Offer } from '../dev/offers.ts';
import type { LocalConsole, WelcomeKey } from '../dev/welcome.ts';

/** Makes text stand out, where the terminal can: `styleText` of node:util. */
export type Style = (format: 'bold' | 'dim' | 'green' | 'red', text: string) => string;

/** A server that was called. */
export interface Called {
  readonly name: string;
  readonly url: string;
  readonly call: FirstCall;
  /** Why it does not answer, as far as its start tells. */
  readonly why?: Outcome;
}

/** Tools that are named; the rest is counted. */
const NAMED_TOOLS = 6;

/** The files to choose from. */
export function offersText(offers: readonly Offer[], home: string, style: Style): string {
  const width = Math.max(...offers.map(({ program }) => program.length));
  const lines = offers.flatMap(({ program, path, project, servers }, at) => {
    const number = String(at + 1).padStart(3);
    const lead = ' '.repeat(number.length + width + 4);
    const part = project === undefined ? '' : ' (what is for this folder)';
    const file = visibleText(`${shortPath(path, home)}${part}`);
    return [
      `${number}  ${style('bold', program.padEnd(width))}  ${file}`,
      wrapped(servers.join(', '), lead, lead),
    ];
  });
  return `There is no mcp.json here. Other programs have servers on this machine:\n\n${lines.join('\n')}\n`;
}

/** What to do where nothing was found. `self`: how this program is called. */
export const nothingFoundText = (self: string): string =>
  `There is no mcp.json here, and neither Claude nor Cursor, VS Code, Codex or any
other program that keeps servers has one on this machine. Name a server:

  ${self} up -- npx -y @modelcontextprotocol/server-everything
`;

/** One line of a server. `width` is that of the longest name, `urls` of the longest URL. */
export function calledLine(
  { name, url, call }: Called,
  { width, urls }: { readonly width: number; readonly urls: number },
  style: Style,
): string {
  const left = `${name.padEnd(width)}  ${url.padEnd(urls)}`;
  if (!call.ok) return `  ${style('red', '✗')} ${left}  ${style('red', 'does not answer')}\n`;
  return `  ${style('green', '✓')} ${left}  ${style('dim', `${countText(call)}, ${(call.ms / 1_000).toFixed(1)} s`)}\n`;
}

/** Of a server that has not answered for as long as a client waits. */
export const slowLine = (name: string, style: Style): string =>
  noticeLine(
    name,
    {
      what: 'does not answer yet: it downloads, or is no MCP server on stdio',
      fix: 'It is waited for, 3 minutes in all; Ctrl-C stops.',
    },
    false,
    style,
  );

function countText({ tools, hasMore }: FirstCall & { readonly ok: true }): string {
  const { length } = tools;
  if (length === 0) return 'no tools';
  return `${length}${hasMore ? '+' : ''} ${length === 1 ? 'tool' : 'tools'}`;
}

/** What is wrong with an entry of the config, or should be changed. */
export function noticeLine(
  subject: string,
  { what, fix }: Problem,
  isBad: boolean,
  style: Style,
): string {
  const text = wrapped(visibleText(`${subject} ${what}. ${fix}`), '    ', '    ').trimStart();
  return `  ${isBad ? style('red', '✗') : style('dim', '!')} ${text}\n`;
}

/** What comes behind the servers. `called`: one that answered. */
export function nextSteps(
  { name, url, call }: Called & { readonly call: { readonly ok: true } },
  {
    key,
    console,
  }: { readonly key: WelcomeKey | undefined; readonly console: LocalConsole | undefined },
  { self, isWindows }: { readonly self: string; readonly isWindows: boolean },
  style: Style,
): string {
  const header = key && `Authorization: Bearer ${key.key}`;
  const shown = call.tools.slice(0, NAMED_TOOLS).map(visibleText).join(', ');
  const rest = call.tools.length - NAMED_TOOLS;
  const more = rest > 0 ? ` and ${rest} more` : '';
  const parts = [
    style('bold', 'First call'),
    wrapped(
      call.tools.length === 0
        ? `tools/list was sent to ${name}. It answered, and has no tools.`
        : `tools/list was sent to ${name}. It answered: ${shown}${more}.`,
      '  ',
      '  ',
    ),
    ...(isWindows ? [] : ['  To make it yourself:', '', curl(url, header)]),
    '',
    style('bold', header === undefined ? 'No key' : 'Key'),
    ...(key === undefined
      ? ['  Everybody on this machine can use all servers.']
      : [
          `  ${header}`,
          wrapped(
            `Every client sends this header. It is kept in ${key.path} and stays the same.`,
            '  ',
            '  ',
          ),
        ]),
    '',
    ...(console ? [style('bold', 'Console'), ...consoleLines(console), ''] : []),
    style('bold', 'Claude Code'),
    pasted(
      [
        `claude mcp add --transport http ${name}`,
        url,
        ...(header === undefined ? [] : [`-H "${header}"`]),
      ],
      isWindows,
    ),
    '',
    style('bold', 'Cursor, VS Code and others'),
    `  A server of type "http": the URL above${header === undefined ? '' : ', and the header'}.`,
    '',
    style('bold', 'Make it public'),
    wrapped(
      `${self} deploy puts an edge into your Cloudflare account and makes this machine its runner. For an edge on a machine of your own see the README.`,
      '  ',
      '  ',
    ),
    '',
  ];
  return `\n${parts.join('\n')}\n`;
}

/** Where calls and servers are watched. The path stays in one piece, to be copied. */
const consoleLines = ({ url, keyPath }: LocalConsole): string[] => [
  `  ${url}`,
  wrapped(
    'It shows calls as they are made. Sign in with the owner key, which is kept in',
    '  ',
    '  ',
  ),
  `  ${keyPath}`,
];

/** The call as a person can make it. JSON may be broken between its tokens. The header with the key fills a line. */
function curl(url: string, header: string | undefined): string {
  const { params, ...message } = FIRST_CALL;
  const meta = Object.entries(params['_meta'])
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join(',\n      ');
  const body = `${JSON.stringify(message).slice(0, -1)},\n      "params":{"_meta":{\n      ${meta}}}}`;
  return pasted(
    [
      `curl -sS ${url}`,
      ...Object.entries(FIRST_CALL_HEADERS).map(([each, value]) => `-H '${each}: ${value}'`),
      `-d '${body}'`,
      ...(header === undefined ? [] : [`-H '${header}'`]),
    ],
    false,
  );
}

/** A command over several lines, where the shell allows that. */
const pasted = (words: readonly string[], isWindows: boolean): string =>
  `  ${words.join(isWindows ? ' ' : ' \\\n    ')}`;
