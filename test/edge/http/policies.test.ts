// What workers remember of the operator's policy and its limits never lets anybody do more than a policy of the last half minute did, in
// whatever order it is set, asked for and forgotten.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Access } from '../../../edge/core/access.ts';
import type { AccessPort } from '../../../edge/core/access-ports.ts';
import { EdgeLimits } from '../../../edge/core/limits.ts';
import { OperatorPolicy, type Judged } from '../../../edge/core/policy.ts';
import type { Asked } from '../../../edge/core/policy-asked.ts';
import type { PolicyText } from '../../../edge/core/policy-text.ts';
import { PolicyMemory } from '../../../edge/http/policies.ts';
import { memoryAccessStore } from '../../fixtures/memory-access.ts';

const START = 1_800_000_000_000;
const MINUTE_MS = 60_000;

/** How long what was narrowed may serve. */
const BITES_MS = 30_000;

beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ['Date'] });
  // Who asks again waits not at all.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const TOOLS = ['read', 'write'];
const WHO: readonly Judged[] = [{ name: 'ci' }, { name: 'p-1', groups: ['dev'], scopes: ['mcp'] }];

const SETTINGS = {
  signIn: {
    issuer: 'https://edge.example',
    ownerKeys: new Set(['a digest']),
    issuers: [],
    tokenMs: 3_600_000,
  },
};

const names = fc.subarray([...TOOLS, '*']);
const policies: fc.Arbitrary<PolicyText> = fc.oneof(
  fc.constant({}),
  fc.record({
    files: fc.record({
      rules: fc.array(
        fc.record(
          {
            who: fc.subarray(['*', 'key:ci', 'group:dev'], { minLength: 1 }),
            tools: names,
            deny: fc.oneof(fc.record({ tools: names }), fc.constant('all' as const)),
          },
          { requiredKeys: ['who'] },
        ),
        { maxLength: 3 },
      ),
    }),
  }),
);

const mayDo = (policy: OperatorPolicy | undefined, who: Judged, asked: Asked): boolean => {
  const named = policy?.of('files');
  return !named || named.rightsOf(who)?.judge(asked).kind === 'allowed';
};

type Turn<Set> =
  | { readonly do: 'call'; readonly worker: number; readonly who: Judged; readonly tool: string }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'set'; readonly policy: Set }
  | { readonly do: 'restart'; readonly worker: number }
  | { readonly do: 'evict' }
  | { readonly do: 'lose'; readonly isLost: boolean };

const turnsOf = <Set>(set: fc.Arbitrary<Set>): fc.Arbitrary<Turn<Set>[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('call' as const),
          worker: fc.nat({ max: 1 }),
          who: fc.constantFrom(...WHO),
          tool: fc.constantFrom(...TOOLS),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('wait' as const),
          ms: fc.constantFrom(1, 5_000, 14_999, 15_000, 29_999, 30_000),
        }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('set' as const), policy: set }) },
      fc.record({ do: fc.constant('restart' as const), worker: fc.nat({ max: 1 }) }),
      fc.constant({ do: 'evict' as const }),
      fc.record({ do: fc.constant('lose' as const), isLost: fc.boolean() }),
    ),
    { minLength: 2, maxLength: 40 },
  );

/** Two workers before one access actor, which keeps the policy. */
class Workers {
  readonly #store = memoryAccessStore();
  readonly memories = [new PolicyMemory(), new PolicyMemory()];
  #access = new Access(this.#store);
  /** Answers of the actor that a worker does not wait for. */
  readonly outliving: Promise<unknown>[] = [];
  isLost = false;

  readonly #ask: AccessPort = async (name, input) => {
    if (this.isLost) throw new Error('out of reach');
    return this.#access.take(name, input, Date.now());
  };

  readonly ports = {
    access: this.#ask,
    outlive: (work: Promise<unknown>) => void this.outliving.push(work),
  };

  set(policy: PolicyText): void {
    this.#access.take('setPolicy', { text: JSON.stringify(policy) }, Date.now());
  }

  evict(): void {
    this.#access = new Access(this.#store);
  }

  restart(worker: number): void {
    this.memories[worker] = new PolicyMemory();
  }

  /** The policy by which a worker serves; undefined: it serves nothing. */
  async policyOf(worker: number) {
    const found = await this.memories[worker]?.find(SETTINGS, this.ports);
    return found === undefined || 'fault' in found ? undefined : found;
  }
}

test('[F-582] a policy that was set counts for all within half a minute, and none longer than that after it', async () => {
  await fc.assert(
    fc.asyncProperty(turnsOf(policies), async (turns) => {
      vi.setSystemTime(START);
      const workers = new Workers();
      /** Those that count, or did half a minute ago. */
      let recent: { readonly policy: OperatorPolicy | undefined; until: number }[] = [
        { policy: undefined, until: Infinity },
      ];
      const tooMuch: string[] = [];
      for (const turn of turns) {
        const now = Date.now();
        recent = recent.filter(({ until }) => now < until);
        switch (turn.do) {
          case 'wait':
            vi.setSystemTime(now + turn.ms);
            await Promise.all(workers.outliving.splice(0));
            break;
          case 'set':
            workers.set(turn.policy);
            for (const one of recent) one.until = Math.min(one.until, now + BITES_MS);
            recent.push({ policy: new OperatorPolicy(turn.policy), until: Infinity });
            break;
          case 'restart':
            workers.restart(turn.worker);
            break;
          case 'evict':
            workers.evict();
            break;
          case 'lose':
            workers.isLost = turn.isLost;
            break;
          case 'call': {
            const { who, tool } = turn;
            const asked: Asked = { kind: 'tool', name: tool };
            const found = await workers.policyOf(turn.worker);
            const policy = found?.of('files');
            const isDone =
              found !== undefined &&
              (!policy || policy.rightsOf(who)?.judge(asked).kind === 'allowed');
            if (isDone && !recent.some((one) => mayDo(one.policy, who, asked)))
              tooMuch.push(`${who.name} did ${tool} at ${now - START}`);
          }
        }
      }
      expect(tooMuch).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

const withLimit = (requests: number): PolicyText => ({
  files: { rules: [{ who: ['*'], tools: ['*'], limits: { requests } }] },
});

test('[F-582] a limit that was lowered counts within half a minute: no worker serves more than it gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(1, 5_000, 15_000, 30_000), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      async (waits, high, low) => {
        vi.setSystemTime(START);
        const workers = new Workers();
        const [before, after] = [Math.max(high, low), Math.min(high, low)];
        workers.set(withLimit(before));
        const limits = new EdgeLimits();
        const callAll = async (): Promise<number> => {
          let served = 0;
          for (let call = 0; call < 3 * before; call++) {
            const policy = (await workers.policyOf(0))?.of('files');
            const rights = policy?.rightsOf(WHO[0] as Judged);
            const share = rights?.limits && { key: 'ci files', limits: rights.limits };
            if (share && !limits.budget([share])?.request(Date.now())) served += 1;
          }
          await Promise.all(workers.outliving.splice(0));
          return served;
        };
        expect(await callAll()).toBe(before);
        workers.set(withLimit(after));
        const setAt = Date.now();
        let since: number | undefined;
        let served = 0;
        for (const ms of waits) {
          vi.setSystemTime(Date.now() + ms);
          const now = await callAll();
          if (Date.now() < setAt + BITES_MS) continue;
          since ??= Date.now();
          served += now;
          const minutes = (Date.now() - since) / MINUTE_MS;
          expect(served).toBeLessThanOrEqual(Math.ceil(after * (1 + minutes)));
        }
      },
    ),
    { numRuns: 100 },
  );
});
