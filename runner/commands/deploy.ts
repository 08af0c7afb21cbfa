// `mcp-bridge deploy`: from this package to an edge on Cloudflare that serves this machine's servers. It says what it will make, asks one
// question, remembers each step, and looks at the result from outside.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { nanoid } from 'nanoid';

import { VERSION } from '../../shared/version.ts';
import type { Outcome } from '../check/outcome.ts';
import { readText, replaceText } from '../config/file-text.ts';
import { USUAL_FILE } from '../config/places.ts';
import { runnerNameOf } from '../config/reader.ts';
import { readTokenFile } from '../credential.ts';
import {
  hasServer,
  newConfig,
  withEdge,
  type EdgeBlock,
  type NewServer,
} from '../deploy/config-block.ts';
import { Cloudflare } from '../deploy/cloudflare.ts';
import {
  deploymentsFolder,
  filesOf,
  isFinished,
  knownNames,
  openFolder,
  readDeployment,
  writeDeployment,
  type Deployment,
  type DeploymentFiles,
} from '../deploy/deployment.ts';
import { lookFromOutside } from '../deploy/outside.ts';
import { noteDown, takeSteps, edgeOf, type Deploying } from '../deploy/steps.ts';
import { USUAL_WORKER_NAME, WORKER_NAME } from '../deploy/worker-config.ts';
import { findWrangler } from '../deploy/wrangler.ts';
import { divided, nameOf } from '../dev/options.ts';
import { errorCode } from '../error-code.ts';
import { shellQuoted } from '../private-file.ts';
import { EXIT, readArguments, textOf, type Arguments } from './arguments.ts';
import { calledAs } from './called-as.ts';
import {
  accountOf,
  accountWished,
  cloudflareOf,
  filesFor,
  nameGiven,
  NAME_FORM,
} from './deployments.ts';
import { misuse, showing, Stop, type Show } from './show.ts';
import { wrapped } from './help.ts';

/** Returns the exit code. */
export async function deployCommand(argv: readonly string[]): Promise<number> {
  const { own, command } = divided(argv);
  const given = readArguments('deploy', own);
  if (given === undefined) return EXIT.usage;
  return showing('deploy', given, async (show) => {
    if (command?.length === 0) throw misuse('deploy', 'after -- comes the command of a server');
    if (given.values['dry-run'] === true) return dryRun(show, given);
    const config = resolve(textOf(given, 'config') ?? USUAL_FILE);
    const server = command && { name: nameOf(command), command };
    const mistake = server && mistakeInConfig(config, server);
    if (mistake !== undefined) throw misuse('deploy', mistake);
    const { files, deployment } = await chosenDeployment(show, given);
    const deploying: Deploying = {
      cloudflare: cloudflareOf(files),
      files,
      version: VERSION,
      mayReplace: given.values['replace'] === true,
      runner: runnerNameOf(hostname()),
      deployment,
      doing: show.doing,
      done: show.told,
    };
    const wasFinished = isFinished(deployment);
    const problem = await takeSteps(deploying);
    if (problem) throw new Stop(problem);
    const edge = edgeOf(deploying.deployment);
    const block: EdgeBlock = {
      edge,
      runner: deploying.deployment.runner ?? deploying.runner,
      tokenFile: files.runnerKey,
    };
    const told = placeBlock(config, block, server);
    if (told) show.told(told);
    if (existsSync(config)) noteDown(deploying, { config });
    const ownerKey = await readTokenFile(files.ownerKey, 'owner');
    if (!ownerKey.ok) throw new Stop(ownerKey.problem);
    show.say(`\nSeen from outside, at ${edge}\n`);
    show.doing('Looking at it from outside');
    await lookFromOutside(edge, ownerKey.token, show.told);
    show.quiet();
    if (!show.hasFailed) show.say(nextSteps(deploying, { config, wasFinished }));
    const { name, account, version, runner } = deploying.deployment;
    const { ownerKey: ownerKeyFile, runnerKey: runnerKeyFile } = files;
    return show.end({ name, account, url: edge, version, runner, ownerKeyFile, runnerKeyFile });
  });
}

/** Says what would be made, and has wrangler check it, without an account. */
async function dryRun(show: Show, given: Arguments): Promise<number> {
  const name = nameGiven('deploy', given) ?? USUAL_WORKER_NAME;
  const account = textOf(given, 'account') ?? '0'.repeat(32);
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-dry-run-'));
  try {
    show.say(planText('your Cloudflare account'));
    show.doing('Having wrangler check it');
    const checked = await new Cloudflare(findWrangler(), folder).check({ name, account });
    if (!checked.ok) throw new Stop(checked.problem);
    const what = `${name}, version ${VERSION}, can be uploaded: ${checked.value}`;
    show.told({ verdict: 'ok', subject: 'worker', what });
    return show.end({ name, version: VERSION });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A config that is there is not changed for a command, unless an earlier call made it for that one. */
function mistakeInConfig(path: string, server: NewServer): string | undefined {
  if (!existsSync(path)) return undefined;
  const reading = readText(path, '');
  if (reading.ok && hasServer(reading.text, server)) return undefined;
  return `there is ${path} already: put the server there, and leave out the command`;
}

/** The deployment to go on with, or a new one after the question. */
async function chosenDeployment(
  show: Show,
  given: Arguments,
): Promise<{ readonly files: DeploymentFiles; readonly deployment: Deployment }> {
  const named = nameGiven('deploy', given);
  const folder = deploymentsFolder(process.env);
  const begun = named === undefined ? begunDeployment(folder) : readIfThere(filesFor(named));
  if (begun) {
    refuseOtherAccount(begun.deployment, given);
    if (!isFinished(begun.deployment))
      show.say(
        `Going on with the edge ${begun.deployment.name}, whose deployment was interrupted.\n\n`,
      );
    openFolder(begun.files);
    return begun;
  }
  const isAgreed = given.values['yes'] === true;
  if (!isAgreed && !show.canAsk)
    throw misuse(
      'deploy',
      'there is no terminal to ask at: add --yes, and --name for another name',
    );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const account = await accountOf({ show, command: 'deploy', folder }, given);
  show.quiet();
  const usual = named ?? USUAL_WORKER_NAME;
  show.say(planText(`your Cloudflare account ${account.name}`));
  const name = isAgreed ? usual : await askName(show, usual);
  const files = filesFor(name);
  const known = readIfThere(files);
  if (known) {
    refuseOtherAccount(known.deployment, given);
    return known;
  }
  openFolder(files);
  const deployment: Deployment = { name, account, tag: nanoid(), done: [] };
  writeDeployment(files, deployment);
  return { files, deployment };
}

/** An edge stays in its account. */
function refuseOtherAccount({ name, account }: Deployment, given: Arguments): void {
  const wish = accountWished('deploy', given);
  if (wish === undefined || wish === account.id) return;
  throw new Stop({
    what: `the edge ${name} that was deployed from here is in the account ${account.name} (${account.id}), and --account or CLOUDFLARE_ACCOUNT_ID says ${wish}`,
    fix: 'To go on with it, leave that out. For an edge in the other account, give it another name with --name.',
  });
}

function readIfThere(
  files: DeploymentFiles,
): { readonly files: DeploymentFiles; readonly deployment: Deployment } | undefined {
  const deployment = readDeployment(files);
  return deployment && { files, deployment };
}

/** One that was interrupted, or the only one. */
function begunDeployment(folder: string) {
  const known = knownNames(folder).flatMap((name) => readIfThere(filesOf(folder, name)) ?? []);
  const begun = known.filter(({ deployment }) => !isFinished(deployment));
  return begun.length === 1 ? begun[0] : known.length === 1 ? known[0] : undefined;
}

async function askName(show: Show, usual: string): Promise<string> {
  for (;;) {
    const answer = await show.ask(`Name of the worker, q for none (Enter: ${usual}): `);
    if (answer === undefined || answer === 'q')
      throw new Stop({ what: 'nothing was deployed', fix: 'Nothing was changed.' });
    const name = answer === '' ? usual : answer;
    if (WORKER_NAME.test(name)) return name;
    show.say(`${NAME_FORM.replace('--name takes', 'A name has')}.\n`);
  }
}

const planText = (where: string): string => `${wrapped(
  `This makes an edge in ${where}: one worker, with three kinds of Durable Objects (SQLite) and a rate limit, at https://<name>.<your subdomain>.workers.dev. Workers Free is enough to begin with (100,000 requests a day); Workers Paid, from 5 USD a month, has no such end. It sets one secret and an owner key, and makes this machine a runner. Everybody can reach the address; nobody is let in without a key or the owner's word.`,
)}

`;

/** Names the edge in the config file, which is made if there is a command to serve. Undefined: there is no file. */
function placeBlock(
  path: string,
  block: EdgeBlock,
  server: NewServer | undefined,
): Outcome | undefined {
  const subject = path;
  const byHand = `Put this into it by hand: "bridge": ${JSON.stringify(block)}`;
  let text: string;
  if (!existsSync(path)) {
    if (!server) return undefined;
    text = newConfig(server);
  } else {
    const reading = readText(path, 'Name a config file with --config.');
    if (!reading.ok) return { verdict: 'warn', subject, what: reading.problem.what, fix: byHand };
    ({ text } = reading);
  }
  const outcome = withEdge(text, block);
  switch (outcome.kind) {
    case 'same':
      return { verdict: 'ok', subject, what: 'names this edge already' };
    case 'other':
      return {
        verdict: 'warn',
        subject,
        what: `names another edge, ${outcome.edge}, which stays`,
        fix: byHand,
      };
    case 'unreadable':
      return { verdict: 'warn', subject, what: 'is no JSON that can be changed', fix: byHand };
    case 'changed':
      try {
        replaceText(path, outcome.text);
      } catch (error) {
        const why = errorCode(error) ?? 'unknown error';
        return { verdict: 'warn', subject, what: `cannot be written (${why})`, fix: byHand };
      }
      return {
        verdict: 'ok',
        subject,
        what: server ? `serves ${server.name} at this edge` : 'names this edge now',
      };
  }
}

function nextSteps(
  { files, deployment, version }: Deploying,
  { config, wasFinished }: { readonly config: string; readonly wasFinished: boolean },
): string {
  const self = calledAs(process.env);
  const edge = edgeOf(deployment);
  const isConfigured = existsSync(config);
  const older =
    wasFinished && deployment.version !== version
      ? `\nIt runs ${deployment.version}, and this is ${version}: ${self} upgrade\n`
      : '';
  const run = isConfigured
    ? `  ${self} run${config === resolve(USUAL_FILE) ? '' : ` --config ${shellQuoted(config)}`}`
    : `  ${self} deploy -- <command of a server>\n  ${self} run`;
  return `
${deployment.name} is up at ${edge}
${older}
Serve your servers (and with the machine from then on: ${self} service install)
${run}

Connect claude.ai, ChatGPT and others that sign in
  ${edge}/<server>/mcp, and the owner key when the page asks:
  ${files.ownerKey}

Connect others with a key
  ${self} client add <name> --servers '*' \\
    --edge ${edge} \\
    --owner-key-file ${shellQuoted(files.ownerKey)}
`;
}
