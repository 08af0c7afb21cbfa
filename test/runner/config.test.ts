// The config file: what is accepted, what each mistake is answered with, and that the published schema is in step.
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { watchConfig } from '../../runner/config-watch.ts';
import { readConfig, sameServer } from '../../runner/config.ts';
import type { RunnerConfig, ServerConfig } from '../../runner/config.ts';
import { configJsonSchema } from '../../runner/config/json-schema.ts';
import { findSyntaxFault } from '../../runner/config/json-syntax.ts';
import type { ConfigProblem } from '../../runner/config/problem.ts';
import { describeProblem } from '../../runner/config/problem.ts';
import { runnerNameOf } from '../../runner/config/reader.ts';
import { hasReference } from '../../runner/config/references.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-config-'));
const file = join(folder, 'mcp.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(content: unknown, environment: NodeJS.ProcessEnv = {}) {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return readConfig(file, environment);
}

async function accepted(
  content: unknown,
  environment: NodeJS.ProcessEnv = {},
): Promise<RunnerConfig> {
  const reading = await read(content, environment);
  if (!reading.ok)
    throw new Error(reading.problems.map((problem) => describeProblem(problem)).join('\n'));
  return reading.config;
}

async function problems(
  content: unknown,
  environment: NodeJS.ProcessEnv = {},
): Promise<readonly ConfigProblem[]> {
  const reading = await read(content, environment);
  if (reading.ok) throw new Error('was accepted');
  return reading.problems;
}

function serverOf(config: RunnerConfig, name = 's'): ServerConfig {
  const server = config.servers.get(name);
  if (server === undefined) throw new Error(`no server ${name}`);
  return server;
}

const one = (entry: object) => ({ mcpServers: { s: { command: 'node', ...entry } } });
const block = (bridge: object) => one({ bridge });
const top = (bridge: object) => ({ ...one({}), bridge });

describe('what a config becomes', () => {
  it('fills every default', async () => {
    const config = await accepted(one({}));
    expect(config).toMatchObject({ file, capacity: 200, drainTimeoutMs: 30_000, warnings: [] });
    expect(config).not.toHaveProperty('edge');
    expect(config).not.toHaveProperty('tokenFile');
    expect(config).not.toHaveProperty('statusPort');
    expect(serverOf(config)).toEqual({
      name: 's',
      command: 'node',
      args: [],
      env: {},
      cwd: folder,
      inheritEnv: [],
      warm: 0,
      stderr: 'log',
      idleTimeoutMs: 1_800_000,
      vanishTimeoutMs: 30_000,
      requestTimeoutMs: 300_000,
      requestLimitMs: 3_600_000,
      startTimeoutMs: 30_000,
      maxLineBytes: 16_777_216,
      maxInFlight: 64,
      maxSessions: 200,
      maxProcesses: 8,
      parkTimeoutMs: 300_000,
    });
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
          timeout: 60,
          disabled: false,
          bridge: {
            warm: 2,
            sharing: 'session',
            stderr: 'client',
            inheritEnv: ['AWS_*', 'EDITOR'],
            idleTimeout: '1h',
            vanishTimeout: 0,
            requestTimeout: '500ms',
            requestLimit: 60_000,
            startTimeout: '5m',
            maxLineBytes: 4096,
            maxInFlight: 8,
            maxSessions: 3,
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
      warnings: [],
    });
    expect(serverOf(config)).toMatchObject({
      command: './bin/server',
      args: ['a', ''],
      env: { KEY: 'value' },
      cwd: join(folder, 'work'),
      inheritEnv: ['AWS_*', 'EDITOR'],
      warm: 2,
      stderr: 'client',
      idleTimeoutMs: 3_600_000,
      vanishTimeoutMs: 0,
      requestTimeoutMs: 500,
      requestLimitMs: 60_000,
      startTimeoutMs: 300_000,
      maxLineBytes: 4096,
      maxInFlight: 8,
      maxSessions: 3,
      user: { uid: 61_001, gid: 61_002 },
      limits: { memoryBytes: 512 * 1024 * 1024, pids: 256, cpus: 0.5 },
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
    expect(serverOf(config)).toMatchObject({
      command: '/opt/server',
      args: ['--at=h.example:80', '${HOST}', '$HOST'],
      // What a variable holds is not filled again.
      env: { KEY: '${HOST}', EMPTY: '', OR: 'or' },
      cwd: '/opt',
    });
    expect(config).toMatchObject({ edge: 'https://h.example', tokenFile: '/opt/t' });
  });

  it('skips a disabled server with all its mistakes', async () => {
    const config = await accepted({
      mcpServers: { s: { command: 'node' }, 'bad name': { disabled: true, command: 7, url: 'x' } },
    });
    expect([...config.servers.keys()]).toEqual(['s']);
  });

  it('reads a file that begins with a byte-order mark', async () => {
    expect((await accepted(`\uFEFF${JSON.stringify(one({}))}`)).servers.size).toBe(1);
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

const DURATION = 'as "500ms", "30s", "5m", "1h" or a number of milliseconds';
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
      'VS Code’s name',
      { servers: {} },
      'mcpServers',
      'is missing',
      'Rename "servers" to "mcpServers".',
    ],
    [
      'misspelt servers',
      { mcpServer: {} },
      'mcpServers',
      'is missing',
      'Rename "mcpServer" to "mcpServers".',
    ],
    [
      'servers as list',
      { mcpServers: [] },
      'mcpServers',
      'is an array, not an object',
      'Write "mcpServers": { "<name>": { … } }.',
    ],
    [
      'empty',
      { mcpServers: {} },
      'mcpServers',
      'has no server to offer',
      'Add one, or remove "disabled" from one.',
    ],
    [
      'entry is text',
      { mcpServers: { s: 'node' } },
      'mcpServers.s',
      'is a string, not an object with a "command"',
      'Give an object with a "command".',
    ],
    [
      'no command',
      { mcpServers: { s: { args: [] } } },
      'mcpServers.s.command',
      'is missing',
      'Add it.',
    ],
    [
      'misspelt command',
      { mcpServers: { s: { comamnd: 'node' } } },
      'mcpServers.s.command',
      'is missing',
      'Rename "comamnd" to "command".',
    ],
    [
      'empty command',
      one({ command: '' }),
      'mcpServers.s.command',
      'is empty, not the program to run, as a string',
      'Give the program to run, as a string.',
    ],
    [
      'command with NUL',
      one({ command: 'a\0' }),
      'mcpServers.s.command',
      'is a string, not the program to run, as a string',
      'Give the program to run, as a string.',
    ],
    [
      'args as text',
      one({ args: '-y pkg' }),
      'mcpServers.s.args',
      'is a string, not an array of strings',
      'Give an array of strings.',
    ],
    [
      'number in args',
      { mcpServers: { 'a.b': { command: 'x', args: ['a', 1] } } },
      'mcpServers["a.b"].args[1]',
      'is a number, not a string in double quotes',
      'Give a string in double quotes.',
    ],
    [
      'number in env',
      one({ env: { PIN: 4711 } }),
      'mcpServers.s.env.PIN',
      'is a number, not a string in double quotes',
      'Give a string in double quotes.',
    ],
    [
      'variable with =',
      one({ env: { 'A=B': 'x' } }),
      'mcpServers.s.env["A=B"]',
      'is a string, not a variable name without "="',
      'Give a variable name without "=".',
    ],
    [
      'remote by url',
      one({ url: 'https://x.example/mcp' }),
      'mcpServers.s',
      'is a remote server, and remote servers need no bridge',
      'Remove this server or set "disabled": true; clients reach it at its own URL.',
    ],
    [
      'remote by type',
      { mcpServers: { s: { type: 'sse' } } },
      'mcpServers.s',
      'is a remote server, and remote servers need no bridge',
      'Remove this server or set "disabled": true; clients reach it at its own URL.',
    ],
    [
      'other type',
      one({ type: 'pipe' }),
      'mcpServers.s.type',
      'is a string, not "stdio"',
      'Give "stdio".',
    ],
    [
      'bad name',
      { mcpServers: { 'a b': { command: 'x' } } },
      'mcpServers["a b"]',
      'is not a server name',
      `${NAME_RULE}: it stands in the URL.`,
    ],
    [
      'reserved name',
      { mcpServers: { Metrics: { command: 'x' } } },
      'mcpServers.Metrics',
      'is a name the edge uses itself',
      'Choose another name for this server.',
    ],
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
      'Remove it; the settings here are edge, runner, tokenFile, capacity, drainTimeout, statusPort, user, limits.',
    ],
    [
      'warm too high',
      block({ warm: 33 }),
      'mcpServers.s.bridge.warm',
      'is 33, not a whole number from 0 to 32',
      'Give a whole number from 0 to 32.',
    ],
    [
      'warm as fraction',
      block({ warm: 0.5 }),
      'mcpServers.s.bridge.warm',
      'is 0.5, not a whole number from 0 to 32',
      'Give a whole number from 0 to 32.',
    ],
    [
      'planned sharing',
      block({ sharing: 'server' }),
      'mcpServers.s.bridge.sharing',
      'is "server", not "session": each session has a process of its own',
      'Give "session": each session has a process of its own.',
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
      'names a user this machine does not have',
      'Make that user, or correct the name.',
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
      'is "512", not an amount of memory from 16MiB on, as "512MiB", "1GiB" or a number of bytes',
      'Give an amount of memory from 16MiB on, as "512MiB", "1GiB" or a number of bytes.',
    ],
    [
      'memory that starts nothing',
      top({ limits: { memory: '1MiB' } }),
      'bridge.limits.memory',
      'is "1MiB", not an amount of memory from 16MiB on, as "512MiB", "1GiB" or a number of bytes',
      'Give an amount of memory from 16MiB on, as "512MiB", "1GiB" or a number of bytes.',
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
      'Give the origin alone: https://b.example.',
    ],
    [
      'edge with password',
      top({ edge: 'https://u:pw@b.example' }),
      'bridge.edge',
      'holds a user name or password',
      'Give https://b.example alone; the token comes from the token file.',
    ],
    [
      'unset reference',
      one({ args: ['x', '${NOPE}'] }),
      'mcpServers.s.args[1]',
      'refers to the environment variable NOPE, which is not set',
      'Set NOPE for the runner, or write ${NOPE:-default}.',
    ],
    [
      'foreign reference',
      one({ env: { A: '${input:key}' } }),
      'mcpServers.s.env.A',
      'holds a ${ that is not a reference',
      'Write ${NAME} or ${NAME:-default}, or $${ for the characters themselves.',
    ],
    [
      'open reference',
      one({ cwd: '${HOME' }),
      'mcpServers.s.cwd',
      'holds a ${ that is not a reference',
      'Write ${NAME} or ${NAME:-default}, or $${ for the characters themselves.',
    ],
    [
      'empty reference',
      top({ tokenFile: '${A:-}' }),
      'bridge.tokenFile',
      'is empty once its references are filled',
      'Set the variable, or write the value itself.',
    ],
    [
      'no JSON at all',
      'hello',
      'line 1, column 1',
      'a value is missing',
      'Write a string in double quotes, a number, true, false, an object or an array.',
    ],
    [
      'nothing',
      '',
      'line 1, column 1',
      'the file ends too early',
      'Close every bracket and quote that was opened.',
    ],
    [
      'comma at the end',
      '{\n  "mcpServers": {},\n}',
      'line 2, column 19',
      'there is a comma before }',
      'Remove the comma after the last entry.',
    ],
    [
      'no comma',
      '{\n  "a": 1\n  "b": 2}',
      'line 3, column 3',
      'a comma or } is missing',
      'Put a comma between two entries, or } after the last.',
    ],
    [
      'comment',
      '{\n  // mine\n}',
      'line 2, column 3',
      'there is a comment',
      'Remove it: JSON has no comments.',
    ],
    [
      'single quotes',
      "{'a': 1}",
      'line 1, column 2',
      'a key is missing',
      'Write the key in double quotes.',
    ],
    [
      'open string',
      '{"a": "b\n}',
      'line 1, column 7',
      'a string is not closed or holds a wrong escape',
      'Close it with a double quote on the same line; write \\\\ for a backslash.',
    ],
    [
      'open bracket',
      '{"a": [1',
      'line 1, column 9',
      'the file ends too early',
      'Close every bracket and quote that was opened.',
    ],
    [
      'text after the end',
      '{} {}',
      'line 1, column 4',
      'there is text after the end of the JSON',
      'Remove it, or correct the brackets before it.',
    ],
    [
      'a key twice',
      '{"mcpServers": {"s": {}, "s": {}}}',
      'line 1, column 26',
      'the key "s" occurs twice in one object',
      'Rename or remove one of the two.',
    ],
    [
      'brackets without end',
      '['.repeat(100_000),
      'line 1, column 66',
      'the nesting is too deep',
      'Remove the inner brackets.',
    ],
  ];
  it.each(table)('%s', async (_title, content, path, what, fix) => {
    expect(await problems(content)).toEqual([{ file, path, what, fix }]);
  });

  it('reports all mistakes at once', async () => {
    const found = await problems({
      mcpServers: { runner: { command: 1 }, b: { args: [2] } },
      bridge: { capacity: 0 },
    });
    expect(found.map(({ path }) => path)).toEqual([
      'bridge.capacity',
      'mcpServers.runner',
      'mcpServers.runner.command',
      'mcpServers.b.command',
      'mcpServers.b.args[0]',
    ]);
  });

  it('names a file that is not there or is no text', async () => {
    const missing = await readConfig(join(folder, 'none.json'), {});
    expect(missing).toMatchObject({ ok: false, problems: [{ path: '', what: 'does not exist' }] });
    const directory = await readConfig(folder, {});
    expect(directory).toMatchObject({ ok: false, problems: [{ what: 'is a directory' }] });
    writeFileSync(file, Buffer.from([0x22, 0xff, 0x22]));
    expect(await readConfig(file, {})).toMatchObject({
      ok: false,
      problems: [{ what: 'is not UTF-8 text' }],
    });
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

describe('warnings (F-69)', () => {
  const pin = 'names a package without an exact version, so another version may run tomorrow';
  const secret = 'looks like a secret, and arguments can be read by every user of the machine';
  const shell = 'holds characters that only a shell understands, and no shell runs it';
  const line = 'looks like a whole command line';
  const table: [string, object, [string, string][]][] = [
    ['unpinned', { command: 'npx', args: ['-y', 'pkg'] }, [['args[1]', pin]]],
    ['unpinned scope', { command: '/usr/bin/npx', args: ['-y', '@a/pkg'] }, [['args[1]', pin]]],
    ['a tag', { command: 'npx', args: ['pkg@latest'] }, [['args[0]', pin]]],
    ['a range', { command: 'bunx', args: ['pkg@^1.2'] }, [['args[0]', pin]]],
    ['by flag', { command: 'npx', args: ['-p', 'pkg', 'program'] }, [['args[1]', pin]]],
    ['pinned', { command: 'npx', args: ['-y', '@a/pkg@1.2.3', 'x'] }, []],
    ['pinned uvx', { command: 'uvx', args: ['pkg==1.2.3'] }, []],
    ['local package', { command: 'npx', args: ['./pkg'] }, []],
    ['no fetcher', { command: 'node', args: ['pkg'] }, []],
    ['flag and value', { args: ['--api-key', 'abc'] }, [['args[1]', secret]]],
    ['flag with value', { args: ['x', '--auth-token=abc'] }, [['args[1]', secret]]],
    ['issued token', { args: [`ghp_${'a'.repeat(36)}`] }, [['args[0]', secret]]],
    ['password in URL', { args: ['postgres://me:pw@db/x'] }, [['args[0]', secret]]],
    ['flag without value', { args: ['--token', '--verbose'] }, []],
    ['plain words', { args: ['--tokenizer', 'bpe', 'https://h.example/a@b'] }, []],
    ['a pipe', { command: 'a|b' }, [['command', shell]]],
    ['a command line', { command: 'npx -y pkg' }, [['command', line]]],
    ['a path with a blank', { command: '/opt/my tools/server' }, []],
    ['misspelt key', { arg: ['x'] }, [['arg', 'is not a setting']]],
    ['setting in the wrong place', { warm: 2 }, [['warm', 'has no effect here']]],
  ];
  it.each(table)('%s', async (_title, entry, expected) => {
    const { warnings } = await accepted(one(entry));
    expect(warnings.map(({ path, what }) => [path, what])).toEqual(
      expected.map(([key, what]) => [`mcpServers.s.${key}`, what]),
    );
  });
});

describe('the syntax check', () => {
  it('agrees with JSON.parse on every text without duplicate keys', () => {
    const alphabet = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b"',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'nul',
      ' ',
      '\n',
      '\\',
      '"',
    );
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 10 }), (parts) => {
        const text = parts.join('');
        const fault = findSyntaxFault(text);
        if (fault?.what.includes('occurs twice') === true) return;
        expect({ text, isJson: fault === undefined }).toEqual({ text, isJson: isJson(text) });
      }),
      { numRuns: 5000 },
    );
  });

  it('accepts what JSON.stringify prints', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(4), (value, indent) => {
        expect(findSyntaxFault(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Changes `path` and resolves once a later watch of its directory has told so: an earlier one has had its say by then. */
async function settled(path: string): Promise<void> {
  const own = Promise.withResolvers<void>();
  const watcher = watchConfig(path, own.resolve);
  writeFileSync(path, 'changed');
  await own.promise;
  watcher.close();
}

describe('reload (F-92)', () => {
  it('tells a changed server from an unchanged one', async () => {
    const before = serverOf(await accepted(one({ args: ['a'], env: { K: '${K}' } }), { K: '1' }));
    const same = serverOf(await accepted(one({ env: { K: '${K}' }, args: ['a'] }), { K: '1' }));
    const other = serverOf(await accepted(one({ args: ['a'], env: { K: '${K}' } }), { K: '2' }));
    expect(sameServer(before, same)).toBe(true);
    expect(sameServer(before, other)).toBe(false);
    expect(sameServer(before, { ...same, warm: 1 })).toBe(false);
  });

  it.each([
    ['written in place', (path: string) => writeFileSync(path, '{"mcpServers":{"new":{}}}')],
    [
      'replaced by renaming',
      (path: string) => {
        writeFileSync(`${path}~`, 'x');
        renameSync(`${path}~`, path);
      },
    ],
    [
      'removed and made again',
      (path: string) => {
        rmSync(path);
        writeFileSync(path, 'y');
      },
    ],
  ])('notices each time a file is %s, and no other file', async (_title, change) => {
    const path = join(mkdtempSync(join(folder, 'watch-')), 'mcp.json');
    writeFileSync(path, '{}');
    const changes: (() => void)[] = [];
    let count = 0;
    const watcher = watchConfig(path, () => {
      count++;
      changes.shift()?.();
    });
    const changed = () => new Promise<void>((resolve) => void changes.push(resolve));
    writeFileSync(`${path}.other`, 'not the config');
    // A file the watch does not tell apart would be reported before the first change of the config.
    await settled(`${path}.other`);
    expect(count).toBe(0);
    for (const expected of [1, 2]) {
      const next = changed();
      change(path);
      await next;
      expect(count).toBe(expected);
    }
    watcher.close();
  });
});

describe('the published schema', () => {
  it('is what the runner itself uses (npm run schema writes it)', () => {
    const published = readFileSync(
      new URL('../../runner/config.schema.json', import.meta.url),
      'utf8',
    );
    expect(JSON.parse(published)).toEqual(configJsonSchema());
  });
});

it('knows a reference from an escaped one', () => {
  expect([hasReference('a${B}'), hasReference('$${B}'), hasReference('$B')]).toEqual([
    true,
    false,
    false,
  ]);
});

it('accepts the example that npm start serves', async () => {
  const example = fileURLToPath(new URL('../../runner/example.mcp.json', import.meta.url));
  expect(await readConfig(example, {})).toMatchObject({ ok: true, config: { warnings: [] } });
});
