// How clients connect to a server of this edge: a link or a line for each, made for the server that is chosen.
import { encode } from 'uqr';
import { base64OfText } from '../../access/base64url.ts';
import type { ConsoleRequest } from './request.ts';
import { serversOf } from './own-servers.ts';
import { urlOf } from '../request-url.ts';
import { el, type ViewElement } from './element.ts';
import { copyable, empty, heading, words } from './parts.ts';

interface Connection {
  /** The edge's origin. */
  readonly edge: string;
  readonly servers: readonly string[];
  /** Undefined: the first. */
  readonly server: string | undefined;
  readonly isOwner: boolean;
}

export async function connectPage(context: ConsoleRequest): Promise<ViewElement[]> {
  const { request, ports, signIn, viewer } = context;
  const servers = await serversOf(context, await ports.fleet.view());
  const asked = urlOf(request).searchParams.get('server');
  const server = servers.find((name) => name === asked);
  return [connectView({ edge: signIn.issuer, servers, server, isOwner: viewer.isOwner })];
}

function connectView({ edge, servers, server = servers[0], isOwner }: Connection): ViewElement {
  if (server === undefined)
    return el(
      'div',
      { class: 'page' },
      heading('Connect'),
      empty(
        isOwner
          ? 'No runner offers a server yet, so there is nothing to connect to.'
          : 'No server is there for you now, so there is nothing to connect to.',
      ),
    );
  const url = `${edge}/${server}/mcp`;
  return el(
    'div',
    { class: 'page' },
    heading(
      `Connect to ${server}`,
      'Clients that know OAuth sign in by themselves: they need the URL alone.',
    ),
    servers.length > 1 && choice(servers, server),
    copyable(url, 'URL of the server'),
    el('div', { class: 'grid' }, ...panels(server, url), isOwner && keyPart),
  );
}

const choice = (servers: readonly string[], server: string): ViewElement =>
  el(
    'form',
    { method: 'get', action: '/-/connect', class: 'toolbar' },
    el('label', { for: 'c-server' }, 'Server'),
    el(
      'select',
      { id: 'c-server', name: 'server', class: 'narrow' },
      ...servers.map((name) => el('option', { value: name, selected: name === server }, name)),
    ),
    el('button', { class: 'small' }, 'Show'),
  );

const way = (title: string, ...children: readonly (ViewElement | false)[]): ViewElement =>
  el('section', { class: 'panel' }, el('h2', {}, title), ...children);

const install = (href: string, label: string): ViewElement =>
  el('p', {}, el('a', { class: 'link-button', href }, label));

function panels(server: string, url: string): ViewElement[] {
  const cursor = encodeURIComponent(base64OfText(JSON.stringify({ url })));
  const vscode = encodeURIComponent(JSON.stringify({ name: server, type: 'http', url }));
  return [
    way(
      'claude.ai and ChatGPT',
      el(
        'ol',
        {},
        el(
          'li',
          {},
          words(
            'Open Settings, then Connectors, and add a custom connector. In ChatGPT, Connectors is under Apps; turn on developer mode first.',
          ),
        ),
        el('li', {}, words('Paste the URL above. Leave client id and secret empty.')),
        el('li', {}, words('Press Connect. The page that opens asks who you are.')),
      ),
      qrCode(url),
    ),
    way(
      'Claude Code',
      copyable(`claude mcp add --transport http ${server} ${url}`, 'Command for Claude Code'),
    ),
    way(
      'Cursor',
      install(
        `cursor://anysphere.cursor-deeplink/mcp/install?name=${server}&config=${cursor}`,
        'Add to Cursor',
      ),
      copyable(
        JSON.stringify({ mcpServers: { [server]: { url } } }, null, 2),
        'mcp.json of Cursor',
      ),
    ),
    way(
      'VS Code',
      install(`vscode:mcp/install?${vscode}`, 'Add to VS Code'),
      copyable(
        JSON.stringify({ servers: { [server]: { type: 'http', url } } }, null, 2),
        '.vscode/mcp.json',
      ),
    ),
  ];
}

const keyPart = way(
  'A program with a key',
  el(
    'p',
    {},
    words(
      'Make a key under Access, or with `mcp-bridge client add <name>`, and send it with each request.',
    ),
  ),
  copyable(`Authorization: Bearer <key>`, 'Header'),
);

/** To open the address on a phone. */
function qrCode(text: string): ViewElement {
  const { size, data } = encode(text, { ecc: 'M', border: 2 });
  const path = data.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return el(
    'svg',
    {
      class: 'qr',
      viewBox: `0 0 ${size} ${size}`,
      role: 'img',
      'aria-label': `QR code of ${text}`,
    },
    el('path', { d: path.join('') }),
  );
}
