// What a config may say of the people who call: accepted forms, and each mistake by which one of them could get what is another's.
import fc from 'fast-check';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { personPath, type PerUser } from '../../../runner/core/per-user.ts';
import { PERSON_ID } from '../../../shared/ids.ts';
import { Findings } from '../../../runner/config/findings.ts';
import { readPerUser, type PerUserGround } from '../../../runner/config/per-user.ts';
import { accepted, file, folder, one, problems, processOf } from './reading.ts';

const FILE = '/people/${person.id}/github';
const withEnv = (env: object, rest: object = {}) => one({ bridge: { perUser: { env }, ...rest } });

const readable = async (content: unknown, environment = {}): Promise<PerUser> => {
  const { perUser } = processOf(await accepted(content, environment));
  if (!perUser) throw new Error('There is a "perUser".');
  return perUser;
};

const groundOf = (): PerUserGround => ({
  folder: '/',
  sources: { environment: {}, places: new Map() },
  env: {},
  mostWarm: 0,
  personFiles: [],
});

const filesOf = ({ variables }: PerUser, id: string): string[] =>
  variables.flatMap((variable) => ('file' in variable ? [personPath(variable.file, id)] : []));

describe('"perUser" of a server', () => {
  it('names files of each person, and facts', async () => {
    const perUser = await readable(
      withEnv({ GITHUB_TOKEN: { file: FILE }, MCP_USER_EMAIL: { person: 'email' } }),
    );
    expect(perUser).toEqual({
      variables: [
        { name: 'GITHUB_TOKEN', file: ['/people/', '/github'] },
        { name: 'MCP_USER_EMAIL', fact: 'email' },
      ],
      startsWithout: false,
    });
    expect(filesOf(perUser, 'ann')).toEqual(['/people/ann/github']);
  });

  it('warns where the processes of one person could read the files of all', async () => {
    const { warnings } = await accepted(withEnv({ A: { file: FILE } }));
    expect(warnings.map(({ what }) => what).join('\n')).toContain('can read, since they run as');
    const other = withEnv({ A: { file: FILE } }, { user: { uid: 65_534, gid: 65_534 } });
    expect((await accepted(other)).warnings).toEqual([]);
    expect((await accepted(withEnv({ A: { person: 'id' } }))).warnings).toEqual([]);
  });

  it('may let a process start without what is missing', async () => {
    const perUser = { env: { A: { person: 'name' } }, missing: 'unset' };
    expect(await readable(one({ bridge: { perUser } }))).toMatchObject({ startsWithout: true });
  });

  it.each([
    ['people/${person.id}', join(folder, 'people/ann')],
    ['~/people/${person.id}', join(homedir(), 'people/ann')],
    ['${ROOT}/${person.id}/key', '/srv/ann/key'],
    ['/a/../b/${person.id}/./key', '/b/ann/key'],
    ['/x/${person.id}/${person.id}', '/x/ann/ann'],
    ['/$${person.id}/${person.id}', '/${person.id}/ann'],
  ])('fills in the path %s', async (path, filled) => {
    const environment = { ROOT: '/srv', 'person.id': 'bob' };
    const perUser = await readable(withEnv({ A: { file: path } }), environment);
    expect(filesOf(perUser, 'ann')).toEqual([filled]);
  });

  it.each<[string, object, object, string]>([
    ['processes started ahead', { A: { file: FILE } }, { warm: 1 }, 'belongs to nobody'],
    [
      'such that follow the openings',
      { A: { file: FILE } },
      { warm: { min: 0 } },
      'belongs to nobody',
    ],
    [
      'processes that are shared',
      { A: { file: FILE } },
      { sharing: 'server' },
      'gives one process to all people',
    ],
    ['a file for everybody', { A: { file: '/people/github' } }, {}, 'the same file for everybody'],
    [
      'a file behind the folder of a person',
      { A: { file: '/people/${person.id}/../github' } },
      {},
      'the same file for everybody',
    ],
    ['an id within a name', { A: { file: '/people/${person.id}.key' } }, {}, 'as a part of a name'],
    ['an id within a name', { A: { file: '/people/key-${person.id}' } }, {}, 'as a part of a name'],
    [
      'a fact in a path',
      { A: { file: '/people/${person.email}/key' } },
      {},
      'refers to ${person.email}',
    ],
    ['a fact that there is not', { A: { person: 'password' } }, {}, 'one of "id", "email"'],
    ['both', { A: { file: FILE, person: 'email' } }, {}, '{ "file": … }'],
    ['neither', { A: {} }, {}, '{ "file": … }'],
    ['a value', { A: 'secret' }, {}, '{ "file": … }'],
    ['a command', { A: { command: 'pass ${person.id}' } }, {}, '{ "file": … }'],
    ['no variable', {}, {}, 'at least one variable'],
    ['a name that is kept', { MCP_BRIDGE_TOKEN: { file: FILE } }, {}, 'keeps for itself'],
    ['a path from a fact', { PATH: { person: 'name' } }, {}, 'as a path or as code'],
    ['options from a fact', { NODE_OPTIONS: { person: 'name' } }, {}, 'as a path or as code'],
    ['a library from a fact', { LD_PRELOAD: { person: 'subject' } }, {}, 'as a path or as code'],
    [
      'paths that meet',
      { A: { file: '/p/${person.id}/key' }, B: { file: '/p/ann/${person.id}' } },
      {},
      'could be the file of another person',
    ],
    [
      'an unknown way',
      { A: { file: FILE } },
      { perUser: { env: {}, missing: 'guess' } },
      '"refuse"',
    ],
  ])('[F-572] %s: a mistake', async (_what, env, rest, says) => {
    const found = await problems(withEnv(env, rest));
    expect(found.map(({ what, fix }) => `${what}. ${fix}`).join('\n')).toContain(says);
  });

  it('[F-572] a secret of all does not stand in for that of a person', async () => {
    const bridge = { perUser: { env: { TOKEN: { file: FILE } } } };
    const found = await problems(one({ env: { token: 'x' }, bridge }));
    expect(found.at(-1)?.what).toContain('everybody gets');
  });

  it('[F-572] paths of two servers do not meet either', async () => {
    const entry = (file: string) => ({
      command: 'node',
      bridge: { perUser: { env: { A: { file } } } },
    });
    const config = await accepted({
      mcpServers: { a: entry('/p/${person.id}/key'), b: entry('/p/key/${person.id}') },
    });
    expect([...config.servers.keys()]).toEqual(['a']);
    expect(config.leftOut).toMatchObject([{ name: 'b', reason: 'broken' }]);
  });

  it('[F-572] elsewhere in an entry there is no person', async () => {
    const found = await problems(one({ args: ['--user', '${person.id}'] }));
    expect(found.at(-1)?.what).toContain('refers to ${person.id}, who is calling');
  });

  it('[R-9] [F-572] whatever is accepted: no two people have a file in common, and none leads out of its folder', () => {
    const name = fc.constantFrom('p', 'q', 'ann', 'bob', '.', '..', '~', '${person.id}');
    const path = fc
      .array(name, { minLength: 1, maxLength: 5 })
      .map((names) => `/root/${names.join('/')}`);
    const id = fc.oneof(
      fc.constantFrom('p', 'q', 'ann', 'bob', 'a..b', 'a.', 'a@b'),
      fc.stringMatching(PERSON_ID),
    );
    const paths = fc.array(path, { minLength: 1, maxLength: 3 });
    const met = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(paths, id, id, (files, ann, bob) => {
        fc.pre(ann !== bob);
        const env = Object.fromEntries(files.map((named, at) => [`V${at}`, { file: named }]));
        const findings = new Findings(file);
        const perUser = readPerUser({ env }, groundOf(), findings);
        met[findings.problems.length === 0 ? 'accepted' : 'refused'] += 1;
        fc.pre(findings.problems.length === 0);
        const [mine, theirs] = [filesOf(perUser, ann), filesOf(perUser, bob)];
        expect(mine.filter((one) => theirs.includes(one))).toEqual([]);
        for (const one of mine) expect(resolve(one)).toBe(one);
      }),
      { numRuns: 3_000, maxSkipsPerRun: 1_000 },
    );
    expect(met.accepted).toBeGreaterThan(1_000);
    expect(met.refused).toBeGreaterThan(1_000);
  });
});
