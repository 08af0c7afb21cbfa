// The config file while it is served: every change is noticed, and what a reload changes is no more than what was changed.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { watchConfig, type ConfigFiles } from '../../../runner/config/watch.ts';
import { reloadedConfig, sameServer, settingsForRestart } from '../../../runner/config/read.ts';
import { accepted, folder, GOOD, namesOf, one, serverOf } from './reading.ts';

const alone = (file: string): ConfigFiles => ({ file, envFiles: [] });

/** Changes `path` and resolves once a later watch of its directory has told so: an earlier one has had its say by then. */
async function settled(path: string): Promise<void> {
  const own = Promise.withResolvers<void>();
  const watcher = watchConfig(alone(path), own.resolve);
  writeFileSync(path, 'changed');
  await own.promise;
  watcher.close();
}

describe('reload (F-92)', () => {
  it('tells a changed server from an unchanged one', async () => {
    const before = serverOf(await accepted(one({ args: ['a'], env: { K: '${K}' } }), { K: '1' }));
    const same = serverOf(await accepted(one({ env: { K: '${K}' }, args: ['a'] }), { K: '1' }));
    const other = serverOf(await accepted(one({ args: ['a'], env: { K: '${K}' } }), { K: '2' }));
    expect(sameServer(before, same)).toBe(true);
    expect(sameServer(before, other)).toBe(false);
    expect(sameServer(before, { ...same, warm: { ...same.warm, max: 1 } })).toBe(false);
  });

  it.each([
    ['written in place', (path: string) => writeFileSync(path, '{"mcpServers":{"new":{}}}')],
    [
      'replaced by renaming',
      (path: string) => {
        writeFileSync(`${path}~`, 'x');
        renameSync(`${path}~`, path);
      },
    ],
    [
      'removed and made again',
      (path: string) => {
        rmSync(path);
        writeFileSync(path, 'y');
      },
    ],
  ])('notices each time a file is %s, and no other file', async (_title, change) => {
    const path = join(mkdtempSync(join(folder, 'watch-')), 'mcp.json');
    writeFileSync(path, '{}');
    const changes: (() => void)[] = [];
    let count = 0;
    const watcher = watchConfig(alone(path), () => {
      count++;
      changes.shift()?.();
    });
    const changed = () => new Promise<void>((resolve) => void changes.push(resolve));
    writeFileSync(`${path}.other`, 'not the config');
    // A file the watch does not tell apart would be reported before the first change of the config.
    await settled(`${path}.other`);
    expect(count).toBe(0);
    for (const expected of [1, 2]) {
      const next = changed();
      change(path);
      await next;
      expect(count).toBe(expected);
    }
    watcher.close();
  });
});

describe('what a reload puts in force (F-228)', () => {
  const from = (servers: object, bridge: object = {}) =>
    accepted({ mcpServers: servers, bridge: { runner: 'vm', ...bridge } });

  it('keeps a server whose entry became unreadable, and drops one that was removed or switched off', async () => {
    const before = await from({ a: GOOD, b: GOOD, c: GOOD, 'd d': GOOD, e: GOOD });
    const after = await from({
      a: { command: 7 },
      b: { ...GOOD, disabled: true },
      'd d': { ...GOOD, args: ['${NOPE}'] },
      e: { type: 'builtin' },
      f: GOOD,
    });
    const config = reloadedConfig(before, after);
    expect(namesOf(config).toSorted()).toEqual(['a', 'd-d', 'f']);
    for (const name of ['a', 'd-d'])
      expect(sameServer(serverOf(config, name), serverOf(before, name))).toBe(true);
  });

  it('takes away all servers when all are switched off or removed', async () => {
    const before = await from({ a: GOOD });
    for (const servers of [{}, { a: { ...GOOD, enabled: false } }])
      expect(namesOf(reloadedConfig(before, await from(servers)))).toEqual([]);
  });

  it('changes neither the name nor the edge, and says what waits for a restart (F-229)', async () => {
    const fixed = { edge: 'https://a.example', tokenFile: 't', statusPort: 1 };
    const before = await from({ a: GOOD }, fixed);
    const after = await from(
      { a: GOOD },
      { runner: 'other', edge: 'https://b.example', capacity: 3 },
    );
    const config = reloadedConfig(before, after);
    const { edge, runner, tokenFile, statusPort } = before;
    expect(config).toMatchObject({ edge, runner, tokenFile, statusPort, capacity: 3 });
    expect(settingsForRestart(before, after)).toEqual([
      'edge',
      'runner',
      'tokenFile',
      'statusPort',
    ]);
    expect(settingsForRestart(before, before)).toEqual([]);
  });

  it('leaves a server as it was when only the capacity of the runner changes', async () => {
    const before = await from({ a: GOOD }, { capacity: 5 });
    const after = await from({ a: { ...GOOD, description: 'new', timeout: 5 } }, { capacity: 6 });
    expect(sameServer(serverOf(before, 'a'), serverOf(after, 'a'))).toBe(true);
  });
});

/** Counts changes; `next` resolves with the count at the next one. */
function watched(path: string, ...envFiles: string[]) {
  const waiting: ((count: number) => void)[] = [];
  let count = 0;
  const watcher = watchConfig({ file: path, envFiles }, () => {
    count++;
    for (const resolve of waiting.splice(0)) resolve(count);
  });
  return {
    next: () => new Promise<number>((resolve) => void waiting.push(resolve)),
    follow: (files: readonly string[]) => watcher.follow({ file: path, envFiles: files }),
    close: () => watcher.close(),
  };
}

describe('the way to the file is exchanged (F-231)', () => {
  const place = () => mkdtempSync(join(folder, 'way-'));
  function put(path: string, text: string): void {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  }
  /** As `ln -sfn` and Kubernetes do it: the new link is renamed over the old one. */
  function link(target: string, path: string): void {
    symlinkSync(target, `${path}_`);
    renameSync(`${path}_`, path);
  }

  it.each<[string, (root: string) => { path: string; change: (turn: number) => void }]>([
    [
      'a link beside it, as in a ConfigMap',
      (root) => {
        const change = (turn: number) => {
          put(join(root, `..${turn}`, 'mcp.json'), String(turn));
          link(`..${turn}`, join(root, '..data'));
          rmSync(join(root, `..${turn - 1}`), { recursive: true, force: true });
        };
        change(0);
        symlinkSync('..data/mcp.json', join(root, 'mcp.json'));
        return { path: join(root, 'mcp.json'), change };
      },
    ],
    [
      'a link two folders above, as in a deployment',
      (root) => {
        const change = (turn: number) => {
          put(join(root, 'releases', String(turn), 'etc/bridge/mcp.json'), String(turn));
          link(join('releases', String(turn)), join(root, 'current'));
        };
        change(0);
        return { path: join(root, 'current/etc/bridge/mcp.json'), change };
      },
    ],
    [
      'its folder, removed and made again',
      (root) => {
        const path = join(root, 'etc', 'mcp.json');
        const change = (turn: number) => {
          rmSync(join(root, 'etc'), { recursive: true, force: true });
          put(path, String(turn));
        };
        change(0);
        return { path, change };
      },
    ],
    [
      'its folder, renamed away and replaced',
      (root) => {
        const path = join(root, 'etc', 'mcp.json');
        put(path, '0');
        const change = (turn: number) => {
          put(join(root, `new${turn}`, 'mcp.json'), String(turn));
          renameSync(join(root, 'etc'), join(root, `old${turn}`));
          renameSync(join(root, `new${turn}`), join(root, 'etc'));
        };
        return { path, change };
      },
    ],
    [
      'a chain of links',
      (root) => {
        const path = join(root, 'mcp.json');
        const change = (turn: number) => {
          put(join(root, 'deep', `${turn}.json`), String(turn));
          link(`deep/${turn}.json`, join(root, 'second'));
        };
        change(0);
        symlinkSync(join(root, 'second'), path);
        return { path, change };
      },
    ],
  ])('%s', async (_title, make) => {
    const { path, change } = make(place());
    const file = watched(path);
    for (const turn of [1, 2, 3]) {
      const next = file.next();
      change(turn);
      expect(await next).toBe(turn);
    }
    file.close();
  });

  it('a folder that comes back after it was away', async () => {
    const root = place();
    const path = join(root, 'a/b/mcp.json');
    put(path, '0');
    const file = watched(path);
    const gone = watched(join(root, 'other'));
    rmSync(join(root, 'a'), { recursive: true });
    const seen = gone.next();
    writeFileSync(join(root, 'other'), 'x');
    // By then the watch has looked at what is left.
    await seen;
    const next = file.next();
    put(path, '1');
    expect(await next).toBe(1);
    file.close();
    gone.close();
  });

  it('a file that is written without pause is read all the same, and once more when it rests (F-228)', async () => {
    const path = join(place(), 'mcp.json');
    put(path, '0');
    const file = watched(path);
    let turn = 0;
    const writing = setInterval(() => writeFileSync(path, String(turn++ % 10)), 20);
    expect(await file.next()).toBe(1);
    clearInterval(writing);
    writeFileSync(path, 'whole');
    expect(await file.next()).toBe(2);
    file.close();
  });
});

describe('files that the config names (F-340)', () => {
  /** A folder with the config and an env file in a folder of its own. */
  function place(): { config: string; env: string } {
    const root = mkdtempSync(join(folder, 'env-'));
    mkdirSync(join(root, 'secrets'));
    const paths = { config: join(root, 'mcp.json'), env: join(root, 'secrets', '.env') };
    writeFileSync(paths.config, '{}');
    return paths;
  }

  it('are told by the config, those of broken entries too, but not those of entries that are off', async () => {
    const root = mkdtempSync(join(folder, 'told-'));
    const own = join(root, 'own.env');
    writeFileSync(own, 'A=1');
    const missing = join(root, 'missing.env');
    const config = await accepted({
      mcpServers: {
        a: { ...GOOD, envFile: own },
        b: { ...GOOD, envFile: own },
        c: { ...GOOD, envFile: missing },
        d: { ...GOOD, envFile: join(root, 'off.env'), disabled: true },
      },
      bridge: { runner: 'vm' },
    });
    expect(config.envFiles).toEqual([own, missing]);
    expect(namesOf(config)).toEqual(['a', 'b']);
  });

  it('a change of one is a change, in place and by renaming, and so is its coming', async () => {
    const { config, env } = place();
    const files = watched(config, env);
    const changes = [
      () => writeFileSync(env, 'A=1'),
      () => writeFileSync(env, 'A=22'),
      () => {
        writeFileSync(`${env}~`, 'A=3');
        renameSync(`${env}~`, env);
      },
      () => writeFileSync(config, '{ }'),
    ];
    for (const [index, change] of changes.entries()) {
      const next = files.next();
      change();
      expect(await next).toBe(index + 1);
    }
    files.close();
  });

  it('a change of several at a time is one', async () => {
    const { config, env } = place();
    const files = watched(config, env);
    const first = files.next();
    writeFileSync(env, 'A=1');
    writeFileSync(config, '{ }');
    expect(await first).toBe(1);
    await settled(`${config}.other`);
    const second = files.next();
    writeFileSync(env, 'A=22');
    expect(await second).toBe(2);
    files.close();
  });

  it('a reload that names others watches those, and no longer the first', async () => {
    const { config, env } = place();
    const other = join(mkdtempSync(join(folder, 'env-')), 'b.env');
    writeFileSync(other, 'B=1');
    const files = watched(config, env);
    files.follow([other]);
    writeFileSync(env, 'A=1');
    await settled(`${config}.other`);
    const next = files.next();
    writeFileSync(other, 'B=22');
    expect(await next).toBe(1);
    files.close();
  });
});
