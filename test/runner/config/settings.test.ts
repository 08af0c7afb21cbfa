// What a config becomes: every default, every setting of the runner's own blocks, and what each mistake is answered with.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../runner/config/read.ts';
import { describeProblem } from '../../../runner/config/problem.ts';
import { CONFIG_VERSION } from '../../../runner/config/version.ts';
import { runnerNameOf } from '../../../runner/config/reader.ts';
import { accepted, file, folder, namesOf, one, problems, processOf, serverOf } from './reading.ts';

const block = (bridge: object) => one({ bridge });
const top = (bridge: object) => ({ ...one({}), bridge });

describe('what a config becomes', () => {
  it('fills every default', async () => {
    const config = await accepted(one({}));
    expect(config).toMatchObject({
      file,
      serversAt: ['mcpServers'],
      capacity: 200,
      drainTimeoutMs: 30_000,
      leftOut: [],
      warnings: [],
    });
    expect(config).not.toHaveProperty('edge');
    expect(config).not.toHaveProperty('tokenFile');
    expect(config).not.toHaveProperty('statusPort');
    expect(serverOf(config)).toEqual({
      name: 's',
      source: {
        kind: 'process',
        command: 'node',
        args: [],
        env: {},
        cwd: folder,
        inheritEnv: [],
        stderr: 'log',
      },
      secrets: [],
      warm: { min: 0, max: 0, holdMs: 300_000 },
      idleTimeoutMs: 1_800_000,
      stateless: false,
      vanishTimeoutMs: 30_000,
      requestTimeoutMs: 300_000,
      requestLimitMs: 3_600_000,
      startTimeoutMs: 30_000,
      maxLineBytes: 16_777_216,
      maxInFlight: 64,
      maxSessions: Infinity,
      maxProcesses: 8,
      parkTimeoutMs: 300_000,
    });
  });

  it.each<[object, object]>([
    [{}, { min: 1, max: 8, holdMs: 300_000 }],
    [
      { min: 0, hold: '1m' },
      { min: 0, max: 8, holdMs: 60_000 },
    ],
    [{ min: 12 }, { min: 12, max: 12, holdMs: 300_000 }],
    [
      { min: 2, max: 2 },
      { min: 2, max: 2, holdMs: 300_000 },
    ],
  ])('reads bounds of what is started ahead: %j', async (warm, read) => {
    const config = await accepted({ mcpServers: { s: { command: 'node', bridge: { warm } } } });
    expect(serverOf(config).warm).toEqual(read);
  });

  it('takes every setting', async () => {
    const config = await accepted({
      $schema: './config.schema.json',
      otherProgram: { theme: 'dark' },
      mcpServers: {
        s: {
          type: 'stdio',
          command: './bin/server',
          args: ['a', ''],
          env: { KEY: 'value' },
          cwd: 'work',
          alwaysAllow: ['x'],
          autoApprove: [],
          description: 'a server',
          disabled: false,
          bridge: {
            warm: 2,
            sharing: 'session',
            stderr: 'client',
            inheritEnv: ['AWS_*', 'EDITOR'],
            idleTimeout: '1h',
            vanishTimeout: 0,
            stateless: true,
            requestTimeout: '500ms',
            requestLimit: 60_000,
            startTimeout: '5m',
            maxLineBytes: 4096,
            maxInFlight: 8,
            maxSessions: 3,
            tools: { allow: ['get_*'], deny: ['get_all'] },
            discovery: 'search',
            methods: { deny: ['prompts/*'] },
            user: { uid: 61_001, gid: 61_002 },
            limits: { memory: '512MiB', cpu: 0.5 },
          },
        },
      },
      bridge: {
        edge: 'wss://bridge.example.com/',
        runner: 'vm-1',
        tokenFile: '~/token',
        capacity: 20,
        drainTimeout: '10s',
        statusPort: 9000,
        traces: 'http://127.0.0.1:4318',
        traceRatio: 0.5,
        user: 'root',
        limits: { memory: '1GiB', pids: 256 },
      },
    });
    expect(config).toMatchObject({
      edge: 'https://bridge.example.com',
      runner: 'vm-1',
      tokenFile: join(homedir(), 'token'),
      capacity: 20,
      drainTimeoutMs: 10_000,
      statusPort: 9000,
      traces: 'http://127.0.0.1:4318/v1/traces',
      traceRatio: 0.5,
      warnings: [],
    });
    expect(serverOf(config)).toMatchObject({
      source: {
        command: './bin/server',
        args: ['a', ''],
        env: { KEY: 'value' },
        cwd: join(folder, 'work'),
        inheritEnv: ['AWS_*', 'EDITOR'],
        stderr: 'client',
        user: { uid: 61_001, gid: 61_002 },
        limits: { memoryBytes: 512 * 1024 * 1024, pids: 256, cpus: 0.5 },
      },
      warm: { min: 2, max: 2, holdMs: 300_000 },
      idleTimeoutMs: 3_600_000,
      stateless: true,
      vanishTimeoutMs: 0,
      requestTimeoutMs: 500,
      requestLimitMs: 60_000,
      startTimeoutMs: 300_000,
      maxLineBytes: 4096,
      maxInFlight: 8,
      maxSessions: 3,
      tools: { allow: ['get_*'], deny: ['get_all'] },
      isSearched: true,
      methods: { deny: ['prompts/*'] },
    });
  });

  it('fills references in command, args, env, cwd, edge and token file', async () => {
    const config = await accepted(
      {
        mcpServers: {
          s: {
            command: '${BIN}/server',
            args: ['--at=${HOST}:${PORT:-80}', '$${HOST}', '$HOST'],
            env: { KEY: '${KEY}', EMPTY: '${EMPTY}', OR: '${EMPTY:-or}' },
            cwd: '${BIN}',
          },
        },
        bridge: { edge: 'https://${HOST}', tokenFile: '${BIN}/t' },
      },
      { BIN: '/opt', HOST: 'h.example', KEY: '${HOST}', EMPTY: '' },
    );
    expect(processOf(config)).toMatchObject({
      command: '/opt/server',
      args: ['--at=h.example:80', '${HOST}', '$HOST'],
      // What a variable holds is not filled again.
      env: { KEY: '${HOST}', EMPTY: '', OR: 'or' },
      cwd: '/opt',
    });
    expect(config).toMatchObject({ edge: 'https://h.example', tokenFile: '/opt/t' });
  });

  it('takes http for loopback hosts only (F-66)', async () => {
    for (const edge of [
      'http://localhost:8787',
      'ws://127.0.0.1:1',
      'http://[::1]:1',
      'http://a.localhost',
    ]) {
      expect((await accepted(top({ edge }))).edge).toBe(edge.replace('ws:', 'http:'));
    }
  });

  it('lowers the default request timeout to a shorter limit', async () => {
    const config = await accepted(block({ requestLimit: '1m' }));
    expect(serverOf(config)).toMatchObject({ requestTimeoutMs: 60_000, requestLimitMs: 60_000 });
  });

  it('makes a runner name of any host name', () => {
    expect(runnerNameOf("Ada's Mac.local")).toBe('Ada-s-Mac.local');
    expect(runnerNameOf('--')).toBe('runner');
    expect(runnerNameOf('x'.repeat(80))).toHaveLength(64);
  });
});

const DURATION = 'such as "500ms", "30s", "5m", "1h" or a number of milliseconds';
const NAME_RULE =
  'Use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first';

describe('each mistake is answered with its place, what it is and what to do', () => {
  const table: [title: string, content: unknown, path: string, what: string, fix: string][] = [
    [
      'not an object',
      [],
      '',
      'is an array, not an object',
      'Put everything in { "mcpServers": { … } }.',
    ],
    ['no servers', {}, 'mcpServers', 'is missing', 'Add "mcpServers": { … }.'],
    [
      'misspelt setting',
      block({ idle_timeout: 1 }),
      'mcpServers.s.bridge.idle_timeout',
      'is not a setting',
      'Did you mean "idleTimeout"?',
    ],
    [
      'foreign setting',
      top({ zebra: 1 }),
      'bridge.zebra',
      'is not a setting',
      'Remove it; the settings here are version, edge, runner, tokenFile, capacity, drainTimeout, traces, traceRatio, statusPort, virtual, user, limits.',
    ],
    [
      'warm too high',
      block({ warm: 33 }),
      'mcpServers.s.bridge.warm',
      'is 33, not a whole number from 0 to 32',
      'Give a whole number from 0 to 32.',
    ],
    [
      'warm from more to fewer',
      block({ warm: { min: 5, max: 4 } }),
      'mcpServers.s.bridge.warm.min',
      'is more than "max"',
      'Raise "max" or lower this.',
    ],
    [
      'warm without end',
      block({ warm: { max: 33 } }),
      'mcpServers.s.bridge.warm.max',
      'is 33, not a whole number from 1 to 32',
      'Give a whole number from 1 to 32.',
    ],
    [
      'warm as a word',
      block({ warm: 'auto' }),
      'mcpServers.s.bridge.warm',
      'is "auto", not a whole number from 0 to 32, or an object with "min", "max" or "hold"',
      'Give a whole number from 0 to 32, or an object with "min", "max" or "hold".',
    ],
    [
      'warm as fraction',
      block({ warm: 0.5 }),
      'mcpServers.s.bridge.warm',
      'is 0.5, not a whole number from 0 to 32',
      'Give a whole number from 0 to 32.',
    ],
    [
      'sharing',
      block({ sharing: 'user' }),
      'mcpServers.s.bridge.sharing',
      'is "user", not "session", "principal" or "server"',
      'Give "session", "principal" or "server".',
    ],
    [
      'sessions at a process that nobody shares',
      block({ sessionsPerProcess: 10 }),
      'mcpServers.s.bridge.sessionsPerProcess',
      'counts only for processes that are shared',
      'Set "sharing" to "principal" or "server", or remove this.',
    ],
    [
      "everybody's stderr for clients",
      block({ sharing: 'server', stderr: 'client' }),
      'mcpServers.s.bridge.stderr',
      'shows what a process prints to clients, but nobody can tell for which it is',
      'Set "stderr" to "log", or "sharing" to "principal".',
    ],
    [
      'stderr',
      block({ stderr: 'file' }),
      'mcpServers.s.bridge.stderr',
      'is "file", not "log" or "client"',
      'Give "log" or "client".',
    ],
    [
      'bare star',
      block({ inheritEnv: ['*'] }),
      'mcpServers.s.bridge.inheritEnv[0]',
      'is "*", not the name of an environment variable, or a prefix such as "AWS_*"',
      'Give the name of an environment variable, or a prefix such as "AWS_*".',
    ],
    [
      'duration unit',
      block({ idleTimeout: '30sec' }),
      'mcpServers.s.bridge.idleTimeout',
      `is "30sec", not a duration from 1000ms to 168h, ${DURATION}`,
      `Give a duration from 1000ms to 168h, ${DURATION}.`,
    ],
    [
      'duration too long',
      block({ startTimeout: '169h' }),
      'mcpServers.s.bridge.startTimeout',
      `is "169h", not a duration from 100ms to 168h, ${DURATION}`,
      `Give a duration from 100ms to 168h, ${DURATION}.`,
    ],
    [
      'duration too short',
      block({ idleTimeout: 5 }),
      'mcpServers.s.bridge.idleTimeout',
      `is 5, not a duration from 1000ms to 168h, ${DURATION}`,
      `Give a duration from 1000ms to 168h, ${DURATION}.`,
    ],
    [
      'duration of a kind',
      block({ requestLimit: null }),
      'mcpServers.s.bridge.requestLimit',
      `is null, not a duration from 100ms to 168h, ${DURATION}`,
      `Give a duration from 100ms to 168h, ${DURATION}.`,
    ],
    [
      'contradiction',
      block({ requestTimeout: '2m', requestLimit: '1m' }),
      'mcpServers.s.bridge.requestTimeout',
      'is longer than "requestLimit"',
      'Raise "requestLimit" or lower this.',
    ],
    [
      'block is text',
      one({ bridge: 'x' }),
      'mcpServers.s.bridge',
      'is "x", not an object',
      'Give an object.',
    ],
    [
      'a collector',
      top({ traces: 'ftp://collector' }),
      'bridge.traces',
      'is not the URL of a collector',
      'Give a URL such as http://127.0.0.1:4318, without a user name, a query or a fragment.',
    ],
    [
      'a ratio',
      top({ traceRatio: 1.5 }),
      'bridge.traceRatio',
      'is 1.5, not a number from 0 to 1',
      'Give a number from 0 to 1.',
    ],
    [
      'port',
      top({ statusPort: 65_536 }),
      'bridge.statusPort',
      'is 65536, not a whole number from 0 to 65535',
      'Give a whole number from 0 to 65535.',
    ],
    [
      'user nobody has',
      top({ user: 'no-such-user-here' }),
      'bridge.user',
      'names a user that does not exist on this machine',
      'Create that user, or correct the name.',
    ],
    [
      'user without group',
      top({ user: { uid: 1000 } }),
      'bridge.user',
      'is an object, not the name of a user, or { "uid": …, "gid": … }',
      'Give the name of a user, or { "uid": …, "gid": … }.',
    ],
    [
      'memory without unit',
      top({ limits: { memory: '512' } }),
      'bridge.limits.memory',
      'is "512", not at least 16MiB of memory, such as "512MiB", "1GiB" or a number of bytes',
      'Give at least 16MiB of memory, such as "512MiB", "1GiB" or a number of bytes.',
    ],
    [
      'memory that starts nothing',
      top({ limits: { memory: '1MiB' } }),
      'bridge.limits.memory',
      'is "1MiB", not at least 16MiB of memory, such as "512MiB", "1GiB" or a number of bytes',
      'Give at least 16MiB of memory, such as "512MiB", "1GiB" or a number of bytes.',
    ],
    [
      'no process at all',
      top({ limits: { pids: 0 } }),
      'bridge.limits.pids',
      'is 0, not a whole number from 1 to 4194304',
      'Give a whole number from 1 to 4194304.',
    ],
    [
      'processors as text',
      top({ limits: { cpu: '50%' } }),
      'bridge.limits.cpu',
      'is "50%", not a number of processors from 0.01 to 10000, such as 1.5',
      'Give a number of processors from 0.01 to 10000, such as 1.5.',
    ],
    [
      'runner name',
      top({ runner: '-a' }),
      'bridge.runner',
      'is not a runner name',
      `${NAME_RULE}.`,
    ],
    [
      'edge is no URL',
      top({ edge: 'bridge.example.com' }),
      'bridge.edge',
      'is not an https URL',
      'Give the edge as https://<host>, for example https://bridge.example.com.',
    ],
    [
      'edge without scheme but port',
      top({ edge: 'localhost:8787' }),
      'bridge.edge',
      'is not an https URL',
      'Give the edge as https://<host>, for example https://bridge.example.com.',
    ],
    [
      'edge in clear (F-66)',
      top({ edge: 'ws://b.example' }),
      'bridge.edge',
      "is not encrypted: the runner's token and every message could be read on the way",
      'Give https://b.example; plain http is for this machine only.',
    ],
    [
      'edge that only looks local (F-66)',
      top({ edge: 'http://127.0.0.1.evil.example' }),
      'bridge.edge',
      "is not encrypted: the runner's token and every message could be read on the way",
      'Give https://127.0.0.1.evil.example; plain http is for this machine only.',
    ],
    [
      'edge with path',
      top({ edge: 'https://b.example/s/mcp' }),
      'bridge.edge',
      'has something after the host',
      'Give only the origin: https://b.example.',
    ],
    [
      'edge with password',
      top({ edge: 'https://u:pw@b.example' }),
      'bridge.edge',
      'holds a user name or password',
      'Give only https://b.example; the token comes from the token file.',
    ],
    [
      'empty reference',
      top({ tokenFile: '${A:-}' }),
      'bridge.tokenFile',
      'is empty once its references are filled',
      'Set the variable, or write the value itself.',
    ],
  ];
  it.each(table)('%s', async (_title, content, path, what, fix) => {
    expect(await problems(content)).toContainEqual({ file, path, what, fix });
  });

  it('reports all mistakes at once', async () => {
    const found = await problems({
      mcpServers: { a: { command: 1 }, b: { args: [{}] } },
      bridge: { capacity: 0, edge: 'ws://b.example' },
    });
    expect(found.map(({ path }) => path)).toEqual(['bridge.capacity']);
    const all = await problems({ mcpServers: { a: { command: 1 }, b: { args: [{}] } } });
    expect(all.map(({ path }) => path)).toEqual([
      'mcpServers',
      'mcpServers.a.command',
      'mcpServers.b.command',
      'mcpServers.b.args[0]',
    ]);
  });

  it('names a file that is not there or is no text', async () => {
    const missing = await readConfig(join(folder, 'none.json'), {});
    expect(missing).toMatchObject({ ok: false, problems: [{ path: '', what: 'does not exist' }] });
    const directory = await readConfig(folder, {});
    expect(directory).toMatchObject({ ok: false, problems: [{ what: 'is a directory' }] });
  });

  it('never repeats a value of env, args or a reference (F-69)', async () => {
    const secret = 'hunter2hunter2';
    const contents = [
      one({ env: { A: [secret] }, args: [{ secret }], cwd: `\${${secret}` }),
      one({ env: { A: `\${NOPE:${secret}}` } }),
      one({ command: 'a\0', args: [`--token=${secret}`, '${NOPE}'] }),
      top({ edge: `https://u:${secret}@b.example/${secret}` }),
    ];
    for (const content of contents)
      expect(JSON.stringify(await problems(content))).not.toContain(secret);
  });

  it('puts a problem in one line', () => {
    const problem = { file: 'mcp.json', path: 'bridge.edge', what: 'is missing', fix: 'Add it.' };
    expect(describeProblem(problem)).toBe('mcp.json: bridge.edge: is missing. Add it.');
    expect(describeProblem({ ...problem, path: '' })).toBe('mcp.json: is missing. Add it.');
  });
});

it('accepts the example that npm start serves', async () => {
  const example = fileURLToPath(new URL('../../../runner/example.mcp.json', import.meta.url));
  const reading = await readConfig(example, {});
  expect(reading).toMatchObject({ ok: true, config: { warnings: [], leftOut: [] } });
});

it('[F-661] a file of a later version is refused, with what to do; one of this version is read', async () => {
  const [problem, ...others] = await problems(top({ version: CONFIG_VERSION + 1 }));
  expect(problem).toMatchObject({
    path: 'bridge.version',
    what: `is ${CONFIG_VERSION + 1}, and this mcp-bridge reads version ${CONFIG_VERSION}`,
    fix: expect.stringContaining('Upgrade'),
  });
  expect(others).toEqual([]);
  expect(namesOf(await accepted(top({ version: CONFIG_VERSION })))).toEqual(['s']);
});
