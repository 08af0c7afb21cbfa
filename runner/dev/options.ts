// The command line of `mcp-bridge dev`: turns words into options, or into a problem. Pure.
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

import type { Problem } from '../../shared/problem.ts';
import { COMMANDS } from '../commands/commands.ts';
import { mistakeIn, usageProblem } from '../commands/usage.ts';
import { LOG_LEVELS, type LogLevel } from '../log.ts';

/** What to serve: the servers of a config file, or one command under a name. */
export type DevSource =
  | { readonly kind: 'config'; readonly path: string }
  | { readonly kind: 'command'; readonly name: string; readonly command: readonly string[] };

export interface DevOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly storage: string;
  /** In this program, or in a workerd of its own, as on Cloudflare. */
  readonly edge: 'node' | 'workerd';
  /** Whether clients need the key that it prints. */
  readonly hasKey: boolean;
  /** With the owner's key in this file people let apps in by sign-in, as at a deployed edge. */
  readonly ownerKeyFile: string | undefined;
  readonly logLevel: LogLevel;
  readonly source: DevSource;
}

export type DevOptionsReading =
  | { readonly ok: true; readonly options: DevOptions }
  | { readonly ok: false; readonly problem: Problem };

/** Programs that run another program: a server is better named after the latter. */
const LAUNCHERS = new Set([
  'npx',
  'bunx',
  'pnpx',
  'uvx',
  'node',
  'bun',
  'deno',
  'python',
  'python3',
]);

/** Reads the words after `dev`. */
export function readDevOptions(argv: readonly string[]): DevOptionsReading {
  const divide = argv.indexOf('--');
  const command = divide === -1 ? [] : argv.slice(divide + 1);
  const own = divide === -1 ? argv : argv.slice(0, divide);
  let values;
  try {
    ({ values } = parseArgs({
      args: [...own],
      options: COMMANDS.dev.options,
    }));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return refused(mistakeIn(error));
  }
  const { port, storage, edge, config, name } = values;
  const logLevel = LOG_LEVELS.find((level) => level === values['log-level']);
  if (logLevel === undefined) {
    return refused(`--log-level takes ${LOG_LEVELS.join(', ')}`);
  }
  if (!/^\d{1,5}$/u.test(port) || Number(port) > 65_535) {
    return refused('--port takes a number from 0 to 65535');
  }
  if (edge !== 'node' && edge !== 'workerd') return refused('--edge takes node or workerd');
  if (storage === '') return refused('--storage takes a folder');
  const ownerKeyFile = values['owner-key-file'];
  if (ownerKeyFile !== undefined && values['no-key'])
    return refused('With --no-key nobody signs in: leave out --owner-key-file or --no-key');
  const [program] = command;
  if (divide !== -1 && program === undefined) {
    return refused('After -- comes the command of a server');
  }
  if (program !== undefined && config !== undefined) {
    return refused('Give --config or a command after --, not both');
  }
  if (program === undefined && name !== undefined) {
    return refused('--name is for a command after --');
  }
  const source: DevSource =
    program === undefined
      ? { kind: 'config', path: config ?? 'mcp.json' }
      : { kind: 'command', name: name ?? nameOf(command), command };
  const hasKey = !values['no-key'];
  const asked = { port: Number(port), storage, logLevel, source };
  const options: DevOptions = { ...asked, edge, hasKey, ownerKeyFile };
  return { ok: true, options };
}

const refused = (what: string): DevOptionsReading => ({
  ok: false,
  problem: usageProblem('dev', what),
});

/** `npx -y @scope/server-x@1.2` → `server-x`; `./tools/weather.py` → `weather`. */
function nameOf(command: readonly string[]): string {
  const [program = '', ...args] = command;
  const launched = LAUNCHERS.has(basename(program))
    ? args.find((arg) => !arg.startsWith('-'))
    : undefined;
  const name = basename(launched ?? program)
    .replace(/(?<=.)@.*$/u, '')
    .replace(/\.(?:[cm]?[jt]s|py|sh|exe)$/u, '')
    .replaceAll(/[^A-Za-z0-9._-]/gu, '-')
    .replace(/^[^A-Za-z0-9]+/u, '');
  return name.slice(0, 64) || 'server';
}
