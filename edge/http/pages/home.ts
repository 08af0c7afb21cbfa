// The page at `/`, as HTML and as plain text: what this is and how to connect or, while settings are missing, what to set.
import type { ClientAuth } from '../../settings.ts';
import { problemText, type Problem } from '../../../shared/problem.ts';
import { html, page, type Markup } from './html.ts';

export interface Home {
  /** Any URL of this edge; its origin is shown. */
  readonly url: string;
  /** Names of servers to list; absent if they are not for the caller's eyes. */
  readonly servers?: readonly string[] | undefined;
  readonly clientAuth: ClientAuth;
  /** People can sign in with clients that know OAuth. */
  readonly hasSignIn?: boolean;
  /** Settings.problems. */
  readonly problems: readonly Problem[];
}

const TITLE = 'mcp-edge-bridge';
const LEAD =
  'Serves stdio MCP servers to remote MCP clients. The servers run on machines that dial out to this edge.';

/** Used in place of a server's name where names are not shown. */
const PLACEHOLDER = '<server>';

/** True if a caller would rather read HTML: browsers name it, curl and scripts do not. */
export const wantsHtml = (request: Request): boolean =>
  /\btext\/html\b/iu.test(request.headers.get('accept') ?? '');

/** The page as HTML without scripts; send it with htmlResponse. */
export const homePage = (home: Home): string =>
  page(
    TITLE,
    html`<h1>${TITLE}</h1>
      <p class="lead">${LEAD}</p>
      ${home.problems.length > 0 ? problemList(home.problems) : ''}
      <h2>Connect</h2>
      <table>
        ${endpoints(home).map(
          ({ what, url }) =>
            html`<tr>
              <th scope="row">${what}</th>
              <td><code>${url}</code></td>
            </tr> `,
        )}
      </table>
      <p>${keyNote(home)}</p>
      ${examples(home).map(
        ({ title, text }) =>
          html`<h2>${title}</h2>
            <pre><code>${text}</code></pre> `,
      )}`,
  );

const problemList = (problems: readonly Problem[]): Markup =>
  html`<section class="problems">
    <h2>Settings to correct</h2>
    <ul>
      ${problems.map((problem) => html`<li>${problemText(problem)}</li>`)}
    </ul>
  </section> `;

/** The same as plain text, for terminals; send it with textResponse. */
export function homeText(home: Home): string {
  const { problems } = home;
  const blocks = [
    `${TITLE}\n${LEAD}`,
    problems.length === 0
      ? ''
      : `Settings to correct:\n${problems.map((problem) => `- ${problemText(problem)}`).join('\n')}`,
    endpoints(home)
      .map(({ what, url }) => `${what}\n  ${url}`)
      .join('\n'),
    keyNote(home),
    ...examples(home).map(({ title, text }) => `${title}\n${text.replace(/^/gmu, '  ')}`),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function endpoints(home: Home): { readonly what: string; readonly url: string }[] {
  const { origin } = new URL(home.url);
  const names =
    home.servers === undefined || home.servers.length === 0 ? [PLACEHOLDER] : home.servers;
  return names.flatMap((name) => [
    { what: `${name}, Streamable HTTP (2025-03-26 to 2026-07-28)`, url: `${origin}/${name}/mcp` },
    { what: `${name}, HTTP+SSE (2024-11-05)`, url: `${origin}/${name}/sse` },
  ]);
}

function keyNote({ clientAuth, hasSignIn = false }: Home): string {
  if (clientAuth === 'none') return 'No key is needed.';
  return hasSignIn
    ? 'Clients that know OAuth sign in by themselves: give them the URL alone. Others send the header `Authorization: Bearer <key>`, with a key from the operator of this edge.'
    : 'Every request needs the header `Authorization: Bearer <key>`. Ask the operator of this edge for a key.';
}

/** What to paste into a client, with the first server that may be named. */
function examples(home: Home): { readonly title: string; readonly text: string }[] {
  const { origin } = new URL(home.url);
  const server = home.servers?.[0] ?? PLACEHOLDER;
  const name = server === PLACEHOLDER ? 'my-server' : server;
  const url = `${origin}/${server}/mcp`;
  const isKeyed = home.clientAuth === 'keys';
  return [
    {
      title: 'Claude Code',
      text:
        `claude mcp add --transport http ${name} "${url}"` +
        (isKeyed ? ' \\\n  --header "Authorization: Bearer <key>"' : ''),
    },
    {
      title: 'VS Code: .vscode/mcp.json',
      text: JSON.stringify(vscode(name, url, isKeyed), null, 2),
    },
    { title: 'TypeScript SDK', text: sdk(url, isKeyed) },
  ];
}

/** VS Code asks for the key once and keeps it, so that it is not written into a file of the workspace. */
function vscode(name: string, url: string, isKeyed: boolean): unknown {
  if (!isKeyed) return { servers: { [name]: { type: 'http', url } } };
  const headers = { Authorization: 'Bearer ${input:bridge-key}' };
  return {
    inputs: [{ type: 'promptString', id: 'bridge-key', description: 'Bridge key', password: true }],
    servers: { [name]: { type: 'http', url, headers } },
  };
}

function sdk(url: string, isKeyed: boolean): string {
  const options = isKeyed
    ? ', {\n  requestInit: { headers: { Authorization: `Bearer ${process.env.BRIDGE_KEY}` } },\n}'
    : '';
  return `const transport = new StreamableHTTPClientTransport(new URL('${url}')${options});\nawait client.connect(transport);`;
}
