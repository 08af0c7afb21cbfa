// `npm run soak -- --minutes N [--seed S]`: load and faults for N minutes, then up to 6.5 minutes until everything kept for
// absent clients is let go. Exits 1 when a rule was broken or something is left.
import { numberOf, readFlags } from '../flags.ts';
import { soak } from './soak.ts';

const flags = readFlags(
  'soak',
  'Load and faults for some minutes, then up to 6.5 minutes until everything kept for absent clients is let go.\nExit code 1: a rule was broken, or something is left.',
  {
    minutes: { type: 'string', value: 'n', default: '10', help: 'how long load and faults last' },
    seed: {
      type: 'string',
      value: 'n',
      help: 'which load and faults (by default others each time)',
    },
  },
);
const minutes = numberOf('soak', 'minutes', flags.minutes, { least: 0, isWhole: false });
const seed =
  flags.seed === undefined
    ? Date.now() % 1_000_000
    : numberOf('soak', 'seed', flags.seed, { least: 0 });
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
