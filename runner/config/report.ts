// Logs what happened to each entry of a config file: served, and under which name, or left out, and why.
import { offeredNames, type RunnerConfig } from './runner-config.ts';
import { describeProblem } from './problem.ts';
import type { Log } from '../log.ts';

/** Logs warnings, what is left out and what is offered. What was the same `before` is not repeated. */
export function logConfig(log: Log, config: RunnerConfig, before?: RunnerConfig): void {
  const said = new Set(before === undefined ? [] : problemsOf(before).map(describeProblem));
  for (const warning of config.warnings)
    if (!said.has(describeProblem(warning))) log.warn('config warning', { ...warning });
  for (const { name, servedName, reason, problems } of config.leftOut) {
    const isKept = config.servers.has(servedName);
    const words = isKept ? 'server kept as it was before' : 'server left out';
    for (const { path, what, fix } of problems.filter((one) => !said.has(describeProblem(one)))) {
      const fields = { server: name, reason, path, what, fix };
      // Its owner switched it off, so there is nothing to report.
      if (reason === 'off') log.info(words, fields);
      else log.warn(words, fields);
    }
  }
  const wasOffered = new Set(before && offeredNames(before));
  for (const name of offeredNames(config)) {
    const configuredAs = config.servers.get(name)?.configuredAs;
    const members = config.virtual.get(name)?.members.map(({ server }) => server);
    if (!wasOffered.has(name)) log.info('server offered', { server: name, configuredAs, members });
  }
}

const problemsOf = ({ warnings, leftOut }: RunnerConfig) => [
  ...warnings,
  ...leftOut.flatMap(({ problems }) => problems),
];
