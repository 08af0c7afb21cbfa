// What is measured: no bridge, this bridge, and its rivals. Each is started fresh, and all it started is ended with it.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { isAlive, statOf } from '../../runner/process/process-table.ts';
import { startBridge, type Ours, type OursOptions } from './ours.ts';
import { pidsBelow, type Accounted } from './process-accounts.ts';
import { ECHO_COMMAND, type Rival } from './rivals.ts';
import { HttpSession, PipeSession, type ClientSession } from './sessions.ts';

export interface Target extends Accounted {
  /** A session that waits for its process to start, where sessions have one each. */
  session(): ClientSession;
  /** A session that takes a process started ahead, where there is such a thing. */
  readonly warmSession?: () => ClientSession;
  /** This bridge, for the measures that look inside. */
  readonly ours?: Ours;
  stop(): Promise<void>;
}

/** A program that does not listen by then never will. */
const LISTEN_MS = 30_000;

/** A program that ignores SIGTERM for this long is killed. */
const END_MS = 5_000;

/** The processes alone, on their pipes. */
export async function startFloor(): Promise<Target> {
  return {
    groups: {},
    ancestors: [process.pid],
    session: () => new PipeSession(ECHO_COMMAND),
    stop: async () => undefined,
  };
}

/** The local edge and a runner. */
export async function startOurs(options: OursOptions): Promise<Target & { readonly ours: Ours }> {
  const ours = await startBridge(options);
  const groups = { edge: ours.edge.pid, runner: ours.runner.pid };
  return {
    groups,
    ancestors: Object.values(groups),
    session: () => new HttpSession(ours.url('echo')),
    warmSession: () => new HttpSession(ours.url('ready')),
    ours,
    stop: () => ours.stop(),
  };
}

export async function startRival(rival: Rival, modules: string): Promise<Target> {
  const port = await freePort();
  const {
    process: program,
    stdout,
    stderr,
  } = spawnBound(process.execPath, rival.nodeArgs(modules, port, ECHO_COMMAND), {
    cwd: modules,
    env: process.env,
  });
  let said = '';
  for (const stream of [stdout, stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-1_000);
    });
  }
  const exited = once(program, 'exit');
  const pid = program.pid ?? 0;
  const stop = async (): Promise<void> => {
    const below = pidsBelow([pid])
      .map(statOf)
      .filter((stat) => stat !== undefined);
    program.kill('SIGTERM');
    const force = setTimeout(() => program.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(force);
    for (const stat of below) if (isAlive(stat)) process.kill(stat.pid, 'SIGKILL');
  };
  try {
    await Promise.race([
      untilListening(port),
      exited.then(() => {
        throw new Error(`${rival.name} ended early: ${said}`);
      }),
    ]);
  } catch (error) {
    if (program.exitCode === null && program.signalCode === null) await stop();
    throw error;
  }
  return {
    groups: { bridge: pid },
    ancestors: [pid],
    session: () => new HttpSession(new URL(`http://127.0.0.1:${port}/mcp`)),
    stop,
  };
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
