// `mcp-bridge status`: an edge that was deployed from here on one screen: where it is, how it does, its runners, and what is behind.
import { VERSION } from '../../shared/version.ts';
import type { Outcome } from '../check/outcome.ts';
import { checkEdge } from '../check/edge.ts';
import { settingProblems } from '../deploy/outside.ts';
import { edgeVersionOutcome, runnerSkew, runnerUpgrade } from '../deploy/versions.ts';
import { EXIT, readArguments } from './arguments.ts';
import { calledAs } from './called-as.ts';
import { apiOf, finishedDeployment } from './deployments.ts';
import { showing } from './show.ts';
import { RUNNER_LIST, whence, type LinkedRunner } from './runners.ts';

/** Returns the exit code: 1 if something has failed. */
export async function statusCommand(argv: readonly string[]): Promise<number> {
  const given = readArguments('status', argv);
  if (given === undefined) return EXIT.usage;
  return showing('status', given, async (show) => {
    const { files, deployment, edge } = finishedDeployment('status', given);
    const { name, account } = deployment;
    const facts = { name, account, url: edge, package: VERSION };
    show.say(`${name} at ${edge}, in the Cloudflare account ${account.name}\n\n`);
    show.doing(`Asking ${edge}`);
    const health = await checkEdge(edge);
    show.told({ ...health, subject: 'edge' });
    if (health.verdict !== 'ok') return show.end(facts);
    const [problem, ...others] = (await settingProblems(edge)) ?? [];
    if (problem !== undefined)
      show.told({
        verdict: 'FAIL',
        subject: 'settings',
        what: 'the edge finds something wrong',
        fix: problem,
        lines: others,
      });
    const api = await apiOf(files, edge);
    const list = await api.call('GET', 'runners', RUNNER_LIST);
    if (!list.ok) {
      show.told({ verdict: 'FAIL', subject: 'runners', ...list.problem });
      return show.end(facts);
    }
    const { linked, runners, version } = list.value;
    show.told(edgeVersionOutcome(VERSION, version, calledAs(process.env)));
    for (const runner of linked) show.told(runnerOutcome(runner, version));
    for (const { name: joined } of runners)
      if (!linked.some(({ runner }) => runner === joined)) show.told(awayOutcome(joined));
    if (runners.length + linked.length === 0)
      show.told({
        verdict: 'warn',
        subject: 'runners',
        what: 'no machine has joined',
        fix: `Let this one join: ${calledAs(process.env)} deploy --name ${name}`,
      });
    return show.end({ ...facts, version, runners: linked });
  });
}

function runnerOutcome(
  { runner, isLinked, from, version, servers, sessions }: LinkedRunner,
  edge: string | undefined,
): Outcome {
  if (!isLinked) return awayOutcome(runner);
  const subject = `runner ${runner}`;
  const serves = `serves ${servers.join(', ') || 'nothing'}, ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`;
  const skew = edge === undefined ? undefined : runnerSkew(edge, version);
  const what = `linked${whence(from)}, ${serves}`;
  return skew === undefined || edge === undefined
    ? { verdict: 'ok', subject, what }
    : { verdict: 'warn', subject, what: `${what}; ${skew}`, fix: runnerUpgrade(edge) };
}

const awayOutcome = (runner: string): Outcome => ({
  verdict: 'warn',
  subject: `runner ${runner}`,
  what: 'is away',
  fix: `Start it on its machine (mcp-bridge run), or take it off the list (mcp-bridge runner revoke ${runner}).`,
});
