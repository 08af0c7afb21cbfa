// `mcp-bridge credential`: makes a runner token or a client key, and prints the edge's entry for it.
import { RUNNER_NAME, SERVER_NAME } from '../../shared/ids.ts';
import { problemText } from '../../shared/problem.ts';
import { hashCredential, mintClientKey, mintRunnerToken, writeTokenFile } from '../credential.ts';
import { print, printError } from '../output.ts';
import { usageProblem } from './usage.ts';
import { EXIT, printUsage, readArguments, textOf } from './arguments.ts';

/** Names of clients appear in grants and audit logs, under the same rules as names of runners. */
const NAME = RUNNER_NAME;

/** Every server, in a grant. */
const ALL_SERVERS = '*';

/** Makes one credential. Returns the exit code. */
export async function credentialCommand(argv: readonly string[]): Promise<number> {
  const options = { servers: { type: 'string' }, out: { type: 'string' } } as const;
  const read = readArguments('credential', argv, options, 2);
  if (read === undefined) return EXIT.usage;
  const [kind, name] = read.words;
  if ((kind !== 'runner' && kind !== 'client') || name === undefined) {
    return refuse('name what to make: runner <name> or client <name>');
  }
  if (!NAME.test(name)) {
    return refuse(
      'a name has 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first',
    );
  }
  const servers = (textOf(read, 'servers') ?? ALL_SERVERS)
    .split(',')
    .map((server) => server.trim());
  if (!servers.every((server) => server === ALL_SERVERS || SERVER_NAME.test(server))) {
    return refuse('--servers takes server names separated by commas, or *');
  }
  const out = textOf(read, 'out');
  if (kind === 'runner') return makeRunnerToken(name, servers, out ?? `${name}.runner-token`);
  return out === undefined
    ? makeClientKey(name, servers)
    : refuse('--out is for runner tokens; a client key is shown once');
}

async function makeRunnerToken(name: string, servers: string[], out: string): Promise<number> {
  const token = mintRunnerToken();
  const written = await writeTokenFile(out, token);
  if (!written.ok) {
    printError(`${out} ${problemText(written.problem)}\n`);
    return EXIT.failed;
  }
  const entry = { [name]: { token: hashCredential(token), servers } };
  print(`The runner token is in ${out} (mode 0600). Name that file as "tokenFile" in the config's "bridge".

${edgeAdvice('BRIDGE_RUNNERS', entry)}`);
  return EXIT.ok;
}

function makeClientKey(name: string, servers: string[]): number {
  const key = mintClientKey();
  const entry = { [name]: { key: hashCredential(key), servers } };
  print(`The client key, shown only this once. The client sends it as "Authorization: Bearer <key>":

${key}

${edgeAdvice('BRIDGE_CLIENTS', entry)}`);
  return EXIT.ok;
}

function edgeAdvice(setting: string, entry: object): string {
  return `Add this entry to the edge's secret ${setting}:

${JSON.stringify(entry)}

Set the secret, and paste one JSON object with this entry and those it has already:

npx wrangler secret put ${setting}
`;
}

function refuse(what: string): number {
  printUsage(usageProblem('credential', what));
  return EXIT.usage;
}
