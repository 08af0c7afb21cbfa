// Virtual servers of a config: what they come to, and what is said about mistakes.
import { expect, test } from 'vitest';

import { describeProblem } from '../../../runner/config/problem.ts';
import { offeredNames } from '../../../runner/config/runner-config.ts';
import { accepted, GOOD, problems } from './reading.ts';

const file = (virtual: object, servers: object = { a: GOOD, 'b c': GOOD }) => ({
  mcpServers: servers,
  bridge: { virtual },
});

test('a virtual server has its members in order, their prefixes and rules, and settings of its own', async () => {
  const tools = { allow: ['get_*'] };
  const config = await accepted(
    file({
      work: {
        members: { 'b c': { prefix: '' }, a: { tools } },
        tools: { deny: ['a__get_x'] },
        requestTimeout: '7s',
        maxSessions: 3,
        discovery: 'search',
      },
    }),
  );
  expect(config.virtual.get('work')).toMatchObject({
    name: 'work',
    members: [
      { server: 'b-c', prefix: '' },
      { server: 'a', prefix: 'a', tools },
    ],
    tools: { deny: ['a__get_x'] },
    requestTimeoutMs: 7_000,
    maxSessions: 3,
    isSearched: true,
  });
  expect(offeredNames(config)).toEqual(['a', 'b-c', 'work']);
});

test('a server may be served as a member alone; one that nobody serves is told of', async () => {
  const servers = {
    a: { ...GOOD, bridge: { served: false } },
    b: { ...GOOD, bridge: { served: false } },
  };
  const config = await accepted(file({ work: { members: { a: {} } } }, servers));
  expect(offeredNames(config)).toEqual(['work']);
  expect(config.warnings.map(describeProblem)).toEqual([
    expect.stringMatching(/b: is not served, and no member of a virtual server/u),
  ]);
});

test('a member that is left out stays a member, for the time when it can be served', async () => {
  const servers = { a: GOOD, b: { ...GOOD, disabled: true } };
  const config = await accepted(file({ work: { members: { a: {}, b: {} } } }, servers));
  expect(config.virtual.get('work')?.members).toHaveLength(2);
});

test.each<[object, RegExp]>([
  [
    {
      work: {
        discovery: 'search',
        members: { a: { prefix: '', tools: { rename: { x: 'call_tool' } } } },
      },
    },
    /members\.a\.tools\.rename\.x.*name of a tool of the bridge/su,
  ],
  [{ work: { members: { aa: {} } } }, /members\.aa: is no server of this file.*Did you mean "a"/su],
  [
    { work: { members: { zzzzzz: {} } } },
    /zzzzzz: is no server of this file.*as they are in this/su,
  ],
  [{ work: { members: {} } }, /members.*at least one server/u],
  [{ work: {} }, /members/u],
  [{ a: { members: { a: {} } } }, /virtual\.a: has the name of a server/u],
  [{ 'x y': { members: { a: {} } } }, /cannot be served under this name/u],
  [{ admin: { members: { a: {} } } }, /cannot be served under this name/u],
  [
    { work: { members: { a: {} } }, other: { members: { work: {} } } },
    /members\.work: is a virtual server itself.*members of that one/su,
  ],
  [{ work: { members: { 'b c': {}, 'b-c': {} } } }, /is a member twice/u],
  [{ work: { members: { a: { prefix: 'x y' } } } }, /prefix.*letters, digits/u],
  [{ work: { members: { a: { tools: { rename: { x: 'n', y: 'n' } } } } } }, /the same name/u],
  [{ work: { members: { a: { lazy: true } } } }, /lazy: is not a setting/u],
  [{ work: { members: { a: {} }, warm: 1 } }, /warm: is not a setting/u],
])('[F-755] %j is a problem', async (virtual, words) => {
  const found = await problems(file(virtual));
  expect(found.map(describeProblem).join('\n')).toMatch(words);
});

test('[F-755] more servers than a runner may offer, with the virtual ones', async () => {
  const servers = Object.fromEntries(
    Array.from({ length: 256 }, (_, at) => [`s${String(at)}`, GOOD]),
  );
  const found = await problems(file({ work: { members: { s1: {} } } }, servers));
  expect(found.map(describeProblem).join('\n')).toMatch(
    /virtual: and the servers are more than 256/u,
  );
});
