// `mcp-bridge deploy`: from this package to an edge on Cloudflare that serves this machine's servers. It says what it will make, asks one
// question, remembers each step, and looks at the result from outside.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { VERSION } from '../../shared/version.ts';
import type { Outcome } from '../check/outcome.ts';
import { readText, replaceText } from '../config/file-text.ts';
import { SYSTEM_FILE, USUAL_FILE } from '../config/places.ts';
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
import { isFinished } from '../deploy/deployment.ts';
import { lookFromOutside } from '../deploy/outside.ts';
import { noteDown, takeSteps, edgeOf, type Deploying } from '../deploy/steps.ts';
import { isDomain, USUAL_WORKER_NAME } from '../deploy/worker-config.ts';
import { findWrangler } from '../deploy/wrangler.ts';
import { divided, nameOf } from '../dev/options.ts';
import { errorCode } from '../error-code.ts';
import { shellQuoted } from '../private-file.ts';
import { EXIT, readArguments, textOf, type Arguments } from './arguments.ts';
import { calledAs } from './called-as.ts';
import { chosenDeployment, placeGiven, planText } from './chosen-deployment.ts';
import { cloudflareOf, nameGiven } from './deployments.ts';
import { restartOfService } from './service.ts';
import { misuse, showing, Stop, type Show } from './show.ts';

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
    const told = placeBlock(config, block, { server, before: deploying.deployment.movedFrom });
    if (told) show.told(told);
    if (existsSync(config)) noteDown(deploying, { config });
    if (!wasFinished) {
      tellOfLeftDomain(show, deploying);
      await restartMoved(show, deploying, config);
    }
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
  const domain = placeGiven(given)?.domain;
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-dry-run-'));
  try {
    show.say(planText('your Cloudflare account', domain));
    show.doing('Having wrangler check it');
    const checked = await new Cloudflare(findWrangler(), folder).check({
      name,
      account,
      domain,
    });
    if (!checked.ok) throw new Stop(checked.problem);
    const what = `${name}, version ${VERSION}, can be uploaded: ${checked.value}`;
    show.told({ verdict: 'ok', subject: 'worker', what });
    return show.end({ name, version: VERSION });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** wrangler lets go of a domain only for another one. */
function tellOfLeftDomain(
  show: Show,
  { deployment: { movedFrom, domain, name } }: Deploying,
): void {
  const host = movedFrom === undefined ? '' : new URL(movedFrom).hostname;
  if (domain !== undefined || !isDomain(host)) return;
  show.told({
    verdict: 'warn',
    subject: host,
    what: 'still leads to this worker, which answers nothing there',
    fix: `Remove that domain at https://dash.cloudflare.com: Workers & Pages, ${name}, Settings, Domains & Routes.`,
  });
}

/** The service of this machine goes on at the address to which its edge was moved. */
async function restartMoved(show: Show, { deployment }: Deploying, config: string): Promise<void> {
  if (deployment.movedFrom === undefined) return;
  const restart = await restartOfService(edgeOf(deployment), [config, SYSTEM_FILE]);
  if (!restart) return;
  const subject = 'service';
  show.doing('Restarting the runner; it finishes what it is doing');
  show.told(
    (await restart())
      ? { verdict: 'ok', subject, what: 'was restarted for the new address' }
      : {
          verdict: 'warn',
          subject,
          what: 'still uses the old address',
          fix: `Look at it: ${calledAs(process.env)} service status`,
        },
  );
}

/** A config that is there is not changed for a command, unless an earlier call made it for that one. */
function mistakeInConfig(path: string, server: NewServer): string | undefined {
  if (!existsSync(path)) return undefined;
  const reading = readText(path, '');
  if (reading.ok && hasServer(reading.text, server)) return undefined;
  return `there is ${path} already: put the server there, and leave out the command`;
}

/** Names the edge in the config file, which is made if there is a command to serve. Undefined: there is no file. */
function placeBlock(
  path: string,
  block: EdgeBlock,
  {
    server,
    before,
  }: { readonly server: NewServer | undefined; readonly before: string | undefined },
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
  const outcome = withEdge(text, block, before);
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
