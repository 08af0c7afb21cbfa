import { expect, test } from 'vitest';

import { readDevOptions, readUpOptions } from '../../../runner/dev/options.ts';

const nameFor = (...command: string[]): unknown => {
  const reading = readDevOptions(['--', ...command]);
  return reading.ok && reading.options.source.kind === 'command' && reading.options.source.name;
};

test('without words the servers of mcp.json are served on port 8787', () => {
  expect(readDevOptions([])).toEqual({
    ok: true,
    options: {
      port: 8787,
      storage: '.bridge',
      edge: 'node',
      hasKey: true,
      ownerKeyFile: undefined,
      logLevel: 'warn',
      source: { kind: 'config', files: [{ path: 'mcp.json' }] },
    },
  });
});

test('[F-453] --no-key asks clients for none', () => {
  expect(readDevOptions(['--no-key'])).toMatchObject({ options: { hasKey: false } });
  expect(readDevOptions(['--owner-key-file', 'k'])).toMatchObject({
    options: { ownerKeyFile: 'k' },
  });
  expect(readDevOptions(['--owner-key-file', 'k', '--no-key'])).toMatchObject({ ok: false });
});

test('up takes several files, dev the last one', () => {
  const argv = ['--config', 'a.json', '--config', 'b.json'];
  const source = (...paths: string[]) => ({
    options: { source: { kind: 'config', files: paths.map((path) => ({ path })) } },
  });
  expect(readUpOptions(argv)).toMatchObject(source('a.json', 'b.json'));
  expect(readDevOptions(argv)).toMatchObject(source('b.json'));
});

test('a command after -- is taken word by word, options of its own included', () => {
  const argv = ['--port', '0', '--name', 'files', '--', 'npx', '-y', 'x', '--port', '1', '--', 'y'];
  expect(readDevOptions(argv)).toMatchObject({
    options: {
      port: 0,
      source: {
        kind: 'command',
        name: 'files',
        command: ['npx', '-y', 'x', '--port', '1', '--', 'y'],
      },
    },
  });
});

test('a command’s server is named after what the command runs', () => {
  expect(nameFor('mcp-server-everything', 'stdio')).toBe('mcp-server-everything');
  expect(nameFor('npx', '-y', '@modelcontextprotocol/server-memory@2026.8.31')).toBe(
    'server-memory',
  );
  expect(nameFor('/usr/bin/python3', './tools/my weather.py')).toBe('my-weather');
  expect(nameFor('npx', '-y', '@scope')).toBe('scope');
  expect(nameFor('../_')).toBe('server');
});

test.each([
  [['--port', '65536'], '--port takes a number from 0 to 65535'],
  [['--port', '-1'], "Option '--port' argument is ambiguous"],
  [['--log-level', 'loud'], '--log-level takes debug, info, warn, error'],
  [['--config', 'a.json', '--', 'x'], 'Give --config or a command after --, not both'],
  [['--name', 'x'], '--name is for a command after --'],
  [['--'], 'After -- comes the command of a server'],
  [
    ['npx', '-y', 'x'],
    'The command of a server comes after --, as in: mcp-bridge dev -- npx -y <package>',
  ],
  [['--wrong'], "Unknown option '--wrong'"],
])('%j is refused with what is wrong', (argv, mistake) => {
  expect(readDevOptions(argv)).toEqual({
    ok: false,
    problem: { what: `mcp-bridge dev: ${mistake}`, fix: 'See: mcp-bridge help dev' },
  });
});
