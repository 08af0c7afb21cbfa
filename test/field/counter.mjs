// A server with state, built on the SDK of the legacy revisions: it counts its calls, and says who it is.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';

const server = new McpServer({ name: 'counter', version: '1.0.0' });
let count = 0;
server.registerTool('inc', { description: 'Counts its calls.', inputSchema: {} }, async () => {
  count += 1;
  return { content: [{ type: 'text', text: JSON.stringify({ count, pid: process.pid }) }] };
});
await server.connect(new StdioServerTransport());
