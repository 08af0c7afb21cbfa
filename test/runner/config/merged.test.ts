// Several files served as one: what is the same, what only has the same name, and what is watched.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { readConfigs } from '../../../runner/config/read.ts';
import { folder, GOOD, namesOf, serverOf, warned, write } from './reading.ts';

async function together(...contents: readonly unknown[]) {
  const paths = contents.map((content, at) => write(content, join(folder, `part-${at}.json`)));
  return readConfigs(
    paths.map((path) => ({ path })),
    {},
  );
}

async function merged(...contents: readonly unknown[]) {
  const reading = await together(...contents);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.config;
}

const named = (servers: object) => ({ mcpServers: servers });

describe('[F-660] several config files', () => {
  it('have their servers served together, the same one once', async () => {
    const config = await merged(
      named({ a: GOOD, b: { ...GOOD, args: ['b'] } }),
      { servers: { b: { ...GOOD, args: ['b'] }, c: GOOD } },
      named({ a: GOOD }),
    );
    expect(namesOf(config)).toEqual(['a', 'b', 'c']);
    expect(warned(config)).toEqual([]);
    expect(config.envFiles).toEqual([join(folder, 'part-1.json'), join(folder, 'part-2.json')]);
  });

  it('give a number to another server of the same name, and the same number each time', async () => {
    const other = (...args: string[]) => named({ 'my files': { ...GOOD, args } });
    const config = await merged(other(), other('x'), other('y'), other('x'));
    expect(namesOf(config)).toEqual(['my-files', 'my-files-2', 'my-files-3']);
    expect(serverOf(config, 'my-files-3')).toMatchObject({
      name: 'my-files-3',
      configuredAs: 'my files',
      source: { args: ['y'] },
    });
    expect(warned(config).filter((text) => text.includes('another file'))).toHaveLength(2);
    const long = 'n'.repeat(64);
    const [, second = ''] = namesOf(
      await merged(named({ [long]: GOOD }), named({ [long]: { command: 'x' } })),
    );
    expect(second).toMatch(/^n{60}-2$/u);
  });

  it('differ in what they leave out; a mistake that refuses one refuses all', async () => {
    const config = await merged(
      named({ a: GOOD, off: { ...GOOD, disabled: true } }),
      named({ b: GOOD, off: { ...GOOD, disabled: true } }),
    );
    expect(config.leftOut.map(({ name }) => name)).toEqual(['off', 'off']);
    expect(await together(named({ a: GOOD }), '{')).toMatchObject({
      ok: false,
      problems: [{ file: join(folder, 'part-1.json') }],
    });
  });

  it('keep the files of people apart: a server whose paths could meet those of another file is left out', async () => {
    const server = (file: string) => ({
      ...GOOD,
      bridge: { perUser: { env: { TOKEN: { file } } } },
    });
    const config = await merged(
      named({ a: server('/people/${person.id}/key') }),
      named({ b: server('/people/ann/${person.id}') }),
      named({ c: server('/people/${person.id}/key'), d: server('/other/ann/${person.id}') }),
    );
    expect(namesOf(config)).toEqual(['a', 'c', 'd']);
    expect(config.leftOut).toMatchObject([
      {
        name: 'b',
        reason: 'broken',
        problems: [
          {
            file: join(folder, 'part-1.json'),
            path: 'mcpServers.b.bridge.perUser.env.TOKEN.file',
            what: expect.stringContaining('could be the file of another person'),
          },
        ],
      },
    ]);
  });

  it('have the warnings of each part once, also of two parts of one file', async () => {
    const odd = { ...GOOD, odd: true };
    const projects = {
      '/one': { mcpServers: { one: odd } },
      '/two': { mcpServers: { two: odd } },
    };
    const path = write({ mcpServers: {}, projects }, join(folder, 'claude.json'));
    const own = write(named({ a: GOOD }), join(folder, 'own.json'));
    const parts = [{ path: own }, { path, project: '/one' }, { path, project: '/two' }];
    const reading = await readConfigs(parts, {});
    if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
    const warnings = warned(reading.config);
    expect(warnings.some((text) => text.includes('one'))).toBe(true);
    expect(warnings.some((text) => text.includes('two'))).toBe(true);
    expect(new Set(warnings).size).toBe(warnings.length);
  });

  it('may hold no more servers than one runner may offer', async () => {
    const many = (name: string) =>
      named(Object.fromEntries(Array.from({ length: 129 }, (_, at) => [`${name}${at}`, GOOD])));
    const reading = await together(many('a'), many('b'));
    expect(reading).toMatchObject({
      ok: false,
      problems: [{ what: expect.stringContaining('more than 256') }],
    });
  });
});

describe('[F-652] two folders with the same entry', () => {
  const FOLDERS = [join(folder, 'one'), join(folder, 'two')] as const;
  for (const each of FOLDERS) {
    mkdirSync(join(each, 'src'), { recursive: true });
    write('', join(each, 'server.js'));
  }

  /** How many servers the entry is, in a file of each folder; `second` is laid over it in the second. */
  async function countOf(entry: object, second: object = {}): Promise<number> {
    const parts = FOLDERS.map((each, at) => ({
      path: write(
        named({ own: at === 0 ? entry : { ...entry, ...second } }),
        join(each, 'mcp.json'),
      ),
    }));
    const reading = await readConfigs(parts, {});
    if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
    const { config } = reading;
    const warnings = warned(config).filter((text) => text.includes('another file has another'));
    expect(warnings).toHaveLength(config.servers.size - 1);
    return config.servers.size;
  }

  it.each([
    [{ command: 'node', args: ['server.js'] }],
    [{ command: 'node', args: ['--import=./hooks.mjs', '/opt/server.js'] }],
    [{ command: 'npx', args: ['tsx', 'src'] }],
    [{ command: 'npx', args: ['.'] }],
    [{ command: './server.js' }],
    [{ command: 'serve', env: { DB: './made-later.db' } }],
    [{ command: 'npm', args: ['run', 'mcp'] }],
    [{ command: 'uv', args: ['run', 'weather'] }],
    [{ command: 'python3', args: ['-m', 'weather'] }],
    [{ command: 'docker', args: ['compose', 'run', 'weather'] }],
  ])('is two servers where a program depends on its folder: %j', async (entry) => {
    expect(await countOf(entry)).toBe(2);
  });

  it.each([
    [{ command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] }],
    [{ command: 'uvx', args: ['mcp-server-git'] }],
    [{ command: 'docker', args: ['run', '-i', '--rm', 'ghcr.io/github/github-mcp-server'] }],
    [{ command: 'node', args: ['/opt/server.js', '--url=https://host.example/'] }],
    [{ command: 'uv', args: ['--directory', '/opt/weather', 'run', 'weather'] }],
    [{ command: 'serve', args: [''], env: { NODE_ENV: 'src' } }],
    [{ command: 'node', args: ['server.js'], cwd: FOLDERS[0] }],
  ])('is one server where it does not: %j', async (entry) => {
    expect(await countOf(entry)).toBe(1);
  });

  it('is two servers if they were told other folders, or have other settings', async () => {
    const entry = { command: 'serve', cwd: '/opt/one' };
    expect(await countOf(entry, { cwd: '/opt/two' })).toBe(2);
    expect(await countOf(entry, { cwd: undefined })).toBe(2);
    expect(await countOf(entry, { bridge: { tools: { allow: ['read'] } } })).toBe(2);
    expect(await countOf(entry, { bridge: { warm: 1 } })).toBe(2);
    expect(await countOf(entry, { bridge: {} })).toBe(1);
  });
});
