// Config files that other programs wrote: where each keeps its servers, in which format, and what is said of the rest.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  accepted,
  fates,
  folder,
  namesOf,
  problems,
  processOf,
  serverOf,
  warned,
} from './reading.ts';

const stdio = { command: 'node', args: ['x.js'] };
const remote = { type: 'http', url: 'https://x.example/mcp' };

describe('files in JSON (F-224)', () => {
  const files: [
    program: string,
    file: unknown,
    serversAt: (string | number)[],
    served: string[],
  ][] = [
    ['Claude Desktop', { mcpServers: { a: stdio } }, ['mcpServers'], ['a']],
    [
      'VS Code',
      { inputs: [{ id: 'k' }], servers: { a: stdio, b: remote } },
      ['servers'],
      ['a', 'b'],
    ],
    [
      'VS Code settings',
      { 'editor.x': 1, mcp: { servers: { a: stdio } } },
      ['mcp', 'servers'],
      ['a'],
    ],
    ['VS Code settings, dotted', { 'mcp.servers': { a: stdio } }, ['mcp.servers'], ['a']],
    [
      'a VS Code workspace',
      { folders: [], settings: { mcp: { servers: { a: stdio } } } },
      ['settings', 'mcp', 'servers'],
      ['a'],
    ],
    [
      'Zed',
      { theme: 'x', context_servers: { a: { source: 'custom', ...stdio, env: {} } } },
      ['context_servers'],
      ['a'],
    ],
    [
      'opencode',
      {
        $schema: 'x',
        mcp: {
          a: { type: 'local', command: ['node', 'x.js'], enabled: true },
          b: { type: 'remote', url: 'https://x.example/mcp' },
        },
      },
      ['mcp'],
      ['a', 'b'],
    ],
    ['Crush', { mcp: { a: { type: 'stdio', ...stdio, timeout: 120 } } }, ['mcp'], ['a']],
    ['Amp', { 'amp.mcpServers': { a: stdio }, 'amp.tools': [] }, ['amp.mcpServers'], ['a']],
    ['a map without a key around it', { a: stdio, b: remote }, [], ['a', 'b']],
    ['such a map with our block', { a: stdio, bridge: { runner: 'r' } }, [], ['a']],
    [
      'a server called like a key of others',
      { mcp: stdio, servers: stdio },
      [],
      ['mcp', 'servers'],
    ],
    [
      'Claude Code',
      {
        numStartups: 1,
        projects: { '/p': { mcpServers: { b: stdio } } },
        mcpServers: { a: stdio },
      },
      ['mcpServers'],
      ['a'],
    ],
    [
      'Gemini CLI',
      { mcpServers: { a: { ...stdio, trust: true } }, mcp: { allowed: [] } },
      ['mcpServers'],
      ['a'],
    ],
    [
      'Continue of 2024',
      {
        models: [],
        experimental: {
          modelContextProtocolServers: [{ name: 'a', transport: { type: 'stdio', ...stdio } }],
        },
      },
      ['experimental', 'modelContextProtocolServers'],
      ['a'],
    ],
    [
      'an extension of VS Code',
      { 'augment.advanced': { mcpServers: [{ name: 'a', ...stdio }] }, 'x.y': 1 },
      ['augment.advanced', 'mcpServers'],
      ['a'],
    ],
    [
      'another extension',
      { 'roo-cline.mcpServers': { a: stdio } },
      ['roo-cline.mcpServers'],
      ['a'],
    ],
    [
      '5ire',
      { servers: [{ key: 'a', type: 'local', isActive: true, ...stdio }] },
      ['servers'],
      ['a'],
    ],
    ['a list', { mcpServers: [{ name: 'a', ...stdio }, stdio] }, ['mcpServers'], ['a', 'server-2']],
  ];
  it.each(files)('%s', async (_program, content, serversAt, served) => {
    const config = await accepted(content);
    expect(config.serversAt).toEqual(serversAt);
    expect(namesOf(config)).toEqual(served);
    const [first = ''] = served;
    expect(processOf(config, first)).toMatchObject({ command: 'node', args: ['x.js'] });
    expect(fates(config).every((fate) => fate.includes('elsewhere'))).toBe(true);
  });

  it('one server in a file of its own, by the name it has in it', async () => {
    const config = await accepted({ name: 'a', enabled: true, ...stdio, bridge: { runner: 'r' } });
    expect(namesOf(config)).toEqual(['a']);
    expect(config).toMatchObject({ runner: 'r', warnings: [], serversAt: [] });
  });

  it('a block that is off as a whole', async () => {
    const found = await problems({ mcp: { enabled: false, servers: { a: stdio } } });
    expect(found[1]).toMatchObject({
      path: 'mcp.servers.a',
      what: 'is switched off by "mcp.enabled"',
    });
  });

  it('the manifest of a desktop extension, from the folder it lies in', async () => {
    const manifest = {
      manifest_version: '0.3',
      name: 'x',
      server: {
        type: 'node',
        entry_point: 'server/index.js',
        mcp_config: {
          command: 'node',
          args: ['${__dirname}/server/index.js'],
          env: { A: '1' },
          platform_overrides: {
            [process.platform]: { command: 'nodejs', env: { B: '2' } },
            other: { command: 'x' },
          },
        },
      },
    };
    const config = await accepted(manifest, {}, join(folder, 'manifest.json'));
    expect(config.serversAt).toEqual(['server', 'mcp_config']);
    expect(processOf(config, 'x')).toMatchObject({
      command: 'nodejs',
      args: [join(folder, 'server/index.js')],
      env: { A: '1', B: '2' },
    });
    const asking = {
      name: 'x',
      server: { mcp_config: { command: 'node', args: ['${user_config.dir}'] } },
    };
    expect(await problems(asking)).toMatchObject([
      {},
      {
        path: 'server.mcp_config.args[0]',
        what: expect.stringContaining('refers to ${user_config.dir}, a setting that'),
      },
    ]);
  });

  it('says what it does not read beside what it reads', async () => {
    const config = await accepted({
      mcpServers: { a: stdio },
      servers: { b: stdio },
      brigde: {},
      tokenFile: 't',
    });
    expect(warned(config)).toEqual([
      'servers is ignored, because "mcpServers" is used',
      'brigde is not read',
      'tokenFile has no effect here',
    ]);
  });
});

describe('files in TOML and YAML (F-224)', () => {
  it('Codex', async () => {
    const toml = `model = "x"
[mcp_servers.a]
command = "node"
args = ["x.js"]
env_vars = ["TOKEN"]
startup_timeout_sec = 20
[mcp_servers.a.env]
KEY = "\${KEY}"
[mcp_servers.b]
command = "node"
enabled = false
[mcp_servers."c d"]
url = "https://x.example/mcp"
bearer_token_env_var = "KEY"
env_http_headers = { "X-Region" = "KEY" }
[bridge]
runner = "vm"
capacity = 5
`;
    const config = await accepted(toml, { KEY: 'k' }, join(folder, 'config.toml'));
    expect(namesOf(config)).toEqual(['a', 'c-d']);
    expect(serverOf(config, 'c-d').source).toMatchObject({
      url: 'https://x.example/mcp',
      headers: { Authorization: 'Bearer k', 'X-Region': 'k' },
    });
    expect(processOf(config, 'a')).toMatchObject({
      args: ['x.js'],
      env: { KEY: 'k' },
      inheritEnv: ['TOKEN'],
    });
    expect(config).toMatchObject({ runner: 'vm', capacity: 5 });
    expect(config.leftOut.map(({ name, reason }) => [name, reason])).toEqual([['b', 'off']]);
  });

  it('Goose', async () => {
    const yaml = `extensions:
  developer:
    enabled: true
    type: builtin
    name: developer
  github:
    name: GitHub
    cmd: npx
    args: [-y, "@scope/server-github@1.2.3"]
    enabled: true
    envs: { TOKEN: "abcdefgh", PORT: 0123 }
    type: stdio
  nested:
    enabled: true
    config: { type: stdio, cmd: node }
  off:
    enabled: false
    cmd: node
    type: stdio
`;
    const config = await accepted(yaml, {}, join(folder, 'config.yaml'));
    expect(namesOf(config)).toEqual(['github', 'nested']);
    expect(processOf(config, 'github')).toMatchObject({
      command: 'npx',
      args: ['-y', '@scope/server-github@1.2.3'],
      env: { TOKEN: 'abcdefgh', PORT: '0123' },
    });
  });

  it('YAML whose entries share what they have in common', async () => {
    const yaml = `common: &common
  command: node
  env: { A: b }
mcpServers:
  a: *common
  b:
    <<: *common
    args: [x.js]
  c:
    <<: [*common]
    command: deno
`;
    const config = await accepted(yaml, {}, join(folder, 'merged.yaml'));
    expect(namesOf(config)).toEqual(['a', 'b', 'c']);
    expect(processOf(config, 'b')).toMatchObject({
      command: 'node',
      args: ['x.js'],
      env: { A: 'b' },
    });
    expect(processOf(config, 'c')).toMatchObject({ command: 'deno', env: { A: 'b' } });
  });

  it('Continue, and LibreChat', async () => {
    const list = `name: mine\nmcpServers:\n  - name: SQLite MCP\n    command: npx\n    args:\n      - "-y"\n      - pkg@1.0.0\n    env:\n      KEY: \${{ secrets.KEY }}\n  - name: b\n    command: node\n`;
    const config = await accepted(list, {}, join(folder, 'config.yml'));
    expect(namesOf(config)).toEqual(['b']);
    expect(fates(config)).toEqual([
      'SQLite MCP broken: mcpServers[0].env.KEY refers to ${{ secrets.KEY }, a secret that another program keeps, which a runner cannot know',
    ]);
    const map =
      'version: 1.2.1\nmcpServers:\n  a:\n    type: stdio\n    command: node\n    env: { USER_ID: "{{LIBRECHAT_USER_ID}}" }\n';
    const libre = await accepted(map, {}, join(folder, 'librechat.yaml'));
    expect(warned(libre)).toEqual([
      'mcpServers.a.env.USER_ID refers to a variable in a form that is not filled in here, and is passed on unchanged',
    ]);
  });

  it.each([
    ['a.toml', '[a\nb', 'line 1, column 3', 'this is not TOML'],
    ['b.toml', 'a = 1\na = 2\n', 'line 2, column 1', 'this is not TOML'],
    ['a.yaml', 'a:\n  b: [1\nc: 2\n', 'line 3, column 1', 'this is not YAML (BAD_INDENT)'],
    ['c.yaml', 'a:\n  <<: 5\n', 'line 1, column 1', 'this is not YAML (BAD_MERGE)'],
    ['d.yaml', 'a: &a\n  <<: *a\n', 'line 1, column 1', 'this is not YAML (ReferenceError)'],
    ['b.yaml', 'a: 1\na: 2\n', 'line 2, column 1', 'this is not YAML (DUPLICATE_KEY)'],
  ])('a mistake in %s', async (name, content, path, what) => {
    expect(await problems(content, {}, join(folder, name))).toMatchObject([{ path, what }]);
  });
});

it('YAML that is nested without end costs no more than an answer', async () => {
  const [problem] = await problems(`a: ${'['.repeat(2_000)}`, {}, join(folder, 'deep.yaml'));
  expect(problem?.what).toContain('this is not YAML');
});

describe('files that cannot be read are answered with what was found and what to do (F-224)', () => {
  it.each<[string, unknown, string, string, string]>([
    ['nothing', {}, 'mcpServers', 'is missing', 'Add "mcpServers": { … }.'],
    [
      'a slip',
      { mcpServer: {} },
      'mcpServers',
      'is missing',
      'Rename "mcpServer" to "mcpServers".',
    ],
    ['no server', { mcpServers: {} }, 'mcpServers', 'has no server to offer', 'Add one.'],
    ['no server of VS Code', { servers: {} }, 'servers', 'has no server to offer', 'Add one.'],
    [
      'a text',
      { mcpServers: './x.json' },
      'mcpServers',
      'is a string, not an object',
      'Write "mcpServers": { "<name>": { … } }.',
    ],
    [
      'one server',
      stdio,
      '',
      'is one server without a name',
      'Put it in { "mcpServers": { "<name>": { … } } }.',
    ],
    [
      'a manifest',
      { dxt_version: '0.1', server: { type: 'node' } },
      'server.mcp_config',
      'is missing in this extension manifest',
      'Put the command that starts it into a file beside it: { "mcpServers": { "<name>": { "command": … } } }.',
    ],
    [
      'a project of Claude Code',
      { mcpServers: {}, projects: { '/p': { mcpServers: { a: stdio } } } },
      'projects["/p"].mcpServers',
      'has servers for one project only, and none for all projects',
      'Copy the "mcpServers" you want to serve into a separate file.',
    ],
    [
      'several profiles',
      { profiles: { a: { mcpServers: { x: stdio } }, b: { mcpServers: { y: stdio } } } },
      'profiles.a.mcpServers',
      'is one of 2 places that hold servers, and only one can be served',
      'Copy the "mcpServers" you want to serve into a separate file.',
    ],
    [
      'an entry of a registry',
      { name: 'io.x/y', packages: [{ identifier: 'y' }] },
      '',
      'is an entry of a registry ("packages"), which names no command',
      'Write the command that runs the package, as { "mcpServers": { "<name>": { "command": "npx", "args": ["-y", "<package>@<version>"] } } }.',
    ],
  ])('%s', async (_title, content, path, what, fix) => {
    expect(await problems(content)).toMatchObject([{ path, what, fix }]);
  });
});
