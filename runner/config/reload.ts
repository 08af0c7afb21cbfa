// Applies a changed config file, one reading at a time. If it has a mistake, the runner keeps serving what it served before.
import { offeredNames, type ConfigReading, type RunnerConfig } from './runner-config.ts';
import { reloadedConfig, settingsForRestart } from './read.ts';
import { logConfig } from './report.ts';
import { failureFields } from '../failure.ts';
import type { Log } from '../log.ts';

export interface ReloadOptions {
  /** The config of the start. */
  readonly started: RunnerConfig;
  readonly log: Log;
  /** Reads the file as it is now. */
  read(): Promise<ConfigReading>;
  /** Serves what was read. */
  take(config: RunnerConfig): void;
}

/** Call when the file may have changed. Calls during a reading lead to one more reading after it. */
export function configReloader(options: ReloadOptions): () => void {
  const { started, log } = options;
  let inForce = started;
  let isReading = false;
  let isDue = false;
  const reload = async (): Promise<void> => {
    const reading = await options.read();
    if (!reading.ok) {
      for (const problem of reading.problems) log.error('config not reloaded', { ...problem });
      return;
    }
    const config = reloadedConfig(inForce, reading.config);
    logConfig(log, config, inForce);
    for (const setting of settingsForRestart(started, reading.config))
      log.warn('setting takes effect after a restart', { setting });
    inForce = config;
    options.take(config);
    log.info('config reloaded', { servers: offeredNames(config) });
  };
  const work = async (): Promise<void> => {
    isReading = true;
    while (isDue) {
      isDue = false;
      // A mistake of ours in a reload must not end what is served.
      await reload().catch((error: unknown) =>
        log.error('config not reloaded', failureFields(error)),
      );
    }
    isReading = false;
  };
  return () => {
    isDue = true;
    if (!isReading) void work();
  };
}
