// The tools that the conformance suite calls by name, told apart from any SDK: what a tool asks of the client
// is listed in rounds, and each SDK's adapter asks in the way of its era.
import { setTimeout as sleep } from 'node:timers/promises';

import { PIXEL, SILENCE, text } from './samples.mjs';

/** The suite wants these pauses between notifications, so that each can be seen alone. */
const PAUSE_MS = 50;

/** Long enough for a client to come back after its stream was closed. */
const RECONNECT_MS = 100;

/**
 * On stdio there is no stream to close: the suite, which reads one for ten seconds, then leaves it itself, and comes back with
 * its last event id for what it has not seen.
 */
const OUTSTAY_MS = 12_000;

const JSON_SCHEMA = 'https://json-schema.org/draft/2020-12/schema';

const form = (message, properties, required = Object.keys(properties)) => ({
  method: 'elicitation/create',
  params: { message, requestedSchema: { type: 'object', properties, required } },
});

const sample = (words, maxTokens = 100) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: words } }], maxTokens },
});

const ROOTS = { method: 'roots/list' };

const name = form('What is your name?', { name: { type: 'string' } });
const confirm = form('Please confirm', { ok: { type: 'boolean' } });
const choice = (prefix, titles) =>
  titles.map((title, at) => ({ const: `${prefix}${at + 1}`, title }));

const DEFAULTS = form(
  'Please review the fields',
  {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
  [],
);

const ENUMS = form(
  'Please choose',
  {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: choice('value', ['First', 'Second', 'Third']) },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: {
      type: 'array',
      items: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    },
    titledMulti: {
      type: 'array',
      items: { anyOf: choice('value', ['First', 'Second', 'Third']) },
    },
  },
  [],
);

const elicited = ({ action, content = {} }) =>
  text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`);

/** A tool that asks in one round and tells what came back. */
const asking = (name, inputRequests, tell, more = {}) => ({
  name,
  asks: () => [inputRequests],
  call: (_args, { answers }) => tell(answers),
  ...more,
});

const plain = (name, ...content) => ({ name, call: () => ({ content }) });

/**
 * `name`, `description` and `inputSchema` (default: no arguments), and
 * - `asks(args, capabilities)`: what the client is asked before the call: rounds of requests by key,
 * - `isSealed`: between the rounds a state travels that the server recognises as its own,
 * - `call(args, context)`: the result. `context` has the client's `answers` by key, the call's
 *   `progressToken`, `notify(notification)`, `log(level, words)`, `listChanged(kind)` and `closeStream()`.
 */
export const TOOLS = [
  plain('test_simple_text', { type: 'text', text: 'This is a simple text response for testing.' }),
  plain('test_image_content', { type: 'image', data: PIXEL, mimeType: 'image/png' }),
  plain('test_audio_content', { type: 'audio', data: SILENCE, mimeType: 'audio/wav' }),
  plain('test_embedded_resource', {
    type: 'resource',
    resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'Embedded.' },
  }),
  plain(
    'test_multiple_content_types',
    { type: 'text', text: 'Three kinds of content.' },
    { type: 'image', data: PIXEL, mimeType: 'image/png' },
    {
      type: 'resource',
      resource: { uri: 'test://mixed', mimeType: 'application/json', text: '{"value":123}' },
    },
  ),
  {
    name: 'test_tool_with_logging',
    call: async (_args, { log }) => {
      await log('info', 'Tool execution started');
      await sleep(PAUSE_MS);
      await log('info', 'Tool processing data');
      await sleep(PAUSE_MS);
      await log('info', 'Tool execution completed');
      return text('logged');
    },
  },
  {
    name: 'test_tool_with_progress',
    call: async (_args, { progressToken, notify }) => {
      for (const progress of [0, 50, 100]) {
        const params = { progressToken, progress, total: 100 };
        if (progressToken !== undefined) await notify({ method: 'notifications/progress', params });
        await sleep(PAUSE_MS);
      }
      return text('progressed');
    },
  },
  {
    name: 'test_error_handling',
    call: () => ({
      ...text('This tool intentionally returns an error for testing'),
      isError: true,
    }),
  },
  {
    name: 'test_reconnection',
    call: async (_args, { closeStream }) => {
      await sleep(closeStream() ? RECONNECT_MS : OUTSTAY_MS);
      return text('reconnected');
    },
  },
  {
    name: 'test_sampling',
    inputSchema: {
      type: 'object',
      properties: { prompt: { type: 'string' } },
      required: ['prompt'],
    },
    asks: ({ prompt }) => [{ completion: sample(prompt) }],
    call: (_args, { answers }) => text(`LLM response: ${answers.completion.content?.text}`),
  },
  {
    name: 'test_elicitation',
    inputSchema: {
      type: 'object',
      properties: { message: { type: 'string' } },
      required: ['message'],
    },
    asks: ({ message }) => [{ response: form(message, { response: { type: 'string' } }) }],
    call: (_args, { answers: { response } }) =>
      text(`User response: action=${response.action}, content=${JSON.stringify(response.content)}`),
  },
  asking('test_elicitation_sep1034_defaults', { form: DEFAULTS }, ({ form }) => elicited(form)),
  asking('test_elicitation_sep1330_enums', { form: ENUMS }, ({ form }) => elicited(form)),
  {
    name: 'json_schema_2020_12_tool',
    inputSchema: {
      $schema: JSON_SCHEMA,
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    call: (args) => text(JSON.stringify(args)),
  },
  {
    name: 'test_x_mcp_header',
    inputSchema: {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        level: { type: 'integer' },
      },
    },
    call: ({ region = 'none' }) => text(`region=${region}`),
  },
  asking('test_missing_capability', { answer: sample('Say pong', 16) }, () => text('pong')),
  plain('test_streaming_elicitation', { type: 'text', text: 'No requests on this stream.' }),
  {
    name: 'test_logging_tool',
    call: async (_args, { log }) => {
      await log('info', 'Only for who asked for logs');
      return text('logged');
    },
  },
  {
    name: 'test_trigger_tool_change',
    call: (_args, { listChanged }) => {
      listChanged('tools');
      return text('told');
    },
  },
  {
    name: 'test_trigger_prompt_change',
    call: (_args, { listChanged }) => {
      listChanged('prompts');
      return text('told');
    },
  },
  asking('test_input_required_result_elicitation', { user_name: name }, ({ user_name }) =>
    text(`Hello, ${user_name.content?.name}!`),
  ),
  asking(
    'test_input_required_result_sampling',
    { capital_question: sample('What is the capital of France?') },
    ({ capital_question }) => text(capital_question.content?.text ?? ''),
  ),
  asking('test_input_required_result_list_roots', { client_roots: ROOTS }, ({ client_roots }) =>
    text(client_roots.roots.map(({ uri }) => uri).join(' ')),
  ),
  asking('test_input_required_result_request_state', { confirm }, () => text('state-ok'), {
    isSealed: true,
  }),
  asking(
    'test_input_required_result_multiple_inputs',
    { user_name: name, greeting: sample('Generate a greeting', 50), client_roots: ROOTS },
    ({ user_name, greeting, client_roots }) =>
      text(`${greeting.content?.text} ${user_name.content?.name} ${client_roots.roots.length}`),
    { isSealed: true },
  ),
  {
    name: 'test_input_required_result_multi_round',
    isSealed: true,
    asks: () => [
      { step1: form('Step 1: What is your name?', { name: { type: 'string' } }) },
      { step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }) },
    ],
    call: (_args, { answers: { step1, step2 } }) =>
      text(`${step1.content?.name} likes ${step2.content?.color}`),
  },
  asking('test_input_required_result_tampered_state', { confirm }, () => text('integrity-ok'), {
    isSealed: true,
  }),
  {
    name: 'test_input_required_result_capabilities',
    asks: (_args, { elicitation, sampling, roots }) => {
      const requests = {
        ...(elicitation && { user_name: name }),
        ...(sampling && { greeting: sample('Generate a greeting', 50) }),
        ...(roots && { client_roots: ROOTS }),
      };
      return Object.keys(requests).length === 0 ? [] : [requests];
    },
    call: (_args, { answers }) => text(`asked for ${Object.keys(answers).join(', ')}`),
  },
].map((tool) => ({
  description: `Called by the conformance suite: ${tool.name}`,
  inputSchema: { type: 'object', properties: {} },
  ...tool,
}));
