// Whose files are incomplete, as `mcp-bridge check` says it of the folders that a config names.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkPeople } from '../../../runner/check/people.ts';
import type { ProcessServer } from '../../../runner/config/runner-config.ts';
import type { PersonVariable } from '../../../runner/core/per-user.ts';
import { accepted, one, processServerOf } from '../config/reading.ts';

function people(): string {
  const root = mkdtempSync(join(tmpdir(), 'check-people-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

function put(root: string, id: string, name: string): void {
  mkdirSync(join(root, id), { recursive: true, mode: 0o700 });
  writeFileSync(join(root, id, name), 'x', { mode: 0o600 });
}

async function server(variables: PersonVariable[], startsWithout = false): Promise<ProcessServer> {
  const any = processServerOf(await accepted(one({})));
  return { ...any, source: { ...any.source, perUser: { variables, startsWithout } } };
}

test('all who have something there, and what each of them lacks', async () => {
  const root = people();
  for (const id of ['ann', 'p-1']) put(root, id, 'github');
  put(root, 'ann', 'jira');
  put(root, 'bob', 'jira');
  // No id of anybody.
  mkdirSync(join(root, 'lost+found'));
  const github = await server([{ name: 'GITHUB', file: [`${root}/`, '/github'] }]);
  const both = await server([
    { name: 'GITHUB', file: [`${root}/`, '/github'] },
    { name: 'JIRA', file: [`${root}/`, '/jira'] },
    { name: 'MAIL', fact: 'email' },
  ]);
  expect(checkPeople([github, both])).toEqual([
    {
      verdict: 'warn',
      subject: 'people of s',
      what: 'of 3 known here, 1 lack files',
      fix: expect.stringContaining('cannot use this server'),
      lines: [expect.stringContaining(`bob: GITHUB: ${root}/bob/github does not exist`)],
    },
    expect.objectContaining({
      what: 'of 3 known here, 2 lack files',
      lines: [
        expect.stringContaining(`bob: GITHUB: ${root}/bob/github does not exist`),
        expect.stringContaining(`p-1: JIRA: ${root}/p-1/jira does not exist`),
      ],
    }),
  ]);
});

test('everybody has all; nobody has any; no server asks for files', async () => {
  const root = people();
  const of = await server([{ name: 'A', file: [`${root}/`, '/a'] }]);
  expect(checkPeople([of])).toMatchObject([{ verdict: 'warn', what: 'nobody has files yet' }]);
  put(root, 'ann', 'a');
  expect(checkPeople([of])).toMatchObject([{ verdict: 'ok', what: '1 have their files' }]);
  const facts = await server([{ name: 'MAIL', fact: 'email' }]);
  const { perUser: _perUser, ...source } = facts.source;
  const plain = { ...facts, source };
  expect(checkPeople([facts, plain])).toEqual([]);
});

test('a long list is cut', async () => {
  const root = people();
  for (let n = 0; n < 50; n++) mkdirSync(join(root, `p-${n}`));
  const of = await server([{ name: 'A', file: [`${root}/`, '/a'] }], true);
  const [outcome] = checkPeople([of]);
  expect(outcome?.lines).toHaveLength(21);
  expect(outcome?.lines?.at(-1)).toBe('and 30 more');
  expect(outcome?.fix).toContain('starts without');
});
