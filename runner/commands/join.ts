// `mcp-bridge join`: makes this machine's own key, and lets an edge know its public part with a code that its operator has made.
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as v from 'valibot';

import { problemText } from '../../shared/problem.ts';
import { readEdgeUrl } from '../config/edge-url.ts';
import { EXISTS, inFile, keptSecret } from '../credential.ts';
import { print, printError } from '../output.ts';
import { mintRunnerKey, publicKeyOf } from '../runner-key.ts';
import { EXIT, printUsage, readArguments, textOf } from './arguments.ts';
import { callEdge } from './owner-api.ts';
import { usageProblem } from './usage.ts';

const JOINED = v.object({ runner: v.string(), servers: v.array(v.string()) });

const DEFAULT_FILE = 'mcp-bridge.runner-key';

/** Returns the exit code. */
export async function joinCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('join', argv, 2);
  if (given === undefined) return EXIT.usage;
  const [url, code] = given.words;
  if (url === undefined || code === undefined)
    return refuse('takes the URL of the edge and the code from `mcp-bridge runner add`');
  const edge = readEdgeUrl(url);
  if (!edge.ok) return refuse(`the edge ${problemText(edge.problem)}`);
  const file = resolve(textOf(given, 'out') ?? DEFAULT_FILE);
  if (existsSync(file)) return failed(problemText(inFile(file, EXISTS)));
  // The key is safe before the code is spent: a full disk must not cost the code, and no lost answer either. Whoever types the command
  // again comes with the same key.
  const joining = `${file}.joining`;
  const key = await keptSecret(joining, mintRunnerKey);
  if (!key.ok) return failed(problemText(key.problem));
  const answer = await joinEdge(edge.edge, code, key.token);
  if (!answer.ok) {
    if (!answer.isUnsure) await rm(joining, { force: true });
    const again = ' Then type the same command again: the code serves once more for this machine.';
    return failed(`mcp-bridge join: ${problemText(answer.problem)}${answer.isUnsure ? again : ''}`);
  }
  await rename(joining, file);
  const { runner, servers } = answer.value;
  const block = JSON.stringify({ edge: edge.edge, runner, tokenFile: file });
  print(`This machine is now the runner ${runner}, for ${servers.includes('*') ? 'all servers' : servers.join(', ')}. Its key is in ${file} (mode 0600).

Put this into your mcp.json, beside "mcpServers", and start it with mcp-bridge run:

"bridge": ${block}
`);
  return EXIT.ok;
}

function failed(what: string): number {
  printError(`${what}\n`);
  return EXIT.failed;
}

/** Lets an edge know the public part of a runner's key, with the code of an invitation. */
export const joinEdge = (edge: string, code: string, key: string) =>
  callEdge(`${edge}/-/join`, JOINED, { method: 'POST', body: { code, key: publicKeyOf(key) } });

function refuse(what: string): number {
  printUsage(usageProblem('join', what));
  return EXIT.usage;
}
