// `mcp-bridge tools` as a program: sizes, and what is hidden, renamed, held back or wrong in the rules.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, describe, expect, test } from 'vitest';

import { NO_PINS, withHeld } from '../../../runner/core/pins.ts';
import { pinOf, writePins } from '../../../runner/pin-file.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const MAIN = path('../../../runner/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'mcp-tools-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const server = (file: string, bridge: object) => ({
  command: process.execPath,
  args: [path(`../../${file}.mjs`)],
  bridge,
});
const rules = {
  deny: ['big'],
  rename: { echo: 'say', slwo: 'x', hang: 'exit' },
  describe: { echo: 'x'.repeat(400) },
};
/** Answers initialize, and to tools/list whatever `answer` is. */
const unlisted = (answer: string, bridge: object = {}) => ({
  command: process.execPath,
  args: [
    '-e',
    `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      const say = (rest) => console.log(JSON.stringify({ jsonrpc: '2.0', id, ...rest }));
      const result = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } };
      if (method === 'initialize') say({ result });
      if (method === 'tools/list') { ${answer} }
    })`,
  ],
  bridge,
});
const servers = {
  refusing: unlisted('say({ error: { code: -32603, message: "no" } })'),
  ending: unlisted('process.exit(3)'),
  silent: unlisted('', { startTimeout: '2s' }),
  toolless: unlisted('say({ error: { code: -32601, message: "no" } })'),
  legacy: server('fixtures/servers/echo', { tools: rules, pin: true }),
  modern: server('conformance/servers/modern', {}),
  broken: server('fixtures/servers/exits-at-once', {}),
  searched: server('conformance/servers/modern', { discovery: 'search' }),
  off: { ...server('fixtures/servers/echo', {}), disabled: true },
};
const bridge = {
  virtual: {
    work: {
      members: {
        legacy: { tools: { deny: ['inc'], rename: { beat: 'drum' } } },
        modern: { prefix: '' },
        searched: { prefix: '' },
      },
      tools: { deny: ['legacy__wedge', 'legacy__wedgs'] },
      discovery: 'search',
    },
    half: { members: { legacy: {}, broken: {}, off: {} } },
  },
};
writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers: servers, bridge }));
const held = { name: 'inc', era: 'legacy' as const, pin: pinOf('{"name":"inc"}') };
writePins(join(folder, 'mcp.lock.json'), new Map(), 'legacy', withHeld(NO_PINS, held));

describe('[F-780] [F-831] mcp-bridge tools', () => {
  test('shows a legacy server’s tools as clients see them, with their sizes', () => {
    const text = execFileSync(process.execPath, [MAIN, 'tools', 'legacy'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(text).toMatch(/^say +1\d\d +is echo$/mu);
    expect(text).toMatch(/^big +\(\d+\) +hidden$/mu);
    expect(text).toMatch(/^inc +\(\d+\) +held back$/mu);
    expect(text).toMatch(/^\d+ tools, about \d+ tokens \(an estimate: /mu);
    expect(text).toContain('names "slwo", which is no tool of the server. Did you mean "slow"?');
    expect(text).toContain('gives "hang" the name of another tool, so "exit" is hidden');
  });

  test('and those of a modern one, for programs', () => {
    const args = [MAIN, 'tools', 'modern', '--json'];
    const told = JSON.parse(
      execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }),
    ) as {
      tokens: number;
      tools: { tool: string; name: string; tokens: number }[];
    };
    expect(told.tools.length).toBeGreaterThan(20);
    expect(told.tokens).toBe(told.tools.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(told).toMatchObject({
      server: 'modern',
      warnings: [],
      estimate: expect.stringContaining('estimate'),
    });
  });

  test('and what would be listed in their place if clients searched them', () => {
    const run = (name: string): string =>
      execFileSync(process.execPath, [MAIN, 'tools', name], { cwd: folder, encoding: 'utf8' });
    expect(run('modern')).toMatch(
      /^With "discovery": "search" it would be 2 tools, about \d+ tok/mu,
    );
    expect(run('searched')).toMatch(
      /^Clients are listed 2 tools, about \d+ tokens in their place/mu,
    );
  });

  test('of a server that has none are none', () => {
    const args = [MAIN, 'tools', 'toolless'];
    const text = execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect(text).toContain('0 tools');
  });

  test('[F-847] of several servers as one: under the names of the whole, by the rules of each and of all, for each member', () => {
    const run = (...words: string[]) =>
      execFileSync(process.execPath, [MAIN, 'tools', 'work', ...words], {
        cwd: folder,
        encoding: 'utf8',
      });
    const text = run();
    expect(text).toMatch(/^legacy__say +1\d\d +legacy +is echo$/mu);
    expect(text).toMatch(/^legacy__drum +\d+ +legacy +is beat$/mu);
    expect(text).toMatch(/^legacy__slow +\d+ +legacy$/mu);
    expect(text).toMatch(/^inc +\(\d+\) +legacy +hidden$/mu);
    expect(text).toMatch(/^wedge +\(\d+\) +legacy +hidden$/mu);
    expect(text).toMatch(/^test_simple_text +\d+ +modern$/mu);
    expect(text).toMatch(/^test_simple_text +\(\d+\) +searched +hidden: another has its name$/mu);
    expect(text).toMatch(/^legacy: \d+ tools, about \d+ tokens$/mu);
    expect(text).toMatch(/^searched: 0 tools, about 0 tokens$/mu);
    expect(text).toMatch(/^together: \d+ tools, about [\d,]+ tokens \(an estimate/mu);
    expect(text).toMatch(/^Clients are listed 2 tools/mu);
    expect(text).toContain('legacy: "rename" names "slwo"');
    expect(text).toContain('"deny" names "legacy__wedgs", which is no tool of the server. Did you');
    type Told = {
      tokens: number;
      search: { isOn: boolean; tokens: number };
      members: { server: string; tokens: number; tools: object[] }[];
    };
    const told = JSON.parse(run('--json')) as Told;
    expect(told).toMatchObject({ server: 'work', search: { isOn: true } });
    expect(told.members.map(({ server: name }) => name)).toEqual(['legacy', 'modern', 'searched']);
    expect(told.tokens).toBe(told.members.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(told.search.tokens).toBeLessThan(1_000);
  });

  test('[F-847] a member that cannot be listed is told, beside the tools of the others', () => {
    const ended = spawnSync(process.execPath, [MAIN, 'tools', 'half'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(ended.status).toBe(1);
    expect(ended.stdout).toMatch(/^legacy__say +1\d\d +legacy/mu);
    expect(ended.stderr).toMatch(/FAIL.*broken.*exited/su);
    expect(ended.stderr).toMatch(/FAIL.*off/su);
  });

  test.each<[string[], number, RegExp]>([
    [['wrok'], 1, /no server wrok\. Did you mean work/u],
    [['legasy'], 1, /no server legasy\. Did you mean legacy/u],
    [['broken'], 1, /FAIL.*exited/su],
    [['refusing'], 1, /FAIL.*refuses tools\/list \(error -32603\)/su],
    [['ending'], 1, /FAIL.*ended when it was asked for its tools/su],
    [['silent'], 1, /FAIL.*does not list its tools within 2000 ms/su],
    [[], 2, /say which server/u],
    [['legacy', '--person', 'a b'], 2, /--person takes an id/u],
    [['legacy', '--config', 'no.json'], 1, /does not exist/u],
  ])('%j ends with %i and says why', (words, status, pattern) => {
    const ended = spawnSync(process.execPath, [MAIN, 'tools', ...words], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(ended.status).toBe(status);
    expect(ended.stderr).toMatch(pattern);
  });
});
