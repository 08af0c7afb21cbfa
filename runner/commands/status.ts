// `mcp-bridge status`: an edge that was deployed from here on one screen: where it is, how it does, its runners, and what is behind.
import type { Outcome } from '../check/outcome.ts';
import { checkEdge } from '../check/edge.ts';
import { readTokenFile } from '../credential.ts';
import { isFinished, type Deployment } from '../deploy/deployment.ts';
import { settingProblems } from '../deploy/outside.ts';
import { ownVersion } from '../own-version.ts';
import { EXIT, readArguments } from './arguments.ts';
import { calledAs } from './called-as.ts';
import { knownDeployment, showing, Stop } from './deployments.ts';
import { ownerApi } from './owner-api.ts';
import { RUNNER_LIST, whence, type LinkedRunner } from './runners.ts';

/** Returns the exit code: 1 if something has failed. */
export async function statusCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('status', argv);
  if (given === undefined) return EXIT.usage;
  return showing('status', given, async (show) => {
    const { files, deployment } = knownDeployment('status', given);
    const { name, account, url, version } = deployment;
    const self = calledAs(process.env);
    if (url === undefined || !isFinished(deployment))
      throw new Stop({
        what: `the deployment of ${name} was interrupted`,
        fix: `Go on with it: ${self} deploy --name ${name}`,
      });
    show.say(`${name} at ${url}, in the Cloudflare account ${account.name}\n\n`);
    show.doing(`Asking ${url}`);
    show.told(versionOutcome(deployment, await ownVersion(), self));
    const health = await checkEdge(url);
    show.told({ ...health, subject: 'edge' });
    if (health.verdict !== 'ok') return show.end({ name, account, url, version });
    const [problem, ...others] = (await settingProblems(url)) ?? [];
    if (problem !== undefined)
      show.told({
        verdict: 'FAIL',
        subject: 'settings',
        what: 'the edge finds something wrong',
        fix: problem,
        lines: others,
      });
    const ownerKey = await readTokenFile(files.ownerKey, 'owner');
    if (!ownerKey.ok) {
      const { what, fix } = ownerKey.problem;
      show.told({ verdict: 'FAIL', subject: files.ownerKey, what, fix });
      return show.end({ name, account, url, version });
    }
    const list = await ownerApi(url, ownerKey.token).call('GET', 'runners', RUNNER_LIST);
    if (!list.ok) {
      show.told({ verdict: 'FAIL', subject: 'runners', ...list.problem });
      return show.end({ name, account, url, version });
    }
    const { linked, runners } = list.value;
    for (const runner of linked) show.told(runnerOutcome(runner));
    for (const { name: joined } of runners)
      if (!linked.some(({ runner }) => runner === joined))
        show.told({
          verdict: 'warn',
          subject: `runner ${joined}`,
          what: 'has joined, and was not seen since the edge last slept',
          fix: `Start it on its machine: ${self} run`,
        });
    return show.end({ name, account, url, version, runners: linked });
  });
}

function versionOutcome({ version = 'unknown' }: Deployment, own: string, self: string): Outcome {
  const subject = 'worker';
  return version === own
    ? { verdict: 'ok', subject, what: `version ${version}, that of this package` }
    : {
        verdict: 'warn',
        subject,
        what: `version ${version}, and this package has ${own}`,
        fix: `Bring it up to date: ${self} upgrade`,
      };
}

function runnerOutcome({ runner, isLinked, from, servers, sessions }: LinkedRunner): Outcome {
  const subject = `runner ${runner}`;
  const serves = `serves ${servers.join(', ') || 'nothing'}, ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`;
  return isLinked
    ? { verdict: 'ok', subject, what: `linked${whence(from)}, ${serves}` }
    : {
        verdict: 'warn',
        subject,
        what: `away${whence(from)}`,
        fix: 'Start it on its machine, or take it off the list: mcp-bridge runner revoke',
      };
}
