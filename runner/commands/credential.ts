// `mcp-bridge credential`: makes a runner's key or token, a client's key or the owner's, and prints the edge's entry for it.
import { RUNNER_NAME, SERVER_NAME } from '../../shared/ids.ts';
import { problemText } from '../../shared/problem.ts';
import {
  hashCredential,
  mintClientKey,
  mintOwnerKey,
  mintRunnerToken,
  writeTokenFile,
} from '../credential.ts';
import { mintRunnerKey, publicKeyOf } from '../runner-key.ts';
import { print, printError } from '../output.ts';
import { usageProblem } from './usage.ts';
import { EXIT, printUsage, readArguments, textOf } from './arguments.ts';

/** Names of clients appear in grants and audit logs, under the same rules as names of runners. */
const NAME = RUNNER_NAME;

/** Every server, in a grant. */
const ALL_SERVERS = '*';

/** Makes one credential. Returns the exit code. */
export async function credentialCommand(argv: readonly string[]): Promise<number> {
  const options = {
    servers: { type: 'string' },
    out: { type: 'string' },
    token: { type: 'boolean' },
  } as const;
  const read = readArguments('credential', argv, options, 2);
  if (read === undefined) return EXIT.usage;
  const [kind, name] = read.words;
  if (kind === 'owner') {
    return name === undefined && textOf(read, 'servers') === undefined
      ? makeOwnerKey(textOf(read, 'out'))
      : refuse('owner takes no name and no --servers: there is one owner, who may use all servers');
  }
  if ((kind !== 'runner' && kind !== 'client') || name === undefined) {
    return refuse('name what to make: runner <name>, client <name> or owner');
  }
  if (!NAME.test(name)) {
    return refuse(
      'a name has 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first',
    );
  }
  const given = textOf(read, 'servers');
  // A key that opens everything is a choice, and nobody makes it by leaving something out.
  if (given === undefined)
    return refuse('say with --servers which servers it is for: names separated by commas, or *');
  const servers = given.split(',').map((server) => server.trim());
  if (!servers.every((server) => server === ALL_SERVERS || SERVER_NAME.test(server))) {
    return refuse('--servers takes server names separated by commas, or *');
  }
  const out = textOf(read, 'out');
  const isToken = read.values['token'] === true;
  if (kind === 'client') {
    if (out !== undefined || isToken)
      return refuse('--out and --token are for runners; a client key is shown once');
    return makeClientKey(name, servers);
  }
  return isToken
    ? makeRunnerToken(name, servers, out ?? `${name}.runner-token`)
    : makeRunnerKey(name, servers, out ?? `${name}.runner-key`);
}

function makeRunnerKey(name: string, servers: string[], out: string): Promise<number> {
  const key = mintRunnerKey();
  const entry = { [name]: { token: publicKeyOf(key), servers } };
  return keep(key, `The runner's private key is in ${out}`, out, entry);
}

function makeRunnerToken(name: string, servers: string[], out: string): Promise<number> {
  const token = mintRunnerToken();
  const entry = { [name]: { token: hashCredential(token), servers } };
  return keep(token, `The runner token is in ${out}`, out, entry);
}

async function keep(secret: string, told: string, out: string, entry: object): Promise<number> {
  const written = await writeTokenFile(out, secret);
  if (!written.ok) {
    printError(`${out} ${problemText(written.problem)}\n`);
    return EXIT.failed;
  }
  print(`${told} (mode 0600). Name that file as "tokenFile" in the config's "bridge".

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

async function makeOwnerKey(out: string | undefined): Promise<number> {
  const key = mintOwnerKey();
  if (out !== undefined) {
    const written = await writeTokenFile(out, key);
    if (!written.ok) {
      printError(`${out} ${problemText(written.problem)}\n`);
      return EXIT.failed;
    }
  }
  const where =
    out === undefined
      ? `The owner key, shown only this once. Keep it in your password manager:\n\n${key}`
      : `The owner key is in ${out} (mode 0600).`;
  print(`${where}

You paste it into the page on which you let an app in. The edge needs BRIDGE_URL, its own address, and
this as its secret BRIDGE_OWNER (in place of another, or behind it with a comma while you change keys):

${hashCredential(key)}

npx wrangler secret put BRIDGE_OWNER
`);
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
