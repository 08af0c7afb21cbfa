// `mcp-bridge rotate`: puts a new owner key or a new secret in the place of one, for an edge that was deployed from here. The old one goes
// on to count beside it until it is ended, so nobody is cut off.
import { existsSync, renameSync, rmSync } from 'node:fs';

import { becomes } from '../becomes.ts';
import { hashCredential, keptSecret, mintOwnerKey, readTokenFile } from '../credential.ts';
import { oldOf, type Deployment, type DeploymentFiles } from '../deploy/deployment.ts';
import { replaceOwnFile } from '../dev/own-storage.ts';
import { acceptsOwner, mintEdgeSecret, workerOf } from '../deploy/steps.ts';
import { EXIT, readArguments } from './arguments.ts';
import { cloudflareOf, finishedDeployment } from './deployments.ts';
import { agree, misuse, showing, Stop, type Show } from './show.ts';

/** Settings are everywhere within seconds. */
const NEWS_MS = 120_000;

interface Rotation {
  readonly show: Show;
  readonly files: DeploymentFiles;
  readonly deployment: Deployment;
  readonly edge: string;
  /** Whether the old one ends at once. */
  readonly isNow: boolean;
}

type Word = 'owner-key' | 'secret';

const nameOf = (word: Word): string => word.replace('-', ' ');

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

/** The one to come, beside the file of a secret. */
const nextOf = (path: string): string => `${path}.next`;

interface Pair {
  readonly fresh: string;
  readonly current: string;
}

/**
 * The secret to come, which an earlier try may have made and set already, and the one that counts. Stops where a replacement would end
 * one before, which was told to go on.
 */
async function pairOf(
  { isNow }: Rotation,
  word: Word,
  mint: () => string,
  path: string,
): Promise<Pair> {
  const current = await secretIn(path, word);
  const old = oldOf(path);
  // Equal: a try was interrupted once the old one was kept.
  if (!isNow && existsSync(old) && (await secretIn(old, word)) !== current)
    throw new Stop({
      what: `the ${nameOf(word)} was replaced before, and the old one goes on to count`,
      fix: `End that first: mcp-bridge rotate ${word} --end-old. Or replace it with --now, which ends both.`,
    });
  const fresh = await keptSecret(nextOf(path), mint);
  if (!fresh.ok) throw new Stop(fresh.problem);
  return { fresh: fresh.token, current };
}

/** The new one takes its place in one step, once the old one is kept: at any time there is a file with each that counts. */
function putInPlace({ isNow }: Rotation, path: string, { current }: Pair): void {
  if (isNow) rmSync(oldOf(path), { force: true });
  else replaceOwnFile(oldOf(path), `${current}\n`);
  renameSync(nextOf(path), path);
}

/** Ending the old one would end the new one, where that was set and not put in its place yet. */
function refuseHalf(path: string, word: Word): void {
  if (existsSync(nextOf(path)))
    throw new Stop({
      what: `the last replacement of the ${nameOf(word)} was interrupted`,
      fix: `Go on with it first: mcp-bridge rotate ${word}`,
    });
}

async function rotateOwnerKey(rotation: Rotation): Promise<void> {
  const { show, files, edge, isNow } = rotation;
  const path = files.ownerKey;
  const pair = await pairOf(rotation, 'owner-key', mintOwnerKey, path);
  const hashes = [pair.fresh, ...(isNow ? [] : [pair.current])].map(hashCredential);
  show.doing('Setting the new owner key');
  await set(rotation, { BRIDGE_OWNER: hashes.join(',') });
  show.doing('Waiting until the edge takes it');
  if (!(await becomes(NEWS_MS, () => acceptsOwner(edge, pair.fresh))))
    throw new Stop({
      what: 'the edge does not take the new owner key yet',
      fix: isNow
        ? `Run this again in a minute: it goes on with the same key, which is in ${nextOf(path)} until then. The old one counts no more once the edge takes it.`
        : 'Run this again in a minute: it goes on with the same key. The old one still counts here.',
    });
  putInPlace(rotation, path, pair);
  show.told({ verdict: 'ok', subject: 'owner key', what: `the new one is in ${path}` });
  if (!isNow) tellOld(show, 'owner-key', `goes on to count; it is in ${oldOf(path)}`);
}

async function endOwnerKey(rotation: Rotation): Promise<void> {
  const { show, files } = rotation;
  refuseHalf(files.ownerKey, 'owner-key');
  const current = await secretIn(files.ownerKey, 'owner-key');
  show.doing('Ending the old owner key');
  await set(rotation, { BRIDGE_OWNER: hashCredential(current) });
  rmSync(oldOf(files.ownerKey), { force: true });
  show.told({ verdict: 'ok', subject: 'owner key', what: 'the old one counts no more' });
}

async function rotateSecret(rotation: Rotation): Promise<void> {
  const { show, files, isNow } = rotation;
  const path = files.secret;
  const pair = await pairOf(rotation, 'secret', mintEdgeSecret, path);
  show.doing('Setting the new secret');
  await set(rotation, {
    BRIDGE_SECRET: pair.fresh,
    BRIDGE_SECRET_BEFORE: isNow ? null : pair.current,
  });
  putInPlace(rotation, path, pair);
  show.told({
    verdict: 'ok',
    subject: 'secret',
    what: isNow ? 'is replaced; all sessions have ended' : 'is replaced; sessions go on',
  });
  if (!isNow) tellOld(show, 'secret', 'goes on to count for the sessions that there are');
}

async function endSecret(rotation: Rotation): Promise<void> {
  const { show, files } = rotation;
  refuseHalf(files.secret, 'secret');
  show.doing('Ending the old secret');
  await set(rotation, { BRIDGE_SECRET_BEFORE: null });
  rmSync(oldOf(files.secret), { force: true });
  show.told({ verdict: 'ok', subject: 'secret', what: 'the old one counts no more' });
}

const tellOld = (show: Show, word: Word, what: string): void =>
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

/** The secret in a file, which must be there. */
async function secretIn(path: string, word: Word): Promise<string> {
  if (!existsSync(path)) finishMove(path);
  if (!existsSync(path))
    throw new Stop({
      what: `there is no ${path}`,
      fix: `Put it back from a copy, or have a new ${nameOf(word)} set: mcp-bridge deploy --name <the name of the edge>`,
    });
  const read = await readTokenFile(path, 'owner');
  if (!read.ok) throw new Stop({ what: `${path} ${read.problem.what}`, fix: read.problem.fix });
  return read.token;
}

/** The one that counts is kept as the old one, and the new one was not put in its place: nothing else is left to do. */
function finishMove(path: string): void {
  if (existsSync(nextOf(path)) && existsSync(oldOf(path))) renameSync(nextOf(path), path);
}
