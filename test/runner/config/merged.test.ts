// Several files served as one: what is the same, what only has the same name, and what is watched.
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
      args: ['y'],
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
