// The fixture on the SDK that knows both eras. What a tool asks of the client is returned as `input_required`;
// to a legacy client the SDK itself sends the requests instead.
import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  inputResponse,
  McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server';

import { CAPABILITIES, COMPLETION, PROMPTS, RESOURCES, SERVER, TEMPLATE } from './samples.mjs';
import { TOOLS } from './tools.mjs';

const codec = createRequestStateCodec({ key: crypto.getRandomValues(new Uint8Array(32)) });

/** A server for one connection or request. `listChanged(kind)` tells who listens; default: by the connection. */
export function bothErasServer(listChanged) {
  const server = new McpServer(SERVER, {
    capabilities: CAPABILITIES,
    requestState: { verify: codec.verify },
  });
  const tell = { tools: 'sendToolListChanged', prompts: 'sendPromptListChanged' };
  const change = listChanged ?? ((kind) => server[tell[kind]]());
  for (const tool of TOOLS) registerTool(server, tool, change);
  for (const prompt of PROMPTS) registerPrompt(server, prompt);
  registerResources(server);
  server.server.setRequestHandler('completion/complete', () => COMPLETION);
  return server;
}

function registerTool(server, tool, listChanged) {
  const { name, description, inputSchema } = tool;
  const config = { description, inputSchema: fromJsonSchema(inputSchema) };
  server.registerTool(name, config, async (args, context) => {
    const { open, answers } = await asked(server, tool, args, context);
    if (open !== undefined) return open;
    const { mcpReq, http } = context;
    return tool.call(args, {
      answers,
      progressToken: mcpReq._meta?.progressToken,
      notify: (notification) => mcpReq.notify(notification),
      log: (level, words) => mcpReq.log(level, words),
      listChanged,
      closeStream: () => {
        http?.closeSSE?.();
        return http?.closeSSE !== undefined;
      },
    });
  });
}

function registerPrompt(server, prompt) {
  const { name, description, arguments: names } = prompt;
  const render = async (args, context) => {
    const { open, answers } = await asked(server, prompt, args, context);
    return open ?? prompt.render(args, answers);
  };
  if (names.length === 0) {
    server.registerPrompt(name, { description }, (context) => render({}, context));
    return;
  }
  const argsSchema = fromJsonSchema({
    type: 'object',
    properties: Object.fromEntries(names.map((each) => [each, { type: 'string' }])),
    required: names,
  });
  server.registerPrompt(name, { description, argsSchema }, render);
}

function registerResources(server) {
  for (const { name, uri, mimeType, ...contents } of RESOURCES) {
    server.registerResource(name, uri, { mimeType }, () => ({
      contents: [{ uri, mimeType, ...contents }],
    }));
  }
  const { name, uriTemplate, mimeType, contentsOf } = TEMPLATE;
  const template = new ResourceTemplate(uriTemplate, { list: undefined });
  server.registerResource(name, template, { mimeType }, (_uri, { id }) => ({
    contents: [contentsOf(id)],
  }));
  // Only legacy clients call these; others listen.
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
}

/** The answers to all rounds, or `open`: the result that asks for the next round. */
async function asked(server, { asks, isSealed = false }, args, { mcpReq }) {
  const declared =
    mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities() ?? {};
  const rounds = asks?.(args, declared) ?? [];
  const state = mcpReq.requestState();
  let { round, answers } = state ?? { round: 0, answers: {} };
  const wanted = Object.keys(rounds[round] ?? {});
  const isAnswered = (key) => inputResponse(mcpReq.inputResponses, key).kind !== 'missing';
  if ((state !== undefined || !isSealed) && wanted.length > 0 && wanted.every(isAnswered)) {
    const taken = wanted.map((key) => [key, mcpReq.inputResponses[key]]);
    answers = { ...answers, ...Object.fromEntries(taken) };
    round += 1;
  }
  const inputRequests = rounds[round];
  if (inputRequests === undefined) return { answers };
  const requestState = isSealed ? await codec.mint({ round, answers }) : undefined;
  return { open: inputRequired({ inputRequests, ...(isSealed && { requestState }) }) };
}
