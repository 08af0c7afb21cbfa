// A policy that is set while sessions are open: those end whose holders no rule lets in any more, and no others.
import { describe, expect, test } from 'vitest';

import { admittedAs } from '../../../edge/core/policies.ts';
import type { PolicyText, RuleText } from '../../../edge/core/policy-text.ts';
import type { AdmittedAs } from '../../../edge/core/ports.ts';
import { DrivenFleet } from './driven-fleet.ts';

/** A policy of the server of all sessions here. */
const rules = (...rules: readonly RuleText[]): PolicyText => ({ files: { rules } });
const lets = (...who: readonly string[]): RuleText => ({ who, tools: ['*'] });
const shuts = (...who: readonly string[]): RuleText => ({ who, deny: 'all' });

interface Held {
  readonly principal: string;
  readonly as?: AdmittedAs;
}

const HELD = {
  key: { principal: 'ann' },
  web: { principal: 'p-1', as: { client: 'https://web.example', groups: ['staff'] } },
  cli: { principal: 'p-1', as: { client: 'cli', groups: ['staff'] } },
  shared: { principal: 'p-1', as: { groups: ['staff'], sharedByApps: true } },
  alone: { principal: 'p-2', as: { sharedByApps: true } },
} as const satisfies Record<string, Held>;

type Name = keyof typeof HELD;

const session = (name: string): string => name.padEnd(22, '_');

function open(fleet: DrivenFleet, name: string, { principal, as }: Held): void {
  const kind = as?.sharedByApps === true ? 'modern' : 'streamable';
  fleet.open(session(name), kind, principal, undefined, undefined, as);
}

function opened(ofSettings?: PolicyText): DrivenFleet {
  const fleet = new DrivenFleet(ofSettings);
  fleet.tick();
  fleet.link('vm');
  for (const [name, held] of Object.entries(HELD)) open(fleet, name, held);
  return fleet;
}

const left = (fleet: DrivenFleet): string[] =>
  fleet.store.sessions().map(({ session }) => session.replaceAll('_', ''));

/** Which sessions a policy ends. */
function ended(policy: PolicyText | undefined, before?: PolicyText): Name[] {
  const fleet = opened();
  fleet.policySet(policy, before);
  const still = left(fleet);
  return (Object.keys(HELD) as Name[]).filter((name) => !still.includes(name));
}

const EVERYBODY = lets('*');

describe('[R-15] [F-534] a policy is set', () => {
  test.each<[string, PolicyText | undefined, readonly Name[]]>([
    ['that lets all in', rules(EVERYBODY), []],
    ['that lets nobody in', rules(), ['key', 'web', 'cli', 'shared', 'alone']],
    ['with another server', { mail: { rules: [] } }, []],
    ['with all servers that it does not name', { '*': { rules: [lets('person:*')] } }, ['key']],
    ['that names a key', rules(lets('key:ann')), ['web', 'cli', 'shared', 'alone']],
    ['that names the key of somebody else', rules(EVERYBODY, shuts('key:bob')), []],
    ['that shuts out a person', rules(EVERYBODY, shuts('person:p-1')), ['web', 'cli', 'shared']],
    ['that names a group', rules(lets('key:*', 'group:staff')), ['alone']],
    ['that shuts out a group', rules(EVERYBODY, shuts('group:st*')), ['web', 'cli', 'shared']],
    ['that shuts out an app', rules(EVERYBODY, shuts('app:cli')), ['cli', 'shared', 'alone']],
    ['that names an app', rules(lets('key:*', 'app:https:*')), ['cli', 'shared', 'alone']],
    ['that narrows what may be done', rules({ who: ['*'], methods: ['prompts/get'] }), []],
    ['with scopes for everybody', { files: { scopes: { read: { tools: ['get_*'] } } } }, []],
    ['no more', undefined, []],
  ])('%s', (_, policy, expected) => {
    expect(ended(policy)).toEqual(expected);
  });

  test('what all apps of a person share stays where none of them was in that is out', () => {
    const apps = rules(EVERYBODY, shuts('app:cli'));
    const more = rules(EVERYBODY, shuts('app:cli'), { who: ['*'], deny: { tools: ['x'] } });
    expect(ended(more, apps)).toEqual(['cli']);
    const another = rules(EVERYBODY, shuts('app:cli', 'app:other'));
    expect(ended(another, apps)).toEqual(['cli', 'shared', 'alone']);
  });

  test('and the actors of the sessions are told why', () => {
    const fleet = opened();
    fleet.policySet(rules(lets('person:*')));
    const told = fleet.effects.filter((effect) => effect.do === 'giveUp');
    expect(told).toEqual([
      {
        do: 'giveUp',
        session: session('key'),
        fault: { fault: 'not_found', message: expect.stringContaining('policy') },
      },
    ]);
    expect(fleet.store.owed()).toHaveLength(1);
  });

  test('the policy of the settings counts for what it names, also in another life of the fleet', () => {
    const fleet = opened(rules(EVERYBODY));
    fleet.sleep();
    fleet.policySet(rules());
    expect(left(fleet)).toHaveLength(5);
    fleet.policySet({ '*': { rules: [] } }, undefined, 2);
    expect(left(fleet)).toHaveLength(5);
  });

  test('one that comes late, behind its successor, ends nothing', () => {
    const fleet = opened();
    fleet.policySet(rules(EVERYBODY), rules(), 3);
    fleet.policySet(rules(), undefined, 2);
    expect(left(fleet)).toHaveLength(5);
  });

  test('what a worker still lets open, which does not know it yet, ends when all of them do', () => {
    const fleet = opened();
    fleet.policySet(rules(lets('app:cli')));
    expect(left(fleet)).toEqual(['cli']);
    fleet.now += 29_000;
    for (const [name, held] of Object.entries(HELD)) open(fleet, `${name}2`, held);
    fleet.now += 6_000;
    fleet.tick();
    // An app of the person is in, and what it opened meanwhile is its own.
    expect(left(fleet)).toEqual(['cli', 'cli2', 'shared2', 'alone2']);
    open(fleet, 'key3', HELD.key);
    fleet.now += 60_000;
    fleet.tick();
    expect(left(fleet)).toContain('key3');
  });

  test('and a later one counts in its place', () => {
    const fleet = opened();
    fleet.policySet(rules(lets('app:cli')));
    fleet.now += 20_000;
    open(fleet, 'key2', HELD.key);
    fleet.policySet(undefined, undefined, 2);
    fleet.now += 60_000;
    fleet.tick();
    expect(left(fleet)).toEqual(['cli', 'key2']);
  });

  describe('[F-584] by a deploy: the policy of the settings', () => {
    const after = (
      before: PolicyText | undefined,
      ...deploys: (PolicyText | 'broken' | undefined)[]
    ) => {
      const fleet = opened(before);
      for (const policy of deploys) fleet.deploy(policy);
      return left(fleet);
    };
    const ALL = Object.keys(HELD);

    test('that narrowed ends what it shuts out, once the fleet lives again', () => {
      expect(after(undefined, rules(lets('key:*')))).toEqual(['key']);
      expect(after(rules(EVERYBODY), rules(EVERYBODY, shuts('person:p-1')))).toEqual([
        'key',
        'alone',
      ]);
      // What apps share stays where none is out that was in.
      const apps = rules(EVERYBODY, shuts('app:cli'));
      const left = after(
        apps,
        rules(EVERYBODY, shuts('app:cli'), { who: ['*'], deny: { tools: ['x'] } }),
      );
      expect(left).toContain('shared');
    });

    test('that is the same, or widened, ends nothing', () => {
      expect(after(rules(EVERYBODY), rules(EVERYBODY), rules(EVERYBODY))).toEqual(ALL);
      expect(after(rules(EVERYBODY), undefined)).toEqual(ALL);
    });

    test('that is broken ends nothing; what comes after it is compared with the last that was not', () => {
      expect(after(rules(EVERYBODY), 'broken')).toEqual(ALL);
      expect(after(rules(EVERYBODY), 'broken', rules(lets('key:*')))).toEqual(['key']);
    });

    test('that no more names a server leaves it to the one that the operator set', () => {
      const fleet = opened(rules(EVERYBODY));
      fleet.policySet(rules(lets('key:*')));
      expect(left(fleet)).toEqual(ALL);
      fleet.deploy(undefined);
      expect(left(fleet)).toEqual(['key']);
    });

    test('that narrowed ends what workers of the deployment before it let open meanwhile', () => {
      const fleet = opened(rules(EVERYBODY));
      fleet.deploy(rules(lets('person:*')));
      fleet.link('vm');
      open(fleet, 'key2', HELD.key);
      fleet.now += 36_000;
      fleet.tick();
      expect(left(fleet)).not.toContain('key2');
    });
  });

  test('the books keep so many groups of a person, and no more', () => {
    const groups = Array.from({ length: 1_000 }, (_, at) => `group ${at}`.padEnd(100, '.'));
    expect(JSON.stringify(admittedAs({ groups, scopes: [] })).length).toBeLessThan(9_000);
    expect(admittedAs({ groups: ['a'] })).toBeUndefined();
  });
});
