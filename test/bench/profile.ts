// Where this bridge's CPU goes under load: V8's sampling profiler in workerd and in the runner, over their inspectors.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { WebSocket } from 'ws';

import { freePort } from '../../runner/dev/free-port.ts';
import { digits } from './figures.ts';
import { callInLoops, openMore } from './measures.ts';
import type { Ours } from './ours.ts';
import type { ClientSession } from './sessions.ts';
import { startOurs } from './targets.ts';

/** The part of a .cpuprofile file that is read here. Times in µs. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const SESSIONS = 10;
const WARM_UP_MS = 2_000;

/** Finer than V8's 1 ms: a call takes a few hundred µs in all. */
const SAMPLING_US = 200;

const ROWS = 30;

/** An inspector that does not answer by then never will. */
const INSPECTOR_MS = 10_000;

/** Profiles both programs during one load of 10 sessions; writes two .cpuprofile files and returns the heaviest functions. */
export async function profileOurs(folder: string, loadMs: number): Promise<string> {
  const runnerPort = await freePort();
  const target = await startOurs({
    logLevel: 'info',
    nodeArgs: [`--inspect=127.0.0.1:${runnerPort}`],
  });
  const { ours } = target;
  const edgePort = await freePort();
  const edge = await restartWithInspector(ours, edgePort);
  const sessions: ClientSession[] = [];
  try {
    await openMore(target, sessions, SESSIONS);
    await callInLoops(sessions, WARM_UP_MS, Number.POSITIVE_INFINITY);
    const inspectors = await Promise.all([Inspector.dial(edgePort), Inspector.dial(runnerPort)]);
    const [edgeInspector, runnerInspector] = inspectors;
    await Promise.all(inspectors.map((inspector) => inspector.start()));
    const { sample } = await callInLoops(sessions, loadMs, Number.POSITIVE_INFINITY);
    const profiles = {
      edge: await edgeInspector.stop(),
      runner: await runnerInspector.stop(),
    };
    const parts = Object.entries(profiles).map(([name, profile]) => {
      const path = join(folder, `${name}.cpuprofile`);
      writeFileSync(path, JSON.stringify(profile));
      return `${name}: self time in µs per call, of ${sample.length} calls (${path})\n${heaviest(profile, sample.length)}`;
    });
    return parts.join('\n\n');
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
    edge.kill('SIGKILL');
    await target.stop();
  }
}

/** The local edge has no inspector: the same program, config and storage once more, with one. */
async function restartWithInspector(ours: Ours, port: number) {
  const { pid, exited } = ours.edge;
  const words = (name: string): string[] =>
    readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').slice(0, -1);
  const [command = '', ...args] = words('cmdline');
  const env = Object.fromEntries(
    words('environ').map((word) => {
      const at = word.indexOf('=');
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
  const cwd = readlinkSync(`/proc/${pid}/cwd`);
  ours.edge.kill('SIGKILL');
  await exited;
  // Else the old link could still be taken for the new one.
  await ours.untilLinked(false);
  const inspected = args
    .filter((arg) => !arg.startsWith('--control-fd'))
    .toSpliced(1, 0, `--inspector-addr=127.0.0.1:${port}`);
  const edge = spawn(command, inspected, { cwd, env, stdio: 'ignore' });
  await once(edge, 'spawn');
  await ours.untilLinked(true);
  return edge;
}

/** The profiler of one program, by the Chrome DevTools Protocol. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #lastId = 0;

  static async dial(port: number): Promise<Inspector> {
    const response = await fetch(`http://127.0.0.1:${port}/json`, {
      signal: AbortSignal.timeout(INSPECTOR_MS),
    });
    const [page] = (await response.json()) as { readonly webSocketDebuggerUrl?: string }[];
    if (page?.webSocketDebuggerUrl === undefined) throw new Error(`No inspector at ${port}.`);
    const socket = new WebSocket(page.webSocketDebuggerUrl, { perMessageDeflate: false });
    await once(socket, 'open');
    return new Inspector(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text: Buffer) => {
      const { id, result } = JSON.parse(text.toString()) as { id?: number; result?: unknown };
      if (id !== undefined) this.#waiting.get(id)?.(result);
    });
  }

  async start(): Promise<void> {
    await this.#ask('Profiler.enable');
    await this.#ask('Profiler.setSamplingInterval', { interval: SAMPLING_US });
    await this.#ask('Profiler.start');
  }

  async stop(): Promise<CpuProfile> {
    const { profile } = (await this.#ask('Profiler.stop')) as { readonly profile: CpuProfile };
    this.#socket.close();
    return profile;
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

/** The functions with the most self time; V8's own accounts, such as (program), among them. */
function heaviest({ nodes, samples, timeDeltas }: CpuProfile, calls: number): string {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)] as const));
  const selfUs = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '(unknown)';
    selfUs.set(name, (selfUs.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return [...selfUs]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, ROWS)
    .map(([name, us]) => `${digits(us / calls).padStart(8)}  ${name}`)
    .join('\n');
}

function placeOf(frame: CpuProfile['nodes'][number]['callFrame']): string {
  const { functionName, url, lineNumber } = frame;
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const path = url.replace(/^file:\/\//u, '').replace(`${process.cwd()}/`, '');
  return `${name}  ${path}:${lineNumber + 1}`;
}
