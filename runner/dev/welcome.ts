// What `mcp-bridge dev` prints when it is ready: which servers run where, and how to connect to one. Whatever is printed works as it
// is when it is pasted. Pure.

/** What clients must show, and the file that it is kept in. */
export interface WelcomeKey {
  readonly key: string;
  readonly path: string;
}

/** The console's address, and the file that holds the key with which its owner signs in. */
export interface LocalConsole {
  readonly url: string;
  readonly keyPath: string;
}

/** Plain lines for the terminal. `edge` is an origin without trailing slash; without `key` clients need none, and there is no console. */
export function welcome(
  edge: string,
  servers: readonly string[],
  key: WelcomeKey | undefined,
  console: LocalConsole | undefined,
): string {
  const width = Math.max(...servers.map((name) => name.length));
  const lines = ['mcp-bridge is ready. It serves this machine only; Ctrl-C stops it.', ''];
  for (const name of servers) {
    lines.push(`  ${name.padEnd(width)}  ${edge}/${name}/mcp`);
    lines.push(
      `  ${' '.repeat(width)}  ${edge}/${name}/sse  (for clients that know HTTP+SSE only)`,
    );
  }
  const header = key ? `Authorization: Bearer ${key.key}` : undefined;
  if (key)
    lines.push(
      '',
      'Every client must send this header:',
      '',
      `  ${header}`,
      '',
      `The key is kept in ${key.path}, so it stays the same. Who has it can use all servers; delete that file for a new one.`,
    );
  else lines.push('', 'No key is asked for: everybody on this machine can use all servers.');
  if (console)
    lines.push(
      '',
      `The console shows in a browser what happens: ${console.url}`,
      `Sign in there with the owner key. It is kept in ${console.keyPath}, for you alone.`,
    );
  const [first] = servers;
  if (first !== undefined) lines.push(...connect(first, `${edge}/${first}/mcp`, header));
  return `${lines.join('\n')}\n`;
}

function connect(name: string, url: string, header: string | undefined): string[] {
  const value = header?.slice(header.indexOf(' ') + 1);
  const headers = value !== undefined && { headers: { Authorization: value } };
  const vscode = JSON.stringify({ servers: { [name]: { type: 'http', url, ...headers } } });
  const init = headers ? `, { requestInit: ${JSON.stringify(headers)} }` : '';
  const flag = (option: string): string => (header === undefined ? '' : ` ${option} '${header}'`);
  return [
    '',
    `To connect, for example to ${name}:`,
    '',
    '  Claude Code',
    `    claude mcp add --transport http ${name} ${url}${flag('--header')}`,
    '  VS Code, .vscode/mcp.json',
    `    ${vscode}`,
    '  TypeScript, npm install @modelcontextprotocol/client',
    "    import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';",
    "    const client = new Client({ name: 'my-client', version: '1.0.0' });",
    `    await client.connect(new StreamableHTTPClientTransport(new URL('${url}')${init}));`,
    '  curl',
    `    curl -sS ${url}${flag('-H')} ${CURL_HEADERS} -d '${INITIALIZE}'`,
  ];
}

const CURL_HEADERS =
  "-H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream'";

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'curl', version: '1' },
  },
});
