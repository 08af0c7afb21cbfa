// `npm run simulate -- --seeds N [--seed S]`: runs N seeds on every core, beginning with S, and stops soon after five have broken a
// rule, with the trace of each.
import { numberOf, readFlags } from '../flags.ts';
import { runSeeds } from './seeds.ts';

/** Broken seeds that are enough for a person. */
const ENOUGH = 5;

const flags = readFlags(
  'simulate',
  'Runs seeds of the simulator on every core, and prints the trace of each that breaks a rule.\nExit code 1: one did.',
  {
    seeds: { type: 'string', value: 'n', default: '5000', help: 'how many' },
    seed: { type: 'string', value: 'n', default: '1', help: 'the first' },
  },
);
const first = numberOf('simulate', 'seed', flags.seed, { least: 0 });
const count = numberOf('simulate', 'seeds', flags.seeds, { least: 1 });
const startedAt = performance.now();
let seeds = 0;
let calls = 0;
let broken = 0;
await runSeeds(first, count, (reports) => {
  for (const report of reports) {
    seeds += 1;
    calls += report.calls;
    if (report.faults.length === 0) continue;
    broken += 1;
    const { seed, faults, trace } = report;
    console.log(`seed ${seed} breaks:\n  ${faults.join('\n  ')}\ntrace:\n${trace.join('\n')}`);
    console.log(`replay: npm run simulate -- --seeds 1 --seed ${seed}`);
  }
  return broken < ENOUGH;
});
const seconds = (performance.now() - startedAt) / 1000;
console.log(
  `${seeds} seeds from ${first}, ${calls} calls, ${broken} broken, ${seconds.toFixed(1)} s`,
);
process.exitCode = broken > 0 ? 1 : 0;
