// What the commands about deployed edges have in common: which one is meant, and who is logged in at Cloudflare.
import {
  deploymentsFolder,
  filesOf,
  isFinished,
  knownNames,
  openFolder,
  readDeployment,
  type Deployment,
  type DeploymentFiles,
} from '../deploy/deployment.ts';
import { readTokenFile } from '../credential.ts';
import { Cloudflare, type Account } from '../deploy/cloudflare.ts';
import { WORKER_NAME } from '../deploy/worker-config.ts';
import { NO_LOGIN } from '../deploy/wrangler-problem.ts';
import { findWrangler, type Wrangler } from '../deploy/wrangler.ts';
import { printError } from '../output.ts';
import { textOf, type Arguments } from './arguments.ts';
import type { CommandName } from './commands.ts';
import { ownerApi, type OwnerApi } from './owner-api.ts';
import { misuse, Stop, type Show } from './show.ts';

/** `--name`, if it was given. */
export function nameGiven(command: CommandName, given: Arguments): string | undefined {
  const name = textOf(given, 'name');
  if (name === undefined || WORKER_NAME.test(name)) return name;
  throw misuse(command, NAME_FORM);
}

export const NAME_FORM =
  '--name takes 1 to 63 small letters, digits and dashes, a letter or digit at both ends';

export const filesFor = (name: string): DeploymentFiles =>
  filesOf(deploymentsFolder(process.env), name);

/** A deployment, and where what is known of it lies. */
export interface Chosen {
  readonly files: DeploymentFiles;
  readonly deployment: Deployment;
}

/** A deployment that is there: the one that was named, or the only one. */
export function knownDeployment(command: CommandName, given: Arguments): Chosen {
  const named = nameGiven(command, given);
  const names = knownNames(deploymentsFolder(process.env));
  const [only] = names;
  if (named === undefined && names.length > 1)
    throw misuse(command, `say which with --name: ${names.join(', ')}`);
  const name = named ?? only;
  const files = name === undefined ? undefined : filesFor(name);
  if (files) openFolderIfThere(files, names);
  const deployment = files && readDeployment(files);
  if (files && deployment) return { files, deployment };
  throw new Stop({
    what:
      named === undefined
        ? 'no edge was deployed from here'
        : `no edge ${named} was deployed from here`,
    fix: `See ${deploymentsFolder(process.env)}, or deploy one: mcp-bridge deploy`,
  });
}

/** The same, once it is whole. */
export function finishedDeployment(
  command: CommandName,
  given: Arguments,
): Chosen & { readonly edge: string } {
  const { files, deployment } = knownDeployment(command, given);
  const { name, url } = deployment;
  if (url !== undefined && isFinished(deployment)) return { files, deployment, edge: url };
  throw new Stop({
    what: `the deployment of ${name} was interrupted`,
    fix: `Go on with it: mcp-bridge deploy --name ${name}`,
  });
}

/** The operator's API of a deployed edge. */
export async function apiOf(files: DeploymentFiles, edge: string): Promise<OwnerApi> {
  const ownerKey = await readTokenFile(files.ownerKey, 'owner');
  if (ownerKey.ok) return ownerApi(edge, ownerKey.token);
  const { what, fix } = ownerKey.problem;
  throw new Stop({ what: `${files.ownerKey} ${what}`, fix });
}

/** Looking at a name that nobody deployed makes no folder. */
function openFolderIfThere(files: DeploymentFiles, names: readonly string[]): void {
  if (names.some((name) => filesFor(name).folder === files.folder)) openFolder(files);
}

/** Wrangler, working for a deployment. */
export function cloudflareOf(files: DeploymentFiles): Cloudflare {
  return new Cloudflare(findWrangler(), files.worker);
}

/** Id of the account that was named, here or in the environment. */
export function accountWished(command: CommandName, given: Arguments): string | undefined {
  const { CLOUDFLARE_ACCOUNT_ID: known } = process.env;
  const wish = textOf(given, 'account') ?? (known === '' ? undefined : known);
  if (wish === undefined || /^[\da-f]{32}$/u.test(wish)) return wish;
  throw misuse(command, '--account takes the id of an account: 32 hexadecimal digits');
}

/** The account in which to deploy, after a login if there was none. `folder`: where wrangler may work meanwhile. */
export async function accountOf(
  {
    show,
    command,
    folder,
  }: { readonly show: Show; readonly command: CommandName; readonly folder: string },
  given: Arguments,
): Promise<Account> {
  const wrangler = findWrangler();
  const { CLOUDFLARE_API_TOKEN: token } = process.env;
  const wish = accountWished(command, given);
  // A token for one account may see no list of them.
  if (token !== undefined && token !== '' && wish !== undefined) return { id: wish, name: wish };
  show.doing(
    wrangler.isFetched
      ? 'Getting wrangler, and asking who is logged in'
      : 'Asking who is logged in',
  );
  const accounts = (await accountsOf(wrangler, folder)) ?? (await logIn(wrangler, folder, show));
  const [first, ...others] = accounts.filter(({ id }) => wish === undefined || id === wish);
  if (first === undefined)
    throw new Stop({
      what: wish === undefined ? 'this login has no account' : 'this login has no such account',
      fix: 'See which it has: npx wrangler whoami',
    });
  if (others.length === 0) return first;
  const list = [first, ...others];
  const lines = list.map(({ id, name }) => `  ${id}  ${name}`).join('\n');
  if (!show.canAsk || given.values['yes'] === true)
    throw new Stop({
      what: 'this login has several accounts',
      fix: `Say with --account in which of them:\n${lines}`,
    });
  const answer = await show.ask(`${lines}\nIn which account? Enter for the first: `);
  const chosen = list.find(({ id, name }) => answer === id || answer === name);
  if (answer === '') return first;
  if (!chosen) throw new Stop({ what: 'nothing was chosen', fix: 'Nothing was changed.' });
  return chosen;
}

async function accountsOf(
  wrangler: Wrangler,
  folder: string,
): Promise<readonly Account[] | undefined> {
  const asked = await new Cloudflare(wrangler, folder).accounts();
  if (asked.ok) return asked.value;
  throw new Stop(asked.problem);
}

/** Wrangler opens a browser for it, and keeps the login itself. */
async function logIn(wrangler: Wrangler, folder: string, show: Show): Promise<readonly Account[]> {
  const noLogin = new Stop(NO_LOGIN);
  if (!show.canAsk) throw noLogin;
  show.quiet();
  printError('You are not logged in at Cloudflare. wrangler opens your browser for it.\n');
  if (!(await new Cloudflare(wrangler, folder).logIn())) throw noLogin;
  const accounts = await accountsOf(wrangler, folder);
  if (!accounts) throw noLogin;
  return accounts;
}
