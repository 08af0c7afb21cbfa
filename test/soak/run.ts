// `npm run soak -- --minutes N [--seed S]`: load and faults for N minutes, then up to 6.5 minutes until everything kept for
// absent clients is let go. Exits 1 when a rule was broken or something is left.
import { parseArgs } from 'node:util';

import { soak } from './soak.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const { calls, faults, violations } = await soak({
  ms: minutes * 60_000,
  seed,
  print: (line) => console.log(line),
  clients: 'rude',
});
console.log(
  `soak: ${minutes} minutes, ${calls} calls, ${faults} faults, ${violations.length} violations`,
);
process.exitCode = violations.length > 0 ? 1 : 0;
