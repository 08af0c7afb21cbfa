// The prompts and resources that the conformance suite asks for by name, told apart from any SDK, and the
// smallest contents of each kind.

/** A PNG of one grey pixel. */
export const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';

/** A WAV of one silent sample. */
export const SILENCE = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAAAAA==';

/** A tool's result of one text. */
export const text = (words) => ({ content: [{ type: 'text', text: words }] });

const said = (...contents) => ({
  messages: contents.map((content) => ({ role: 'user', content })),
});
const words = (text) => ({ type: 'text', text });

/** `name`, `arguments` (all required), `asks` as of a tool, `render(args, answers)`: the result. */
export const PROMPTS = [
  { name: 'test_simple_prompt', render: () => said(words('This is a simple prompt.')) },
  {
    name: 'test_prompt_with_arguments',
    arguments: ['arg1', 'arg2'],
    render: ({ arg1, arg2 }) => said(words(`arg1='${arg1}', arg2='${arg2}'`)),
  },
  {
    name: 'test_prompt_with_embedded_resource',
    arguments: ['resourceUri'],
    render: ({ resourceUri }) =>
      said(
        {
          type: 'resource',
          resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded.' },
        },
        words('Please read the resource.'),
      ),
  },
  {
    name: 'test_prompt_with_image',
    render: () =>
      said({ type: 'image', data: PIXEL, mimeType: 'image/png' }, words('Please look at it.')),
  },
  {
    name: 'test_input_required_result_prompt',
    asks: () => [
      {
        user_context: {
          method: 'elicitation/create',
          params: {
            message: 'What context should the prompt use?',
            requestedSchema: {
              type: 'object',
              properties: { context: { type: 'string' } },
              required: ['context'],
            },
          },
        },
      },
    ],
    render: (_args, { user_context }) => said(words(`Context: ${user_context.content?.context}`)),
  },
].map((prompt) => ({
  description: `Asked for by the conformance suite: ${prompt.name}`,
  arguments: [],
  ...prompt,
}));

/** `name`, `uri`, `mimeType` and what is in it. */
export const RESOURCES = [
  { name: 'static-text', uri: 'test://static-text', mimeType: 'text/plain', text: 'Static text.' },
  { name: 'static-binary', uri: 'test://static-binary', mimeType: 'image/png', blob: PIXEL },
  { name: 'watched', uri: 'test://watched-resource', mimeType: 'text/plain', text: 'Watched.' },
];

/** The one template; `contentsOf(id)` is what is in an instance. */
export const TEMPLATE = {
  name: 'template',
  uriTemplate: 'test://template/{id}/data',
  mimeType: 'application/json',
  contentsOf: (id) => ({
    uri: `test://template/${id}/data`,
    mimeType: 'application/json',
    text: JSON.stringify({ id, data: `Data for ${id}` }),
  }),
};

/** All that the server can do; both eras are told the same. */
export const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
};

export const SERVER = { name: 'conformance-fixture', version: '1.0.0' };

/** The suite only looks at the form of a completion. */
export const COMPLETION = { completion: { values: [], total: 0, hasMore: false } };
