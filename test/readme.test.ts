// What README.md tells people to type and to look for is true: nothing is typed in it that no test runs without a reason, every option
// exists, and each message that its troubleshooting quotes stands in the sources.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { commandText, isCommand } from '../runner/commands/commands.ts';
import {
  MANUAL,
  NOT_RUN,
  README,
  README_COMMANDS,
  RUN_ELSEWHERE,
  RUN_HERE,
} from './readme-commands.ts';

const ROOT = join(import.meta.dirname, '..');

describe('the commands in README.md', () => {
  test('are found, and most of them are run as they stand', () => {
    expect(README_COMMANDS.length).toBeGreaterThan(20);
    expect(RUN_HERE.length).toBeGreaterThan(10);
  });

  test.each(RUN_ELSEWHERE)('%s is run in %s', (pattern, file, words) => {
    expect(README_COMMANDS.some((command) => pattern.test(command))).toBe(true);
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(words);
  });

  test.each(NOT_RUN)('%s is not run: %s', (pattern, why) => {
    expect(README_COMMANDS.some((command) => pattern.test(command))).toBe(true);
    expect(why.length).toBeGreaterThan(30);
  });

  test('have the options that they are given, wherever README.md and REFERENCE.md name them', () => {
    const named = [...MANUAL.matchAll(/(?<=`|^|sudo )mcp-bridge ([a-z]+)\b([^`\n]*)/gmu)];
    expect(named.length).toBeGreaterThan(30);
    const wrong = named.flatMap(([whole, name = '', rest = '']) => {
      if (!isCommand(name)) return name === 'help' ? [] : [whole];
      const [own = ''] = rest.split(/ -- |#/u);
      const options = [...own.matchAll(/(?<=[\s[])--([a-z][a-z-]*)/gu)];
      const known = commandText(name).options;
      return options.filter(([, option = '']) => !(option in known)).map(() => whole);
    });
    expect(wrong).toEqual([]);
  });
});

describe('the troubleshooting of README.md', () => {
  const sources = globSync('{shared,edge,runner}/**/*.ts', { cwd: ROOT })
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n');
  const section = /^## Troubleshooting$([^]*?)^## /mu.exec(README)?.[1] ?? '';
  const rows = section.split('\n').filter((line) => /^\| (?!-|what you see)/u.test(line));
  const said = rows.flatMap((row) =>
    [...(row.split(' | ')[0] ?? '').matchAll(/`([^`]{8,})`/gu)].map(([, words = '']) => words),
  );

  test('has entries, each with a cause and what to do', () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(said.length).toBeGreaterThan(25);
    for (const row of rows) expect(row.split(' | ')).toHaveLength(3);
  });

  test.each(said.filter((words) => !words.startsWith('http')))(
    '"%s" is said by the bridge',
    (words) => {
      expect(sources.includes(words)).toBe(true);
    },
  );
});
