// A person with an empty home who deploys to the played Cloudflare, by the commands that they type.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { onTestFinished } from 'vitest';

import { inTerminal, type Terminal } from '../fixtures/terminal.ts';
import { PlayedCloudflare, TOKEN } from './played-cloudflare.ts';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

export interface Ended {
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class Deployer {
  readonly cloudflare: PlayedCloudflare;
  readonly home: string;
  /** The working folder. */
  readonly work: string;
  /** Beside what every call has. */
  readonly environment: Record<string, string> = {};

  private constructor(cloudflare: PlayedCloudflare, root: string) {
    this.cloudflare = cloudflare;
    this.home = join(root, 'home');
    this.work = join(root, 'work');
    mkdirSync(this.home);
    mkdirSync(this.work);
  }

  static async start(): Promise<Deployer> {
    const root = mkdtempSync(join(tmpdir(), 'mcp-bridge-deploy-'));
    const lines: string[] = [];
    const cloudflare = await PlayedCloudflare.start(join(root, 'cloudflare'), (line) =>
      lines.push(line),
    );
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') process.stdout.write(`${lines.join('\n')}\n`);
      await cloudflare.stop();
      rmSync(root, { recursive: true, force: true });
    });
    return new Deployer(cloudflare, root);
  }

  /** The folder of an edge that was deployed. */
  folderOf = (name = 'mcp-edge-bridge'): string =>
    join(this.home, '.config/mcp-bridge/edges', name);

  get #environment(): Record<string, string | undefined> {
    return {
      ...this.cloudflare.environment,
      PATH: process.env['PATH'],
      HOME: this.home,
      CLOUDFLARE_API_TOKEN: TOKEN,
      ...this.environment,
    };
  }

  /** Starts `mcp-bridge` at a terminal, where it may ask. */
  atTerminal = (...words: readonly string[]): Terminal =>
    inTerminal([process.execPath, program, ...words], {
      cwd: this.work,
      env: { ...this.#environment, TERM: 'xterm' },
    });

  /** Starts `mcp-bridge`, as the head of a group of processes. */
  start(...words: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [program, ...words], {
      cwd: this.work,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    onTestFinished(() => end(child));
    return child;
  }

  /** Starts `mcp-bridge`, and kills it once Cloudflare has carried out what begins with `point`, before that is answered. */
  async killedAt(point: string, ...words: readonly string[]): Promise<void> {
    const reached = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<void>();
    this.cloudflare.beforeAnswer = (what) => {
      if (!what.startsWith(point)) return undefined;
      reached.resolve();
      return killed.promise;
    };
    const child = this.start(...words);
    const ended = ending(child);
    const early = ended.then(({ out, err }) => {
      throw new Error(`It never came to ${point}: ${out}${err}`);
    });
    await Promise.race([reached.promise, early]);
    end(child);
    await ended;
    this.cloudflare.beforeAnswer = () => undefined;
    killed.resolve();
  }

  /** Runs `mcp-bridge` to its end. */
  run = (...words: readonly string[]): Promise<Ended> => ending(this.start(...words));
}

/** Ends it with everything that it started. */
export function end(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null)
    process.kill(-(child.pid ?? 0), 'SIGKILL');
}

export async function ending(child: ChildProcess): Promise<Ended> {
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}
