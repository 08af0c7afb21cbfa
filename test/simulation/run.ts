// `npm run simulate -- --seeds N [--seed S]`: runs N seeds on every core, beginning with S, and stops soon after five have broken a
// rule, with the trace of each.
import { parseArgs } from 'node:util';
import { runSeeds } from './seeds.ts';

/** Broken seeds that are enough for a person. */
const ENOUGH = 5;

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '5000' }, seed: { type: 'string', default: '1' } },
});
const first = Number(values.seed);
const count = Number(values.seeds);
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
