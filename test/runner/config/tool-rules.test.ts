// Mistakes in the rules for a server's tools, and what is said about them.
import { describe, expect, test } from 'vitest';

import { describeProblem } from '../../../runner/config/problem.ts';
import { accepted, beside, one, serverOf } from './reading.ts';

const block = (tools: object) => one({ bridge: { tools } });
const warnings = async (tools: object): Promise<string[]> =>
  (await accepted(block(tools))).warnings.map(describeProblem);

describe('[F-773] rules for tools', () => {
  test('reach the server’s config as they are', async () => {
    const tools = {
      allow: ['get_*'],
      rename: { get_me: 'whoami', get_constructor: 'v' },
      describe: { get_me: 'Who.' },
      arguments: { get_me: { region: 'eu', deep: { n: [1, null] } } },
    };
    const config = await accepted(block(tools));
    expect(serverOf(config).tools).toEqual(tools);
    expect(config.warnings).toEqual([]);
  });

  test.each<[object, RegExp]>([
    [{}, /tools.*is an object, not an object with "allow"/u],
    [{ renames: {} }, /tools\.renames: is not a setting/u],
    [{ rename: { a: '' } }, /rename\.a.*a name of letters/u],
    [{ rename: { a: 'b c' } }, /rename\.a.*a name of letters/u],
    [{ rename: { a: 7 } }, /rename\.a.*a name of letters/u],
    [{ describe: { a: 7 } }, /describe\.a.*a description/u],
    [{ arguments: { a: 'x' } }, /arguments\.a.*an object; each argument/u],
    [{ rename: { a: 'x', b: 'x' } }, /rename\.b.*gives "a" and "b" the same name/u],
  ])('%j is a problem', async (tools, words) => {
    const { leftOut } = await accepted(beside({ command: 'node', bridge: { tools } }));
    const told = leftOut.flatMap(({ problems }) => problems.map(describeProblem));
    expect(told).toEqual([expect.stringMatching(words)]);
  });

  test.each<[object, RegExp[]]>([
    [
      { allow: ['whoami'], rename: { get_me: 'whoami' } },
      [/rename\.get_me.*may not call/u, /allow\[0\].*new name of "get_me"/u],
    ],
    [{ deny: ['x*'], rename: { a: 'xa' } }, [/rename\.a.*change "deny"/u]],
    [{ rename: { a: 'b' }, describe: { b: 'B' } }, [/describe\.b.*new name of "a"/u]],
    [{ allow: ['a'], arguments: { b: { x: 1 } } }, [/arguments\.b.*Name it in "allow"/u]],
    [{ rename: { a: 'b', b: 'a' }, describe: { b: 'B' } }, []],
  ])('%j is warned of', async (tools, words) => {
    const told = await warnings(tools);
    expect(told).toHaveLength(words.length);
    for (const [index, pattern] of words.entries()) expect(told[index]).toMatch(pattern);
  });
});

test('[F-786] a new name that the bridge needs itself where tools are searched is a problem there, and nowhere else', async () => {
  const tools = { rename: { a: 'search_tools' } };
  const told = async (more: object) => {
    const { leftOut } = await accepted(beside({ command: 'node', bridge: { tools, ...more } }));
    return leftOut.flatMap(({ problems }) => problems.map(describeProblem));
  };
  expect(await told({ discovery: 'search' })).toEqual([
    expect.stringMatching(/rename\.a.*name of a tool of the bridge.*another name/u),
  ]);
  expect(await told({ discovery: 'list' })).toEqual([]);
  expect(await told({ discovery: 'find' })).toEqual([expect.stringMatching(/"list" or "search"/u)]);
});
