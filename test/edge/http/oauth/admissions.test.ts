// What a worker remembers of tokens never outlives what took them away for longer than half a minute, in whatever order things happen.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { allowedTo, within, type AllowEntry } from '../../../../edge/access/allow-list.ts';
import { Access } from '../../../../edge/core/access.ts';
import type { AccessPort } from '../../../../edge/core/access-ports.ts';
import type { Person } from '../../../../edge/core/person-ports.ts';
import { Admissions } from '../../../../edge/http/oauth/admissions.ts';
import type { SignIn } from '../../../../edge/sign-in-settings.ts';
import { sha256 } from '../../../../edge/access/digest.ts';
import { mintSecret } from '../../../../edge/access/minted.ts';
import { memoryAccessStore } from '../../../fixtures/memory-access.ts';

const START = 1_800_000_000_000;
const REMEMBERED_MS = 30_000;
const IDP = 'https://idp.example';
const SERVERS = ['files', 'mail'];
const SCOPES = ['mcp', 'mcp:read'];

const ANN: Person = {
  id: 'p-1',
  issuer: IDP,
  subject: 'ann',
  email: 'ann@example.com',
  groups: ['dev'],
};

beforeEach(() => void vi.useFakeTimers({ now: START, toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const entry: fc.Arbitrary<AllowEntry> = fc.record(
  {
    email: fc.constantFrom('ann@example.com', 'bob@example.com'),
    domain: fc.constantFrom('example.com', 'other.example'),
    group: fc.constantFrom('dev', 'ops'),
    scopes: fc.subarray(SCOPES, { minLength: 1 }),
    servers: fc.oneof(
      fc.constant('*' as const),
      fc.subarray(SERVERS, { minLength: 1 }).map((servers) => new Set(servers)),
    ),
  },
  { requiredKeys: ['servers'] },
);

const lists = fc.array(entry, { maxLength: 3 });

/** The scopes that a list leaves a person for a server. */
const left = (list: readonly AllowEntry[], server: string): readonly string[] => {
  const allowed = allowedTo(ANN, list, server);
  return allowed ? within(SCOPES, allowed) : [];
};

const signInWith = (allow: readonly AllowEntry[]): SignIn => ({
  issuer: 'https://edge.example',
  ownerKeys: new Set(),
  issuers: [],
  tokenMs: 3_600_000,
  provider: {
    issuer: IDP,
    allow,
    client: 'edge',
    secret: 'x',
    scope: 'openid',
    groupsClaim: 'groups',
    trustEmail: false,
  },
});

test.each(['runner', 'client'] as const)(
  '[F-985] at a server that is called %s, what the edge knows as the credential of such a kind is no token',
  async (kind) => {
    const access = new Access(memoryAccessStore());
    const text = 'a token that is not of the form of those that the edge mints';
    const digest = await sha256(text);
    const held = { kind, name: 'vm1', proof: digest, servers: ['*'], notAfter: null };
    access.take('addCredential', held, START);
    const port: AccessPort = async (name, input) => access.take(name, input, Date.now());
    const admissions = new Admissions();
    expect(await admissions.findHolder({ access: port }, kind, digest)).toMatchObject({
      name: 'vm1',
    });
    expect(admissions.remembered(kind, { text, digest })).toBeUndefined();
    expect(await admissions.find({ access: port }, signInWith([]), kind, digest)).toBeUndefined();
  },
);

describe('[F-366] a list that says less', () => {
  test('never gives more', () => {
    fc.assert(
      fc.property(lists, fc.nat(), fc.constantFrom(...SERVERS), (list, at, server) => {
        const fewer = list.filter((_, index) => index !== at % Math.max(1, list.length));
        expect(left(list, server)).toEqual(expect.arrayContaining([...left(fewer, server)]));
      }),
    );
  });
});

type Turn =
  | { readonly do: 'call'; readonly server: string; readonly worker: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'list'; readonly list: readonly AllowEntry[] }
  | { readonly do: 'end' }
  | { readonly do: 'evict' };

const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('call' as const),
        server: fc.constantFrom(...SERVERS),
        worker: fc.nat({ max: 1 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.constantFrom(1, 10_000, 29_999, 30_000),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('list' as const), list: lists }) },
    fc.constant({ do: 'end' as const }),
    fc.constant({ do: 'evict' as const }),
  ),
  { minLength: 2, maxLength: 30 },
);

test('[F-365] [F-366] what ended or was narrowed serves half a minute longer at most, in every worker', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async (all) => {
      vi.setSystemTime(START);
      const store = memoryAccessStore();
      let access = new Access(store);
      const port: AccessPort = async (name, input) => access.take(name, input, Date.now());
      const workers = [new Admissions(), new Admissions()];
      const [code, token] = [mintSecret('code'), await sha256(mintSecret('access'))];
      const bound = { challenge: 'challenge', redirect: 'https://app.example/' };
      access.approve(
        {
          ...bound,
          page: 'page',
          pageUntil: START + 1_000,
          grant: 'grant',
          person: ANN,
          app: { id: 'app', name: 'App' },
          server: 'files',
          scopes: SCOPES,
          lastsMs: 86_400_000,
          code: await sha256(code),
        },
        START,
      );
      const issued = access.redeem(
        {
          ...bound,
          code: await sha256(code),
          client: 'app',
          server: 'files',
          access: token,
          refresh: 'refresh',
          accessMs: 3_600_000,
          from: undefined,
        },
        START,
      );
      expect(issued.kind).toBe('issued');
      const tooMuch: string[] = [];
      let endedAt = Infinity;
      /** The lists that count, or did half a minute ago. */
      let recent: { readonly list: readonly AllowEntry[]; until: number }[] = [
        { list: [{ everyone: true, servers: '*' }], until: Infinity },
      ];
      for (const turn of all) {
        const now = Date.now();
        recent = recent.filter(({ until }) => now < until);
        const { list } = recent.at(-1) ?? { list: [] };
        switch (turn.do) {
          case 'wait':
            vi.setSystemTime(now + turn.ms);
            break;
          case 'list':
            for (const one of recent) one.until = Math.min(one.until, now + REMEMBERED_MS);
            recent.push({ list: turn.list, until: Infinity });
            break;
          case 'end':
            access.end({ grant: 'grant' }, now);
            endedAt = Math.min(endedAt, now);
            break;
          case 'evict':
            access = new Access(store);
            break;
          case 'call': {
            const worker = workers[turn.worker] ?? new Admissions();
            const found = await worker.find({ access: port }, signInWith(list), turn.server, token);
            const scopes = typeof found === 'object' ? (found.scopes ?? []) : [];
            const most = new Set(recent.flatMap((one) => left(one.list, turn.server)));
            if (!scopes.every((scope) => most.has(scope)))
              tooMuch.push(`${scopes.join()} at ${now}`);
            const isOver = now >= endedAt + REMEMBERED_MS || turn.server !== 'files';
            if (isOver && found !== undefined) tooMuch.push(`${turn.server} at ${now}`);
          }
        }
      }
      expect(tooMuch).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
