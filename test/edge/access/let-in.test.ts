// A deploy with other settings of who is let in, while sessions are open: those end whose holders are let in no more, and no others.
import { describe, expect, test } from 'vitest';

import { sharedByApps, admittedAs } from '../../../edge/core/policies.ts';
import type { AdmittedAs } from '../../../edge/core/ports.ts';
import { fleetTerms, readSettings } from '../../../edge/settings.ts';
import { DrivenFleet } from '../core/driven-fleet.ts';

const digest = (letter: string): string => letter.repeat(64);
const key = (...letters: readonly string[]) => letters.map((letter) => `sha256:${digest(letter)}`);

interface Client {
  readonly key: readonly string[];
  readonly servers: readonly string[];
}

const ALL = ['*'];
const ANN: Client = { key: key('a'), servers: ALL };
const BOB: Client = { key: key('b'), servers: ALL };

const clients = (clients: Readonly<Record<string, Client>>) => ({
  BRIDGE_CLIENTS: JSON.stringify(clients),
});

const IDP = 'https://idp.example';
const allowing = (...allow: readonly object[]) => ({
  BRIDGE_IDP: JSON.stringify({ issuer: IDP, client: 'c', secret: 's', allow }),
});

const EDGE = { BRIDGE_SECRET: 's3cr3t-'.repeat(5), BRIDGE_URL: 'https://bridge.example' };
const OWNER = { BRIDGE_OWNER: `sha256:${digest('0')}` };
const OPEN = { BRIDGE_CLIENT_AUTH: 'none', BRIDGE_HOSTS: 'bridge.example' };

const letIn = (env: object) => fleetTerms(readSettings({ ...EDGE, ...env })).letIn;

interface Held {
  readonly principal: string;
  readonly grant?: string;
  readonly as?: AdmittedAs | undefined;
}

const CAT = `p-${'c'.repeat(22)}`;

const person = {
  client: 'cli',
  scopes: ['all'],
  email: 'cat@corp.example',
  groups: ['staff'],
  identity: { issuer: IDP, subject: '7' },
};

const HELD = {
  ann: { principal: 'ann', grant: digest('a') },
  annShared: { principal: 'ann' },
  bob: { principal: 'bob', grant: digest('b') },
  /** Of a key that the access actor keeps. */
  kept: { principal: 'kept' },
  owner: { principal: 'owner', grant: 'g1', as: admittedAs({ scopes: [] }) },
  cat: { principal: CAT, grant: 'g2', as: admittedAs(person) },
  catShared: { principal: CAT, as: sharedByApps(person) },
  anonymous: { principal: 'anonymous' },
} as const satisfies Record<string, Held>;

type Name = keyof typeof HELD;

const session = (name: string): string => name.padEnd(22, '_');

function open(fleet: DrivenFleet, name: string, { principal, grant, as }: Held): void {
  const kind = grant === undefined ? 'modern' : 'streamable';
  fleet.open(session(name), kind, principal, grant, undefined, as);
}

function opened(env: object, ...names: readonly Name[]): DrivenFleet {
  const fleet = new DrivenFleet();
  fleet.deployLettingIn(letIn(env));
  fleet.link('vm');
  for (const name of names) open(fleet, name, HELD[name]);
  return fleet;
}

const left = (fleet: DrivenFleet): string[] =>
  fleet.store.sessions().map(({ session }) => session.replaceAll('_', ''));

/** What is left of these after deploys with the settings behind the first. */
function after(names: readonly Name[], before: object, ...deploys: readonly object[]): string[] {
  const fleet = opened(before, ...names);
  for (const env of deploys) fleet.deployLettingIn(letIn(env));
  return left(fleet);
}

const KEYS = ['ann', 'annShared', 'bob', 'kept'] as const;
const PEOPLE = ['owner', 'cat', 'catShared', 'kept'] as const;
const EVERYBODY = { ...OWNER, ...allowing({ everyone: true, servers: ALL }) };

describe('[R-15] [F-700] a deploy', () => {
  test.each<[string, object, object, readonly string[]]>([
    ['with the same clients', { ANN, BOB }, { BOB, ANN }, KEYS],
    ['without a name', { ANN, BOB }, { BOB }, ['bob', 'kept']],
    [
      'without a server of a name',
      { ANN, BOB },
      { ANN: { ...ANN, servers: ['mail'] }, BOB },
      ['bob', 'kept'],
    ],
    [
      'with fewer servers, this among them',
      { ANN, BOB },
      { ANN: { ...ANN, servers: ['files'] }, BOB },
      KEYS,
    ],
    [
      'with another key for a name',
      { ANN, BOB },
      { ANN: { ...ANN, key: key('d') }, BOB },
      ['bob', 'kept'],
    ],
    ['with one key more', { ANN, BOB }, { ANN: { ...ANN, key: key('a', 'd') }, BOB }, KEYS],
    [
      'without a key that opened nothing',
      { ANN: { ...ANN, key: key('a', 'd') }, BOB },
      { ANN, BOB },
      ['ann', 'bob', 'kept'],
    ],
    ['with a name more', { ANN, BOB }, { ANN, BOB, eve: { ...ANN, key: key('e') } }, KEYS],
  ])('%s', (_, before, now, expected) => {
    const named = (each: object) => {
      const { ANN: ann, BOB: bob, ...more } = each as Record<string, Client>;
      return clients({ ...(ann && { ann }), ...(bob && { bob }), ...more });
    };
    expect(after(KEYS, { ...OWNER, ...named(before) }, { ...OWNER, ...named(now) })).toEqual(
      expected,
    );
  });

  test('without clients ends what they have open', () => {
    const before = { ...OWNER, ...clients({ ann: ANN, bob: BOB }) };
    expect(after(KEYS, before, OWNER)).toEqual(['kept']);
    expect(after(KEYS, before, { ...OWNER, BRIDGE_CLIENTS: '{}' })).toEqual(['kept']);
    // Nobody keeps keys any more.
    expect(after(KEYS, before, {})).toEqual([]);
  });

  test.each<[string, object]>([
    ['clients that cannot be read', { BRIDGE_CLIENTS: '{' }],
    ['a client that is wrong', clients({ ann: { key: ['plain'], servers: ALL } })],
    ['a provider that is wrong', { ...clients({ bob: BOB }), BRIDGE_IDP: '{}' }],
    ['an owner that is wrong', { ...clients({ bob: BOB }), BRIDGE_OWNER: 'x' }],
  ])(
    'with %s ends nothing; what comes after it is compared with the last that was right',
    (_, broken) => {
      const before = { ...OWNER, ...clients({ ann: ANN, bob: BOB }) };
      const mistaken = { ...OWNER, ...broken };
      expect(letIn(mistaken)).toBeUndefined();
      expect(after(KEYS, before, mistaken)).toEqual([...KEYS]);
      expect(after(KEYS, before, mistaken, before)).toEqual([...KEYS]);
      const now = { ...OWNER, ...clients({ bob: BOB }) };
      expect(after(KEYS, before, mistaken, now)).toEqual(['bob', 'kept']);
    },
  );

  test('that asks for keys ends what those have open who had none', () => {
    const now = clients({ ann: ANN });
    expect(after(['anonymous', 'ann'], { ...OPEN, ...now }, now)).toEqual(['ann']);
    expect(after(['anonymous'], OPEN, { ...OPEN, ...now })).toEqual(['anonymous']);
  });

  test.each<[string, object, readonly string[]]>([
    ['with the same people', EVERYBODY, PEOPLE],
    ['without an owner', allowing({ everyone: true, servers: ALL }), ['cat', 'catShared', 'kept']],
    ['without a provider', OWNER, ['owner', 'kept']],
    [
      'with another provider',
      {
        ...OWNER,
        ...allowing({ everyone: true, servers: ALL }),
        BRIDGE_IDP: JSON.stringify({
          issuer: 'https://other.example',
          client: 'c',
          secret: 's',
          allow: [{ everyone: true, servers: ALL }],
        }),
      },
      ['owner', 'kept'],
    ],
    [
      'whose list names the address',
      { ...OWNER, ...allowing({ email: 'cat@corp.example', servers: ALL }) },
      PEOPLE,
    ],
    [
      'whose list names the group',
      { ...OWNER, ...allowing({ group: 'staff', servers: ['files'] }) },
      PEOPLE,
    ],
    [
      'whose list names the subject',
      { ...OWNER, ...allowing({ subject: '7', servers: ALL }) },
      PEOPLE,
    ],
    [
      'whose list names somebody else',
      { ...OWNER, ...allowing({ email: 'dog@corp.example', servers: ALL }) },
      ['owner', 'kept'],
    ],
    [
      'whose list names another server',
      { ...OWNER, ...allowing({ everyone: true, servers: ['mail'] }) },
      ['owner', 'kept'],
    ],
    [
      'that takes the tokens of the same issuer',
      {
        ...OWNER,
        BRIDGE_ISSUERS: JSON.stringify([
          { issuer: IDP, allow: [{ domain: 'corp.example', servers: ALL }] },
        ]),
      },
      PEOPLE,
    ],
    ['by which nobody signs in', {}, []],
  ])('%s', (_, now, expected) => {
    expect(after(PEOPLE, EVERYBODY, now)).toEqual(expected);
  });

  test('[F-841] with another key ends nothing of a person whose groups are too many to be kept, one with another list of people does', () => {
    const groups = Array.from({ length: 300 }, (_, at) => `/corp/departments/teams/team-${at}`);
    const as = admittedAs({ ...person, groups });
    expect(as?.groups?.length).toBeLessThan(groups.length);
    const people = (group: string) => ({ ...OWNER, ...allowing({ group, servers: ALL }) });
    const last = groups.at(-1) ?? '';
    const fleet = opened({ ...people(last), ...clients({ ann: ANN }) });
    open(fleet, 'cat', { ...HELD.cat, as });
    fleet.deployLettingIn(letIn({ ...people(last), ...clients({ ann: ANN, bob: BOB }) }));
    fleet.now += 36_000;
    fleet.tick();
    expect(left(fleet)).toEqual(['cat']);
    fleet.deployLettingIn(letIn({ ...people('other'), ...clients({ ann: ANN, bob: BOB }) }));
    expect(left(fleet)).toEqual([]);
  });

  const scoped = (...entries: readonly (readonly string[] | undefined)[]) => ({
    ...OWNER,
    ...allowing(...entries.map((scopes) => ({ everyone: true, servers: ALL, scopes }))),
  });

  test.each<[string, object, object, readonly string[]]>([
    ['with fewer scopes', scoped(['read', 'write']), scoped(['read']), ['owner', 'kept']],
    ['with scopes where all were allowed', EVERYBODY, scoped(['read', 'write']), ['owner', 'kept']],
    ['with other scopes', scoped(['read']), scoped(['write']), ['owner', 'kept']],
    ['with more scopes', scoped(['read']), scoped(['write', 'read']), PEOPLE],
    ['that limits no scopes any more', scoped(['read']), EVERYBODY, PEOPLE],
    ['whose entries name the same together', scoped(['a', 'b']), scoped(['b'], ['a']), PEOPLE],
    ['without one of two entries', scoped(['a'], ['b']), scoped(['a']), ['owner', 'kept']],
  ])(
    '[F-933] %s ends what people have open who may do less, and leads no open stream on',
    (_, before, now, expected) => {
      expect(after(PEOPLE, before, now)).toEqual(expected);
    },
  );

  test('[F-1150] with fewer scopes ends what people open in the half minute after it, by the scopes of whichever worker', () => {
    const fleet = opened(scoped(['read', 'write']));
    fleet.deployLettingIn(letIn(scoped(['read'])));
    fleet.link('vm');
    for (const name of PEOPLE) open(fleet, name, HELD[name]);
    fleet.now += 36_000;
    fleet.tick();
    expect(left(fleet)).toEqual(['owner', 'kept']);
    open(fleet, 'cat', HELD.cat);
    fleet.now += 36_000;
    fleet.tick();
    expect(left(fleet)).toEqual(['owner', 'kept', 'cat']);
  });

  /** The issuer signs people in with the first list, and its tokens are accepted by the second. */
  const twice = (
    provider: readonly string[] | 'none' | undefined,
    tokens: readonly string[] | 'none' | undefined,
  ) => ({
    ...(provider === 'none' ? OWNER : scoped(provider)),
    ...(tokens !== 'none' && {
      BRIDGE_ISSUERS: JSON.stringify([
        { issuer: IDP, allow: [{ everyone: true, servers: ALL, scopes: tokens }] },
      ]),
    }),
  });
  const LESS = ['owner', 'kept'];

  test.each<[string, object, object, readonly string[]]>([
    ['without the list that allows more', twice(['a'], ['a', 'b']), twice(['a'], 'none'), LESS],
    ['without the first, which allows more', twice(['a', 'b'], ['a']), twice('none', ['a']), LESS],
    ['without the first, and with less', twice(['a'], ['a', 'b']), twice('none', ['a']), LESS],
    [
      'without the first, which allows less',
      twice(['a'], ['a', 'b']),
      twice('none', ['a', 'b']),
      PEOPLE,
    ],
    [
      'with a first one more, which allows less',
      twice('none', ['a', 'b']),
      twice(['a'], ['a', 'b']),
      PEOPLE,
    ],
    [
      'with one more, and with less by the first',
      twice(['a', 'b'], 'none'),
      twice(['a'], ['a', 'b']),
      LESS,
    ],
    ['with less by the second', twice(['a', 'b'], ['a', 'b']), twice(['a', 'b'], ['a']), LESS],
    ['with the list in the other place', twice(['a'], 'none'), twice('none', ['a']), PEOPLE],
  ])('[F-940] of an issuer that has two lists, %s', (_, before, now, expected) => {
    expect(after(PEOPLE, before, now)).toEqual(expected);
  });

  test('[F-933] with fewer scopes on another server, or for somebody else, ends nothing', () => {
    const people = (more: object) => ({
      ...OWNER,
      ...allowing({ everyone: true, servers: ['files'] }, more),
    });
    const mail = (...scopes: string[]) => people({ everyone: true, servers: ['mail'], scopes });
    expect(after(PEOPLE, mail('a', 'b'), mail('a'))).toEqual(PEOPLE);
    const dog = (...scopes: string[]) => ({
      ...OWNER,
      ...allowing(
        { email: 'cat@corp.example', servers: ALL, scopes: ['a'] },
        { email: 'dog@corp.example', servers: ALL, scopes },
      ),
    });
    expect(after(PEOPLE, dog('a', 'b'), dog('a'))).toEqual(PEOPLE);
  });

  test('tells the actors of the sessions why', () => {
    const fleet = opened(clients({ ann: ANN, bob: BOB }), 'ann', 'bob');
    fleet.deployLettingIn(letIn(clients({ bob: BOB })));
    expect(fleet.effects.filter((effect) => effect.do === 'giveUp')).toEqual([
      {
        do: 'giveUp',
        session: session('ann'),
        fault: { fault: 'unauthorized', message: expect.stringContaining('withdrawn') },
      },
    ]);
    expect(fleet.store.owed()).toHaveLength(1);
  });

  test('ends what workers of the deployment before it let open meanwhile, and nothing that is opened by its own rules', () => {
    const both = { ...ANN, key: key('a', 'd') };
    const fleet = opened(clients({ ann: both, bob: BOB }));
    fleet.deployLettingIn(letIn(clients({ ann: { ...ANN, key: key('d') } })));
    fleet.link('vm');
    open(fleet, 'ann', HELD.ann);
    open(fleet, 'bob', HELD.bob);
    open(fleet, 'new', { principal: 'ann', grant: digest('d') });
    open(fleet, 'shared', { principal: 'ann' });
    fleet.now += 36_000;
    fleet.tick();
    expect(left(fleet)).toEqual(['new', 'shared']);
  });

  test.each<[string, object]>([
    ['that changes somebody else', clients({ bob: BOB, eve: { ...ANN, key: key('e') } })],
    ['that changes nothing', clients({ bob: BOB })],
  ])('[F-937] a second deploy within seconds, %s, loses nothing of the first', (_, second) => {
    const fleet = opened({ ...OWNER, ...clients({ ann: ANN, bob: BOB }) });
    fleet.deployLettingIn(letIn({ ...OWNER, ...clients({ bob: BOB }) }));
    fleet.link('vm');
    open(fleet, 'ann', HELD.ann);
    open(fleet, 'bob', HELD.bob);
    fleet.now += 10_000;
    fleet.deployLettingIn(letIn({ ...OWNER, ...second }));
    expect(left(fleet)).toEqual(['ann', 'bob']);
    fleet.now += 36_000;
    fleet.tick();
    expect(left(fleet)).toEqual(['bob']);
    expect(fleet.store.policy('late')).toBeUndefined();
    fleet.sleep();
    expect(fleet.wakeAt).toBeUndefined();
  });

  test('of an edge that did not keep whom it let in yet ends nothing', () => {
    const fleet = opened({ ...OWNER, ...clients({ ann: ANN, bob: BOB }) }, 'ann', 'bob');
    fleet.store.putPolicy('letIn', undefined);
    fleet.deployLettingIn(letIn({ ...OWNER, ...clients({ bob: BOB }) }));
    expect(left(fleet)).toEqual(['ann', 'bob']);
    fleet.deployLettingIn(letIn(OWNER));
    expect(left(fleet)).toEqual(['ann']);
  });

  test('that changes nothing writes nothing', () => {
    const fleet = opened(clients({ ann: ANN }));
    fleet.sleep();
    expect(fleet.wakeAt).toBeUndefined();
  });
});
