// What is remembered of an edge that was deployed from here: in a folder of its own, with its secrets beside it, for this user alone.
// A deployment that was interrupted goes on from what is written there.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';

import type { Problem } from '../../shared/problem.ts';
import { EdgeStartError } from '../dev/edge-start-error.ts';
import { ownFolder, replaceOwnFile } from '../dev/own-storage.ts';
import { WORKER_NAME } from './worker-config.ts';

/** What is done once, in this order. */
export const STEPS = ['upload', 'settings', 'answer', 'join'] as const;

export type Step = (typeof STEPS)[number];

const DEPLOYMENT = v.object({
  name: v.pipe(v.string(), v.regex(WORKER_NAME)),
  account: v.object({ id: v.string(), name: v.string() }),
  /** Cloudflare keeps it beside each version, so that a worker of this deployment is known as such. */
  tag: v.string(),
  done: v.array(v.picklist(STEPS)),
  /** The host at which it is to serve, if it is not one below workers.dev. */
  domain: v.optional(v.string()),
  /** The edge's origin, once Cloudflare has said it. */
  url: v.optional(v.string()),
  /** The origin that it had before it got this one. */
  movedFrom: v.optional(v.string()),
  /** The package whose worker was deployed last. */
  version: v.optional(v.string()),
  /** As which runner this machine joined. */
  runner: v.optional(v.string()),
  /** The config file that names the edge. */
  config: v.optional(v.string()),
});

export type Deployment = v.InferOutput<typeof DEPLOYMENT>;

export const isFinished = ({ done }: Deployment): boolean =>
  STEPS.every((step) => done.includes(step));

/** The folder in which each deployment has its own. */
export function deploymentsFolder(environment: NodeJS.ProcessEnv): string {
  const { XDG_CONFIG_HOME: xdg, APPDATA: appData } = environment;
  const base = xdg ?? (process.platform === 'win32' ? appData : undefined);
  // Only an absolute path counts (XDG Base Directory Specification, "Environment variables").
  return join(
    base !== undefined && isAbsolute(base) ? base : join(homedir(), '.config'),
    'mcp-bridge',
    'edges',
  );
}

/** Files of a deployment. */
export const filesOf = (folder: string, name: string) => {
  const own = join(folder, name);
  return {
    folder: own,
    state: join(own, 'deployment.json'),
    ownerKey: join(own, 'owner-key'),
    secret: join(own, 'edge-secret'),
    runnerKey: join(own, 'runner-key'),
    /** Where wrangler works, and leaves what it likes. */
    worker: join(own, 'worker'),
  };
};

export type DeploymentFiles = ReturnType<typeof filesOf>;

/** Where the secret is that was in a file before, and goes on to count. */
export const oldOf = (path: string): string => `${path}.old`;

/** Makes the folder if it is missing. Throws an {@link EdgeStartError} if others could have put something into it. */
export function openFolder({ folder, worker }: DeploymentFiles): void {
  ownFolder(folder, existsSync(worker) ? ['worker'] : []);
  if (!existsSync(worker)) mkdirSync(worker, { mode: 0o700 });
}

const readdirIfThere = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder) : [];

/** Names of the deployments that this machine knows. */
export const knownNames = (folder: string): string[] =>
  readdirIfThere(folder)
    .filter((name) => WORKER_NAME.test(name) && existsSync(filesOf(folder, name).state))
    .toSorted();

/** Undefined if there is none. Throws an {@link EdgeStartError} if what is there cannot be read. */
export function readDeployment({ state }: DeploymentFiles): Deployment | undefined {
  if (!existsSync(state)) return undefined;
  const read = v.safeParse(DEPLOYMENT, jsonIn(state));
  if (read.success) return read.output;
  throw new EdgeStartError('storage_unusable', {
    what: `${state} is not what was written to it`,
    fix: 'Remove that file. The next deploy with --replace takes the worker over again.',
  });
}

function jsonIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

export const writeDeployment = ({ state }: DeploymentFiles, deployment: Deployment): void =>
  replaceOwnFile(state, `${JSON.stringify(deployment, undefined, 2)}\n`);

/** Removes everything that is here of a deployment. */
export const forgetDeployment = ({ folder }: DeploymentFiles): void =>
  rmSync(folder, { recursive: true, force: true });

/** What is wrong with a folder, by what these commands have: its place is not chosen by an option. */
export const folderProblem = ({ problem: { what, fix } }: EdgeStartError): Problem => ({
  what,
  fix: fix
    .replace('Go to a folder in which you may write', 'Let this user write there')
    .replace('choose another folder with --storage', 'name another folder with XDG_CONFIG_HOME'),
});
