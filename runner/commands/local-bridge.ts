// The whole bridge on one machine, edge and runner in this program, as `mcp-bridge dev` and `mcp-bridge up` run it.
import { setTimeout as sleep } from 'node:timers/promises';

import { problemText } from '../../shared/problem.ts';
import { EXIT } from './arguments.ts';
import { EXIT_BY, takeSignals, type HurrySignal, type Signals } from './signals.ts';
import { endOnException } from './surroundings.ts';
import { configReloader } from '../config/reload.ts';
import { logConfig } from '../config/report.ts';
import { watchConfig } from '../config/watch.ts';
import { emptyProblems, readConfigs } from '../config/read.ts';
import type { ConfigReading, RunnerConfig } from '../config/runner-config.ts';
import { machineProblems, processUsers } from '../config/machine.ts';
import { describeProblem } from '../config/problem.ts';
import { hashCredential, mintRunnerToken, readTokenFile } from '../credential.ts';
import { createLog, showsInfo } from '../log.ts';
import { printError, serveOutput } from '../output.ts';
import { containmentFields, openContainment, type Containment } from '../process/containment.ts';
import { identifyRunner } from '../process/runner-mark.ts';
import { sweepOrphans } from '../process/sweep.ts';
import { fixedToken } from '../runner-token.ts';
import { startRunner } from '../runner.ts';
import { openTraces } from '../traces.ts';
import type { RunningRunner } from '../running-runner.ts';
import { startDevEdge, type DevEdge } from '../dev/dev-edge.ts';
import { EdgeStartError } from '../dev/edge-start-error.ts';
import { freePort } from '../dev/free-port.ts';
import type { DevOptions } from '../dev/options.ts';
import type { LocalConsole, WelcomeKey } from '../dev/welcome.ts';
import { openWorkspace, ownerKeyIn, type Workspace } from '../dev/workspace.ts';

/** A person at a terminal wants it back soon; in production a drain takes longer. */
const DRAIN_MS = 5_000;

/** How much later than its own limit a drain counts as stuck. */
const DRAIN_SLACK_MS = 1_000;

/** A bridge that serves. */
export interface LocalBridge {
  /** Its origin. */
  readonly edge: string;
  /** What clients must show; absent: nothing. */
  readonly key: WelcomeKey | undefined;
  /** Where its owner sees what it does; absent: it has no owner. */
  readonly console: LocalConsole | undefined;
  readonly config: RunnerConfig;
  readonly containment: Containment;
  /** The runner's. */
  readonly environment: NodeJS.ProcessEnv;
}

/** How a command shows what happens. */
export interface Shown {
  /** Prints for the person at the terminal. */
  say(text: string): void;
  /** Whether the log says at the start what became of the config's entries. */
  readonly logsConfig: boolean;
  /** Called once, when clients can connect. A number ends it all with that exit code. Aborted when a signal stops the program. */
  ready(bridge: LocalBridge, stop: AbortSignal): Promise<number | undefined>;
}

/** Runs until a signal stops it. Resolves to the exit code. */
export async function serveHere(options: DevOptions, shown: Shown): Promise<number> {
  const signals = takeSignals();
  try {
    return await serve(options, shown, signals);
  } catch (error) {
    if (error instanceof EdgeStartError) return refuse(problemText(error.problem));
    throw error;
  } finally {
    signals.release();
  }
}

function refuse(text: string): number {
  printError(`${text}\n`);
  return EXIT.failed;
}

async function serve(options: DevOptions, shown: Shown, signals: Signals): Promise<number> {
  const workspace = openWorkspace(options.storage, options.source);
  const containment = openContainment();
  const reading = await readDevConfig(workspace, containment);
  const refused = reading.ok ? emptyProblems(reading.config) : reading.problems;
  if (!reading.ok || refused.length > 0) return refuse(refused.map(describeProblem).join('\n'));
  const { config } = reading;
  const log = createLog({ level: options.logLevel });
  if (shown.logsConfig) logConfig(log, config);
  log.info('containment', containmentFields(containment));
  identifyRunner(workspace.edgeFolder, containment.system);
  for (const orphan of await sweepOrphans({ containment, users: processUsers(config) }))
    log.warn('orphan ended', { ...orphan });
  const owner = await readOwner(options);
  if (!owner.ok) return refuse(owner.text);
  const token = mintRunnerToken();
  const port = options.port === 0 ? await freePort() : options.port;
  // One person's own calls, on a terminal that shows no line of them. The console does, from what the edge records.
  const isShown = showsInfo(options.logLevel);
  const key = options.hasKey ? workspace.key : undefined;
  const settings = localSettings({
    port,
    secret: workspace.secret,
    runners: { [config.runner]: { token: hashCredential(token), servers: ['*'] } },
    key,
    owner: owner.found?.hash,
    record: isShown || owner.found ? 'all' : 'events',
    traces: config.traces,
  });
  const edge = await startDevEdge({
    host: options.edge,
    port,
    folder: workspace.edgeFolder,
    settings,
    log,
  });
  // Not sooner: until now, mistakes go to the caller that waits.
  serveOutput();
  const spans = await openTraces(config, log);
  const runner = startRunner({
    config,
    tracer: spans?.tracer,
    token: fixedToken(token),
    edge: edge.url,
    ...(edge.connect && { connect: edge.connect }),
    log,
    ...(!isShown && { record: 'off' }),
    containment,
  });
  void signals.stopNow.then((signal) => stopNow(signal, edge, runner));
  endOnException(log, () => {
    runner.kill();
    edge.kill();
  });
  const reload = configReloader({
    started: config,
    log,
    read: () => readDevConfig(workspace, containment),
    take(next) {
      watcher?.follow(next);
      runner.reload(next);
      shown.say(`Reloaded ${next.file}.\n`);
    },
  });
  // The file of a command is this program's own. A second start in the folder writes it anew before it learns that it is one too many.
  const watcher =
    options.source.kind === 'config'
      ? watchConfig(config, reload, (code) =>
          log.warn('changes to the config file are not noticed', { code }),
        )
      : undefined;
  const stopped = signals.stop.then(() => undefined);
  try {
    const stop = new AbortController();
    void stopped.then(() => stop.abort());
    const bridge = {
      edge: edge.url,
      key: key === undefined ? undefined : { key, path: workspace.keyPath },
      console: owner.found && { url: `${edge.url}/-/`, keyPath: owner.found.path },
      config,
      containment,
      environment: workspace.environment,
    };
    const code = await Promise.race([
      runner.ready.then(() => shown.ready(bridge, stop.signal)),
      stopped,
    ]);
    if (code !== undefined) return code;
    await stopped;
    printError('Stopping. Press Ctrl-C again to stop at once.\n');
  } finally {
    watcher?.close();
    await shutDown(edge, runner);
    await spans?.close();
  }
  return EXIT.ok;
}

/** The owner of a local edge: what the edge needs of the key, and the file that holds it. */
interface Owner {
  readonly hash: string;
  readonly path: string;
}

/** The owner with the key in the file that was named, or else in the storage folder. Where nobody is asked for a key there is none. */
async function readOwner({
  ownerKeyFile: path,
  hasKey,
  storage,
}: DevOptions): Promise<
  { readonly ok: true; readonly found?: Owner } | { readonly ok: false; readonly text: string }
> {
  if (!hasKey) return { ok: true };
  if (path === undefined) {
    const own = ownerKeyIn(storage);
    return { ok: true, found: { hash: hashCredential(own.key), path: own.path } };
  }
  const read = await readTokenFile(path);
  return read.ok
    ? { ok: true, found: { hash: hashCredential(read.token), path } }
    : { ok: false, text: `--owner-key-file ${path} ${problemText(read.problem)}` };
}

/** The files as they are served here: with a drain that a person waits for. */
async function readDevConfig(
  { configs, environment }: Workspace,
  containment: Containment,
): Promise<ConfigReading> {
  const reading = await readConfigs(configs, environment);
  if (!reading.ok) return reading;
  const config = { ...reading.config, drainTimeoutMs: DRAIN_MS };
  const problems = machineProblems(config, containment);
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

interface LocalEdge {
  readonly port: number;
  readonly secret: string;
  /** BRIDGE_RUNNERS. */
  readonly runners: object;
  /** What clients must show; absent: nothing. */
  readonly key: string | undefined;
  /** BRIDGE_OWNER; absent: nobody signs in. */
  readonly owner: string | undefined;
  /** BRIDGE_RECORD. */
  readonly record: string;
  /** BRIDGE_TRACES; whoever names a collector here wants to see each call. */
  readonly traces: string | undefined;
}

/**
 * The edge's settings for one machine: no host but this one, and a key. Every user of the machine, and every process that a server
 * runs as another user, can reach a port of loopback. Pages in a browser are kept out by Origin and Host too.
 */
function localSettings({
  port,
  secret,
  runners,
  key,
  owner,
  record,
  traces,
}: LocalEdge): Record<string, string> {
  const clients = key && { [LOCAL_CLIENT]: { key: hashCredential(key), servers: ['*'] } };
  return {
    BRIDGE_SECRET: secret,
    BRIDGE_RECORD: record,
    BRIDGE_RUNNERS: JSON.stringify(runners),
    ...(clients ? { BRIDGE_CLIENTS: JSON.stringify(clients) } : { BRIDGE_CLIENT_AUTH: 'none' }),
    ...(owner !== undefined && {
      BRIDGE_URL: `http://127.0.0.1:${port}`,
      BRIDGE_OWNER: owner,
    }),
    BRIDGE_HOSTS: `127.0.0.1:${port},localhost:${port}`,
    ...(traces !== undefined && { BRIDGE_TRACES: traces, BRIDGE_TRACES_RATIO: '1' }),
  };
}

/** The principal of whoever has the key. */
const LOCAL_CLIENT = 'local';

/** The runner first: what it still delivers in its drain goes through the edge. */
async function shutDown(edge: DevEdge, runner: RunningRunner): Promise<void> {
  const giveUp = new AbortController();
  await Promise.race([
    runner.drain(),
    sleep(DRAIN_MS + DRAIN_SLACK_MS, undefined, { signal: giveUp.signal }).catch(() => undefined),
  ]);
  giveUp.abort();
  runner.kill();
  await edge.stop();
}

/** Waits for nothing, so the program ends whatever else runs. */
function stopNow(signal: HurrySignal, edge: DevEdge, runner: RunningRunner): void {
  runner.kill();
  edge.kill();
  process.exit(EXIT_BY[signal]);
}
