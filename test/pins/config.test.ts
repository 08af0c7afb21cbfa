// What config files rely on that people have written, as literals. A failure here means that such a file may mean something else.
import { expect, test } from 'vitest';

import { runnerBlock, serverBlock } from '../../runner/config/schema.ts';
import { CONFIG_VERSION } from '../../runner/config/version.ts';

/** The settings of each released version. One that is added goes into the row; one that goes, or changes its meaning, is a new version. */
const SETTINGS = {
  1: {
    runner:
      'version edge runner tokenFile capacity drainTimeout traces traceRatio statusPort virtual user limits',
    server:
      'idleTimeout vanishTimeout requestTimeout requestLimit startTimeout maxInFlight maxSessions tools discovery methods served warm sharing sessionsPerProcess stderr inheritEnv maxLineBytes stateless maxProcesses parkTimeout pin perUser user limits',
  },
};

test('settings leave the config file only with a new version of it', () => {
  expect(CONFIG_VERSION).toBe(1);
  const { runner, server } = SETTINGS[CONFIG_VERSION];
  expect(Object.keys(runnerBlock.entries)).toEqual(runner.split(' '));
  expect(Object.keys(serverBlock.entries)).toEqual(server.split(' '));
});
