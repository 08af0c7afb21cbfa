// An MCP stdio server of one era only, `legacy` or `modern` by its argument, with a tool that answers its text, and more tools up to the
// number in its second argument, of the size that published servers' have. By hand, so that the process costs next to nothing. A request in the form of the other era is refused: whoever gets an answer was translated
// where it had to be.
const REVISION = { legacy: '2025-11-25', modern: '2026-07-28' };
/** What else a client of the legacy era may ask for. */
const OLDER = ['2024-11-05', '2025-03-26', '2025-06-18'];
const PREFIX = 'io.modelcontextprotocol/';
const INFO = { name: 'echo-of-era', version: '1.0.0' };

const capabilities = { tools: {} };

const ACTIONS = ['list', 'get', 'create', 'update', 'delete', 'search'];
const THINGS = ['issues', 'branches', 'releases', 'workflow_runs', 'pull_requests', 'discussions'];

const text = (description) => ({ type: 'string', description });
const number = (description, most) => ({ type: 'number', description, minimum: 1, maximum: most });

function toolAt(place) {
  const [action, thing] = [ACTIONS[place % 6], THINGS[Math.floor(place / 6) % 6]];
  const words = thing.replace('_', ' ');
  return {
    name: `${action}_${thing}`,
    description: `${action} ${words} of a repository. Use it when the user names the repository; results come a page at a time, newest first. Needs read access to the repository, and write access for what changes it.`,
    inputSchema: {
      type: 'object',
      properties: {
        owner: text('Account that owns the repository: a user or an organization'),
        repo: text('Name of the repository, without the account'),
        state: { type: 'string', enum: ['open', 'closed', 'all'], description: `Which ${words}` },
        labels: { type: 'array', items: { type: 'string' }, description: 'Only with all of these' },
        since: text('Only those changed after this time (ISO 8601)'),
        page: number('Page of the results, from 1', 1000),
        perPage: number('Results on a page', 100),
      },
      required: ['owner', 'repo'],
      additionalProperties: false,
    },
    annotations: { title: `${action} ${words}`, readOnlyHint: place % 6 < 2 },
  };
}

const tools = [
  { name: 'echo', description: 'answers its text', inputSchema: { type: 'object' } },
  ...Array.from({ length: Number(process.argv[3] ?? 1) - 1 }, (_, place) => toolAt(place)),
];

const refusal = (code, message, about) => ({ error: { code, message, ...about } });

const echo = ({ name, arguments: { text = '' } = {} }) =>
  name === 'echo'
    ? { result: { content: [{ type: 'text', text }], isError: false } }
    : refusal(-32602, `Unknown tool: ${name}`);

const legacy = {
  initialize: ({ protocolVersion: wanted }) => ({
    result: {
      protocolVersion: OLDER.includes(wanted) ? wanted : REVISION.legacy,
      capabilities,
      serverInfo: INFO,
    },
  }),
  'tools/list': () => ({ result: { tools } }),
  'tools/call': echo,
};

const cache = { ttlMs: 0, cacheScope: 'private' };

const modern = {
  'server/discover': () => ({
    result: { supportedVersions: [REVISION.modern], capabilities, ...cache },
  }),
  'tools/list': () => ({ result: { tools, ...cache } }),
  'tools/call': echo,
};

const claimIn = ({ _meta }) => _meta?.[`${PREFIX}protocolVersion`];

function answerAsLegacy(method, params) {
  if (!Object.hasOwn(legacy, method)) return refusal(-32601, `Method not found: ${method}`);
  // Official servers serve it all the same; here it would hide that nothing was translated.
  if (claimIn(params) !== undefined) return refusal(-32602, 'A request of the modern era.');
  return legacy[method](params);
}

function answerAsModern(method, params) {
  if (method === 'initialize') {
    const data = { supported: [REVISION.modern], requested: params.protocolVersion };
    return refusal(-32022, 'Unsupported protocol version', { data });
  }
  if (claimIn(params) !== REVISION.modern || !params._meta[`${PREFIX}clientCapabilities`])
    return refusal(-32602, 'The request is without the envelope in _meta.');
  if (!Object.hasOwn(modern, method)) return refusal(-32601, `Method not found: ${method}`);
  const { result, error } = modern[method](params);
  if (error) return { error };
  return {
    result: { resultType: 'complete', ...result, _meta: { [`${PREFIX}serverInfo`]: INFO } },
  };
}

const answer = { legacy: answerAsLegacy, modern: answerAsModern }[process.argv[2]];
if (!answer) throw new Error('Say which era: legacy or modern.');

let rest = '';
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) take(line);
});

function take(line) {
  const { id, method, params = {} } = JSON.parse(line);
  if (id === undefined || method === undefined) return;
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer(method, params) })}\n`);
}
