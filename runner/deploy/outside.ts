// Looks at an edge from outside, as clients and runners meet it: address, certificate, health, settings, how it asks for a sign-in,
// and one whole sign-in.
import type { Outcome } from '../check/outcome.ts';
import { checkEdge } from '../check/edge.ts';
import { checkSignIn } from '../check/sign-in.ts';
import { networkProblem } from '../link/network-problem.ts';
import { walkSignIn } from './sign-in-walk.ts';

/** No server has to be there: an edge asks for a sign-in before it looks for one. */
const PROBE_SERVER = 'mcp-bridge-check';

const ANSWER_MS = 10_000;

/** Every step, in order, each as soon as it is known. After one that fails, those that need it are not tried. */
export async function lookFromOutside(
  edge: string,
  ownerKey: string,
  report: (outcome: Outcome) => void,
): Promise<void> {
  let hasFailed = false;
  const tell = (outcome: Outcome): void => {
    hasFailed ||= outcome.verdict === 'FAIL';
    report(outcome);
  };
  tell(await checkAddress(edge));
  if (hasFailed) return;
  tell({ ...(await checkEdge(edge)), subject: 'health' });
  if (hasFailed) return;
  tell(await checkSettings(edge));
  const server = `${edge}/${PROBE_SERVER}/mcp`;
  await checkSignIn(server, tell);
  if (!hasFailed) tell(await walkSignIn(server, ownerKey));
}

/** Whether the host is known, its certificate is trusted, and it answers itself, without leading elsewhere. */
async function checkAddress(edge: string): Promise<Outcome> {
  const { hostname, protocol } = new URL(edge);
  const subject = protocol === 'https:' ? 'TLS' : 'address';
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(`${edge}/healthz`, { redirect: 'manual', signal });
    await response.body?.cancel();
    if (response.status < 300 || response.status >= 400)
      return {
        verdict: 'ok',
        subject,
        what: `${hostname} answers, and its certificate is trusted`,
      };
    return {
      verdict: 'FAIL',
      subject,
      what: `it redirects to ${response.headers.get('location') ?? 'nowhere'}, which runners and many clients do not follow`,
      fix: 'Take the rule away that redirects, such as one of Cloudflare Access, for this host.',
    };
  } catch (error) {
    return { verdict: 'FAIL', subject, ...networkProblem(error) };
  }
}

/** Whether the edge finds anything wrong with its settings. That no runner is there yet is no mistake. */
async function checkSettings(edge: string): Promise<Outcome> {
  const subject = 'settings';
  const problems = await settingProblems(edge);
  if (problems === undefined)
    return {
      verdict: 'FAIL',
      subject,
      what: 'the edge does not say how it is',
      fix: `Open ${edge}/readyz, and see what answers there.`,
    };
  const [first, ...rest] = problems;
  return first === undefined
    ? { verdict: 'ok', subject, what: 'the edge finds nothing wrong' }
    : { verdict: 'FAIL', subject, what: 'the edge finds something wrong', fix: first, lines: rest };
}

/** What an edge says is wrong with its settings; undefined if it says nothing that can be read. */
export async function settingProblems(edge: string): Promise<string[] | undefined> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(`${edge}/readyz`, { redirect: 'manual', signal });
    const { problems } = (await response.json()) as { problems?: unknown };
    if (!Array.isArray(problems)) return undefined;
    return problems.map(String).filter((problem) => /\bBRIDGE_[A-Z]/u.test(problem));
  } catch {
    return undefined;
  }
}
