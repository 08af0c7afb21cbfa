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
};
writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers: servers }));
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

  test('of a server that has none are none', () => {
    const args = [MAIN, 'tools', 'toolless'];
    const text = execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect(text).toContain('0 tools');
  });

  test.each<[string[], number, RegExp]>([
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
