// `mcp-bridge service`: has the system's own service manager run the runner, and says how it goes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, resolve } from 'node:path';

import { problemText, type Problem } from '../../shared/problem.ts';
import type { Outcome } from '../check/outcome.ts';
import { SYSTEM_FILE, USUAL_FILE } from '../config/places.ts';
import { describeProblem } from '../config/problem.ts';
import { readConfig } from '../config/read.ts';
import { errorCode } from '../error-code.ts';
import { print, printError } from '../output.ts';
import {
  managerOf,
  MANAGERS,
  type CommandLine,
  type Manager,
  type ManagerName,
  type Owner,
} from '../service/managers.ts';
import { writeFix } from '../write-fix.ts';
import type { ServiceProgram } from '../service/service-program.ts';
import { EXIT, printUsage, readArguments, textOf, type Arguments } from './arguments.ts';
import { COMMANDS } from './commands.ts';
import { usageProblem } from './usage.ts';

/** Where commands are looked for, behind the folder of this Node: what a login shell would find, a service does not. */
const USUAL_PATH = ['/usr/local/bin', '/usr/bin', '/bin'];

type Act = (manager: Manager, owner: Owner, given: Arguments) => Promise<number>;

const ACTS: Readonly<Record<string, Act>> = {
  install,
  uninstall,
  status: (manager, owner) => shown(manager.status(owner)),
  logs: (manager, owner, given) => shown(manager.logs(owner, given.values['follow'] === true)),
};

/** Returns the exit code. */
export async function serviceCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('service', argv, 1);
  if (given === undefined) return EXIT.usage;
  const [word = ''] = given.words;
  const act = Object.hasOwn(ACTS, word) ? ACTS[word] : undefined;
  if (!act) return misuse(`say what to do: ${COMMANDS.service.words.join(', ')}`);
  const name = (textOf(given, 'manager') ?? managerOf(process.platform)) as ManagerName | undefined;
  if (name === undefined || !Object.hasOwn(MANAGERS, name))
    return misuse(`name a manager: ${COMMANDS.service.options.manager.choices.join(', ')}`);
  const isForeign = name !== managerOf(process.platform);
  if (isForeign && given.values['print'] !== true)
    return misuse(`${name} is not the service manager of this system: add --print to see its file`);
  return act(MANAGERS[name], thisOwner(), given);
}

function misuse(what: string): number {
  printUsage(usageProblem('service', what));
  return EXIT.usage;
}

/** Root installs for the machine, everybody else for themselves. */
const thisOwner = (): Owner => {
  const uid = process.geteuid?.() ?? -1;
  return { isSystem: uid === 0, home: homedir(), uid };
};

async function install(manager: Manager, owner: Owner, given: Arguments): Promise<number> {
  const service = await readService(manager, owner, given);
  if ('what' in service) return failed(service);
  const definition = manager.definition(service);
  if (given.values['print'] === true) {
    print(definition);
    return EXIT.ok;
  }
  const file = manager.file(owner);
  try {
    mkdirSync(dirname(file), { recursive: true });
    const { encoding } = manager;
    writeFileSync(file, encoding === 'utf16le' ? `\uFEFF${definition}` : definition, encoding);
  } catch (error) {
    return failed(unwritable(file, error));
  }
  print(`Wrote ${file}\n`);
  const problem = await runAll(manager.install(owner));
  if (problem) return failed(problem);
  print('It runs, and starts with this machine from now on. See: mcp-bridge service status\n');
  if (!owner.isSystem && manager === MANAGERS.systemd)
    print('So that it goes on when you log out: loginctl enable-linger\n');
  return EXIT.ok;
}

async function uninstall(manager: Manager, owner: Owner): Promise<number> {
  const file = manager.file(owner);
  if (!existsSync(file))
    return failed({ what: 'It is not installed', fix: `There is no ${file}.` });
  const problem = await runAll(manager.uninstall(owner));
  // Also where the manager does not run: nothing of it stays.
  try {
    rmSync(file, { force: true });
  } catch (error) {
    return failed(unwritable(file, error));
  }
  await runAll(manager.forget(owner));
  print(`${file} is removed.\n`);
  return problem ? failed(problem) : EXIT.ok;
}

/** What is to be run; or why it could not work. */
async function readService(
  manager: Manager,
  owner: Owner,
  given: Arguments,
): Promise<ServiceProgram | Problem> {
  const config = resolve(
    textOf(given, 'config') ??
      (owner.isSystem && existsSync(SYSTEM_FILE) ? SYSTEM_FILE : USUAL_FILE),
  );
  const program = realpathSync(process.argv[1] ?? '');
  if (/[/\\]_npx[/\\]/u.test(program))
    return {
      what: 'What npx runs is removed again some day, and the service with it',
      fix: 'Install the program first: npm install -g mcp-edge-bridge',
    };
  const reading = await readConfig(config, process.env);
  if (!reading.ok) {
    const [first] = reading.problems;
    return { what: 'The config cannot be used', fix: first ? describeProblem(first) : '' };
  }
  const { edge, tokenFile } = reading.config;
  if (edge === undefined || tokenFile === undefined)
    return {
      what: `${config} names no edge and key to connect with`,
      fix: 'Make this machine a runner: mcp-bridge join <edge> <code>. It prints what to add.',
    };
  const user = textOf(given, 'user') ?? process.env['SUDO_USER'];
  if (owner.isSystem && user === undefined)
    return {
      what: 'The service should not run as root',
      fix: 'Name its user with --user <name>; that user must be able to read the config and the key.',
    };
  if (user !== undefined && !/^[\w.][\w.-]*\$?$/u.test(user))
    return { what: '--user is not the name of a user', fix: 'Give one as `id -un` prints it.' };
  const path = [...new Set([dirname(process.execPath), ...USUAL_PATH])].join(delimiter);
  const parts = { node: process.execPath, program, config, path, log: manager.log(owner) };
  return owner.isSystem && user !== undefined ? { ...parts, user } : parts;
}

/** The first that fails ends it. */
async function runAll(commands: readonly CommandLine[]): Promise<Problem | undefined> {
  for (const command of commands) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const code = await exitCodeOf(command, 'inherit');
    if (code !== 0) return commandProblem(command, code);
  }
  return undefined;
}

async function shown(command: CommandLine): Promise<number> {
  const code = await exitCodeOf(command, 'inherit');
  if (code === undefined) return failed(commandProblem(command, code));
  return code === 0 ? EXIT.ok : EXIT.failed;
}

/** Undefined if it cannot be started. */
async function exitCodeOf(
  [command, ...args]: CommandLine,
  stdio: 'inherit' | 'ignore',
): Promise<number | undefined> {
  const child = spawn(command, args, { stdio });
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? EXIT.failed;
  } catch {
    return undefined;
  }
}

const commandProblem = ([command, ...args]: CommandLine, code: number | undefined): Problem =>
  code === undefined
    ? {
        what: `There is no ${command} on this machine`,
        fix: 'See with --print what it would run, and give that to the manager you have.',
      }
    : {
        what: `"${[command, ...args].join(' ')}" ended with exit code ${code}`,
        fix: 'What it printed says why; correct that, and run this again.',
      };

function unwritable(file: string, error: unknown): Problem {
  const code = errorCode(error) ?? 'unknown error';
  return {
    what: `${file} cannot be written (${code})`,
    fix: /^E(?:ACCES|PERM|ROFS)$/u.test(code)
      ? 'Check who may write to that folder.'
      : `${writeFix(code)}.`,
  };
}

function failed(problem: Problem): number {
  printError(`mcp-bridge service: ${problemText(problem)}\n`);
  return EXIT.failed;
}

/**
 * How to restart the runner's service, if there is one that runs and serves this edge by one of the `configs`. The value tells whether
 * it worked.
 */
export async function restartOfService(
  edge: string,
  configs: readonly string[],
): Promise<(() => Promise<boolean>) | undefined> {
  const name = managerOf(process.platform);
  const owner = thisOwner();
  const manager = name && MANAGERS[name];
  if (!manager || !existsSync(manager.file(owner))) return undefined;
  const commands = manager.restart(owner);
  const definition = readFileSync(manager.file(owner), manager.encoding);
  const config = configs.find((path) => manager.isOf(definition, path));
  if (config === undefined || commands.length === 0) return undefined;
  const reading = await readConfig(config, process.env);
  if (!reading.ok || reading.config.edge !== edge) return undefined;
  if ((await exitCodeOf(manager.running(owner), 'ignore')) !== 0) return undefined;
  return async () => {
    for (const command of commands) if ((await exitCodeOf(command, 'ignore')) !== 0) return false;
    return true;
  };
}

/** How the service does, if it is installed. */
export async function checkService(): Promise<Outcome> {
  const subject = 'service';
  const name = managerOf(process.platform);
  const owner = thisOwner();
  const manager = name && MANAGERS[name];
  if (!manager || !existsSync(manager.file(owner)))
    return {
      verdict: 'skip',
      subject,
      what: 'not installed',
      fix: 'To start the runner with this machine: mcp-bridge service install',
    };
  return (await exitCodeOf(manager.running(owner), 'ignore')) === 0
    ? { verdict: 'ok', subject, what: 'runs' }
    : {
        verdict: 'FAIL',
        subject,
        what: 'is installed and does not run',
        fix: 'See why: mcp-bridge service logs',
      };
}
