// What is measured: no bridge, this bridge, and its rivals. Each is started fresh, and all it started is ended with it.
import { freePort } from '../../runner/dev/free-port.ts';
import { echoServers, startBridge, startDev, type Ours, type OursOptions } from './ours.ts';
import { ModernSession } from './modern-session.ts';
import type { Accounted } from './process-accounts.ts';
import { startProgram } from './program.ts';
import { ECHO_COMMAND, type Rival } from './rivals.ts';
import { HttpSession, PipeSession, type ClientSession } from './sessions.ts';

export interface Target extends Accounted {
  /** A session that waits for its process to start, where sessions have one each. */
  session(): ClientSession;
  /** A session that takes a process started ahead, where there is such a thing. */
  readonly warmSession?: () => ClientSession;
  /** A client of 2026-07-28, where such are served. */
  readonly modernSession?: () => ClientSession;
  /** This bridge, for the measures that look inside. */
  readonly ours?: Ours;
  stop(): Promise<void>;
}

/** Starts a target. It serves the command; the echo server unless told. */
export type Start = (command?: readonly string[]) => Promise<Target>;

/** The processes alone, on their pipes. */
export const startFloor: Start = async (command = ECHO_COMMAND) => ({
  groups: {},
  ancestors: [process.pid],
  session: () => new PipeSession(command),
  stop: async () => undefined,
});

/** An edge and a runner. */
export async function startOurs(options: OursOptions): Promise<Target & { readonly ours: Ours }> {
  const ours = await startBridge(options);
  const groups = { edge: ours.edge.pid, runner: ours.runner.pid };
  return {
    groups,
    ancestors: Object.values(groups),
    session: () => new HttpSession(ours.url('echo')),
    warmSession: () => new HttpSession(ours.url('ready')),
    modernSession: () => new ModernSession(ours.url('echo')),
    ours,
    stop: () => ours.stop(),
  };
}

/** `mcp-bridge dev`, edge and runner in one program. */
export const startOursAsOne: Start = async (command = ECHO_COMMAND) => {
  const { pid, url, stop } = await startDev(echoServers(command));
  return {
    groups: { bridge: pid },
    ancestors: [pid],
    session: () => new HttpSession(url('echo')),
    warmSession: () => new HttpSession(url('ready')),
    modernSession: () => new ModernSession(url('echo')),
    stop,
  };
};

export async function startRival(
  rival: Rival,
  modules: string,
  command: readonly string[] = ECHO_COMMAND,
): Promise<Target> {
  const port = await freePort();
  const args = rival.nodeArgs(modules, port, command);
  const { pid, stop } = await startProgram(rival.name, process.execPath, args, {
    port,
    cwd: modules,
  });
  const url = new URL(`http://127.0.0.1:${port}/mcp`);
  return {
    groups: { bridge: pid },
    ancestors: [pid],
    session: () => new HttpSession(url),
    modernSession: () => new ModernSession(url),
    stop,
  };
}
