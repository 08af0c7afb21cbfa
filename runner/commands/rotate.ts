// `mcp-bridge rotate`: puts a new owner key or a new secret in the place of one, for an edge that was deployed from here. The old one goes
// on to count beside it until it is ended, so nobody is cut off.
import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';

import { hashCredential, mintOwnerKey } from '../credential.ts';
import type { Deployment, DeploymentFiles } from '../deploy/deployment.ts';
import { keptSecret, workerOf } from '../deploy/steps.ts';
import { EXIT, readArguments } from './arguments.ts';
import {
  agree,
  cloudflareOf,
  finishedDeployment,
  misuse,
  showing,
  Stop,
  type Show,
} from './deployments.ts';
import { ownerApi } from './owner-api.ts';

/** Settings are everywhere within seconds. */
const NEWS_MS = 120_000;
const ASK_EVERY_MS = 1_000;

interface Rotation {
  readonly show: Show;
  readonly files: DeploymentFiles;
  readonly deployment: Deployment;
  readonly edge: string;
  /** Whether the old one ends at once. */
  readonly isNow: boolean;
}

const ROTATIONS: Readonly<Record<string, { begin: Act; end: Act }>> = {
  'owner-key': { begin: rotateOwnerKey, end: endOwnerKey },
  secret: { begin: rotateSecret, end: endSecret },
};

type Act = (rotation: Rotation) => Promise<void>;

/** Returns the exit code. */
export async function rotateCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('rotate', argv, 1);
  if (given === undefined) return EXIT.usage;
  return showing('rotate', given, async (show) => {
    const [word = ''] = given.words;
    const acts = Object.hasOwn(ROTATIONS, word) ? ROTATIONS[word] : undefined;
    if (!acts) throw misuse('rotate', 'say what to replace: owner-key or secret');
    const found = finishedDeployment('rotate', given);
    const isEnd = given.values['end-old'] === true;
    const isNow = given.values['now'] === true;
    if (isEnd && isNow) throw misuse('rotate', 'takes --now or --end-old, not both');
    const rotation = { ...found, show, isNow };
    const { name, account } = found.deployment;
    await agree(
      { show, command: 'rotate', given },
      `${isEnd ? 'End the old' : 'Replace the'} ${word} of ${name}?`,
      'nothing was replaced',
    );
    await (isEnd ? acts.end : acts.begin)(rotation);
    return show.end({ name, account, url: found.edge });
  });
}

/** Beside a file of a secret: the one to come, and the one before. */
const besides = (path: string) => ({ next: `${path}.next`, old: `${path}.old` });

async function rotateOwnerKey(rotation: Rotation): Promise<void> {
  const { show, files, edge, isNow } = rotation;
  const { next, old } = besides(files.ownerKey);
  // An earlier try may have left it, and set it already.
  const fresh = await secretIn(next, mintOwnerKey);
  const current = await secretIn(files.ownerKey, mintOwnerKey);
  const hashes = [fresh, ...(isNow ? [] : [current])].map(hashCredential);
  show.doing('Setting the new owner key');
  await set(rotation, { BRIDGE_OWNER: hashes.join(',') });
  show.doing('Waiting until the edge takes it');
  if (!(await isTaken(edge, fresh)))
    throw new Stop({
      what: 'the edge does not take the new owner key yet',
      fix: 'Run this again in a minute: it goes on with the same key. The old one still counts here.',
    });
  if (isNow) rmSync(old, { force: true });
  else renameSync(files.ownerKey, old);
  renameSync(next, files.ownerKey);
  show.told({ verdict: 'ok', subject: 'owner key', what: `the new one is in ${files.ownerKey}` });
  if (!isNow) tellOld(show, 'owner-key', `goes on to count; it is in ${old}`);
}

async function endOwnerKey(rotation: Rotation): Promise<void> {
  const { show, files } = rotation;
  show.doing('Ending the old owner key');
  await set(rotation, { BRIDGE_OWNER: hashCredential(await secretIn(files.ownerKey)) });
  rmSync(besides(files.ownerKey).old, { force: true });
  show.told({ verdict: 'ok', subject: 'owner key', what: 'the old one counts no more' });
}

async function rotateSecret(rotation: Rotation): Promise<void> {
  const { show, files, isNow } = rotation;
  const { next, old } = besides(files.secret);
  const fresh = await secretIn(next, () => randomBytes(32).toString('hex'));
  const current = await secretIn(files.secret);
  show.doing('Setting the new secret');
  await set(rotation, { BRIDGE_SECRET: fresh, BRIDGE_SECRET_BEFORE: isNow ? null : current });
  if (isNow) rmSync(old, { force: true });
  else renameSync(files.secret, old);
  renameSync(next, files.secret);
  show.told({
    verdict: 'ok',
    subject: 'secret',
    what: isNow ? 'is replaced; all sessions have ended' : 'is replaced; sessions go on',
  });
  if (!isNow) tellOld(show, 'secret', 'goes on to count for the sessions that there are');
}

async function endSecret(rotation: Rotation): Promise<void> {
  const { show, files } = rotation;
  show.doing('Ending the old secret');
  await set(rotation, { BRIDGE_SECRET_BEFORE: null });
  rmSync(besides(files.secret).old, { force: true });
  show.told({ verdict: 'ok', subject: 'secret', what: 'the old one counts no more' });
}

const tellOld = (show: Show, word: string, what: string): void =>
  show.told({
    verdict: 'ok',
    subject: 'the old one',
    what,
    fix: `Once it is not needed: mcp-bridge rotate ${word} --end-old`,
  });

async function set(
  { files, deployment }: Rotation,
  settings: Readonly<Record<string, string | null>>,
): Promise<void> {
  const outcome = await cloudflareOf(files).set(workerOf(deployment), settings);
  if (!outcome.ok) throw new Stop(outcome.problem);
}

/** The secret in a file; without `mint` it must be there. */
async function secretIn(path: string, mint?: () => string): Promise<string> {
  if (!mint && !existsSync(path))
    throw new Stop({
      what: `there is no ${path}`,
      fix: 'Put it back from a copy, or deploy again with --replace.',
    });
  const kept = await keptSecret(path, mint ?? (() => ''));
  if (!kept.ok) throw new Stop(kept.problem);
  return kept.token;
}

async function isTaken(edge: string, ownerKey: string): Promise<boolean> {
  const api = ownerApi(edge, ownerKey);
  const until = performance.now() + NEWS_MS;
  while (performance.now() < until) {
    if ((await api.call('GET', 'runners', v.unknown())).ok) return true;
    await sleep(ASK_EVERY_MS);
  }
  return false;
}
