// What every store of the edge's rules promises them (edge/core/ports.ts), whatever it is made of.
import { describe, expect, test } from 'vitest';
import type {
  FleetStore,
  LostSession,
  RunnerRecord,
  SessionRow,
  SessionStore,
  SpareRow,
} from '../../edge/core/ports.ts';

/** A store under test: what stands on its disk, and the lives of its actor. */
export interface StoreHarness<Store> {
  /** Lets an actor take one step with its store; each step may be in a life of its own. */
  step<T>(work: (store: Store) => T): Promise<T>;
  /** When the host will wake the actor. */
  wakesAt(): Promise<number | undefined>;
  /** The actor's memory is gone. */
  crash(): Promise<void>;
}

type Make<Store> = () => Promise<StoreHarness<Store>>;

const LATER = 4_000_000_000_000;

const lost = (changes: Partial<LostSession> = {}): LostSession => ({
  placed: { session: 's', runner: 'r', boot: 'b', openedAt: 1 },
  since: 2,
  isExpired: false,
  revision: '2025-06-18',
  ...changes,
});

export function sessionStoreContract(make: Make<SessionStore>): void {
  describe('a session store', () => {
    test('has nothing at first', async () => {
      const { step, wakesAt } = await make();
      expect(await step((store) => store.lost())).toBeUndefined();
      expect(await wakesAt()).toBeUndefined();
    });

    test('reads in the same step what was written, and the last of it', async () => {
      const { step } = await make();
      const read = await step((store) => {
        store.keepLost(lost());
        store.keepLost(lost({ isExpired: true }));
        return store.lost();
      });
      expect(read).toEqual(lost({ isExpired: true }));
    });

    test('reads in the next life what an earlier one wrote', async () => {
      const { step, crash, wakesAt } = await make();
      await step((store) => {
        store.keepLost(lost());
        store.wakeAt(LATER);
      });
      await crash();
      expect(await step((store) => store.lost())).toEqual(lost());
      expect(await wakesAt()).toBe(LATER);
    });

    test('wakes at one time: the last that was asked for, or never', async () => {
      const { step, wakesAt } = await make();
      await step((store) => store.wakeAt(LATER));
      await step((store) => store.wakeAt(LATER + 1_000));
      expect(await wakesAt()).toBe(LATER + 1_000);
      await step((store) => store.wakeAt(undefined));
      expect(await wakesAt()).toBeUndefined();
    });

    test('[F-292] clears all, the time to wake too, and can be used again', async () => {
      const { step, crash, wakesAt } = await make();
      await step((store) => {
        store.keepLost(lost());
        store.wakeAt(LATER);
      });
      // What an earlier life kept is read before it is cleared.
      await step((store) => {
        if (store.lost()) store.clear();
      });
      await crash();
      expect(await step((store) => store.lost())).toBeUndefined();
      expect(await wakesAt()).toBeUndefined();
      await step((store) => store.keepLost(lost()));
      expect(await step((store) => store.lost())).toEqual(lost());
    });
  });
}

const row = (session: string, changes: Partial<SessionRow> = {}): SessionRow => ({
  session,
  runner: 'r',
  boot: 'b',
  server: 'files',
  principal: 'ann',
  openedAt: 1,
  ...changes,
});

const record = (changes: Partial<RunnerRecord> = {}): RunnerRecord => ({
  runner: 'r',
  boot: 'b',
  servers: ['files', 'mail'],
  capacity: 5,
  isDraining: false,
  ...changes,
});

const spare = (session: string, changes: Partial<SpareRow> = {}): SpareRow => ({
  session,
  runner: 'r',
  boot: 'b',
  server: 'files',
  openedAt: 1,
  isReady: false,
  ...changes,
});

const ACTOR = 'a'.repeat(22);

export function fleetStoreContract(make: Make<FleetStore>): void {
  describe('a fleet’s store', () => {
    test('keeps one record for each runner', async () => {
      const { step, crash } = await make();
      await step((store) => {
        store.putRunner(record());
        store.putRunner(record({ runner: 'q', servers: [] }));
        store.putRunner(record({ isDraining: true }));
      });
      await crash();
      const runners = await step((store) => store.runners());
      expect(runners.toSorted((a, b) => (a.runner < b.runner ? -1 : 1))).toEqual([
        record({ runner: 'q', servers: [] }),
        record({ isDraining: true }),
      ]);
    });

    test('[F-609] tells the sessions that were opened last', async () => {
      const { step } = await make();
      await step((store) => {
        for (const [name, openedAt] of [
          ['one', 3],
          ['two', 1],
          ['three', 4],
          ['four', 2],
        ] as const)
          store.putSession(row(name, { openedAt }));
      });
      const newest = (most: number) =>
        step((store) => store.newestSessions(most).map(({ session }) => session));
      expect(await newest(2)).toEqual(['three', 'one']);
      expect(await newest(9)).toEqual(['three', 'one', 'four', 'two']);
    });

    test('keeps one row for each session, and says whether it took one out', async () => {
      const { step, crash } = await make();
      await step((store) => {
        store.putSession(row('one'));
        store.putSession(row('two', { runner: 'q' }));
        store.putSession(row('one', { boot: 'c' }));
      });
      await crash();
      expect(await step((store) => store.session('one'))).toEqual(row('one', { boot: 'c' }));
      expect(await step((store) => store.sessions('q'))).toEqual([row('two', { runner: 'q' })]);
      expect(await step((store) => store.sessions().length)).toBe(2);
      expect(await step((store) => store.removeSession('one'))).toBe(true);
      expect(await step((store) => store.removeSession('one'))).toBe(false);
      expect(await step((store) => store.session('one'))).toBeUndefined();
    });

    test("tells a principal's sessions with their grants, also in the next life", async () => {
      const { step, crash } = await make();
      const granted = row('one', { grant: 'g1' });
      await step((store) => {
        store.putSession(granted);
        store.putSession(row('two'));
        store.putSession(row('three', { principal: 'bob', grant: 'g2' }));
        store.putSession(row('four', { grant: 'g3' }));
        store.removeSession('four');
        store.putSession(row('four'));
      });
      await crash();
      const held = await step((store) => store.sessionsOf('ann'));
      expect(held.toSorted((a, b) => a.session.localeCompare(b.session))).toEqual([
        row('four'),
        granted,
        row('two'),
      ]);
    });

    test("tells as what a principal's sessions were let in, also in the next life", async () => {
      const { step, crash } = await make();
      const app = row('one', { grant: 'g1', as: { client: 'web', groups: ['staff', 'x"y'] } });
      const shared = row('two', { as: { sharedByApps: true } });
      await step((store) => {
        store.putSession(app);
        store.putSession(shared);
        store.putSession(row('three', { as: { groups: ['gone'] } }));
        store.removeSession('three');
        store.putSession(row('three'));
      });
      await crash();
      const held = await step((store) => store.sessionsOf('ann'));
      expect(held.toSorted((a, b) => a.session.localeCompare(b.session))).toEqual([
        app,
        row('three'),
        shared,
      ]);
    });

    test('counts in the step that wrote', async () => {
      const { step } = await make();
      const counted = await step((store) => {
        store.putSession(row('one'));
        store.putSession(row('two', { principal: 'bob' }));
        store.putSession(row('three', { runner: 'q' }));
        store.putSession(row('four', { runner: 'q' }));
        store.removeSession('two');
        return [
          store.countOn('r'),
          store.countOn('q'),
          store.countOf('ann'),
          store.countOf('bob'),
          ...store.runnersOf('ann'),
        ];
      });
      expect(counted).toEqual([1, 2, 3, 0, 'q', 'r']);
    });

    test('finds the newest session of an actor, and none of another', async () => {
      const { step } = await make();
      const found = await step((store) => {
        store.putSession(row(`${ACTOR}~00000001`, { openedAt: 1 }));
        store.putSession(row(`${ACTOR}~00000002`, { openedAt: 3 }));
        store.putSession(row(`${ACTOR}~00000003`, { openedAt: 2 }));
        store.putSession(row('b'.repeat(22), { openedAt: 9 }));
        const [other, legacy] = [`${ACTOR.slice(1)}b`, 'b'.repeat(22)];
        return [ACTOR, legacy, other].map((actor) => store.newestOf(actor)?.session);
      });
      expect(found).toEqual([`${ACTOR}~00000002`, 'b'.repeat(22), undefined]);
    });

    test('[LP27] keeps spares beside the sessions, which do not count them', async () => {
      const { step, crash } = await make();
      await step((store) => {
        store.putSpare(spare('one'));
        store.putSpare(spare('two', { runner: 'q', server: 'mail' }));
        store.putSpare(spare('one', { isReady: true }));
      });
      await crash();
      const read = await step((store) => [
        store.spare('one'),
        store.spares({ server: 'files' }),
        store.spares({ runner: 'q' }),
        store.countOn('r'),
        store.sessions().length,
        store.removeSpare('one'),
        store.removeSpare('one'),
        store.spare('one'),
      ]);
      const one = spare('one', { isReady: true });
      const two = spare('two', { runner: 'q', server: 'mail' });
      expect(read).toEqual([one, [one], [two], 0, 0, true, false, undefined]);
    });

    test('[LP27] knows where a modern actor lives, as long as that session is in the books', async () => {
      const { step, crash } = await make();
      await step((store) => {
        store.putSession(row('one'));
        store.putHome(ACTOR, 'one');
      });
      await crash();
      expect(await step((store) => store.homeOf(ACTOR))).toEqual(row('one'));
      expect(await step((store) => store.newestOf(ACTOR))).toBeUndefined();
      await step((store) => store.removeSession('one'));
      expect(await step((store) => store.homeOf(ACTOR))).toBeUndefined();
      // Another session of that name would not be its home.
      await step((store) => store.putSession(row('one')));
      expect(await step((store) => store.homeOf(ACTOR))).toBeUndefined();
    });

    test('[F-293] remembers whom it owes a word until that is paid', async () => {
      const { step, crash } = await make();
      const owed = { session: 'one', fault: { fault: 'runner_lost' } } as const;
      await step((store) => {
        store.owe(owed);
        store.owe({ ...owed, session: 'two' });
      });
      await crash();
      expect(await step((store) => store.owed().length)).toBe(2);
      await step((store) => store.paid('two'));
      await crash();
      expect(await step((store) => store.owed())).toEqual([owed]);
    });

    test('[F-632] keeps what was counted, as it was last', async () => {
      const { step, crash } = await make();
      expect(await step((store) => store.figures())).toEqual([]);
      const figure = { key: 'refusals', labels: ['not_found'], value: 1 };
      await step((store) => store.keepFigures([figure]));
      await step((store) => store.keepFigures([{ ...figure, value: 2 }]));
      await crash();
      expect(await step((store) => store.figures())).toEqual([{ ...figure, value: 2 }]);
    });

    test('[F-584] [F-700] keeps the policies and the settings by which sessions were opened', async () => {
      const { step, crash } = await make();
      await step((store) => {
        store.putPolicy('settings', '{"files":{}}');
        store.putPolicy('operator', '{}');
        store.putPolicy('operator', '{"*":{}}');
        store.putPolicy('letIn', '{"names":{}}');
      });
      await crash();
      const kept = () => step((store) => [store.policy('settings'), store.policy('operator')]);
      expect(await kept()).toEqual(['{"files":{}}', '{"*":{}}']);
      await step((store) => store.putPolicy('operator', undefined));
      await crash();
      expect(await kept()).toEqual(['{"files":{}}', undefined]);
      expect(await step((store) => store.policy('letIn'))).toBe('{"names":{}}');
    });

    test('wakes for its review, and forgets it', async () => {
      const { step, crash, wakesAt } = await make();
      await step((store) => store.setReview(LATER));
      await crash();
      expect(await step((store) => store.reviewAt())).toBe(LATER);
      expect(await wakesAt()).toBe(LATER);
      await step((store) => store.setReview(undefined));
      expect(await step((store) => store.reviewAt())).toBeUndefined();
    });
  });
}
