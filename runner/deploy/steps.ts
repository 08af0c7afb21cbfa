// The steps from a package to an edge that serves with this machine as its runner. Each is remembered when it is done, and may be
// interrupted at any point: done again, it finds what is there already and makes nothing twice. One whose work is gone is done again.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import * as v from 'valibot';

import type { Problem } from '../../shared/problem.ts';
import { becomes } from '../becomes.ts';
import { checkCredential } from '../check/edge.ts';
import type { Outcome } from '../check/outcome.ts';
import { joinEdge } from '../commands/join.ts';
import { KEPT } from '../commands/kept-credentials.ts';
import { ownerApi } from '../commands/owner-api.ts';
import { INVITATION } from '../commands/runners.ts';
import { hashCredential, inFile, keptSecret, mintOwnerKey, readTokenFile } from '../credential.ts';
import { mintRunnerKey } from '../runner-key.ts';
import { fixedToken } from '../runner-token.ts';
import type { Cloudflare, CloudflareAnswer } from './cloudflare.ts';
import {
  forgetDeployment,
  oldOf,
  STEPS,
  writeDeployment,
  type Deployment,
  type DeploymentFiles,
  type Step,
} from './deployment.ts';
import { settingProblems } from './outside.ts';
import { isDomain, type WorkerPlace } from './worker-config.ts';
import { isOfDomain } from './wrangler-problem.ts';

/** A new name below workers.dev, and its certificate, may take minutes; settings are everywhere within seconds. */
const ANSWER_MS = 300_000;
const ASK_MS = 10_000;

/** A deployment on its way. */
export interface Deploying {
  readonly cloudflare: Cloudflare;
  readonly files: DeploymentFiles;
  /** The version of this package. */
  readonly version: string;
  /** Whether a worker of that name that is not of this deployment is overwritten. */
  readonly mayReplace: boolean;
  /** What this machine is to be called as a runner. */
  readonly runner: string;
  deployment: Deployment;
  /** Says what goes on from now on. */
  doing(words: string): void;
  /** Says what is done. */
  done(outcome: Outcome): void;
}

type Act = (deploying: Deploying) => Promise<Problem | undefined>;

const ACTS: Readonly<Record<Step, Act>> = { upload, settings, answer, join };

/** Whether what a step once did is still there. */
const HOLDS: Readonly<Record<Step, (deploying: Deploying) => Promise<boolean>>> = {
  upload: isUploaded,
  settings: isOurs,
  answer: isOurs,
  join: isJoined,
};

/** Takes all steps that are not done yet, or whose work is gone. Resolves to what stopped it. */
export async function takeSteps(deploying: Deploying): Promise<Problem | undefined> {
  for (const step of STEPS) {
    if (deploying.deployment.done.includes(step) && (await HOLDS[step](deploying))) continue;
    const problem = await ACTS[step](deploying);
    if (problem) return problem;
    const done = STEPS.filter((each) => each === step || deploying.deployment.done.includes(each));
    noteDown(deploying, { done });
  }
  return undefined;
}

export function noteDown(deploying: Deploying, news: Partial<Deployment>): void {
  deploying.deployment = { ...deploying.deployment, ...news };
  writeDeployment(deploying.files, deploying.deployment);
}

export const workerOf = ({ name, account, domain }: Deployment): WorkerPlace => ({
  name,
  account: account.id,
  domain,
});

/** The domain at which it has served until now, if that is one. */
function domainOf({ url }: Deployment): string | undefined {
  const host = url === undefined ? undefined : new URL(url).hostname;
  return host !== undefined && isDomain(host) ? host : undefined;
}

type Placed = Pick<Deploying, 'cloudflare' | 'deployment' | 'files'>;

/** Whose the worker of that name is, if there is one. */
export async function whoseWorker(
  placed: Placed,
): Promise<CloudflareAnswer<'nobody' | 'ours' | 'foreign' | 'unknown'>> {
  const { cloudflare, deployment } = placed;
  const tag = await cloudflare.lastTagOf(workerOf(deployment));
  if (!tag.ok) return tag;
  if (tag.value === undefined) return { ok: true, value: 'nobody' };
  if (tag.value === deployment.tag) return { ok: true, value: 'ours' };
  // Another deployment was the last; or none was, and nothing was uploaded from here.
  if (tag.value !== '' || deployment.url === undefined) return { ok: true, value: 'foreign' };
  return { ok: true, value: (await takesOwnerKey(placed)) ? 'ours' : 'unknown' };
}

/** Why a worker that was deployed from here is left alone. */
export function notOurs({ name, account }: Deployment, whose: 'foreign' | 'unknown'): string {
  const worker = `the worker ${name} in the account ${account.name}`;
  return whose === 'foreign'
    ? `something else has taken the place of ${worker}`
    : `${worker} cannot be told to be the one that was deployed from here: Cloudflare lists no upload of it any more, and it does not take the owner key that is kept here`;
}

/** An edge that knows its settings and its owner was uploaded; else Cloudflare is asked. */
async function isUploaded(deploying: Deploying): Promise<boolean> {
  deploying.doing(`Looking whether ${deploying.deployment.name} is as it was deployed`);
  if (await isOurs(deploying)) return true;
  const whose = await whoseWorker(deploying);
  return whose.ok && whose.value === 'ours';
}

async function upload(deploying: Deploying): Promise<Problem | undefined> {
  const { cloudflare, deployment, files, mayReplace, version } = deploying;
  const { name, account, tag } = deployment;
  deploying.doing(`Looking whether ${name} is free`);
  const whose = await whoseWorker(deploying);
  if (!whose.ok) return whose.problem;
  if (!mayReplace && (whose.value === 'foreign' || whose.value === 'unknown')) {
    // Nothing was made, so there is nothing to remember.
    if (deployment.url === undefined) forgetDeployment(files);
    return {
      what:
        deployment.url === undefined
          ? `the account ${account.name} has a worker ${name} already, which was not deployed from here`
          : notOurs(deployment, whose.value),
      fix: 'Choose another name with --name, or put the edge in its place with --replace.',
    };
  }
  deploying.doing(`Uploading the worker ${name}`);
  const uploaded = await cloudflare.upload(workerOf(deployment), { tag, version });
  if (!uploaded.ok) {
    // The script may be there by now, and its old address gone: the next call puts it back, unless it names another domain.
    if (isOfDomain(uploaded.problem))
      noteDown(deploying, { domain: domainOf(deployment), movedFrom: undefined });
    return uploaded.problem;
  }
  noteDown(deploying, { url: uploaded.value, version });
  deploying.done({ verdict: 'ok', subject: 'worker', what: `${name} is at ${uploaded.value}` });
  return undefined;
}

async function settings(deploying: Deploying): Promise<Problem | undefined> {
  const { cloudflare, deployment, files } = deploying;
  deploying.doing('Setting the secret and the owner key');
  const secret = await keptSecret(files.secret, mintEdgeSecret);
  if (!secret.ok) return secret.problem;
  const ownerKey = await keptSecret(files.ownerKey, mintOwnerKey);
  if (!ownerKey.ok) return ownerKey.problem;
  const set = await cloudflare.set(workerOf(deployment), {
    BRIDGE_SECRET: secret.token,
    BRIDGE_OWNER: [ownerKey.token, ...(await oldOwnerKey(files))].map(hashCredential).join(','),
    BRIDGE_URL: edgeOf(deployment),
  });
  if (!set.ok) return set.problem;
  deploying.done({
    verdict: 'ok',
    subject: 'owner key',
    what: `is in ${files.ownerKey} (mode 0600)`,
  });
  return undefined;
}

/** A new secret of an edge. */
export const mintEdgeSecret = (): string => randomBytes(32).toString('hex');

/** One that was replaced goes on to count until it is ended. */
async function oldOwnerKey({ ownerKey }: DeploymentFiles): Promise<string[]> {
  const old = await readTokenFile(oldOf(ownerKey), 'owner');
  return old.ok ? [old.token] : [];
}

/** Waits until the edge answers under its name, with its settings. */
async function answer(deploying: Deploying): Promise<Problem | undefined> {
  const edge = edgeOf(deploying.deployment);
  deploying.doing(`Waiting for ${new URL(edge).host}; a new name may take some minutes`);
  if (await becomes(ANSWER_MS, () => isOurs(deploying))) return undefined;
  return {
    what: `${edge} does not answer as this edge yet`,
    fix: 'Run this again in some minutes: it goes on where it stopped. If that does not help, open it in a browser and see what answers.',
  };
}

/** Whether it has all the settings of this deployment. */
async function isOurs(deploying: Deploying): Promise<boolean> {
  const { deployment, files } = deploying;
  if (!existsSync(files.secret)) return false;
  return (await isItself(edgeOf(deployment))) && (await takesOwnerKey(deploying));
}

/** Whether the edge takes the owner key that is kept here. */
async function takesOwnerKey({ deployment, files }: Omit<Placed, 'cloudflare'>): Promise<boolean> {
  const ownerKey = await readTokenFile(files.ownerKey, 'owner');
  if (!ownerKey.ok || deployment.url === undefined) return false;
  return acceptsOwner(deployment.url, ownerKey.token);
}

/** Whether an edge takes a key as its owner's. */
export const acceptsOwner = async (edge: string, ownerKey: string): Promise<boolean> =>
  (await ownerApi(edge, ownerKey).call('GET', 'runners', v.unknown())).ok;

/** Whether it knows its own URL and its owner: then all settings have arrived. */
async function isItself(edge: string): Promise<boolean> {
  try {
    const response = await fetch(`${edge}/.well-known/oauth-authorization-server`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(ASK_MS),
    });
    const { issuer } = (await response.json()) as { issuer?: unknown };
    return issuer === edge && (await settingProblems(edge))?.length === 0;
  } catch {
    return false;
  }
}

/** Whether the edge lets this machine in. */
async function isJoined({ deployment, files }: Deploying): Promise<boolean> {
  const key = await readTokenFile(files.runnerKey);
  return key.ok && (await isLetIn(edgeOf(deployment), key.token));
}

const isLetIn = async (edge: string, key: string): Promise<boolean> =>
  (await checkCredential(edge, await fixedToken(key).forDial(edge))).verdict === 'ok';

/** Makes this machine a runner, with a key of its own that never leaves it. */
async function join(deploying: Deploying): Promise<Problem | undefined> {
  const { deployment, files } = deploying;
  const edge = edgeOf(deployment);
  deploying.doing('Making this machine a runner');
  const key = await keptSecret(files.runnerKey, mintRunnerKey);
  if (!key.ok) return key.problem;
  // An earlier try may have got this far.
  if (deployment.runner === undefined || !(await isLetIn(edge, key.token))) {
    const problem = await invite(deploying, edge, key.token);
    if (problem) return problem;
  }
  deploying.done({
    verdict: 'ok',
    subject: 'runner',
    what: `this machine is ${deploying.deployment.runner ?? deploying.runner}; its key is in ${files.runnerKey} (mode 0600)`,
  });
  return undefined;
}

async function invite(
  deploying: Deploying,
  edge: string,
  key: string,
): Promise<Problem | undefined> {
  const ownerKey = await readTokenFile(deploying.files.ownerKey, 'owner');
  if (!ownerKey.ok) return inFile(deploying.files.ownerKey, ownerKey.problem);
  const api = ownerApi(edge, ownerKey.token);
  const known = await api.call('GET', 'runners', v.object({ runners: KEPT }));
  if (!known.ok) return known.problem;
  const name =
    deploying.deployment.runner ??
    freeName(deploying.runner, new Set(known.value.runners.map((each) => each.name)));
  // Known before it counts: whoever is interrupted joins under the same name again.
  noteDown(deploying, { runner: name });
  const invited = await api.call('POST', 'runners', INVITATION, { name, servers: ['*'] });
  if (!invited.ok) return invited.problem;
  const joined = await joinEdge(edge, invited.value.code, key);
  return joined.ok ? undefined : joined.problem;
}

/** Another machine of that name keeps it. */
function freeName(wish: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wish)) return wish;
  for (let at = 2; ; at++) {
    const name = `${wish.slice(0, 60)}-${at}`;
    if (!taken.has(name)) return name;
  }
}

/** Known once the worker was uploaded. */
export const edgeOf = ({ url }: Deployment): string => url ?? '';
