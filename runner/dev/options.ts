// The command lines of `mcp-bridge dev` and `up`: turns words into options, or into a problem. Pure.
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

import type { Problem } from '../../shared/problem.ts';
import { errorCode } from '../error-code.ts';
import { COMMANDS } from '../commands/commands.ts';
import { mistakeIn, usageProblem } from '../commands/usage.ts';
import { USUAL_FILE } from '../config/places.ts';
import type { ConfigPart } from '../config/read.ts';
import { LOG_LEVELS, type LogLevel } from '../log.ts';

/** What to serve: the servers of config files, or one command under a name. */
export type LocalSource =
  | { readonly kind: 'config'; readonly files: readonly ConfigPart[] }
  | { readonly kind: 'command'; readonly name: string; readonly command: readonly string[] };

/** What `dev` and `up` have in common. */
interface LocalOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly storage: string;
  /** Whether clients need the key that it prints. */
  readonly hasKey: boolean;
  /** The owner's key, for the console and to let apps in, as at a deployed edge; undefined: one that is kept in the storage folder. */
  readonly ownerKeyFile: string | undefined;
  readonly logLevel: LogLevel;
  /** Undefined: not said. */
  readonly source: LocalSource | undefined;
}

export interface DevOptions extends LocalOptions {
  /** In this program, or in a workerd of its own, as on Cloudflare. */
  readonly edge: 'node' | 'workerd';
  readonly source: LocalSource;
}

export interface UpOptions extends LocalOptions {
  readonly edge: 'node';
  /** Asks nothing. */
  readonly yes: boolean;
  /** Prints for a program. */
  readonly json: boolean;
}

export type LocalReading<Options> =
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly problem: Problem };

type LocalCommand = 'dev' | 'up';

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
export function readDevOptions(argv: readonly string[]): LocalReading<DevOptions> {
  const { own, command } = divided(argv);
  try {
    const { values } = parseArgs({ args: own, options: COMMANDS.dev.options });
    const { edge } = values;
    if (edge !== 'node' && edge !== 'workerd')
      return refused('dev', '--edge takes node or workerd');
    const reading = readLocal('dev', values, command);
    if (!reading.ok) return reading;
    const source = reading.options.source ?? { kind: 'config', files: [{ path: USUAL_FILE }] };
    return { ok: true, options: { ...reading.options, edge, source } };
  } catch (error) {
    return misread('dev', error);
  }
}

/** Reads the words after `up`. */
export function readUpOptions(argv: readonly string[]): LocalReading<UpOptions> {
  const { own, command } = divided(argv);
  try {
    const { options } = COMMANDS.up;
    const several = { ...options, config: { ...options.config, multiple: true } } as const;
    const { values } = parseArgs({ args: own, options: several });
    const reading = readLocal('up', values, command);
    if (!reading.ok) return reading;
    const { yes = false, json = false } = values;
    return { ok: true, options: { ...reading.options, edge: 'node', yes, json } };
  } catch (error) {
    return misread('up', error);
  }
}

/** The words before a bare `--`, and the command behind it if there is one. */
export function divided(argv: readonly string[]): { own: string[]; command: string[] | undefined } {
  const divide = argv.indexOf('--');
  return divide === -1
    ? { own: [...argv], command: undefined }
    : { own: argv.slice(0, divide), command: argv.slice(divide + 1) };
}

/** Values of the options that `dev` and `up` have in common. */
interface LocalValues {
  readonly config?: string | string[] | undefined;
  readonly name?: string | undefined;
  readonly port: string;
  readonly storage: string;
  readonly 'no-key'?: boolean | undefined;
  readonly 'owner-key-file'?: string | undefined;
  readonly 'log-level': string;
}

function readLocal(
  call: LocalCommand,
  values: LocalValues,
  command: readonly string[] | undefined,
): LocalReading<LocalOptions> {
  const { port, storage, config, name } = values;
  const logLevel = LOG_LEVELS.find((level) => level === values['log-level']);
  if (logLevel === undefined) return refused(call, `--log-level takes ${LOG_LEVELS.join(', ')}`);
  if (!/^\d{1,5}$/u.test(port) || Number(port) > 65_535)
    return refused(call, '--port takes a number from 0 to 65535');
  if (storage === '') return refused(call, '--storage takes a folder');
  const ownerKeyFile = values['owner-key-file'];
  const hasKey = values['no-key'] !== true;
  if (ownerKeyFile !== undefined && !hasKey)
    return refused(call, 'With --no-key nobody signs in: leave out --owner-key-file or --no-key');
  const source = readSource(config, name, command);
  if (typeof source === 'string') return refused(call, source);
  const options = { port: Number(port), storage, hasKey, ownerKeyFile, logLevel, source };
  return { ok: true, options };
}

/** What is to be served, if it was said; or what is wrong. */
function readSource(
  config: string | readonly string[] | undefined,
  name: string | undefined,
  command: readonly string[] | undefined,
): LocalSource | string | undefined {
  if (command?.length === 0) return 'After -- comes the command of a server';
  if (command && config !== undefined) return 'Give --config or a command after --, not both';
  if (!command && name !== undefined) return '--name is for a command after --';
  if (command) return { kind: 'command', name: name ?? nameOf(command), command };
  if (config === undefined) return undefined;
  return { kind: 'config', files: [config].flat().map((path) => ({ path })) };
}

const refused = (command: LocalCommand, what: string) =>
  ({ ok: false, problem: usageProblem(command, what) }) as const;

function misread(command: LocalCommand, error: unknown) {
  if (!(error instanceof Error)) throw error;
  // Most often a command; it may also be a secret in the wrong place, so it is not repeated.
  const isWord = errorCode(error) === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL';
  const what = `The command of a server comes after --, as in: mcp-bridge ${command} -- npx -y <package>`;
  return refused(command, isWord ? what : mistakeIn(error));
}

/** `npx -y @scope/server-x@1.2` → `server-x`; `./tools/weather.py` → `weather`. */
export function nameOf(command: readonly string[]): string {
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
