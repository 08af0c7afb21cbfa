// `mcp-bridge dev`: the whole bridge on one machine, edge and runner in this program. The edge may also be a workerd of its own.
import { setTimeout as sleep } from 'node:timers/promises';

import { problemText } from '../../shared/problem.ts';
import { EXIT, printUsage } from './arguments.ts';
import { EXIT_BY, takeSignals, type HurrySignal, type Signals } from './signals.ts';
import { endOnException } from './surroundings.ts';
import { configReloader } from '../config/reload.ts';
import { logConfig } from '../config/report.ts';
import { watchConfig } from '../config/watch.ts';
import { emptyProblems, readConfig } from '../config/read.ts';
import type { ConfigReading } from '../config/runner-config.ts';
import { machineProblems, processUsers } from '../config/machine.ts';
import { describeProblem } from '../config/problem.ts';
import { hashCredential, mintRunnerToken, readTokenFile } from '../credential.ts';
import { createLog, type LogLevel } from '../log.ts';
import { print, printError, serveOutput } from '../output.ts';
import { containmentFields, openContainment, type Containment } from '../process/containment.ts';
import { identifyRunner } from '../process/runner-mark.ts';
import { sweepOrphans } from '../process/sweep.ts';
import { fixedToken } from '../runner-token.ts';
import { startRunner } from '../runner.ts';
import type { RunningRunner } from '../running-runner.ts';
import { startDevEdge, type DevEdge } from '../dev/dev-edge.ts';
import { EdgeStartError } from '../dev/edge-start-error.ts';
import { freePort } from '../dev/free-port.ts';
import { readDevOptions, type DevOptions } from '../dev/options.ts';
import { welcome } from '../dev/welcome.ts';
import { openWorkspace, type Workspace } from '../dev/workspace.ts';

/** A person at a terminal wants it back soon; in production a drain takes longer. */
const DRAIN_MS = 5_000;

/** How much later than its own limit a drain counts as stuck. */
const DRAIN_SLACK_MS = 1_000;

/** Levels of the log at which calls are shown in it. */
const RECORDED_LEVELS: ReadonlySet<LogLevel> = new Set(['debug', 'info']);

/** Runs until a signal stops it. Resolves to the exit code. */
export async function devCommand(argv: readonly string[]): Promise<number> {
  const reading = readDevOptions(argv);
  if (!reading.ok) {
    printUsage(reading.problem);
    return EXIT.usage;
  }
  const signals = takeSignals();
  try {
    return await serve(reading.options, signals);
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

async function serve(options: DevOptions, signals: Signals): Promise<number> {
  const workspace = openWorkspace(options.storage, options.source);
  const containment = openContainment();
  const reading = await readDevConfig(workspace, containment);
  const refused = reading.ok ? emptyProblems(reading.config) : reading.problems;
  if (!reading.ok || refused.length > 0) return refuse(refused.map(describeProblem).join('\n'));
  const { config } = reading;
  const log = createLog({ level: options.logLevel });
  logConfig(log, config);
  log.info('containment', containmentFields(containment));
  identifyRunner(workspace.edgeFolder, containment.system);
  for (const orphan of await sweepOrphans({ containment, users: processUsers(config) }))
    log.warn('orphan ended', { ...orphan });
  const owner = await readOwner(options.ownerKeyFile);
  if (!owner.ok) return refuse(owner.text);
  const token = mintRunnerToken();
  const port = options.port === 0 ? await freePort() : options.port;
  // One person's own calls, on a terminal that shows no line of them: nobody would read it.
  const isRecording = RECORDED_LEVELS.has(options.logLevel);
  const key = options.hasKey ? workspace.key : undefined;
  const settings = localSettings({
    port,
    secret: workspace.secret,
    runners: { [config.runner]: { token: hashCredential(token), servers: ['*'] } },
    key,
    owner: owner.hash,
    record: isRecording ? 'all' : 'events',
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
  const runner = startRunner({
    config,
    token: fixedToken(token),
    edge: edge.url,
    ...(edge.connect && { connect: edge.connect }),
    log,
    ...(!isRecording && { record: 'off' }),
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
      watcher.follow(next);
      runner.reload(next);
      print(`Reloaded ${next.file}.\n`);
    },
  });
  const watcher = watchConfig(config, reload, (code) =>
    log.warn('changes to the config file are not noticed', { code }),
  );
  try {
    const isReady = runner.ready.then(() => true);
    if (await Promise.race([isReady, signals.stop.then(() => false)])) {
      const names = [...config.servers.keys()];
      print(welcome(edge.url, names, key && { key, path: workspace.keyPath }));
      await signals.stop;
    }
  } finally {
    watcher.close();
    await shutDown(edge, runner);
  }
  return EXIT.ok;
}

/** What the edge needs of the owner's key in a file, if one is named. */
async function readOwner(
  file: string | undefined,
): Promise<
  { readonly ok: true; readonly hash?: string } | { readonly ok: false; readonly text: string }
> {
  if (file === undefined) return { ok: true };
  const read = await readTokenFile(file);
  return read.ok
    ? { ok: true, hash: hashCredential(read.token) }
    : { ok: false, text: `--owner-key-file ${file} ${problemText(read.problem)}` };
}

/** The file as `dev` serves it: with a drain that a person waits for. */
async function readDevConfig(
  { configPath, environment }: Workspace,
  containment: Containment,
): Promise<ConfigReading> {
  const reading = await readConfig(configPath, environment);
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
  };
}

/** The principal of whoever has the key. */
const LOCAL_CLIENT = 'local';

/** The runner first: what it still delivers in its drain goes through the edge. */
async function shutDown(edge: DevEdge, runner: RunningRunner): Promise<void> {
  printError('Stopping. Press Ctrl-C again to stop at once.\n');
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
