// Starts the bare prototypes: the floor of the topology worker → actor → WebSocket → Node → process, and that of a bridge in one Node
// process. Both serve sessions with a process each and do nothing that a bridge is for, so what this bridge costs beside them is its own.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort } from '../../../runner/dev/free-port.ts';
import { EDGE_COMPATIBILITY_DATE } from '../../../runner/dev/workerd-config.ts';
import { ECHO_COMMAND } from '../rivals.ts';
import { HttpSession } from '../sessions.ts';
import { startProgram, type Program } from '../program.ts';
import type { Start, Target } from '../targets.ts';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The bare prototype on workerd: `edge` and `runner`, as this bridge has them. */
export const startWorkerdFloor: Start = async (command = ECHO_COMMAND) => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-floor-'));
  const [port, runnerPort] = [await freePort(), await freePort()];
  copyFileSync(file('edge.mjs'), join(folder, 'worker.js'));
  writeFileSync(join(folder, 'config.capnp'), configOf(port, runnerPort));
  const runner = await startProgram(
    'the runner of the bare prototype',
    process.execPath,
    [file('runner.mjs'), String(runnerPort), String(port), ...command],
    { port: runnerPort },
  );
  const edge = await startProgram('workerd', workerd(), ['serve', 'config.capnp', 'config'], {
    port,
    cwd: folder,
  });
  return {
    ...targetOn(port, { edge, runner }),
    stop: async () => {
      await edge.stop();
      await runner.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** The bare bridge in one Node process. */
export const startNodeFloor: Start = async (command = ECHO_COMMAND) => {
  const port = await freePort();
  const bridge = await startProgram(
    'the bare bridge on Node',
    process.execPath,
    [file('node-bridge.mjs'), String(port), ...command],
    { port },
  );
  return targetOn(port, { bridge });
};

function targetOn(port: number, programs: Readonly<Record<string, Program>>): Target {
  const groups = Object.fromEntries(
    Object.entries(programs).map(([name, { pid }]) => [name, pid] as const),
  );
  return {
    groups,
    ancestors: Object.values(groups),
    session: () => new HttpSession(new URL(`http://127.0.0.1:${port}/mcp`)),
    stop: async () => {
      await Promise.all(Object.values(programs).map((program) => program.stop()));
    },
  };
}

function workerd(): string {
  const found = createRequire(import.meta.url)('workerd') as string | { readonly default: string };
  return typeof found === 'string' ? found : found.default;
}

/** As the local edge has it: an actor class with SQLite storage on disk, which nothing here writes to. */
const configOf = (
  port: number,
  runnerPort: number,
): string => `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "actors", disk = (path = ".", writable = true)),
    (name = "runner", external = (address = "127.0.0.1:${runnerPort}", http = ())),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", service = "edge", http = ())],
);

const edge :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${EDGE_COMPATIBILITY_DATE}",
  durableObjectNamespaces = [(className = "Session", uniqueKey = "Session", enableSql = true)],
  durableObjectStorage = (localDisk = "actors"),
  bindings = [
    (name = "SESSION", durableObjectNamespace = "Session"),
    (name = "RUNNER", service = "runner"),
  ],
);
`;
