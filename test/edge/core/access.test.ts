// The access actor's rules, over orders of events that nobody chose: codes, refresh tokens whose answers are lost or stolen, storage
// that anybody may fill, and what a copy of it opens.
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';

import { Access } from '../../../edge/core/access.ts';
import type { Approval, Issued } from '../../../edge/core/access-ports.ts';
import { AccessTables } from '../../../edge/core/access-tables.ts';
import { memoryAccessStore, memoryDatabase } from '../../fixtures/memory-access.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = 1_700_000_000_000;

let minted = 0;
/** A digest of a secret that only its test knows. */
const secret = (): string => `digest-${++minted}`;

const approval = (changed: Partial<Approval> = {}): Approval => ({
  page: secret(),
  pageUntil: START + 10 * MINUTE,
  grant: secret(),
  person: { id: 'owner' },
  app: { id: 'app', name: 'App' },
  server: 'files',
  scopes: ['mcp'],
  lastsMs: 365 * DAY,
  code: secret(),
  challenge: 'challenge',
  redirect: 'https://app.example/callback',
  ...changed,
});

const redemption = ({ code, challenge, redirect, app, server }: Approval) => ({
  code,
  challenge,
  redirect,
  client: app.id,
  server: server as string | undefined,
  access: secret(),
  refresh: secret(),
  accessMs: 8 * 60 * MINUTE,
  from: '192.0.2.1' as string | undefined,
});

const renewal = (presented: string, changed: object = {}) => ({
  presented,
  sealed: '',
  client: 'app',
  server: undefined,
  scopes: undefined,
  access: secret(),
  refresh: secret(),
  accessMs: 8 * 60 * MINUTE,
  from: secret(),
  ...changed,
});

/** An app that was let in: the refresh token that it has. */
function letIn(access: Access, changed: Partial<Approval> = {}) {
  const approved = approval(changed);
  access.approve(approved, START);
  const redeemed = redemption(approved);
  expect(access.redeem(redeemed, START).kind).toBe('issued');
  return { approved, access: redeemed.access, refresh: redeemed.refresh };
}

/** Presents a refresh token: the one that the answer holds, or undefined if it was refused. */
function renew(access: Access, presented: string, now = START): string | undefined {
  const asked = renewal(presented);
  const answer = access.renew({ ...asked, sealed: asked.refresh }, now);
  return answer.kind === 'issued' ? (answer.sealed ?? asked.refresh) : undefined;
}

describe('[F-416] a code gives tokens once at most, and to none but its app', () => {
  test('whatever comes in whatever order', () => {
    const wrong = fc.record(
      {
        challenge: fc.constantFrom('challenge', 'other'),
        redirect: fc.constantFrom('https://app.example/callback', 'https://app.example/other'),
        client: fc.constantFrom('app', 'other'),
        server: fc.constantFrom('files', 'mail', undefined, null),
        waits: fc.constantFrom(0, MINUTE),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(wrong, { minLength: 1, maxLength: 6 }), (tries) => {
        const access = new Access(memoryAccessStore());
        const approved = approval();
        access.approve(approved, START);
        let now = START;
        let issued = 0;
        for (const [at, { waits = 0, ...changed }] of tries.entries()) {
          now += waits;
          const asked = { ...redemption(approved), ...changed };
          const isRight =
            asked.challenge === approved.challenge &&
            asked.redirect === approved.redirect &&
            asked.client === 'app' &&
            (asked.server === 'files' || asked.server === undefined) &&
            now < START + MINUTE;
          const { kind } = access.redeem(asked, now);
          if (kind !== 'issued') continue;
          issued += 1;
          expect([at, isRight]).toEqual([0, true]);
        }
        expect(issued).toBeLessThanOrEqual(1);
        // More than one try ends what the first gave.
        expect(tries.length > 1 ? access.grants({}, now) : []).toEqual([]);
      }),
    );
  });
});

describe('[F-417] refresh tokens', () => {
  test('an app that repeats what was lost never loses its grant, in any order', () => {
    const events = fc.array(
      fc.record({ isLost: fc.boolean(), repeats: fc.nat({ max: 3 }), isLate: fc.boolean() }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(events, (turns) => {
        const access = new Access(memoryAccessStore());
        let has = letIn(access).refresh;
        for (const { isLost, repeats, isLate } of turns) {
          const answers = Array.from({ length: repeats + 1 }, () => renew(access, has));
          expect(new Set(answers).size).toBe(1);
          expect(answers[0]).toBeDefined();
          if (isLost) continue;
          // One of the same requests may still be on its way when its answer was heard already.
          expect(isLate ? renew(access, has) : answers[0]).toBe(answers[0]);
          has = answers[0] ?? has;
        }
        expect(renew(access, has)).toBeDefined();
      }),
    );
  });

  test('a spent one ends the grant, whoever comes with it', () => {
    const order = fc.array(fc.boolean(), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(order, (turns) => {
        const access = new Access(memoryAccessStore());
        const { refresh } = letIn(access);
        // The app and a thief begin with the same token; each goes on from the answer that it got.
        const has = [refresh, refresh];
        let chain = [refresh];
        for (const isThief of turns) {
          const who = isThief ? 1 : 0;
          const presented = has[who] ?? '';
          const isSpent = chain.indexOf(presented) < chain.length - 2;
          const next = renew(access, presented);
          expect(next === undefined).toBe(isSpent);
          if (isSpent) break;
          if (next !== undefined && !chain.includes(next)) chain = [...chain, next];
          has[who] = next ?? '';
        }
        // Once that came, neither of them has anything left.
        const isFound = access.grants({}, START).length === 0;
        const left = has.map((token) => renew(access, token));
        expect(isFound && left.some((token) => token !== undefined)).toBe(false);
      }),
    );
  });

  test('are bounded, and what was spent long ago opens nothing', () => {
    const { db, sql } = memoryDatabase();
    const access = new Access(new AccessTables(sql, () => undefined));
    const { refresh } = letIn(access);
    let has = refresh;
    for (let turn = 0; turn < 300; turn++) has = renew(access, has, START + turn) ?? '';
    expect(db.prepare('SELECT count(*) AS n FROM spent').get()).toEqual({ n: 200 });
    expect(db.prepare('SELECT count(*) AS n FROM tokens').get()).toEqual({ n: 32 });
    expect(renew(access, refresh, START + 300)).toBeUndefined();
    expect(renew(access, has, START + 300)).toBeDefined();
  });

  test('last a month without use and a year with it', () => {
    const access = new Access(memoryAccessStore());
    let has = letIn(access).refresh;
    for (let at = START + 29 * DAY; at < START + 365 * DAY; at += 29 * DAY)
      has = renew(access, has, at) ?? '';
    expect(has).not.toBe('');
    expect(renew(access, has, START + 365 * DAY)).toBeUndefined();
    const idle = letIn(access).refresh;
    expect(renew(access, idle, START + 30 * DAY)).toBeUndefined();
  });
});

describe('[F-418] a token opens its own server, as its own person', () => {
  test('and nothing else, whatever other tokens there are', () => {
    const grants = fc.array(
      fc.record({
        server: fc.constantFrom('files', 'mail', 'git'),
        person: fc.constantFrom('owner', 'p-1', 'p-2'),
        client: fc.constantFrom('app', 'other'),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(grants, (all) => {
        const access = new Access(memoryAccessStore());
        const tokens = all.map(({ server, person, client }) => {
          const app = { id: client, name: client };
          return letIn(access, { server, person: { id: person }, app }).access;
        });
        for (const [at, { server, person, client }] of all.entries())
          for (const other of ['files', 'mail', 'git']) {
            const asked = { token: tokens[at] ?? '', server: other };
            const { admission } = access.validate(asked, START);
            const found = admission && { person: admission.person.id, client: admission.client };
            expect(found).toEqual(other === server ? { person, client } : undefined);
          }
      }),
    );
  });

  test('until its grant ends: by id, person, app, and one end touches no other', () => {
    const access = new Access(memoryAccessStore());
    const mine = letIn(access);
    const theirs = letIn(access, { person: { id: 'p-1' }, app: { id: 'other', name: 'Other' } });
    const isOpen = ({ access: token }: { access: string }) =>
      access.validate({ token, server: 'files' }, START).admission !== undefined;
    const { ended } = access.end({ person: 'p-1' }, START);
    expect(ended).toEqual([{ grant: theirs.approved.grant, person: 'p-1', server: 'files' }]);
    expect([isOpen(mine), isOpen(theirs)]).toEqual([true, false]);
    expect(access.end({ client: 'other' }, START)).toEqual({ ended: [] });
    expect(access.end({ grant: mine.approved.grant }, START).ended).toHaveLength(1);
    expect([isOpen(mine), renew(access, mine.refresh)]).toEqual([false, undefined]);
  });
});

describe('[F-419] what anybody may ask for is bounded', () => {
  const register = (access: Access, at: number, from = `192.0.2.${at}`) => {
    const redirects = [`https://app.example/${'x'.repeat(1_900)}`];
    const app = { id: `app-${at}`, name: 'n'.repeat(80), redirects };
    return access.register({ app, from }, START + at).kind;
  };

  test('10,000 registrations take less than 5 MB, and the next app signs in', () => {
    const { db, sql } = memoryDatabase();
    const access = new Access(new AccessTables(sql, () => undefined));
    for (let at = 0; at < 10_000; at++) expect(register(access, at)).toBe('registered');
    const size = db
      .prepare(
        'SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()',
      )
      .get() as { bytes: number };
    expect(size.bytes).toBeLessThan(5_000_000);
    const app = { id: 'fresh', name: 'Fresh', redirects: [] };
    expect(access.register({ app, from: '198.51.100.1' }, START + 10_000).kind).toBe('registered');
    const wish = { id: 'fresh', isDocument: false, from: '198.51.100.1' };
    expect(access.app(wish, START + 10_001).kind).toBe('known');
    letIn(access, { app });
  });

  test('an app with a grant stays, however many register', () => {
    const access = new Access(memoryAccessStore());
    register(access, 0);
    letIn(access, { app: { id: 'app-0', name: 'App' } });
    for (let at = 1; at < 3_000; at++) register(access, at);
    expect(access.app({ id: 'app-0', isDocument: false, from: 'x' }, START + 3_000).kind).toBe(
      'known',
    );
    expect(access.app({ id: 'app-1', isDocument: false, from: 'x' }, START + 3_000).kind).toBe(
      'unknown',
    );
  });

  test('from one network come ten an hour', () => {
    const access = new Access(memoryAccessStore());
    const kinds = Array.from({ length: 12 }, (_, at) => register(access, at, 'one'));
    expect(kinds.filter((kind) => kind === 'registered')).toHaveLength(10);
    expect(register(access, 6 * MINUTE + 1, 'one')).toBe('registered');
    expect(register(access, 6 * MINUTE + 2, 'one')).toBe('limited');
  });

  test('of documents 500 are kept', () => {
    const { db, sql } = memoryDatabase();
    const access = new Access(new AccessTables(sql, () => undefined));
    for (let at = 0; at < 1_000; at++) {
      const app = { id: `https://app.example/${at}`, name: 'App', redirects: [] };
      access.keepDocument({ app, freshMs: MINUTE }, START + at);
    }
    expect(db.prepare('SELECT count(*) AS n FROM apps').get()).toEqual({ n: 500 });
  });

  test('a person has 50 grants, and the one that was not used for longest goes', () => {
    const access = new Access(memoryAccessStore());
    const first = letIn(access);
    const second = letIn(access);
    renew(access, first.refresh, START + 1);
    for (let at = 0; at < 49; at++) letIn(access, { pageUntil: START + DAY });
    expect(access.grants({}, START + 2)).toHaveLength(50);
    expect(renew(access, second.refresh, START + 2)).toBeUndefined();
    expect(renew(access, first.refresh, START + 2)).toBeDefined();
  });

  test('[F-840] who looks at their own grants is given no others, and none are looked through', () => {
    const store = memoryAccessStore();
    const access = new Access(store);
    letIn(access);
    letIn(access, { person: { id: 'p-ann' } });
    const asked = vi.spyOn(store, 'grantsBy');
    const own = access.grants({ person: 'p-ann' }, START);
    expect(own.map(({ person }) => person)).toEqual(['p-ann']);
    expect(asked.mock.results.map(({ value }) => (value as unknown[]).length)).toEqual([1]);
  });

  test('wrong codes and refresh tokens: 30 a minute from one network, none from another', () => {
    const access = new Access(memoryAccessStore());
    const { refresh } = letIn(access);
    const kinds = Array.from(
      { length: 40 },
      () => access.renew(renewal('junk', { from: 'one' }), START).kind,
    );
    expect(kinds.filter((kind) => kind === 'invalid_grant')).toHaveLength(30);
    expect(kinds.at(-1)).toBe('limited');
    expect(access.renew(renewal(refresh, { from: 'two' }), START).kind).toBe('issued');
  });

  test('what counts is not limited: one network may have many people', () => {
    const access = new Access(memoryAccessStore());
    let has = letIn(access).refresh;
    for (let turn = 0; turn < 200; turn++) {
      const asked = renewal(has, { from: 'one' });
      const answer = access.renew(asked, START) as Issued;
      expect(answer.kind).toBe('issued');
      has = asked.refresh;
    }
  });

  test('a sweep forgets what is over, and sets the next', () => {
    const { db, sql } = memoryDatabase();
    const wakes: number[] = [];
    const access = new Access(new AccessTables(sql, (at) => void wakes.push(at)));
    letIn(access);
    access.approve(approval({ person: { id: 'p-1' } }), START);
    register(access, 0);
    expect(wakes).toEqual([START + DAY]);
    access.sweep(START + DAY);
    expect(wakes).toEqual([START + DAY, START + 2 * DAY]);
    expect(access.grants({}, START + DAY)).toHaveLength(1);
    access.sweep(START + 400 * DAY);
    for (const table of ['grants', 'tokens', 'spent', 'people', 'apps', 'pages'])
      expect([table, db.prepare(`SELECT count(*) AS n FROM ${table}`).get()]).toEqual([
        table,
        { n: 0 },
      ]);
  });
});
