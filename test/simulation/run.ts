// `npm run simulate -- --seeds N [--seed S] [--world sessions|virtual|shared|access]`: runs N seeds of each world on every core, beginning with S, and
// stops soon after five have broken a rule, with what led there.
import { numberOf, readFlags, wronglyCalled } from '../flags.ts';
import { runSeeds, WORLDS, type WorldName } from './seeds.ts';

/** Broken seeds that are enough for a person. */
const ENOUGH = 5;

const flags = readFlags(
  'simulate',
  'Runs seeds of the simulator on every core, and prints the trace of each that breaks a rule.\nExit code 1: one did.',
  {
    seeds: { type: 'string', value: 'n', default: '5000', help: 'how many' },
    seed: { type: 'string', value: 'n', default: '1', help: 'the first' },
    world: {
      type: 'string',
      value: 'name',
      help: `one of ${WORLDS.join(', ')} (by default all)`,
    },
  },
);
const first = numberOf('simulate', 'seed', flags.seed, { least: 0 });
const count = numberOf('simulate', 'seeds', flags.seeds, { least: 1 });
const worlds = WORLDS.filter((world) => flags.world === undefined || flags.world === world);
if (worlds.length === 0)
  wronglyCalled('simulate', `${flags.world} is not one of ${WORLDS.join(', ')}`);
let broken = 0;
for (const world of worlds) {
  const brokenHere = await simulate(world);
  broken += brokenHere;
}
process.exitCode = broken > 0 ? 1 : 0;

/** Runs the seeds of one world; how many broke a rule. */
async function simulate(world: WorldName): Promise<number> {
  const startedAt = performance.now();
  let [seeds, calls, broken] = [0, 0, 0];
  await runSeeds(world, first, count, (reports) => {
    for (const { seed, faults, trace, calls: made } of reports) {
      seeds += 1;
      calls += made;
      if (faults.length === 0) continue;
      broken += 1;
      console.log(`seed ${seed} breaks:\n  ${faults.join('\n  ')}\ntrace:\n${trace.join('\n')}`);
      console.log(`replay: npm run simulate -- --world ${world} --seeds 1 --seed ${seed}`);
    }
    return broken < ENOUGH;
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(
    `${world}: ${seeds} seeds from ${first}, ${calls} calls, ${broken} broken, ${seconds} s`,
  );
  return broken;
}
