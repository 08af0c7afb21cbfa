// What stops people in their first minutes. Each hurdle is told in one sentence with what to do; and once that is done, the very same
// command works, whatever the failed try left behind.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test, vi } from 'vitest';

import { freePort } from '../../runner/dev/free-port.ts';
import { PATIENCE } from '../fixtures/patience.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));
const echo = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));

/** A user's machine: the working folder is `work` in a home of its own. */
interface Machine {
  readonly home: string;
  readonly work: string;
  readonly bin: string;
}

function newMachine(): Machine {
  const home = mkdtempSync(join(tmpdir(), 'mcp-bridge-hurdle-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const machine = { home, work: join(home, 'work'), bin: join(home, 'bin') };
  mkdirSync(machine.work);
  mkdirSync(machine.bin);
  return machine;
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end, or until it prints that it serves; then it is stopped. */
async function bridge({ home, work, bin }: Machine, words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: work,
    env: { HOME: home, PATH: `${bin}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (out.includes('"ok":true')) child.kill('SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    if (err.includes('edge started')) child.kill('SIGINT');
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

const UP = ['up', '--port', '0', '--json', '--', process.execPath, echo];

async function listening(server: Server, port: number): Promise<() => void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return () => void server.close();
}

/** What is in the way, and how the person takes it away. */
interface Hurdle {
  readonly words: (machine: Machine) => readonly string[];
  readonly put: (machine: Machine) => Promise<() => void> | (() => void);
  readonly says: RegExp;
  /** What the command says then; nothing where that needs more than this machine. */
  readonly works?: RegExp;
}

const port = await freePort();
const SERVES = /"ok":true/u;

const HURDLES: Readonly<Record<string, Hurdle>> = {
  'a port that is taken': {
    words: () => UP.with(2, String(port)),
    put: () => listening(createServer(), port),
    says: new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use\\. .* with --port\\.\\n$`, 'u'),
    works: SERVES,
  },
  'a port that is taken, for an edge': {
    words: () => ['edge', '--listen', `127.0.0.1:${port}`],
    put: () => listening(createServer(), port),
    says: new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use\\. .* with --listen\\.\\n$`, 'u'),
  },
  'a folder where nobody may write': {
    words: () => UP,
    // The system's own, since for root all others are open.
    put: ({ work }) => {
      symlinkSync('/sys/kernel/.bridge', join(work, '.bridge'));
      return () => rmSync(join(work, '.bridge'));
    },
    says: /^\.bridge .*\. .*choose another folder with --storage\.\n$/u,
    works: SERVES,
  },
  'a secret of which nothing was written before the power went': {
    words: () => UP,
    put: ({ work }) => {
      mkdirSync(join(work, '.bridge'), { mode: 0o700 });
      writeFileSync(join(work, '.bridge/secret'), '', { mode: 0o600 });
      writeFileSync(join(work, '.bridge/key'), 'mcpc_short', { mode: 0o600 });
      return () => rmSync(join(work, '.bridge/key'));
    },
    says: /^\.bridge\/key does not contain what was written to it, so it is not used\. Remove it, .*\n$/u,
    works: SERVES,
  },
  'a command that is not installed': {
    words: () => ['up', '--port', '0', '--json', '--', 'my-server'],
    put:
      ({ bin }) =>
      () => {
        writeFileSync(join(bin, 'my-server'), `#!/bin/sh\nexec '${process.execPath}' '${echo}'\n`);
        chmodSync(join(bin, 'my-server'), 0o755);
      },
    says: /command 'my-server' not found: install it or give its full path","fix":"Then run the same command again\."/u,
    works: SERVES,
  },
  'a starter of servers that is not installed': {
    words: () => ['up', '--port', '0', '--json', '--', 'bunx', 'my-server'],
    put: () => () => undefined,
    says: /command 'bunx' not found: install Bun, which brings it, or give its full path/u,
  },
  'a registry of npm that is out of reach': {
    words: () => ['up', '--port', '0', '--json', '--', 'npx', '-y', 'some-mcp-server'],
    put: ({ home }) => {
      const rc = `registry=http://127.0.0.1:${port}/\nfetch-retries=0\nupdate-notifier=false\n`;
      writeFileSync(join(home, '.npmrc'), rc);
      return () => undefined;
    },
    says: /npm cannot reach its registry","fix":"Check this machine's network with: npm ping;/u,
  },
  'a package that there is not': {
    words: () => ['up', '--port', '0', '--json', '--', 'npx', '-y', 'some-mcp-server'],
    put: async ({ home }) => {
      const registry = createHttpServer((_request, response) => response.writeHead(404).end('{}'));
      const stop = await listening(registry, 0);
      const { port: at } = registry.address() as AddressInfo;
      const rc = `registry=http://127.0.0.1:${at}/\nfetch-retries=0\nupdate-notifier=false\n`;
      writeFileSync(join(home, '.npmrc'), rc);
      return stop;
    },
    says: /npm knows no such package","fix":"Check its name for typing mistakes\."/u,
  },
  'an edge at which nothing listens': {
    words: () => ['join', `http://127.0.0.1:${port}`, 'enr_x'],
    put: () => () => undefined,
    says: /^mcp-bridge join: nothing listens there\. Check the edge URL .*\n$/u,
  },
  'an edge whose name nobody knows': {
    words: () => ['join', 'https://no-such-edge.invalid', 'enr_x'],
    put: () => () => undefined,
    says: /^mcp-bridge join: (?:its host name is unknown|host names cannot be looked up now)\. Check .*\n$/u,
  },
  'a key file that is there already': {
    words: () => ['credential', 'owner', '--out', 'owner-key'],
    put: ({ work }) => {
      writeFileSync(join(work, 'owner-key'), 'mine');
      return () => rmSync(join(work, 'owner-key'));
    },
    says: /owner-key exists and is not overwritten\. Name another file with --out, or remove it first\.\n$/u,
    works: /sha256:/u,
  },
  'a service without an edge': {
    words: () => ['service', 'install', '--config', 'mcp.json'],
    put: ({ work }) => {
      writeFileSync(
        join(work, 'mcp.json'),
        JSON.stringify({ mcpServers: { echo: { command: 'true' } } }),
      );
      return () => undefined;
    },
    says: /^mcp-bridge service: .*mcp\.json names no edge and key to connect with\. Make this machine a runner: mcp-bridge join <edge> <code>\..*\n$/u,
  },
};

test.each(Object.entries(HURDLES))('[F-663] %s', async (_, { words, put, says, works }) => {
  const machine = newMachine();
  const take = await put(machine);
  const failed = await bridge(machine, words(machine));
  expect(failed.code).toBe(1);
  expect(`${failed.out}${failed.err.replace(/^\nNo server answers.*\n/mu, '')}`).toMatch(says);
  expect(failed.err).not.toMatch(/^ {4}at /mu);
  take();
  if (!works) return;
  const again = await bridge(machine, words(machine));
  expect(`${again.out}${again.err}`).toMatch(works);
  expect(again.code).toBe(0);
});

/** Runs in a mount namespace of its own, whose `disk` of 64 KiB is full. Undefined where the system allows no such thing. */
const inFullDisk = (folder: string, script: string): string =>
  `mkdir -p '${folder}' && mount -t tmpfs -o size=64k tmpfs '${folder}' && cd '${folder}' && head -c 65536 /dev/zero > ballast 2>/dev/null; ${script}`;

const UNSHARE = process.geteuid?.() === 0 ? ['-m'] : ['-rm'];

function hasMounts(): boolean {
  try {
    execFileSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasMounts()).each([
  [
    'up',
    `up --port 0 --json -- '${process.execPath}' '${echo}'`,
    /^\.bridge.*\. Make room on that disk, or choose another folder with --storage\.$/mu,
  ],
  [
    'a key',
    'credential owner --out k',
    /^.*k could not be written \(ENOSPC\)\. Make room on that disk, or name another file with --out\.$/mu,
  ],
])('[F-664] a full disk, and room made on it: %s', async (_, words, says) => {
  const { home, work } = newMachine();
  const call = `'${process.execPath}' '${program}' ${words}`;
  const served = `{ ${call} & } ; pid=$!; wait $pid`;
  const script = `${call}; echo "first ended with $?"; rm ballast; mount -o remount,size=8m .; ( ${served} ) & sleep 0; wait; ls -A`;
  const child = spawn('unshare', [...UNSHARE, 'sh', '-c', inFullDisk(join(work, 'disk'), script)], {
    env: { HOME: home, PATH: process.env['PATH'] },
    detached: true,
  });
  // Listened for at once: what ends by itself may be over before the next look at its output.
  const closed = once(child, 'close');
  const end = (signal: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null)
      process.kill(-(child.pid ?? 0), signal);
  };
  onTestFinished(() => end('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await vi.waitUntil(
    () => output.includes('"ok":true') || output.includes('sha256:') || child.exitCode !== null,
    PATIENCE,
  );
  end('SIGINT');
  await closed;
  expect(output).toMatch(says);
  expect(output).toContain('first ended with 1\n');
  expect(output).toMatch(/"ok":true|sha256:/u);
});
