#!/usr/bin/env node
// The command line `mcp-bridge`: finds the command, loads what it needs, and turns its answer into the exit code.
import { LINK_SUBPROTOCOLS } from '../shared/link/version.ts';
import { VERSION } from '../shared/version.ts';
import { EXIT } from './commands/arguments.ts';
import { COMMANDS, isCommand, type CommandName } from './commands/commands.ts';
import { helpText } from './commands/help.ts';
import { nearestWord } from './config/problem.ts';
import { CONFIG_VERSION } from './config/version.ts';
import { endWithoutReader, outputWritten, print, printError } from './output.ts';
import { boundYoungGeneration } from './young-generation.ts';

const SCHEMA_FILE = new URL('./config.schema.json', import.meta.url);

type Command = (argv: string[]) => Promise<number>;

/** One that goes on until it is stopped. */
const serving =
  (command: Command): Command =>
  (argv) => {
    boundYoungGeneration();
    return command(argv);
  };

/** Each command's code is loaded when it is called, so that `help` does not wait for the link and its parts. */
const PROGRAMS: Readonly<Record<CommandName, Command>> = {
  run: serving(async (argv) => {
    const { runCommand } = await import('./commands/run.ts');
    const { startRunner } = await import('./runner.ts');
    const { sweepOrphans } = await import('./process/sweep.ts');
    return runCommand(argv, { startRunner, sweepOrphans });
  }),
  check: async (argv) => (await import('./commands/check.ts')).checkCommand(argv),
  credential: async (argv) => (await import('./commands/credential.ts')).credentialCommand(argv),
  client: async (argv) => (await import('./commands/client.ts')).clientCommand(argv),
  runner: async (argv) => (await import('./commands/runners.ts')).runnerCommand(argv),
  join: async (argv) => (await import('./commands/join.ts')).joinCommand(argv),
  audit: async (argv) => (await import('./commands/audit.ts')).auditCommand(argv),
  access: async (argv) => (await import('./commands/access.ts')).accessCommand(argv),
  service: async (argv) => (await import('./commands/service.ts')).serviceCommand(argv),
  deploy: async (argv) => (await import('./commands/deploy.ts')).deployCommand(argv),
  status: async (argv) => (await import('./commands/status.ts')).statusCommand(argv),
  upgrade: async (argv) => (await import('./commands/upgrade.ts')).upgradeCommand(argv),
  rotate: async (argv) => (await import('./commands/rotate.ts')).rotateCommand(argv),
  destroy: async (argv) => (await import('./commands/destroy.ts')).destroyCommand(argv),
  doctor: async (argv) => (await import('./commands/doctor.ts')).doctorCommand(argv),
  completion: async (argv) => (await import('./commands/completion.ts')).completionCommand(argv),
  policy: async (argv) => (await import('./commands/policy.ts')).policyCommand(argv),
  tools: async (argv) => (await import('./commands/tools.ts')).toolsCommand(argv),
  pins: async (argv) => (await import('./commands/pins.ts')).pinsCommand(argv),
  schema: async (argv) => (await import('./commands/schema.ts')).schemaCommand(argv, SCHEMA_FILE),
  edge: serving(async (argv) => (await import('./commands/edge.ts')).edgeCommand(argv)),
  up: serving(async (argv) => (await import('./commands/up.ts')).upCommand(argv)),
  dev: serving(async (argv) => (await import('./commands/dev.ts')).devCommand(argv)),
};

async function main([name, ...argv]: string[]): Promise<number> {
  if (name === undefined) {
    printError(helpText());
    return EXIT.usage;
  }
  if (name === '--version' || name === '-v') {
    print(`${versionText()}\n`);
    return EXIT.ok;
  }
  const isHelp = name === 'help' || name === '--help' || name === '-h';
  const subject = isHelp ? argv[0] : name;
  if (subject === undefined || subject === 'help') {
    print(helpText());
    return EXIT.ok;
  }
  if (!isCommand(subject)) {
    printError(unknownCommand(subject));
    return EXIT.usage;
  }
  if (isHelp || asksForHelp(argv)) {
    print(helpText(subject));
    return EXIT.ok;
  }
  return PROGRAMS[subject](argv);
}

/** Three versions, since each changes by itself: of the package, of the link to the edge, and of the config file. */
const versionText = (): string =>
  `${VERSION} (link ${LINK_SUBPROTOCOLS.join(', ')}; config ${CONFIG_VERSION})`;

/** `--help` anywhere before a bare `--`. */
function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const options = end === -1 ? argv : argv.slice(0, end);
  return options.includes('--help') || options.includes('-h');
}

function unknownCommand(name: string): string {
  const near = nearestWord(name, [...Object.keys(COMMANDS), 'help']);
  const hint = near === undefined ? 'See: mcp-bridge help' : `Did you mean: mcp-bridge ${near}`;
  return `mcp-bridge: there is no command ${JSON.stringify(name)}\n${hint}\n`;
}

endWithoutReader(({ code }) => {
  // If a reader such as `head` has left, that is not our failure.
  if (code === 'EPIPE') process.exit(EXIT.ok);
  printError(`mcp-bridge: stdout cannot be written (${code ?? 'unknown error'})\n`);
  process.exit(EXIT.failed);
});

const code = await main(process.argv.slice(2));
await outputWritten();
// Kept-alive connections would hold the process for seconds after its work is done.
process.exit(code);
