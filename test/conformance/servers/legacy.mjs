// A stdio server on the SDK of the legacy era. What a tool asks of the client is sent as requests in the
// middle of the call, those of one round at once.
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  ResultSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { CAPABILITIES, COMPLETION, PROMPTS, RESOURCES, SERVER, TEMPLATE } from './samples.mjs';
import { TOOLS } from './tools.mjs';

/** What the legacy revisions call a resource that does not exist. */
const RESOURCE_NOT_FOUND = -32002;

const server = new Server(SERVER, { capabilities: CAPABILITIES });

server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: TOOLS.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })),
}));

server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
  const tool = named(TOOLS, params.name);
  const args = params.arguments ?? {};
  return tool.call(args, {
    answers: await asked(tool, args, extra),
    progressToken: params._meta?.progressToken,
    notify: (notification) => extra.sendNotification(notification),
    log: (level, data) =>
      extra.sendNotification({ method: 'notifications/message', params: { level, data } }),
    listChanged: (kind) =>
      void extra.sendNotification({ method: `notifications/${kind}/list_changed` }),
    // The stream is the bridge's.
    closeStream: () => false,
  });
});

server.setRequestHandler(ListPromptsRequestSchema, () => ({
  prompts: PROMPTS.map(({ name, description, arguments: names }) => ({
    name,
    description,
    arguments: names.map((each) => ({ name: each, required: true })),
  })),
}));

server.setRequestHandler(GetPromptRequestSchema, async ({ params }, extra) => {
  const prompt = named(PROMPTS, params.name);
  const args = params.arguments ?? {};
  return prompt.render(args, await asked(prompt, args, extra));
});

server.setRequestHandler(ListResourcesRequestSchema, () => ({
  resources: RESOURCES.map(({ name, uri, mimeType }) => ({ name, uri, mimeType })),
}));

server.setRequestHandler(ListResourceTemplatesRequestSchema, () => {
  const { name, uriTemplate, mimeType } = TEMPLATE;
  return { resourceTemplates: [{ name, uriTemplate, mimeType }] };
});

server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
  const found = RESOURCES.find((each) => each.uri === uri);
  if (found !== undefined) {
    const { name: _, ...contents } = found;
    return { contents: [contents] };
  }
  const id = /^test:\/\/template\/([^/]+)\/data$/u.exec(uri)?.[1];
  if (id === undefined) throw new McpError(RESOURCE_NOT_FOUND, 'No such resource', { uri });
  return { contents: [TEMPLATE.contentsOf(id)] };
});

server.setRequestHandler(SubscribeRequestSchema, () => ({}));
server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
server.setRequestHandler(CompleteRequestSchema, () => COMPLETION);

await server.connect(new StdioServerTransport());
// This SDK's transport does not notice the end of its input.
process.stdin.on('end', () => process.exit(0));

function named(all, name) {
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new McpError(ErrorCode.InvalidParams, `Unknown name: ${name}`);
  return found;
}

/** Asks round after round, and gives the answers by key. */
async function asked({ asks }, args, extra) {
  const answers = {};
  for (const round of asks?.(args, server.getClientCapabilities() ?? {}) ?? []) {
    await Promise.all(
      Object.entries(round).map(async ([key, request]) => {
        answers[key] = await extra.sendRequest(request, ResultSchema);
      }),
    );
  }
  return answers;
}
