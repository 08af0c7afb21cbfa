// Variables with names that objects have by themselves: they reach the process like any other.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { processSpec } from '../../../runner/configured-process.ts';
import { accepted, one, problems, processServerOf } from './reading.ts';

const NAMES = ['constructor', 'prototype', '__proto__', 'toString', 'hasOwnProperty'];

/** As in a file: a literal object would make its prototype of the third. */
const withEach = (value: unknown): unknown =>
  JSON.parse(`{${NAMES.map((name) => `"${name}":${JSON.stringify(value)}`).join()}}`);

test('[F-576] variables of "env" keep names such as `constructor`, up to the process itself', async () => {
  const server = processServerOf(
    await accepted(one({ env: withEach('v'), command: process.execPath })),
  );
  expect(Object.keys(server.source.env).toSorted()).toEqual(NAMES.toSorted());
  const ground = { environment: process.env, containment: undefined, secrets: [] };
  const { env } = processSpec(server, ground);
  const print = `process.stdout.write(JSON.stringify(${JSON.stringify(NAMES)}.map((name) => Object.entries(process.env).find(([key]) => key === name)?.[1] ?? null)))`;
  const said = execFileSync(process.execPath, ['-e', print], { env, encoding: 'utf8' });
  expect(JSON.parse(said)).toEqual(NAMES.map(() => 'v'));
});

test('[F-576] what is wrong with one of them is said, as of any other', async () => {
  const found = await problems(one({ env: withEach({}) }));
  const named = found.filter(({ path }) => NAMES.some((name) => path.includes(name)));
  expect(named).toHaveLength(NAMES.length);
});

test('[F-576] and so do variables that each person has', async () => {
  const perUser = { env: withEach({ person: 'id' }) };
  const server = processServerOf(await accepted(one({ bridge: { perUser } })));
  const names = server.source.perUser?.variables.map(({ name }) => name) ?? [];
  expect(names.toSorted()).toEqual(NAMES.toSorted());
  const found = await problems(one({ bridge: { perUser: { env: withEach('text') } } }));
  expect(found.filter(({ what }) => what.includes('{ "file": … }'))).toHaveLength(NAMES.length);
});
