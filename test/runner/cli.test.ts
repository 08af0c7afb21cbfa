// The command line, run as a person runs it: real processes, real signals, a real WebSocket server.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { refuse } from '../../edge/http/refuse.ts';
import { CONFIG_VERSION } from '../../runner/config/version.ts';
import { LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';
import { publicKeyOf } from '../../runner/runner-key.ts';
import { hashCredential } from '../../runner/credential.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-cli-'));
const MAIN = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));
const RUN = fileURLToPath(new URL('../fixtures/run-with-fake-runner.ts', import.meta.url));
const SERVERS = fileURLToPath(new URL('../fixtures/servers/', import.meta.url));

const children = new Set<ChildProcessWithoutNullStreams>();
const edges = new Set<Server>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const edge of edges) edge.closeAllConnections();
  for (const edge of edges) edge.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Program {
  child: ChildProcessWithoutNullStreams;
  out(): string;
  err(): string;
  /** Resolves when stdout or stderr holds `words`; rejects when the program ends without. */
  says(words: string): Promise<void>;
  ended: Promise<number | null>;
}

function start(file: string, args: readonly string[]): Program {
  const env = { PATH: process.env['PATH'], HOME: folder };
  const child = spawn(process.execPath, [file, ...args], { cwd: folder, env });
  children.add(child);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const says = (words: string) =>
    new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (`${out}${err}`.includes(words)) resolve();
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.on('close', () => reject(new Error(`never said ${words}: ${out}${err}`)));
      look();
    });
  return { child, ended, says, out: () => out, err: () => err };
}

async function bridge(...args: string[]) {
  const program = start(MAIN, args);
  return { code: await program.ended, out: program.out(), err: program.err() };
}

let files = 0;
function write(content: unknown, mode = 0o600): string {
  const path = join(folder, `file-${files++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(path, mode);
  return path;
}

const fixture = (name: string, more: object = {}) => ({
  command: process.execPath,
  args: [`${SERVERS}${name}.mjs`],
  ...more,
});

const TOKEN = `mcpr_${'t'.repeat(43)}`;

/** What an edge says with its refusals; other statuses come from what stands in front of one. */
const bodies = new Map([
  [401, await refuse({ fault: 'unauthorized' }).text()],
  [403, await refuse({ fault: 'origin_not_allowed' }).text()],
  [
    426,
    'This edge speaks mcp-bridge.v99 over WebSocket. Upgrade the edge or the runner, whichever is older.',
  ],
  [503, await refuse({ fault: 'not_configured' }).text()],
]);

/** An edge that knows one token. `answer` is the status of its refusals. */
async function serveEdge(refusal = 401, health = 200): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/healthz' ? health : 404).end();
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const isKnown = request.headers.authorization === `Bearer ${TOKEN}`;
    const isLink =
      request.url === '/runner/link' &&
      request.headers['sec-websocket-protocol'] === 'mcp-bridge.v2';
    if (isKnown && isLink && refusal === 401)
      sockets.handleUpgrade(request, socket, head, () => {});
    else {
      const body = bodies.get(refusal) ?? '';
      socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
  });
  edges.add(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.concurrent('mcp-bridge', () => {
  it('without a command explains itself and exits with 2', async () => {
    expect(await bridge()).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('Usage: mcp-bridge <command>'),
    });
  });

  it.each([
    [['help'], 'Usage: mcp-bridge <command>'],
    [['--help'], 'Usage: mcp-bridge <command>'],
    [['help', 'run'], 'Usage: mcp-bridge run'],
    [['help', 'dev'], 'Usage: mcp-bridge dev'],
    [['dev', '--help'], 'Usage: mcp-bridge dev'],
    [['check', '--help'], 'Usage: mcp-bridge check'],
    [['credential', 'runner', '-h'], 'Usage: mcp-bridge credential'],
  ])('%j prints help and exits with 0', async (args, words) => {
    expect(await bridge(...args)).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining(words),
    });
  });

  it('--version tells those of the package, the link and the config file', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    const out = `${version} (link ${LINK_SUBPROTOCOLS.join(', ')}; config ${CONFIG_VERSION})\n`;
    expect(await bridge('--version')).toEqual({ code: 0, out, err: '' });
  });

  it.each([
    [['chek'], 'there is no command "chek"\nDid you mean: mcp-bridge check'],
    [['x\u001B[31m'], 'there is no command "x\\u001b[31m"\nSee: mcp-bridge help'],
    [['toString'], 'there is no command "toString"'],
    [['check', '--confg', 'x'], "Unknown option '--confg'\nSee: mcp-bridge help check"],
    [['check', 'word'], 'takes nothing besides its options'],
    [['check', '--config'], "Option '--config <value>' argument missing"],
  ])('%j exits with 2 and a hint', async (args, words) => {
    expect(await bridge(...args)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(words),
    });
  });

  it('schema prints the published schema', async () => {
    const published = readFileSync(
      new URL('../../runner/config.schema.json', import.meta.url),
      'utf8',
    );
    expect(await bridge('schema')).toEqual({ code: 0, out: published, err: '' });
  });
});

describe.concurrent('mcp-bridge credential', () => {
  it('runner puts its key into a 0600 file and prints the public key alone', async () => {
    const path = join(folder, 'vm.key');
    const { code, out, err } = await bridge(
      'credential',
      'runner',
      'vm',
      '--servers',
      'a',
      '--out',
      path,
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const key = readFileSync(path, 'utf8').trim();
    expect(key).toMatch(/^mcpk_[\w-]{43}$/u);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(out).not.toContain(key.slice(5));
    expect(out.split('\n')).toContain(
      JSON.stringify({ vm: { token: publicKeyOf(key), servers: ['a'] } }),
    );
  });

  it('runner --token puts a token into a 0600 file and prints the hash alone', async () => {
    const path = join(folder, 'vm.token');
    const { code, out, err } = await bridge(
      'credential',
      'runner',
      'vm',
      '--servers',
      'a, b',
      '--token',
      '--out',
      path,
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const token = readFileSync(path, 'utf8').trim();
    expect(token).toMatch(/^mcpr_[\w-]{43}$/u);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(out).not.toContain(token);
    expect(out.split('\n')).toContain(
      JSON.stringify({ vm: { token: hashCredential(token), servers: ['a', 'b'] } }),
    );
    expect(out).toContain('npx wrangler secret put BRIDGE_RUNNERS\n');
    const again = await bridge(
      'credential',
      'runner',
      'vm',
      '--servers',
      'a',
      '--token',
      '--out',
      path,
    );
    expect(again).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('is not overwritten'),
    });
    expect(readFileSync(path, 'utf8').trim()).toBe(token);
  });

  it.each([['audit'], ['client', 'list'], ['policy', 'show']])(
    'what asks an edge says that it is not named: %s',
    async (...words) => {
      const { code, err } = await bridge(...words);
      expect([code, err]).toEqual([2, expect.stringContaining('name the edge with --edge')]);
    },
  );

  it('owner shows the key once, or puts it into a 0600 file, with what the edge keeps', async () => {
    const { code, out } = await bridge('credential', 'owner');
    expect(code).toBe(0);
    const [key = ''] = out.match(/mcpo_[\w-]{43}/gu) ?? [];
    expect(out.match(/mcpo_/gu)).toHaveLength(1);
    expect(out.split('\n')).toContain(hashCredential(key));
    expect(out).toContain('npx wrangler secret put BRIDGE_OWNER\n');
    const path = join(folder, 'owner-key');
    const kept = await bridge('credential', 'owner', '--out', path);
    const inFile = readFileSync(path, 'utf8').trim();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(kept.out.split('\n')).toContain(hashCredential(inFile));
    expect(kept.out).not.toContain(inFile);
    expect(await bridge('credential', 'owner', '--out', path)).toMatchObject({ code: 1, out: '' });
  });

  it('client shows the key once, with its entry', async () => {
    const { code, out } = await bridge('credential', 'client', 'ada', '--servers', '*');
    expect(code).toBe(0);
    const [key] = out.match(/mcpc_[\w-]{43}/gu) ?? [];
    expect(out.match(/mcpc_/gu)).toHaveLength(1);
    expect(out.split('\n')).toContain(
      JSON.stringify({ ada: { key: hashCredential(key ?? ''), servers: ['*'] } }),
    );
    expect(out).toContain('npx wrangler secret put BRIDGE_CLIENTS\n');
  });

  it.each([
    [[], 'name what to make'],
    [['runner'], 'name what to make'],
    [['robot', 'x'], 'name what to make'],
    [['owner', 'x'], 'owner takes no name'],
    [['owner', '--servers', 'a'], 'owner takes no name'],
    [['runner', 'a b'], 'a name has 1 to 64 letters'],
    [['client', 'x', '--servers', 'a b'], '--servers takes server names'],
    [['client', 'x', '--servers', 'a', '--out', 'f'], '--out and --token are for runners'],
    [['runner', 'x'], 'say with --servers which servers it is for'],
  ])('%j exits with 2', async (args, words) => {
    expect(await bridge('credential', ...args)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(words),
    });
  });
});

describe.concurrent('mcp-bridge check', () => {
  it('is content with a config where everything works', async () => {
    const edge = await serveEdge();
    const tokenFile = write(`${TOKEN}\n`);
    const config = write({
      mcpServers: { echo: fixture('echo'), off: { disabled: true } },
      bridge: { edge, tokenFile },
    });
    const { code, out, err } = await bridge('check', '--config', config);
    // What takes longer than a second says that it goes on.
    expect(err.replace('Trying echo …\n', '')).toBe('');
    // Only where there are cgroups, of which the processes of this user can move out.
    const ofCgroup = /^warn {2}containment: processes of echo .* can leave their cgroup.*\n.*\n/mu;
    expect(ofCgroup.test(out)).toBe(out.includes('containment: cgroup'));
    expect(out.replace(ofCgroup, '').split('\n')).toEqual([
      `ok    config: ${config}, 1 server, 1 left out`,
      expect.stringMatching(/^ok {4}containment: (?:cgroup|process marks, since .+)$/u),
      'warn  token file: processes of echo run as a user who can read it, so they could pose as this runner',
      expect.stringMatching(/^ {6}Run mcp-bridge as root, with "user" in "bridge"/u),
      `ok    token file: ${tokenFile}`,
      `ok    edge ${edge}: answers`,
      'ok    credential: accepted by the edge',
      expect.stringMatching(/^ok {4}server echo: \S+ \S+, MCP 2025-11-25 \(.*node\)$/u),
      'skip  server off: left out, since mcpServers.off.disabled is true',
      '      Switch it on there if it is to be served.',
      '',
    ]);
    expect(code).toBe(0);
  });

  it('tries a server of people for one of them, and for nobody else (F-573)', async () => {
    const people = mkdtempSync(join(folder, 'people-'));
    mkdirSync(join(people, 'ann'));
    writeFileSync(join(people, 'ann', 'token'), 'secret of ann', { mode: 0o600 });
    const { command, args } = fixture('echo');
    const program = `if (process.env.TOKEN !== 'secret of ann') process.exit(3); else import(${JSON.stringify(args[0])})`;
    const perUser = { env: { TOKEN: { file: `${people}/\${person.id}/token` } } };
    const entry = { command, args: ['-e', program], bridge: { perUser } };
    const config = write({ mcpServers: { s: entry } });
    const { out: ofNobody } = await bridge('check', '--config', config);
    expect(ofNobody).toContain('skip  server s: not tried, since it starts for a person only');
    expect(ofNobody).toContain('ok    people of s: 1 have their files');
    const { out: ofAnn } = await bridge('check', '--config', config, '--person', 'ann');
    expect(ofAnn).toMatch(/^ok {4}server s: /mu);
    const { code, out: ofBob } = await bridge('check', '--config', config, '--person', 'bob');
    expect(ofBob).toContain(
      `FAIL  server s: cannot start for bob: ${people}/bob/token does not exist`,
    );
    expect(code).toBe(1);
    const { code: usage, err } = await bridge('check', '--config', config, '--person', '../ann');
    expect(usage).toBe(2);
    expect(err).toContain('--person takes an id');
  });

  it('says what it heard instead of an answer, and takes what every client takes (F-110, F-114)', async () => {
    const odd = (how: string) => ({
      command: process.execPath,
      args: [join(SERVERS, 'odd-answers.mjs'), how],
      env: { SECRET: 'http://localhost' },
      bridge: { startTimeout: '4s' },
    });
    const ways = ['string-ids', 'bom', 'banner', 'framed', 'id-zero', 'nan', 'utf16'];
    const mcpServers = Object.fromEntries(ways.map((how) => [how, odd(how)]));
    const { code, out } = await bridge('check', '--config', write({ mcpServers }));
    expect(code).toBe(1);
    expect(out).toMatch(/^ok {4}server string-ids: odd 1, MCP 2025-11-25/mu);
    expect(out).toMatch(/^ok {4}server bom: odd 1, MCP 2025-11-25/mu);
    expect(out).toContain(
      'FAIL  server banner: does not answer initialize within 4000 ms; on stdout it printed "Server listening on [redacted]:3000"',
    );
    expect(out).toContain('FAIL  server framed: frames its messages with Content-Length headers');
    expect(out).toMatch(/^FAIL {2}server id-zero: sent an answer that cannot be used: its id is/mu);
    expect(out).toMatch(/^FAIL {2}server nan: sent an answer that cannot be used: byte \d+/mu);
    expect(out).toMatch(
      /^FAIL {2}server utf16: sent an answer that cannot be used: it is UTF-16/mu,
    );
  });

  it('says what to do about each server that fails (F-70)', async () => {
    const config = write({
      mcpServers: {
        missing: { command: 'no-such-program' },
        exits: fixture('exits-at-once'),
        mute: { command: 'sleep', args: ['60'], bridge: { startTimeout: '300ms' } },
        noisy: fixture('noisy-stdout'),
      },
    });
    const { code, out } = await bridge('check', '--config', config);
    expect(code).toBe(1);
    expect(out).toContain(
      "FAIL  server missing: command 'no-such-program' not found: install it or give its full path",
    );
    expect(out).toMatch(
      /FAIL {2}server exits: exited with code \d+ before it answered initialize\n {6}Read what it printed/u,
    );
    expect(out).toContain('FAIL  server mute: does not answer initialize within 300 ms\n');
    expect(out).toMatch(
      /warn {2}server noisy: .*\n {6}It prints text on stdout that is not a message/u,
    );
    expect(out).toContain('skip  edge: none is configured');
  });

  it.each([
    [401, 'the edge does not accept this token or key\n      Put its entry'],
    [403, 'the edge refuses this runner\n      Check the entry'],
    [426, 'runner and edge have no link version in common\n      Upgrade whichever is older'],
    [503, 'the edge is not configured yet\n      Set its secret BRIDGE_RUNNERS'],
    [302, 'it answers with a redirect (302)\n      Give the address'],
    [200, 'an answer came (200) in place of the link'],
    [400, 'the request arrived without its WebSocket upgrade'],
    [502, 'a gateway in front of the edge cannot reach it'],
  ])('explains a dial answered with %i, without the token', async (refusal, words) => {
    const edge = await serveEdge(refusal);
    const wrong = `mcpr_${'w'.repeat(43)}`;
    const config = write({
      mcpServers: { echo: fixture('echo') },
      bridge: { edge, tokenFile: write(wrong) },
    });
    const { code, out, err } = await bridge('check', '--config', config);
    expect(code).toBe(1);
    expect(out).toContain(`FAIL  credential: ${words}`);
    expect(out + err).not.toContain(wrong);
  });

  it('explains an edge that does not answer, or answers as something else', async () => {
    const config = write({
      mcpServers: { echo: fixture('echo') },
      bridge: { tokenFile: write(TOKEN) },
    });
    const gone = await bridge('check', '--config', config, '--edge', 'http://127.0.0.1:9');
    expect(gone).toMatchObject({
      code: 1,
      out: expect.stringContaining('FAIL  edge http://127.0.0.1:9: '),
    });
    expect(gone.out).toContain('skip  credential: not tried');
    const other = await bridge('check', '--config', config, '--edge', await serveEdge(401, 404));
    expect(other.out).toContain('answers /healthz with 404');
  });

  it('fails for a token file that others can read (F-69)', async () => {
    const tokenFile = write(TOKEN, 0o644);
    const config = write({ mcpServers: { echo: fixture('echo') } });
    const { code, out } = await bridge('check', '--config', config, '--token-file', tokenFile);
    expect(code).toBe(1);
    expect(out).toContain(
      `FAIL  token file: ${tokenFile} is open to other users (mode 0644)\n      Run: chmod 600 ${tokenFile} `,
    );
  });

  it('shows what becomes of each entry: served under which name, or left out and why (F-221) (F-222)', async () => {
    const config = write({
      context_servers: {
        'Echo Server': fixture('echo'),
        remote: { type: 'builtin', name: 'x' },
        broken: { command: 'node', args: ['${NOPE}'], timeout: 5 },
        off: { ...fixture('echo'), enabled: false },
      },
    });
    const { code, out } = await bridge('check', '--config', config);
    expect(out).toContain(`ok    config: ${config}, 1 server from "context_servers", 3 left out\n`);
    expect(out).toContain('warn  context_servers["Echo Server"]: is served as "Echo-Server"');
    expect(out).toMatch(/ok {4}server Echo-Server \("Echo Server"\): \S+ \S+, MCP/u);
    expect(out).toMatch(
      /warn {2}server remote: left out, since context_servers\.remote\.type belongs to/u,
    );
    expect(out).toMatch(/FAIL {2}server broken: left out, since .*args\[0\] refers to .* NOPE/u);
    expect(out).toMatch(
      /skip {2}server off: left out, since context_servers\.off\.enabled is false/u,
    );
    // A server that was meant to be served is not.
    expect(code).toBe(1);
  });

  it('shows no secret that a server prints or is started with (F-230)', async () => {
    const secret = 'sk-0123456789abcdef';
    const env = write(`KEY=${secret}\n`);
    const print = ['-e', 'console.error(process.env.KEY, process.argv[1])', secret];
    const config = write({
      mcpServers: {
        prints: { command: process.execPath, args: print, envFile: env },
        missing: { command: `/opt/${secret}/x`, envFile: env },
      },
    });
    const { out } = await bridge('check', '--config', config);
    expect(out).toContain('| [redacted] [redacted]');
    expect(out).toContain("command '/opt/[redacted]/x' not found");
    expect(out).not.toContain(secret);
  });

  it('prints every problem of the config', async () => {
    const config = write({
      mcpServers: { a: { command: 1 }, b: { command: 'x', bridge: { wram: 1 } } },
    });
    const { code, out } = await bridge('check', '--config', config);
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      `FAIL  config: ${config} has 3 problems`,
      `      | ${config}: mcpServers: has no server to offer. Correct or switch on one of those that are left out.`,
      `      | ${config}: mcpServers.a.command: is a number, not the program to run, as a string. Give the program to run, as a string.`,
      `      | ${config}: mcpServers.b.bridge.wram: is not a setting. Did you mean "warm"?`,
      '',
    ]);
  });
});

describe.concurrent('mcp-bridge run', () => {
  const settings = (more: object = {}) => ({
    mcpServers: { a: { command: 'node' } },
    bridge: { edge: 'https://bridge.example', runner: 'vm', tokenFile: write(TOKEN), ...more },
  });

  it.each([
    ['no config', {}, 'mcpServers: is missing'],
    [
      'no edge',
      { mcpServers: { a: { command: 'x' } } },
      'bridge.edge: is missing. Give the edge there or with --edge',
    ],
    [
      'no token file',
      { mcpServers: { a: { command: 'x' } }, bridge: { edge: 'https://b.example', runner: 'vm' } },
      'bridge.tokenFile: is missing. Make one with: mcp-bridge credential runner vm --servers <names>',
    ],
    [
      'an edge in clear (F-66)',
      settings({ edge: 'ws://b.example' }),
      'bridge.edge: is not encrypted',
    ],
    [
      'a token file open to others (F-69)',
      settings({ tokenFile: write(TOKEN, 0o604) }),
      'is open to other users (mode 0604)',
    ],
  ])('does not start with %s', async (_title, content, words) => {
    const program = start(RUN, ['--config', write(content)]);
    expect(await program.ended).toBe(1);
    expect(program.err()).toContain(words);
    expect(program.out()).toBe('');
  });

  it('checks --edge as it does the file (F-66)', async () => {
    const program = start(RUN, ['--config', write(settings()), '--edge', 'http://b.example']);
    expect(await program.ended).toBe(1);
    expect(program.err()).toContain('command line: --edge: is not encrypted');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'drains on %s and exits with 0 (R-12)',
    async (signal) => {
      const program = start(RUN, ['--config', write(settings()), '--runner', 'other']);
      await program.says('linked to the edge');
      await program.says(' a\n');
      expect(program.out()).toBe(`start other https://bridge.example ${TOKEN.length} a\n`);
      expect(program.err()).toContain('"message":"orphan ended","pid":1');
      program.child.kill(signal);
      await program.says('drain\n');
      program.child.stdin.end();
      expect(await program.ended).toBe(0);
      expect(program.out()).toContain('drain\ndrained\n');
      expect(program.out()).not.toContain('kill');
      expect(program.err()).not.toContain(TOKEN);
    },
  );

  it('says once how processes are contained (F-75)', async () => {
    const program = start(RUN, ['--config', write(settings())]);
    await program.says('linked to the edge');
    const said = program
      .err()
      .split('\n')
      .filter((line) => line.includes('"containment"'));
    expect(said.length).toBe(1);
    expect(JSON.parse(said[0] ?? '')).toMatchObject({
      mode: expect.stringMatching(/^(?:cgroup|process marks)$/u),
    });
  });

  it.skipIf(process.platform !== 'linux')(
    'keeps its token out of its environment and its arguments, which others can read (F-78)',
    async () => {
      const program = start(MAIN, [
        'run',
        '--config',
        write(settings({ edge: 'https://127.0.0.1:9' })),
      ]);
      await program.says('runner started');
      for (const file of ['environ', 'cmdline']) {
        const text = readFileSync(`/proc/${program.child.pid}/${file}`, 'latin1');
        expect(text).not.toBe('');
        expect(text).not.toContain('mcpr_');
      }
    },
  );

  it.skipIf(process.geteuid?.() !== 0)(
    "starts the processes of a server as that server's user (F-78)",
    async () => {
      const say = 'echo uid $(id -u) home "$HOME" >&2; cat "$0" >&2 || exit 3';
      const tokenFile = write(TOKEN);
      const sh = (more: object) => ({
        command: '/bin/sh',
        args: ['-c', say, tokenFile],
        cwd: '/',
        ...more,
      });
      const config = write({
        mcpServers: { own: sh({}), other: sh({ bridge: { user: { uid: 61_001, gid: 61_001 } } }) },
        bridge: { tokenFile },
      });
      chmodSync(folder, 0o755);
      const { out } = await bridge('check', '--config', config);
      const warned = out.split('\n').find((line) => line.startsWith('warn  token file'));
      expect(warned).toContain('processes of own run as a user who can read it');
      const [own = '', other = ''] = out.split('server own: ')[1]?.split('server other: ') ?? [];
      // It printed the token, which is taken out of what is shown.
      expect(own).toContain(`| uid 0 home ${folder}\n      | [redacted]`);
      expect(other).toMatch(/exited with code 3[^]*\| uid 61001 home \/?\n[^]*ermission denied/u);
      expect(other).not.toContain(TOKEN);
    },
  );

  it('exits at once on a second signal (R-12)', async () => {
    const program = start(RUN, ['--config', write(settings())]);
    await program.says('linked to the edge');
    program.child.kill('SIGTERM');
    await program.says('drain\n');
    program.child.kill('SIGINT');
    expect(await program.ended).toBe(130);
    expect(program.out()).toContain('drain\nkill\n');
  });

  it('reloads on SIGHUP and when the file changes; a mistake leaves the config in force (F-92)', async () => {
    const content = settings();
    const config = write(content);
    const program = start(RUN, ['--config', config]);
    await program.says('linked to the edge');
    program.child.kill('SIGHUP');
    await program.says('reload a\n');
    writeFileSync(config, JSON.stringify({ ...content, mcpServers: { b: { command: 'node' } } }));
    await program.says('reload b\n');
    writeFileSync(config, '{');
    await program.says('config not reloaded');
    expect(program.err()).toContain('line 1, column 2');
    writeFileSync(config, JSON.stringify({ ...content, mcpServers: { c: { command: 'node' } } }));
    await program.says('reload c\n');
    expect(program.out()).toBe(
      `start vm https://bridge.example ${TOKEN.length} a\nreload a\nreload b\nreload c\n`,
    );
  });

  it('opens the status pages where the config says so (F-69b)', async () => {
    const program = start(RUN, ['--config', write(settings({ statusPort: 0 }))]);
    await program.says('status pages open');
    const [url] = /http:\/\/127\.0\.0\.1:\d+\//u.exec(program.err()) ?? [];
    const ready = await fetch(`${url}readyz`);
    expect(await ready.text()).toBe('ready\n');
  });
});
