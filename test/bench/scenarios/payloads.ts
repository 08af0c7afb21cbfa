// Large results: one client, one call after another.
import { quantile } from '../figures.ts';
import type { Plan } from '../plan.ts';
import type { Target } from '../targets.ts';

const MIB = 1024 * 1024;

/** Sizes of the results. */
export const PAYLOAD_MIB = [1, 4] as const;

/** Calls that are not counted. */
const WARM_UP = 2;

export interface Payload {
  readonly mib: number;
  readonly p50Ms: number;
}

/** Throws when a result is not what was asked for. */
export async function measurePayloads(plan: Plan, target: Target): Promise<Payload[]> {
  const session = target.session();
  try {
    await session.open();
    const payloads: Payload[] = [];
    for (const mib of PAYLOAD_MIB) {
      const bytes = mib * MIB;
      const text = 'x'.repeat(bytes);
      const sample: number[] = [];
      for (let n = -WARM_UP; n < plan.payloadCalls; n++) {
        const outcome = await session.call('big', { bytes }, text);
        if (outcome.kind !== 'right') throw new Error(`${outcome.kind}: ${outcome.reason}`);
        if (n >= 0) sample.push(outcome.ms);
      }
      payloads.push({ mib, p50Ms: quantile(sample, 0.5) });
    }
    return payloads;
  } finally {
    await session.close();
  }
}
