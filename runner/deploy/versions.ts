// What of an edge and its runners is behind, and what to do about it. Pure.
import { versionSkew } from '../../shared/version.ts';
import type { Outcome } from '../check/outcome.ts';

/** The edge's version beside that of this package. `self`: how this program is called. */
export function edgeVersionOutcome(own: string, edge: string | undefined, self: string): Outcome {
  const subject = 'version';
  const skew = versionSkew(own, edge);
  if (edge === undefined)
    return {
      verdict: 'warn',
      subject,
      what: 'the edge is so old that it does not say its version',
      fix: `Bring it up to date: ${self} upgrade`,
    };
  if (!skew) return { verdict: 'ok', subject, what: `${edge}, that of this package` };
  return skew === 'older'
    ? {
        verdict: 'warn',
        subject,
        what: `the edge has ${edge}, and this package is ${own}`,
        fix: `Bring the edge up to date: ${self} upgrade`,
      }
    : {
        verdict: 'warn',
        subject,
        what: `this package is ${own}, and the edge has ${edge}`,
        fix: `Bring this machine up to date: npm install -g mcp-edge-bridge@${edge}`,
      };
}

/** Why a runner is behind its edge; undefined if it is not. */
export function runnerSkew(edge: string, runner: string | undefined): string | undefined {
  if (runner === undefined) return `is so old that it does not say its version`;
  const skew = versionSkew(edge, runner);
  return skew && `has ${runner}, which is ${skew} than the edge`;
}

/** What to type on a runner's machine. */
export const runnerUpgrade = (edge: string): string =>
  `On its machine: npm install -g mcp-edge-bridge@${edge}, and restart the service or \`mcp-bridge run\`; what it is doing is finished first.`;
