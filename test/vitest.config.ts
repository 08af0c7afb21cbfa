// One vitest run for everything: pure and runner tests in Node, actors in workerd, e2e one file at a time.
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

import { EDGE_BINDINGS } from './fixtures/edge-settings.ts';
import { TotalsReporter } from './totals-reporter.ts';

// Tests stay on this machine: no usage reports, no download of a sample `Request.cf`.
process.env['WRANGLER_SEND_METRICS'] = 'false';
process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false';

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
        },
      },
      { test: { name: 'edge-http', include: ['test/edge-core/**/*.test.ts'] } },
      { test: { name: 'runner', include: ['test/runner/**/*.test.ts'], testTimeout: 15_000 } },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: EDGE_BINDINGS },
          }),
        ],
        test: { name: 'edge', include: ['test/edge/**/*.test.ts'] },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // Real workerd, runner and child processes: slow to start on a loaded machine, and they contend for cores.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          // After everything else, so that their timings are not those of a crowd.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
