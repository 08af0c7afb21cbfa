// The frame of every page of the console: its head, its navigation, its style, and the policy under which nothing else runs or is loaded.
import { el, type ViewElement } from './element.ts';
import type { ConsolePage, LiveModel, Viewer } from './facts.ts';
import { ISLAND_SCRIPT } from './island-script.ts';
import { markupOf } from './markup.ts';
import { actionForm } from './parts.ts';
import { CONSOLE_STYLE } from './style.ts';
import { plainTextOf } from './text.ts';
import { toBase64url } from '../../access/base64url.ts';
import { PAGE_STYLE } from '../pages/html.ts';
import { wantsHtml } from '../pages/home.ts';

export interface Framed {
  readonly title: string;
  /** Undefined: nobody has signed in. */
  readonly viewer?: Viewer | undefined;
  readonly page?: ConsolePage | undefined;
  readonly body: readonly (ViewElement | false | undefined)[];
  /** Above all else. */
  readonly head?: ViewElement | false | undefined;
  /** The part that lives, if any; before `body`. In it nobody can type: it is drawn again all the time. */
  readonly live?: LivePart | undefined;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A form leads to another site, whose redirects browsers would hold against `form-action` (CSP 3 §6.4.2). */
  readonly leads?: boolean;
}

export interface LivePart {
  readonly view: ViewElement;
  /** The stream that feeds it. */
  readonly stream: string;
  /** What the view was made of, to go on from. */
  readonly model: LiveModel;
}

const LINKS: readonly (readonly [ConsolePage, string])[] = [
  ['overview', 'Overview'],
  ['calls', 'Calls'],
  ['servers', 'Servers'],
  ['runners', 'Runners'],
  ['sessions', 'Sessions'],
  ['connect', 'Connect'],
  ['sign-ins', 'Sign-ins'],
  ['access', 'Access'],
  ['try', 'Try'],
];

/** Pages that are about the edge, and not about a person. */
export const PAGES_OF_OWNER: ReadonlySet<ConsolePage> = new Set(['runners', 'sign-ins']);

/** A page, as HTML or as text, whichever is asked for. */
export async function framed(request: Request, framed: Framed): Promise<Response> {
  const { status = 200, headers = {}, leads = false } = framed;
  const text = !wantsHtml(request);
  const body = text ? textOf(framed) : htmlOf(framed);
  return new Response(body, {
    status,
    headers: {
      ...COMMON,
      'Content-Type': text ? 'text/plain; charset=utf-8' : 'text/html; charset=utf-8',
      'Content-Security-Policy': `${await securityPolicy()}${leads ? '' : "; form-action 'self'"}`,
      ...headers,
    },
  });
}

export const COMMON = {
  'Cache-Control': 'no-store',
  // Forms send their Origin, and no other site learns anything.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  Vary: 'Accept, Cookie',
};

const contentOf = ({ head, live, body }: Framed): ViewElement =>
  el(
    'main',
    { id: 'main', tabindex: -1 },
    head,
    live && el('div', { id: 'live', 'data-stream': live.stream }, live.view),
    ...body,
  );

const textOf = (framed: Framed): string => plainTextOf(contentOf(framed));

function htmlOf(framed: Framed): string {
  const { title, viewer, page, live } = framed;
  const head = [
    el('meta', { charset: 'utf-8' }),
    el('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    el('title', {}, `${title} · mcp-edge-bridge`),
  ].map(markupOf);
  const bodyParts = [
    el('a', { class: 'skip', href: '#main' }, 'Skip to content'),
    ...(viewer ? [header(viewer, page)] : []),
    contentOf(framed),
  ].map(markupOf);
  // Sheet and script are no text of a page: escaped, they would be others than their hashes allow.
  return [
    '<!doctype html><html lang="en"><head>',
    ...head,
    `<style>${PAGE_STYLE}</style><style>${CONSOLE_STYLE}</style></head>`,
    `<body class="console" data-page="${page ?? ''}">`,
    ...bodyParts,
    live ? `<script type="application/json" id="model">${dataText(live.model)}</script>` : '',
    live || viewer ? `<script>${ISLAND_SCRIPT}</script>` : '',
    '</body></html>',
  ].join('');
}

/** JSON that no parser of HTML takes for the end of its element. */
const dataText = (value: object): string =>
  JSON.stringify(value).replaceAll('<', String.raw`\u003c`);

const header = (viewer: Viewer, page: ConsolePage | undefined): ViewElement =>
  el(
    'header',
    { class: 'bar' },
    el('a', { class: 'brand', href: '/-/' }, 'mcp-edge-bridge'),
    el(
      'nav',
      { 'aria-label': 'Console' },
      ...LINKS.filter(([name]) => viewer.isOwner || !PAGES_OF_OWNER.has(name)).map(
        ([name, label]) =>
          el(
            'a',
            {
              href: name === 'overview' ? '/-/' : `/-/${name}`,
              'aria-current': name === page ? 'page' : undefined,
            },
            name === 'access' && !viewer.isOwner ? 'Apps' : label,
          ),
      ),
    ),
    actionForm('sign-out', {}, 'Sign out', { title: `Signed in as ${viewer.label}` }),
  );

let policy: Promise<string> | undefined;

/** Nothing but our own sheet and script, images that are in the page itself, and connections to this edge. */
function securityPolicy(): Promise<string> {
  policy ??= Promise.all([PAGE_STYLE, CONSOLE_STYLE, ISLAND_SCRIPT].map(hashOf)).then(
    ([page, console, script]) =>
      [
        "default-src 'none'",
        `style-src '${page}' '${console}'`,
        `script-src '${script}'`,
        "connect-src 'self'",
        'img-src data:',
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
  );
  return policy;
}

/** As a content security policy names a text; it may be base64url, and has its padding (CSP 3, §2.3.1 and §6.7.3.1). */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `sha256-${toBase64url(new Uint8Array(digest))}=`;
}
