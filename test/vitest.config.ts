// One vitest run for everything: pure and runner tests in Node, actors in workerd, e2e one file at a time.
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

import { EDGE_BINDINGS } from './fixtures/edge-settings.ts';
import { TotalsReporter } from './totals-reporter.ts';

// Tests stay on this machine: no usage reports, no download of a sample `Request.cf`.
process.env['WRANGLER_SEND_METRICS'] = 'false';
process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false';

/**
 * A time limit ends a test that hangs and judges nothing else, so it is far above what any test takes: on a machine that does other
 * work a test that takes a second can take twenty.
 */
const HANGS = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    passWithNoTests: true,
    // The default leaves one core to a watching developer, which on two cores means no parallel files at all.
    maxWorkers: '100%',
    reporters: ['default', new TotalsReporter()],
    projects: [
      {
        test: {
          name: 'shared',
          include: ['test/*.test.ts', 'test/shared/**/*.test.ts', 'test/pins/**/*.test.ts'],
          ...HANGS,
        },
      },
      { test: { name: 'edge-http', include: ['test/edge-core/**/*.test.ts'], ...HANGS } },
      { test: { name: 'runner', include: ['test/runner/**/*.test.ts'], ...HANGS } },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          ...HANGS,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: EDGE_BINDINGS },
          }),
        ],
        test: { name: 'edge', include: ['test/edge/**/*.test.ts'], ...HANGS },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          ...HANGS,
          // Real workerd, runner and child processes contend for cores.
          fileParallelism: false,
          // After everything else, so that their timings are not those of a crowd.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
