// The settings that `run` and `check` take from the config file or from the command line, which wins.
import { resolve } from 'node:path';
import { RUNNER_NAME } from '../../shared/ids.ts';
import { USUAL_FILE } from '../config/places.ts';
import { readConfig } from '../config/read.ts';
import type { ConfigReading } from '../config/runner-config.ts';
import { machineProblems } from '../config/machine.ts';
import { readEdgeUrl } from '../config/edge-url.ts';
import type { Containment } from '../process/containment.ts';
import { textOf, type Arguments } from './arguments.ts';

export const configFileOf = (given: Arguments): string => textOf(given, 'config') ?? USUAL_FILE;

/**
 * The config with the command line's values in place of its own. Mistakes in both are reported, and so is what this machine
 * cannot do.
 */
export async function readRunnerSettings(
  given: Arguments,
  environment: NodeJS.ProcessEnv,
  containment: Containment,
): Promise<ConfigReading> {
  const reading = await readConfig(configFileOf(given), environment);
  const problems = reading.ok
    ? machineProblems(reading.config, containment)
    : [...reading.problems];
  const edge = textOf(given, 'edge');
  const url = edge === undefined ? undefined : readEdgeUrl(edge);
  if (url?.ok === false) problems.push({ file: 'command line', path: '--edge', ...url.problem });
  const runner = textOf(given, 'runner');
  if (runner !== undefined && !RUNNER_NAME.test(runner)) {
    const fix =
      'Use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first.';
    problems.push({ file: 'command line', path: '--runner', what: 'is not a runner name', fix });
  }
  if (!reading.ok || problems.length > 0) return { ok: false, problems };
  const tokenFile = textOf(given, 'token-file');
  const config = {
    ...reading.config,
    ...(url?.ok === true ? { edge: url.edge } : {}),
    ...(runner === undefined ? {} : { runner }),
    ...(tokenFile === undefined ? {} : { tokenFile: resolve(tokenFile) }),
  };
  return { ok: true, config };
}
