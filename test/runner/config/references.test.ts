// References in a config's texts: the environment, the places that editors name, and words for all that cannot be filled.
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fillReferences, hasReference } from '../../../runner/config/references.ts';
import { excessOf } from '../../fixtures/growth.ts';
import { accepted, beside, fates, folder, namesOf, one, processOf } from './reading.ts';

const sources = (environment: NodeJS.ProcessEnv = {}) => ({ environment, places: new Map() });

describe('what references are filled with (F-227)', () => {
  it('fills variables as the runner, VS Code and Cursor write them', async () => {
    const config = await accepted(
      one({
        args: [
          '${env:HOST}:${PORT:-80}',
          'a${env:HOST}b${HOST}',
          '$${HOST}',
          '$HOST',
          '${env:NO:-or}',
        ],
        env: { KEY: '${env:KEY}' },
      }),
      { HOST: 'h', KEY: '${HOST}' },
    );
    expect(processOf(config)).toMatchObject({
      args: ['h:80', 'ahbh', '${HOST}', '$HOST', 'or'],
      // What a variable holds is not filled again.
      env: { KEY: '${HOST}' },
    });
  });

  it('fills the places that editors, extensions and plugins name', async () => {
    const config = await accepted(
      one({
        command: '${userHome}${pathSeparator}bin${/}server',
        args: [
          '${workspaceFolder}/x',
          '${workspaceFolderBasename}',
          '${__dirname}',
          '${extensionPath}',
        ],
        cwd: '${CLAUDE_PLUGIN_ROOT}',
      }),
    );
    expect(processOf(config)).toMatchObject({
      command: join(homedir(), 'bin/server'),
      args: [join(folder, 'x'), basename(folder), folder, folder],
      cwd: folder,
    });
  });

  it('takes the folder around .vscode or .cursor for the workspace, as they do', async () => {
    for (const name of ['.vscode', '.cursor']) {
      mkdirSync(join(folder, name));
      const config = await accepted(
        one({ args: ['${workspaceFolder}'] }),
        {},
        join(folder, name, 'mcp.json'),
      );
      expect(processOf(config)).toMatchObject({ args: [folder], cwd: folder });
    }
  });

  it('reads {env:NAME} as opencode writes it, and nowhere else', async () => {
    const entry = { type: 'local', command: ['node', '{env:A}', '${A}'] };
    const opencode = await accepted({ mcp: { s: entry } }, { A: 'x' });
    expect(processOf(opencode).args).toEqual(['x', 'x']);
    const other = await accepted({ mcpServers: { s: entry } }, { A: 'x' });
    expect(processOf(other).args).toEqual(['{env:A}', 'x']);
  });
});

describe('what cannot be filled leaves out that server alone, with words (F-227)', () => {
  const table: [text: string, what: string][] = [
    ['${NOPE}', 'refers to the environment variable NOPE, which is not set'],
    ['${env:NOPE}', 'refers to the environment variable NOPE, which is not set'],
    ['${constructor}', 'refers to the environment variable constructor, which is not set'],
    ['${env:__proto__}', 'refers to the environment variable __proto__, which is not set'],
    ['${toString}', 'refers to the environment variable toString, which is not set'],
    [
      '${input:api-key}',
      'refers to ${input:api-key}, what an editor asks its user for, which a runner cannot know',
    ],
    [
      '${user_config.api_key}',
      'refers to ${user_config.api_key}, a setting that a desktop app asks its user for, which a runner cannot know',
    ],
    [
      '${config:python.path}',
      "refers to ${config:python.path}, an editor's own value, which a runner cannot know",
    ],
    [
      '${command:pick}',
      "refers to ${command:pick}, an editor's own value, which a runner cannot know",
    ],
    [
      '${fileDirname}',
      "refers to ${fileDirname}, an editor's own value, which a runner cannot know",
    ],
    [
      '${{ secrets.KEY }}',
      'refers to ${{ secrets.KEY }, a secret that another program keeps, which a runner cannot know',
    ],
    ['${A:-${B}}', 'has a reference inside another one'],
    ['${A', 'has a ${ without a closing }'],
    ['x${', 'has a ${ without a closing }'],
    ['${}', 'has a ${ that is not a reference'],
    ['${what is this}', 'has a ${ that is not a reference'],
  ];
  it.each(table)('%s', async (text, what) => {
    for (const [entry, place] of [
      [{ command: 'node', args: ['x', text] }, 'args[1]'],
      [{ command: 'node', env: { A: text } }, 'env.A'],
      [{ command: text }, 'command'],
    ] as const) {
      const config = await accepted(beside(entry));
      expect(namesOf(config)).toEqual(['good']);
      expect(fates(config)).toEqual([`s broken: mcpServers.s.${place} ${what}`]);
    }
  });
});

it('knows a reference from an escaped one', () => {
  expect([hasReference('a${B}'), hasReference('$${B}'), hasReference('$B')]).toEqual([
    true,
    false,
    false,
  ]);
});

it('takes time in proportion to the text, whatever stands in it (F-227)', () => {
  const texts: ((count: number) => string)[] = [
    (count) => '${'.repeat(count),
    (count) => '$${'.repeat(count),
    (count) => '${A}'.repeat(count),
    (count) => '${A:-'.repeat(count),
    (count) => `\${input:${'a'.repeat(count * 4)}}`,
    (count) => `\${{ ${' '.repeat(count * 4)}}`,
  ];
  for (const text of texts) {
    const read = (count: number): void => {
      fillReferences(text(count), sources({ A: 'a' }));
      hasReference(text(count));
    };
    expect([text(1), excessOf(read, 1_000)]).toEqual([text(1), undefined]);
  }
});
