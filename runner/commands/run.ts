// `mcp-bridge run`: reads the config, starts the runner, and turns signals and file changes into its commands.
import { problemText } from '../../shared/problem.ts';
import { configReloader } from '../config/reload.ts';
import { logConfig } from '../config/report.ts';
import { watchConfig } from '../config/watch.ts';
import { emptyProblems } from '../config/read.ts';
import { offeredNames, type RunnerConfig } from '../config/runner-config.ts';
import { processUsers } from '../config/machine.ts';
import { describeProblem, type ConfigProblem } from '../config/problem.ts';
import { readTokenFile } from '../credential.ts';
import { createLog, LOG_LEVELS, showsInfo, type Log, type LogLevel } from '../log.ts';
import { failureFields } from '../failure.ts';
import { printError, serveOutput } from '../output.ts';
import { containmentFields, openContainment, type Containment } from '../process/containment.ts';
import { openRecord } from '../record.ts';
import { tokenInFile } from '../runner-token.ts';
import { identifyRunner } from '../process/runner-mark.ts';
import type { SweepOptions } from '../process/sweep.ts';
import type { RunningRunner, StartOptions } from '../running-runner.ts';
import { startStatus, type StatusServer } from '../status/http.ts';
import { usageProblem } from './usage.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { readRunnerSettings } from './settings.ts';
import { EXIT_BY, takeSignals, type Signals } from './signals.ts';
import { endOnException } from './surroundings.ts';
import { openTraces } from '../traces.ts';

/** A start whose containment is known. */
type RunOptions = StartOptions & { readonly containment: Containment };

/** What the command starts; passed in, so that signals and reloads can be tried with another runner. */
export interface RunParts {
  startRunner(options: StartOptions): RunningRunner;
  sweepOrphans(options: SweepOptions): Promise<readonly { pid: number; command: string }[]>;
}

/** Said if the system grants no watch, for example when its limit is reached (inotify(7)). */
const DEAF =
  'changes to the config file are not noticed; send SIGHUP after each change, or restart the runner';

/** Runs until a signal ends it. Returns the exit code. */
export async function runCommand(argv: readonly string[], parts: RunParts): Promise<number> {
  const given = readArguments('run', argv);
  if (given === undefined) return EXIT.usage;
  const level = textOf(given, 'log-level') ?? 'info';
  if (!isLogLevel(level)) {
    printUsage(usageProblem('run', `--log-level takes ${LOG_LEVELS.join(', ')}`));
    return EXIT.usage;
  }
  const options = await readStartOptions(given, createLog({ level }));
  if (options === undefined) return EXIT.failed;
  const record = openRecord(textOf(given, 'record'));
  if (!record.ok) {
    printError(`${problemText(record.problem)}\n`);
    return EXIT.failed;
  }
  // Nothing is put together for lines that the log would drop.
  const recorded = record.log ?? (showsInfo(level) ? undefined : 'off');
  return serve(given, { ...options, ...(recorded && { record: recorded }) }, parts);
}

const isLogLevel = (text: string): text is LogLevel =>
  (LOG_LEVELS as readonly string[]).includes(text);

/** Everything the runner needs, or undefined after its mistakes were printed. */
async function readStartOptions(given: Arguments, log: Log): Promise<RunOptions | undefined> {
  const containment = openContainment();
  const reading = await readRunnerSettings(given, process.env, containment);
  if (!reading.ok) return complain(reading.problems.map(describeProblem));
  const { config } = reading;
  const empty = emptyProblems(config);
  if (empty.length > 0) return complain(empty.map(describeProblem));
  const { edge, tokenFile } = config;
  if (edge === undefined) {
    const fix = 'Give the edge there or with --edge https://<host>.';
    return complain([describeProblem(missing(config, 'bridge.edge', fix))]);
  }
  if (tokenFile === undefined) {
    const fix = `Make one with: mcp-bridge credential runner ${config.runner} --servers <names>`;
    return complain([describeProblem(missing(config, 'bridge.tokenFile', fix))]);
  }
  const token = await readTokenFile(tokenFile);
  if (!token.ok) return complain([`token file ${tokenFile} ${problemText(token.problem)}`]);
  return { config, token: tokenInFile(tokenFile, token.token, log), edge, log, containment };
}

const missing = ({ file }: RunnerConfig, path: string, fix: string): ConfigProblem => ({
  file,
  path,
  what: 'is missing',
  fix,
});

function complain(lines: readonly string[]): undefined {
  for (const line of lines) printError(`${line}\n`);
  return undefined;
}

async function serve(given: Arguments, options: RunOptions, parts: RunParts): Promise<number> {
  const { config, edge, log, containment } = options;
  serveOutput();
  logConfig(log, config);
  // With the reason, because the mode decides what an evasive process can get away with.
  log.info('containment', containmentFields(containment));
  identifyRunner(config.file, containment.system);
  for (const orphan of await parts.sweepOrphans({ containment, users: processUsers(config) }))
    log.warn('orphan ended', { ...orphan });
  const spans = await openTraces(config, log);
  const runner = parts.startRunner({ ...options, ...(spans && { tracer: spans.tracer }) });
  // Before the first wait: a signal without a listener would leave processes behind.
  endOnException(log, () => runner.kill());
  const reload = configReloader({
    started: config,
    log,
    read: () => readRunnerSettings(given, process.env, containment),
    take(next) {
      watcher.follow(next);
      runner.reload(next);
    },
  });
  const signals = takeSignals({ reload });
  void runner.ready.then(() => log.info('linked to the edge'));
  const stopped = untilStopped(signals, runner, log);
  const watcher = watchConfig(config, reload, (code) => log.warn(DEAF, { code }));
  const status = await openStatus(config, runner, log);
  log.info('runner started', { runner: config.runner, edge, servers: offeredNames(config) });
  const code = await stopped;
  watcher.close();
  await status?.close();
  await spans?.close();
  signals.release();
  return code;
}

/** The status pages, if the config names a port. The runner serves even if the port is taken. */
async function openStatus(
  config: RunnerConfig,
  runner: RunningRunner,
  log: Log,
): Promise<StatusServer | undefined> {
  if (config.statusPort === undefined) return undefined;
  try {
    const status = await startStatus({
      port: config.statusPort,
      snapshot: () => runner.snapshot(),
      failed: (error) => log.error('a status page could not be made', failureFields(error)),
    });
    log.info('status pages open', { url: `http://127.0.0.1:${status.port}/` });
    return status;
  } catch (error) {
    log.error('status pages could not be opened', { port: config.statusPort, error });
    return undefined;
  }
}

/** Drains at the first signal and ends at the second. Resolves to the exit code. */
async function untilStopped(
  { stop, stopNow }: Signals,
  runner: RunningRunner,
  log: Log,
): Promise<number> {
  const signal = await stop;
  log.info('draining', { signal });
  const hurried = stopNow.then((second) => {
    log.warn('exiting now', { signal: second });
    runner.kill();
    return EXIT_BY[second];
  });
  return Promise.race([drained(runner, log), hurried]);
}

async function drained(runner: RunningRunner, log: Log): Promise<number> {
  try {
    await runner.drain();
    log.info('stopped');
    return EXIT.ok;
  } catch (error) {
    log.error('drain failed', { error });
    runner.kill();
    return EXIT.failed;
  }
}
