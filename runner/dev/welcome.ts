// What `mcp-bridge dev` prints when it is ready: which servers run where, and how to connect to one. Pure.

/** Plain lines for the terminal. `edge` is an origin without trailing slash. */
export function welcome(edge: string, servers: readonly string[]): string {
  const width = Math.max(...servers.map((name) => name.length));
  const lines = ['mcp-bridge is ready. It serves this machine only; Ctrl-C stops it.', ''];
  for (const name of servers) {
    lines.push(`  ${name.padEnd(width)}  ${edge}/${name}/mcp`);
    lines.push(
      `  ${' '.repeat(width)}  ${edge}/${name}/sse  (for clients that know HTTP+SSE only)`,
    );
  }
  const [first] = servers;
  if (first !== undefined) lines.push(...connect(first, `${edge}/${first}/mcp`));
  return `${lines.join('\n')}\n`;
}

function connect(name: string, url: string): string[] {
  const vscode = JSON.stringify({ servers: { [name]: { type: 'http', url } } });
  return [
    '',
    `To connect, for example to ${name}:`,
    '',
    '  Claude Code',
    `    claude mcp add --transport http ${name} ${url}`,
    '  VS Code, .vscode/mcp.json',
    `    ${vscode}`,
    '  TypeScript, npm install @modelcontextprotocol/client',
    "    import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';",
    "    const client = new Client({ name: 'my-client', version: '1.0.0' });",
    `    await client.connect(new StreamableHTTPClientTransport(new URL('${url}')));`,
  ];
}
