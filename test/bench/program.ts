// A program that is measured: started for one measurement, listening on a port of ours, and ended with all that runs below it.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { spawnBound } from '../../runner/dev/bound-child.ts';
import { isAlive, statOf } from '../../runner/process/process-table.ts';
import { pidsBelow } from './process-accounts.ts';

export interface Program {
  readonly pid: number;
  /** Settles once, however it ends. */
  readonly exited: Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL for what is left of it and below it. */
  stop(): Promise<void>;
}

/** A program that does not listen by then never will. */
const LISTEN_MS = 30_000;

/** A program that ignores SIGTERM for this long is killed. */
const END_MS = 5_000;

/** The last characters of its output that are kept, to say why it ended. */
const SAID_CHARACTERS = 1_000;

/** Resolves once it listens on the port. Rejects with what it said when it ends earlier; then nothing is left running. */
export async function startProgram(
  name: string,
  command: string,
  args: readonly string[],
  {
    port,
    cwd = process.cwd(),
    env = {},
  }: {
    readonly port: number;
    readonly cwd?: string;
    /** Beside this program's own. */
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<Program> {
  const {
    process: child,
    stdout,
    stderr,
  } = spawnBound(command, args, { cwd, env: { ...process.env, ...env } });
  let said = '';
  for (const stream of [stdout, stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-SAID_CHARACTERS);
    });
  }
  const exited = once(child, 'exit');
  const pid = child.pid ?? 0;
  const stop = async (): Promise<void> => {
    const below = pidsBelow([pid])
      .map(statOf)
      .filter((stat) => stat !== undefined);
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(force);
    for (const stat of below) if (isAlive(stat)) process.kill(stat.pid, 'SIGKILL');
  };
  try {
    await Promise.race([
      untilListening(port),
      exited.then(() => {
        throw new Error(`${name} ended early: ${said}`);
      }),
    ]);
  } catch (error) {
    if (child.exitCode === null && child.signalCode === null) await stop();
    throw error;
  }
  return { pid, exited, stop, kill: (signal) => void child.kill(signal) };
}

async function untilListening(port: number): Promise<void> {
  const until = performance.now() + LISTEN_MS;
  while (performance.now() < until) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await sleep(20);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`Nothing listens on port ${port}.`);
}
