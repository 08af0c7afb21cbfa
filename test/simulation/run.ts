// `npm run simulate -- --seeds N [--seed S]`: runs N seeds, beginning with S, and stops with a trace at the first that breaks a
// rule.
import { parseArgs } from 'node:util';
import { check } from './history.ts';
import { World } from './world.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '5000' }, seed: { type: 'string', default: '1' } },
});
const first = Number(values.seed);
const count = Number(values.seeds);
const startedAt = performance.now();
let calls = 0;
let broken = 0;
for (let seed = first; seed < first + count; seed++) {
  const history = new World(seed).run();
  calls += history.calls.size;
  const faults = check(history);
  if (faults.length === 0) continue;
  broken += 1;
  console.log(
    `seed ${String(seed)} breaks:\n  ${faults.join('\n  ')}\ntrace:\n${history.trace.join('\n')}`,
  );
  console.log(`replay: npm run simulate -- --seeds 1 --seed ${String(seed)}`);
  if (broken === 5) break;
}
const seconds = (performance.now() - startedAt) / 1000;
console.log(
  `${String(count)} seeds from ${String(first)}, ${String(calls)} calls, ${String(broken)} broken, ${seconds.toFixed(1)} s`,
);
process.exitCode = broken > 0 ? 1 : 0;
