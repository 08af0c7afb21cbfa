// `mcp-bridge credential`: makes a runner's key or token, a client's key or the owner's, and prints the edge's entry for it.
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
import { mistakeInName, readServers } from './kept-credentials.ts';
import { usageProblem } from './usage.ts';
import { EXIT, printUsage, readArguments, textOf } from './arguments.ts';

/** Makes one credential. Returns the exit code. */
export async function credentialCommand(argv: readonly string[]): Promise<number> {
  const read = readArguments('credential', argv, 2);
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
  const mistake = mistakeInName(name);
  if (mistake !== undefined) return refuse(mistake);
  const servers = readServers(read);
  if (typeof servers === 'string') return refuse(servers);
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

function makeRunnerKey(name: string, servers: readonly string[], out: string): Promise<number> {
  const key = mintRunnerKey();
  const entry = { [name]: { token: publicKeyOf(key), servers } };
  return keep(key, `The runner's private key is in ${out}`, out, entry);
}

function makeRunnerToken(name: string, servers: readonly string[], out: string): Promise<number> {
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

function makeClientKey(name: string, servers: readonly string[]): number {
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

On Cloudflare: npx wrangler secret put BRIDGE_OWNER
On an edge of your own: BRIDGE_OWNER=… in its environment, and start it again
`);
  return EXIT.ok;
}

function edgeAdvice(setting: string, entry: object): string {
  return `Add this entry to the edge's secret ${setting}:

${JSON.stringify(entry)}

Its value is one JSON object, with this entry and those it has already.

On Cloudflare: npx wrangler secret put ${setting}
On an edge of your own: ${setting}={…} in its environment, and start it again
`;
}

function refuse(what: string): number {
  printUsage(usageProblem('credential', what));
  return EXIT.usage;
}
