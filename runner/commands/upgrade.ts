// `mcp-bridge upgrade`: brings an edge that was deployed from here to the version of this package, and then its runners: that of this
// machine by a restart of its service, which finishes what it is doing first, and the others by saying what to type there.

import { VERSION, versionSkew } from '../../shared/version.ts';
import { becomes } from '../becomes.ts';
import { SYSTEM_FILE } from '../config/places.ts';
import { readTokenFile } from '../credential.ts';
import { writeDeployment } from '../deploy/deployment.ts';
import { lookFromOutside } from '../deploy/outside.ts';
import { workerOf } from '../deploy/steps.ts';
import { runnerSkew, runnerUpgrade } from '../deploy/versions.ts';
import { EXIT, readArguments } from './arguments.ts';
import { apiOf, cloudflareOf, finishedDeployment } from './deployments.ts';
import { agree, showing, Stop } from './show.ts';
import type { OwnerApi } from './owner-api.ts';
import { RUNNER_LIST, type LinkedRunner } from './runners.ts';
import { restartOfService } from './service.ts';

/** Cloudflare puts new code everywhere within seconds, and into an actor that is in use within five minutes. */
const NEWS_MS = 360_000;

/** A drain takes up to 30 s, and the start and the link some more. */
const RESTART_MS = 90_000;

/** Returns the exit code. */
export async function upgradeCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('upgrade', argv);
  if (given === undefined) return EXIT.usage;
  return showing('upgrade', given, async (show) => {
    const { files, deployment, edge } = finishedDeployment('upgrade', given);
    const { name, account } = deployment;
    const asking = { show, command: 'upgrade', given } as const;
    const api = await apiOf(files, edge);
    show.doing(`Asking ${edge}`);
    const before = await listOf(api);
    const isNewer = versionSkew(VERSION, before.version) === 'newer';
    if (isNewer && given.values['replace'] !== true)
      throw new Stop({
        what: `the edge has ${before.version}, and this package is ${VERSION}, which is older`,
        fix: 'Upgrade this package first: npm install -g mcp-edge-bridge@latest. To go back all the same, add --replace.',
      });
    let isAgreed = false;
    if (before.version !== VERSION || given.values['replace'] === true) {
      await agree(
        asking,
        `Upgrade the edge, ${before.version ?? 'an old version'} → ${VERSION}, and this machine's runner if a service runs it? Sessions go on.`,
        'nothing was upgraded',
      );
      isAgreed = true;
      const cloudflare = cloudflareOf(files);
      const tag = await cloudflare.lastTagOf(workerOf(deployment));
      if (!tag.ok) throw new Stop(tag.problem);
      if (tag.value === undefined)
        throw new Stop({
          what: `the worker ${name} is not in the account ${account.name} any more`,
          fix: `Make it anew: mcp-bridge deploy --name ${name}`,
        });
      show.doing(`Uploading version ${VERSION}`);
      const uploaded = await cloudflare.upload(workerOf(deployment), {
        tag: deployment.tag,
        version: VERSION,
      });
      if (!uploaded.ok) throw new Stop(uploaded.problem);
      writeDeployment(files, { ...deployment, version: VERSION, url: uploaded.value });
      show.doing('Waiting for the new version; sessions go on meanwhile');
      if (!(await becomes(NEWS_MS, async () => (await listOf(api)).version === VERSION)))
        throw new Stop({
          what: `the edge does not answer with version ${VERSION} yet`,
          fix: 'Look again in a minute: mcp-bridge status',
        });
    }
    show.told({ verdict: 'ok', subject: 'edge', what: `has version ${VERSION}` });
    const ownerKey = await readTokenFile(files.ownerKey, 'owner');
    if (ownerKey.ok) await lookFromOutside(edge, ownerKey.token, show.told);
    const { linked } = await listOf(api);
    for (const runner of linked) if (runner.isLinked) await bringUp(runner);
    return show.end({
      name,
      account,
      url: edge,
      version: VERSION,
      runners: (await listOf(api)).linked,
    });

    async function bringUp({ runner, version }: LinkedRunner): Promise<void> {
      const subject = `runner ${runner}`;
      const skew = runnerSkew(VERSION, version);
      if (skew === undefined)
        return show.told({ verdict: 'ok', subject, what: `has version ${VERSION}` });
      const behind = { verdict: 'warn', subject, what: skew, fix: runnerUpgrade(VERSION) } as const;
      if (runner !== deployment.runner) return show.told(behind);
      const configs = [
        ...(deployment.config === undefined ? [] : [deployment.config]),
        SYSTEM_FILE,
      ];
      const restart = await restartOfService(edge, configs);
      if (!restart) return show.told(behind);
      if (!isAgreed)
        await agree(
          asking,
          `Restart the service of ${runner}, ${version ?? 'an old version'} → ${VERSION}? It finishes what it is doing.`,
          'the runner was not restarted',
        );
      show.doing(`Restarting the runner; it finishes what it is doing`);
      if (!(await restart())) return show.told(behind);
      const isUp = await becomes(RESTART_MS, async () =>
        (await listOf(api)).linked.some(
          (each) => each.runner === runner && each.isLinked && each.version === VERSION,
        ),
      );
      show.told(isUp ? { verdict: 'ok', subject, what: `was restarted with ${VERSION}` } : behind);
    }
  });
}

async function listOf(api: OwnerApi) {
  const list = await api.call('GET', 'runners', RUNNER_LIST);
  if (!list.ok) throw new Stop(list.problem);
  return list.value;
}
