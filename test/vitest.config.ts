// The tests by what they need. `npm run check` runs those that need nothing but this machine's time, `npm test` those as well that
// start processes and the whole bridge, `npm run test:long` those that take minutes each.
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

import { playedInternet } from './fixtures/played-internet.ts';
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

/**
 * Tests of real processes, sockets and clocks run a second time when they fail, on a machine that others use too. One that passes only
 * then is printed as UNSTEADY, with its failure, at the end of the run: it is a race to be found. Nothing pure has a second try.
 */
const REAL = { ...HANGS, retry: 1 };

/** Tests of pure modules: their files share one worker, which saves half of the time. */
const PURE = { ...HANGS, isolate: false };

/** Tests of many seeds, which take minutes where others use the cores. */
const SEEDS = { ...PURE, testTimeout: 1_800_000 };

/**
 * Real edges, runners and child processes: after everything else, so that their timings are not those of a crowd, and three files at
 * a time, since each of them waits most of its time.
 */
const WAITING = { ...REAL, maxWorkers: 3, sequence: { groupOrder: 1 } };

/** The same for those that load the machine, and tell of its memory. */
const ALONE = { ...REAL, fileParallelism: false, sequence: { groupOrder: 2 } };

/** The edge of the tests end to end (test/e2e/edges.ts): all of them pass on both. */
const ON_NODE = { env: { BRIDGE_TEST_EDGE: 'node' } };
const ON_WORKERD = { env: { BRIDGE_TEST_EDGE: 'workerd' } };

/** What depends most on the edge's host: its HTTP, its storage, its start and its end. `npm test` runs this on both. */
const OF_HOSTS = 'test/e2e/{harness,storage,bad-http,dev,sign-in,identity-provider}.test.ts';

/** What has no edge, plays it itself, or is about the one on Node; and the load of an hour, which is run once. */
const OF_NODE =
  'test/e2e/{package,readme,up,hurdles,deploy,deploy-domain.long,deploy-prompts.long,prompts,deploy-interrupted.long,deployed-edge.long,clock,hostile-edge,edge-command,soak.long}.test.ts';

/** Tests that wait for long by their nature, or load the machine for minutes. */
const LONG = 'test/**/*.long.test.ts';

/** Whole lists of faults that take a minute or two: `npm test` leaves them to `npm run test:long`, on either host. */
const OF_PATIENCE =
  'test/e2e/{hostile-edge,overload,surroundings,spares,child-output,bad-dials}.test.ts';

export default defineConfig({
  test: {
    passWithNoTests: true,
    // The default leaves one core to a watching developer, which on two cores means no parallel files at all.
    maxWorkers: '100%',
    // What a test that passes prints, such as the edge's log, is not shown.
    silent: 'passed-only',
    reporters: ['default', new TotalsReporter()],
    projects: [
      // `npm run check`
      {
        test: {
          name: 'shared',
          include: ['test/*.test.ts', 'test/shared/**/*.test.ts', 'test/pins/**/*.test.ts'],
          ...PURE,
        },
      },
      {
        test: {
          name: 'edge',
          include: [
            'test/edge/*.test.ts',
            'test/edge/access/**/*.test.ts',
            'test/edge/core/**/*.test.ts',
            'test/edge/http/**/*.test.ts',
          ],
          ...PURE,
        },
      },
      // The HTTP server of Node puts classes of its own in place of global ones, so these files share no worker with others.
      { test: { name: 'node', include: ['test/edge/hosts/node/**/*.test.ts'], ...HANGS } },
      {
        test: {
          name: 'runner',
          include: [
            'test/runner/core/**/*.test.ts',
            'test/runner/seats/**/*.test.ts',
            'test/runner/translate/**/*.test.ts',
            'test/runner/virtual/**/*.test.ts',
          ],
          ...PURE,
        },
      },
      {
        test: {
          name: 'config',
          include: ['test/runner/config/**/*.test.ts', 'test/runner/link/**/*.test.ts'],
          ...HANGS,
        },
      },
      {
        test: {
          name: 'simulation',
          include: [
            'test/simulation/simulation.test.ts',
            'test/simulation/virtual.test.ts',
            'test/simulation/shared.test.ts',
            'test/simulation/access.test.ts',
            'test/simulation/contract.test.ts',
          ],
          provide: { seeds: 300 },
          ...SEEDS,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: EDGE_BINDINGS, outboundService: playedInternet },
          }),
        ],
        test: {
          name: 'cloudflare',
          include: ['test/edge/hosts/cloudflare/**/*.test.ts'],
          ...HANGS,
        },
      },

      // `npm test`, with the above
      {
        test: {
          name: 'processes',
          include: [
            'test/runner/*.test.ts',
            'test/runner/check/**/*.test.ts',
            'test/runner/sessions/**/*.test.ts',
            'test/runner/process/**/*.test.ts',
            'test/runner/remote/**/*.test.ts',
            'test/runner/dev/**/*.test.ts',
            'test/runner/deploy/**/*.test.ts',
            'test/runner/service/**/*.test.ts',
            'test/runner/commands/**/*.test.ts',
          ],
          ...REAL,
        },
      },
      {
        test: {
          name: 'mutants',
          include: ['test/simulation/{mutants,virtual-mutants,shared-mutants}.test.ts'],
          provide: { seeds: 60 },
          ...SEEDS,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [LONG, OF_PATIENCE],
          ...WAITING,
          ...ON_NODE,
        },
      },
      { test: { name: 'e2e-workerd', include: [OF_HOSTS], ...WAITING, ...ON_WORKERD } },

      // `npm run test:long`
      { test: { name: 'long-patience', include: [OF_PATIENCE], ...WAITING, ...ON_NODE } },
      { test: { name: 'long', include: [LONG], ...ALONE, ...ON_NODE } },
      {
        test: {
          name: 'long-workerd',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [LONG, OF_HOSTS, OF_NODE],
          ...WAITING,
          ...ON_WORKERD,
        },
      },
      {
        test: {
          name: 'long-workerd-alone',
          include: [LONG],
          exclude: [OF_NODE],
          ...ALONE,
          ...ON_WORKERD,
        },
      },
      {
        test: {
          name: 'simulation-long',
          include: ['test/simulation/{simulation,virtual,shared,access}.test.ts'],
          provide: { seeds: 20_000 },
          ...SEEDS,
        },
      },
      {
        test: {
          name: 'mutants-long',
          include: ['test/simulation/{mutants,virtual-mutants,shared-mutants}.test.ts'],
          provide: { seeds: 300 },
          ...SEEDS,
        },
      },
    ],
  },
});

declare module 'vitest' {
  export interface ProvidedContext {
    /** Seeds that the simulation runs, or a broken deployment that is to break nothing. */
    seeds: number;
  }
}
