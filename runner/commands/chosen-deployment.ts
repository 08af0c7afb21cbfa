// Which deployment `mcp-bridge deploy` is about: one that is known here, or a new one once the person agreed to what it makes; and the
// address that it is to have.
import { mkdirSync } from 'node:fs';
import { nanoid } from 'nanoid';

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
import { isDomain, USUAL_WORKER_NAME, WORKER_NAME } from '../deploy/worker-config.ts';
import { textOf, type Arguments } from './arguments.ts';
import {
  accountOf,
  accountWished,
  filesFor,
  nameGiven,
  NAME_FORM,
  type Chosen,
} from './deployments.ts';
import { wrapped } from './help.ts';
import { agree, misuse, Stop, type Show } from './show.ts';

/** Said in place of a domain: the address below workers.dev. */
const WORKERS_DEV = 'workers.dev';

/** Where the edge is to serve; `domain` undefined: below workers.dev. */
interface WishedPlace {
  readonly domain: string | undefined;
}

/** `--domain`, if it was given: a host name as URLs have it, or `workers.dev`. */
export function placeGiven(given: Arguments): WishedPlace | undefined {
  const text = textOf(given, 'domain');
  if (text === undefined) return undefined;
  if (text.toLowerCase() === WORKERS_DEV) return { domain: undefined };
  const host = URL.canParse(`https://${text}`) ? new URL(`https://${text}`).hostname : '';
  if (isDomain(host) && host.length >= text.length && !text.includes('/')) return { domain: host };
  throw misuse(
    'deploy',
    '--domain takes the name of a host in a domain of yours that Cloudflare serves, such as mcp.example.com, or workers.dev',
  );
}

/** The deployment to go on with, or a new one after the question. */
export async function chosenDeployment(show: Show, given: Arguments): Promise<Chosen> {
  const place = placeGiven(given);
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
    return atPlace(show, given, begun, place);
  }
  const domain = place?.domain;
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
  show.say(planText(`your Cloudflare account ${account.name}`, domain));
  const name = isAgreed ? usual : await askName(show, usual);
  const files = filesFor(name);
  const known = readIfThere(files);
  if (known) {
    refuseOtherAccount(known.deployment, given);
    return atPlace(show, given, known, place);
  }
  openFolder(files);
  const deployment: Deployment = { name, account, tag: nanoid(), done: [], domain };
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

/** The same deployment, at the place that is wished. One that has another address is moved, once the person agreed. */
async function atPlace(
  show: Show,
  given: Arguments,
  { files, deployment }: Chosen,
  place: WishedPlace | undefined,
): Promise<Chosen> {
  const { name, url } = deployment;
  if (place === undefined || place.domain === deployment.domain) return { files, deployment };
  const { domain } = place;
  let moved: Deployment = { ...deployment, domain };
  if (url !== undefined) {
    show.say(
      `${wrapped(`This moves the edge ${name} from ${url} to https://${domain ?? `${name}.<your subdomain>.workers.dev`}. ${domain === undefined ? staysThere(new URL(url).host) : takesOver(domain)} The old address ends: clients, and runners on other machines, have to be told the new one, and apps sign in anew.`)}\n\n`,
    );
    await agree({ show, command: 'deploy', given }, 'Move it?', 'the edge was not moved');
    moved = { ...moved, movedFrom: url, done: [] };
  }
  writeDeployment(files, moved);
  return { files, deployment: moved };
}

function readIfThere(files: DeploymentFiles): Chosen | undefined {
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

/** What a deployment makes. `domain`: the host to serve at, if it is not one below workers.dev. */
export const planText = (where: string, domain: string | undefined): string => `${wrapped(
  `This makes an edge in ${where}: one worker, with three kinds of Durable Objects (SQLite) and a rate limit, at https://${domain ?? '<name>.<your subdomain>.workers.dev'}. ${domain === undefined ? '' : `${takesOver(domain)} `}Workers Free is enough to begin with (100,000 requests a day); Workers Paid, from 5 USD a month, has no such end. It sets one secret and an owner key, and makes this machine a runner. Everybody can reach the address; nobody is let in without a key or the owner's word.`,
)}

`;

const staysThere = (host: string): string =>
  `The DNS record of ${host} stays at Cloudflare until you remove it; the edge answers nothing there any more.`;

const takesOver = (domain: string): string =>
  `Cloudflare makes the DNS record and the certificate of ${domain}, in a zone of that account; what had that name before, a record or another worker, gives way.`;
