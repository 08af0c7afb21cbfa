// What every store of the access actor promises its rules (edge/core/access-ports.ts), whatever it is made of.
import { describe, expect, test } from 'vitest';

import { Access } from '../../edge/core/access.ts';
import type { AccessStore, GrantRow } from '../../edge/core/access-ports.ts';
import type { StoreHarness } from './stores.ts';

const START = 1_700_000_000_000;

const row = (changed: Partial<GrantRow> = {}): GrantRow => ({
  grant: 'g1',
  person: 'owner',
  client: 'app',
  app: 'App',
  server: 'files',
  scopes: 'mcp',
  createdAt: START,
  usedAt: START,
  expiresAt: START + 1_000,
  code: 'code1',
  codeUntil: START + 100,
  challenge: 'challenge',
  redirect: 'https://app.example/',
  refresh: null,
  refreshUntil: 0,
  previous: null,
  sealed: null,
  ...changed,
});

export function accessStoreContract(make: () => Promise<StoreHarness<AccessStore>>): void {
  describe('a store of the access actor', () => {
    test('finds a grant by each of its names, also in the next life', async () => {
      const { step, crash } = await make();
      const kept = row({ refresh: 'r2', previous: 'r1', sealed: 'x', refreshUntil: START + 500 });
      await step((store) => {
        store.putGrant(row({ grant: 'g2', code: 'code2' }));
        store.putGrant(row());
        store.putGrant(kept);
        store.spend('r0', 'g1', START);
      });
      await crash();
      const found = await step((store) => [
        store.grant('g1'),
        store.grantOfCode('code1'),
        store.grantOfRefresh('r2'),
        store.grantOfRefresh('r1'),
        store.grantOfRefresh('r0'),
        store.grantOfSpent('r0'),
      ]);
      expect(found).toEqual([kept, kept, kept, kept, undefined, 'g1']);
    });

    test('[F-585] keeps quotas until nothing of them is used, also in the next life', async () => {
      const { step, crash } = await make();
      await step((store) => {
        store.quotas.putQuotaDue({ key: 'a', dueBy: START });
        store.quotas.putQuotaDue({ key: 'b', dueBy: START + 0.5 });
        store.quotas.putQuotaDue({ key: 'a', dueBy: START + 1.25 });
        store.quotas.putQuotaDue({ key: 'c', dueBy: START - 1 });
        store.quotas.dropQuotasBefore(START);
      });
      await crash();
      const dues = await step((store) => ['a', 'b', 'c'].map((key) => store.quotas.quotaDue(key)));
      expect(dues).toEqual([START + 1.25, START + 0.5, undefined]);
    });

    test('ends a grant with its tokens and what was spent of it', async () => {
      const { step } = await make();
      await step((store) => {
        store.putGrant(row());
        store.putToken({ token: 't', grant: 'g1', scopes: 'mcp', expiresAt: START });
        store.spend('r0', 'g1', START);
        store.removeGrant('g1');
      });
      const left = await step((store) => [
        store.grant('g1'),
        store.token('t'),
        store.grantOfSpent('r0'),
      ]);
      expect(left).toEqual([undefined, undefined, undefined]);
    });

    test('chooses grants, the one that was used first at the front', async () => {
      const { step } = await make();
      await step((store) => {
        store.putGrant(row({ usedAt: START + 2 }));
        store.putGrant(row({ grant: 'g2', code: 'c2', usedAt: START + 1, server: 'mail' }));
        store.putGrant(row({ grant: 'g3', code: 'c3', person: 'p-1' }));
      });
      const ids = (rows: readonly GrantRow[]) => rows.map(({ grant }) => grant);
      const chosen = await step((store) => [
        ids(store.grantsBy({})),
        ids(store.grantsBy({ person: 'owner' })),
        ids(store.grantsBy({ person: 'owner', server: 'files' })),
        ids(store.grantsBy({ client: 'other' })),
      ]);
      expect(chosen).toEqual([['g3', 'g2', 'g1'], ['g2', 'g1'], ['g1'], []]);
    });

    test('keeps of tokens and spent ones those that came last', async () => {
      const { step } = await make();
      const left = await step((store) => {
        for (const at of [1, 2, 3]) {
          store.putToken({ token: `t${at}`, grant: 'g1', scopes: 'mcp', expiresAt: START + at });
          store.spend(`r${at}`, 'g1', START + at);
        }
        store.putToken({ token: 'other', grant: 'g2', scopes: 'mcp', expiresAt: START });
        store.trimTokens('g1', 2);
        store.trimSpent('g1', 1);
        return [
          ...['t1', 't2', 't3', 'other'].map((token) => store.token(token)?.token),
          ...['r1', 'r2', 'r3'].map((refresh) => store.grantOfSpent(refresh)),
        ];
      });
      expect(left).toEqual([undefined, 't2', 't3', 'other', undefined, undefined, 'g1']);
    });

    test('forgets the app that was not used for longest, and none that has a grant', async () => {
      const { step } = await make();
      const app = (id: string, usedAt: number) => ({
        id,
        name: id,
        redirects: ['u'],
        usedAt,
        freshUntil: 0,
      });
      const left = await step((store) => {
        store.putApp('registered', app('app', 1));
        store.putApp('registered', app('b', 3));
        store.putApp('registered', app('c', 2));
        store.putApp('document', app('d', 0));
        store.putGrant(row());
        const dropped = store.dropApp('registered');
        return [
          dropped,
          ...['app', 'b', 'c'].map((id) => store.app('registered', id)?.usedAt),
          store.countApps('registered'),
          store.app('document', 'd'),
        ];
      });
      expect(left).toEqual([true, 1, 3, undefined, 2, app('d', 0)]);
      const none = await step((store) => [
        store.dropApp('registered'),
        store.dropApp('registered'),
      ]);
      expect(none).toEqual([true, false]);
    });

    test('forgets one app, and no other of the same kind or name', async () => {
      const { step } = await make();
      const app = { id: 'a', name: 'A', redirects: ['u'], usedAt: 1, freshUntil: 0 };
      await step((store) => {
        store.putApp('registered', app);
        store.putApp('registered', { ...app, id: 'b' });
        store.putApp('document', app);
        store.removeApp('registered', 'a');
        store.removeApp('registered', 'nobody');
      });
      const left = await step((store) => [
        store.app('registered', 'a'),
        store.app('registered', 'b')?.id,
        store.app('document', 'a')?.id,
      ]);
      expect(left).toEqual([undefined, 'b', 'a']);
    });

    test('keeps who is blocked, also when their grants are gone, and in the next life', async () => {
      const { step, crash } = await make();
      const ann = { id: 'p-1', issuer: 'https://i.example', subject: 's', groups: ['a', 'b'] };
      await step((store) => {
        store.people.putPerson(ann, START);
        store.people.putBlocked({ person: { id: 'p-2' }, since: START + 1 });
        store.people.putBlocked({ person: ann, since: START });
        store.people.dropPeople();
      });
      await crash();
      const kept = await step((store) => [
        store.people.person('p-1'),
        store.people.blockedPerson('p-1'),
        store.people.blockedPeople().map(({ person }) => person.id),
      ]);
      expect(kept).toEqual([undefined, { person: ann, since: START }, ['p-1', 'p-2']]);
      const left = await step((store) => {
        store.people.removeBlocked('p-1');
        return store.people.blockedPeople();
      });
      expect(left).toEqual([{ person: { id: 'p-2' }, since: START + 1 }]);
    });

    test('keeps journeys, and knows the oldest of where most began', async () => {
      const { step, crash } = await make();
      const journey = (state: string, network: string, startedAt: number) => ({
        state,
        browser: `b ${state}`,
        sealed: 'x',
        network,
        startedAt,
      });
      const rows = [journey('1', 'a', 1), journey('3', 'b', 3), journey('2', 'b', 2)];
      await step((store) => {
        for (const row of rows) store.journeys.putJourney(row);
      });
      await crash();
      const kept = await step(({ journeys }) => [
        journeys.journey('3'),
        journeys.countJourneys(),
        journeys.oldestOfBusiest(),
      ]);
      expect(kept).toEqual([rows[1], 3, '2']);
      const left = await step(({ journeys }) => {
        journeys.removeJourney('3');
        journeys.dropJourneysBefore(2);
        return ['1', '2', '3'].map((state) => journeys.journey(state)?.state);
      });
      expect(left).toEqual([undefined, '2', undefined]);
    });

    test('notes a page once', async () => {
      const { step, crash } = await make();
      expect(await step((store) => store.usePage('p', START))).toBe(true);
      await crash();
      expect(await step((store) => store.usePage('p', START))).toBe(false);
      await step((store) => store.dropPagesBefore(START));
      expect(await step((store) => store.usePage('p', START))).toBe(true);
    });

    test('wakes its actor at the time that was set last', async () => {
      const { step, wakesAt } = await make();
      expect(await step((store) => store.sweepAt())).toBeUndefined();
      await step((store) => store.setSweep(4_000_000_000_000));
      expect(await wakesAt()).toBe(4_000_000_000_000);
      expect(await step((store) => store.sweepAt())).toBe(4_000_000_000_000);
    });

    test('[F-420] an actor that ends between any two steps goes on as if it had not', async () => {
      const { step, crash } = await make();
      const ask = async <T>(run: (access: Access) => T): Promise<T> => {
        const answer = await step((store) => run(new Access(store)));
        await crash();
        return answer;
      };
      const from = 'x';
      const redirect = 'https://app.example/';
      const app = { id: 'app', name: 'App', redirects: [redirect] };
      await ask((access) => access.register({ app, from }, START));
      expect(
        await ask((access) => access.app({ id: 'app', isDocument: false, from }, START)),
      ).toEqual({
        kind: 'known',
        app,
      });
      const approval = {
        page: 'page',
        pageUntil: START + 1_000,
        grant: 'g1',
        person: { id: 'owner' },
        app,
        server: 'files',
        scopes: ['mcp'],
        lastsMs: 1_000_000,
        code: 'code',
        challenge: 'challenge',
        redirect,
      };
      expect(await ask((access) => access.approve(approval, START))).toEqual({ kind: 'approved' });
      expect(await ask((access) => access.approve(approval, START))).toEqual({ kind: 'spent' });
      const base = { client: 'app', server: 'files', accessMs: 500_000, from };
      const redemption = {
        ...base,
        code: 'code',
        redirect,
        challenge: 'challenge',
        access: 'a1',
        refresh: 'r1',
      };
      const whose = { person: { id: 'owner' }, server: 'files' };
      const issued = { kind: 'issued', ...whose, scopes: ['mcp'], expiresInS: 500 };
      expect(await ask((access) => access.redeem(redemption, START))).toEqual(issued);
      const renewal = {
        ...base,
        presented: 'r1',
        scopes: undefined,
        sealed: 's2',
        access: 'a2',
        refresh: 'r2',
      };
      expect(await ask((access) => access.renew(renewal, START))).toEqual(issued);
      const repeated = { ...renewal, sealed: 's3', access: 'a3', refresh: 'r3' };
      const again = await ask((access) => access.renew(repeated, START));
      expect(again).toEqual({ ...issued, sealed: 's2' });
      for (const token of ['a1', 'a2', 'a3'])
        expect(await ask((access) => access.validate({ token, server: 'files' }, START))).toEqual({
          admission: {
            person: { id: 'owner' },
            client: 'app',
            grant: 'g1',
            scopes: ['mcp'],
            expiresAt: START + 500_000,
          },
        });
      expect(await ask((access) => access.revoke({ token: 'r2', from }, START))).toEqual({
        ended: [{ grant: 'g1', person: 'owner', server: 'files' }],
      });
      expect(await ask((access) => access.grants({}, START))).toEqual([]);
    });
  });
}
