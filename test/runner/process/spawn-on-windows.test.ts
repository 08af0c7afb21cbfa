import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { extensionsIn, windowsStart } from '../../../runner/process/spawn-on-windows.ts';
import { argumentsOf, commandsOfLine } from './windows-shell.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'windows-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes a file below the test's folder. */
function put(name: string, text = ''): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** As cmd-shim writes it for a package's command. */
const shimFor = (target: string): string => `@ECHO off
GOTO start
:find_dp0
SET dp0=%~dp0
EXIT /b
:start
SETLOCAL
CALL :find_dp0
IF EXIST "%dp0%\\node.exe" (
  SET "_prog=%dp0%\\node.exe"
) ELSE (
  SET "_prog=node"
)
endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & "%_prog%"  "%dp0%\\${target}" %*
`;

const HOSTILE = [
  '',
  ' ',
  'a b',
  '"',
  '\\',
  '\\"',
  'a\\\\"b',
  '%PATH%',
  '!x!',
  '^',
  '& calc',
  '| calc',
  '> f',
  '<',
  '(',
  ')',
  ';,=',
  'a"&calc&"',
  '"; calc',
  '\\\\',
  'ü 漢 🦊',
  '-c',
];

describe('[F-351] what is started without a shell', () => {
  test('npx and npm are followed to their scripts, with the node beside them', () => {
    const node = put('nodejs/node.exe');
    const script = put('nodejs/node_modules/npm/bin/npx-cli.js');
    const shim = put('nodejs/npx.cmd', '@echo off\r\n"%NODE_EXE%" "%NPX_CLI_JS%" %*\r\n');
    const env = { PATH: dirname(shim) };
    expect(windowsStart('npx', HOSTILE, { cwd: folder, env })).toEqual({
      kind: 'program',
      file: node,
      args: [script, ...HOSTILE],
    });
    expect(windowsStart('npx.cmd', ['-y', 'x'], { cwd: folder, env }).file).toBe(node);
    expect(windowsStart(shim, [], { cwd: folder, env: {} }).file).toBe(node);
  });

  test.each(['server.js', 'server.mjs', 'server'])('the shim of a package: %s', (name) => {
    const node = put('path/node.exe');
    const target = put(`npm/node_modules/pkg/${name}`, '#!/usr/bin/env node\r\nserve();');
    const shim = put('npm/my-server.cmd', shimFor(`node_modules\\pkg\\${name}`));
    const env = { PATH: `${dirname(shim)}:${dirname(node)}` };
    expect(windowsStart('my-server', HOSTILE, { cwd: folder, env })).toEqual({
      kind: 'program',
      file: node,
      args: [target, ...HOSTILE],
    });
  });

  test('a shim of a program', () => {
    const program = put('tools/node_modules/pkg/real.exe');
    const shim = put('tools/tool.cmd', '@"%~dp0\\node_modules\\pkg\\real.exe"   %*\r\n');
    expect(windowsStart(shim, ['a'], { cwd: folder, env: {} })).toEqual({
      kind: 'program',
      file: program,
      args: ['a'],
    });
  });

  test('a script for Node', () => {
    const node = put('path/node.exe');
    const script = put('scripts/server.js', '#!/usr/bin/env node\n');
    const env = { PATH: dirname(node) };
    const start = windowsStart(script, ['"'], { cwd: folder, env });
    expect(start).toEqual({ kind: 'program', file: node, args: [script, '"'] });
  });

  test('a program by its name, by its path, from the folder it is started in; one that is missing as it was written', () => {
    const program = put('bin/uvx.exe');
    const env = { PATH: dirname(program) };
    expect(windowsStart('uvx', ['"'], { cwd: folder, env })).toEqual({
      kind: 'program',
      file: program,
      args: ['"'],
    });
    expect(windowsStart('bin/uvx', [], { cwd: folder, env: {} }).file).toBe(program);
    expect(windowsStart('nowhere', ['"'], { cwd: folder, env })).toEqual({
      kind: 'program',
      file: 'nowhere',
      args: ['"'],
    });
    expect(windowsStart('', [], { cwd: folder, env }).file).toBe('');
  });

  test('extensions come in the order of PATHEXT', () => {
    expect(extensionsIn('.EXE;.CMD')).toEqual(['.exe', '.cmd', '']);
    expect(extensionsIn()).toEqual(['.com', '.exe', '.bat', '.cmd', '']);
  });
});

describe('[F-351] what only a shell can start', () => {
  test('a batch file of another kind, and a shim for another interpreter', () => {
    const own = put('own/start.bat', '@echo off\r\npython server.py %*\r\n');
    put('own/pkg/tool', '#!/usr/bin/env python3\n');
    const shim = put('own/tool.cmd', shimFor('pkg\\tool'));
    for (const file of [own, shim]) {
      const start = windowsStart(file, ['a b', '%PATH%', '&'], { cwd: folder, env: {} });
      expect(start).toEqual({ kind: 'batch', file, args: ['a b', '%PATH%', '&'] });
    }
  });

  test('is not started with what could end its quotation', () => {
    const own = put('own/start.bat');
    for (const arg of ['"', 'a"&calc&"', 'a\nb', 'a\rb', 'a\\\\']) {
      expect(() => windowsStart(own, [arg], { cwd: folder, env: {} })).toThrow(
        expect.objectContaining({ code: 'EBATCHARG' }),
      );
    }
  });

  test('gets its arguments as they are, in whatever it starts with %*, and nothing else is started', async () => {
    const file = put('own dir & co/start.bat');
    const { parse } = await crossSpawnOnWindows();
    const passes = (args: readonly string[]): void => {
      const parsed = parse(file, args);
      expect(parsed.options).toMatchObject({ windowsVerbatimArguments: true });
      expect(parsed.args.slice(0, 3)).toEqual(['/d', '/s', '/c']);
      const line = String(parsed.args[3]).slice(1, -1);
      const [batch, ...others] = commandsOfLine(line);
      expect(others).toEqual([]);
      // A caret keeps a space in a name together; what follows the name is what %* stands for.
      expect(batch?.startsWith(file)).toBe(true);
      const rest = (batch ?? '').slice(file.length);
      const started = commandsOfLine(`server.exe${rest}`);
      expect(started).toHaveLength(1);
      expect(argumentsOf(started[0] ?? '')).toEqual(['server.exe', ...args]);
    };
    const isUsable = (arg: string): boolean => !/["\r\n]|\\\\$/u.test(arg);
    const usable = HOSTILE.filter(isUsable);
    passes(usable);
    for (const arg of usable) passes([arg, 'end']);
    const chars = 'ab \\%!^&|<>();,=*?[]'.split('');
    const text = fc.string({ unit: fc.constantFrom(...chars), maxLength: 12 }).filter(isUsable);
    fc.assert(fc.property(fc.array(text, { maxLength: 4 }), passes));
  });
});

interface Parsed {
  readonly args: readonly unknown[];
  readonly options: object;
}

/** cross-spawn asks which system it runs on when it is loaded. */
async function crossSpawnOnWindows(): Promise<{
  parse(file: string, args: readonly string[]): Parsed;
}> {
  const real = process.platform;
  vi.resetModules();
  Object.defineProperty(process, 'platform', { value: 'win32' });
  try {
    const { createRequire } = await import('node:module');
    const require = createRequire(import.meta.url);
    for (const path of Object.keys(require.cache)) {
      if (/[\\/](?:cross-spawn|which|isexe)[\\/]/u.test(path)) delete require.cache[path];
    }
    const parse = require('cross-spawn/lib/parse.js') as (
      file: string,
      args: readonly string[],
      options: object,
    ) => Parsed;
    return {
      parse(file, args) {
        Object.defineProperty(process, 'platform', { value: 'win32' });
        try {
          return parse(file, args, { env: { PATHEXT: '.BAT;.CMD' } });
        } finally {
          Object.defineProperty(process, 'platform', { value: real });
        }
      },
    };
  } finally {
    Object.defineProperty(process, 'platform', { value: real });
  }
}
