// Tries out the edge: whether it answers, and whether it accepts this runner's credential.
import { WebSocket } from 'ws';
import { LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';
import { networkFault } from './network.ts';
import type { Outcome } from './outcome.ts';

/** A cold worker answers within a second or two; past this it is the network. */
const ANSWER_MS = 10_000;

/** GET /healthz. */
export async function checkEdge(edge: string): Promise<Outcome> {
  const subject = `edge ${edge}`;
  try {
    const response = await fetch(`${edge}/healthz`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await response.body?.cancel();
    if (response.status === 200) return { verdict: 'ok', subject, words: 'answers' };
    const words = `answers /healthz with ${response.status}`;
    return {
      verdict: 'FAIL',
      subject,
      words,
      fix: 'Check that the URL is that of a deployed edge and nothing else stands in front of it.',
    };
  } catch (error) {
    return { verdict: 'FAIL', subject, ...networkFault(error) };
  }
}

/** What the edge's answers to a dial mean (PROTOCOL.md LP5). */
const REFUSALS: Readonly<Record<number, { words: string; fix: string }>> = {
  401: {
    words: 'the edge does not know this token',
    fix: "Put the token's entry into the edge's secret BRIDGE_RUNNERS; mcp-bridge credential runner prints one for a new token.",
  },
  403: {
    words: 'the edge refuses this runner',
    fix: 'Check the entry for this runner in BRIDGE_RUNNERS, and that nothing in between adds an Origin header.',
  },
  404: {
    words: 'there is no link endpoint at this edge',
    fix: 'Check that the URL is that of a deployed edge.',
  },
  426: {
    words: 'runner and edge have no link version in common',
    fix: 'Upgrade whichever is older: npm install for the runner, wrangler deploy for the edge.',
  },
  503: {
    words: 'the edge is not configured yet',
    fix: 'Set its secret BRIDGE_RUNNERS: npx wrangler secret put BRIDGE_RUNNERS',
  },
};

/** Dials the control link as a runner would, and hangs up before saying hello: a live runner is not disturbed. */
export function checkCredential(edge: string, token: string): Promise<Outcome> {
  const subject = 'credential';
  return new Promise((resolve) => {
    const socket = new WebSocket(
      `${edge.replace(/^http/u, 'ws')}/runner/link`,
      [...LINK_SUBPROTOCOLS],
      {
        headers: { authorization: `Bearer ${token}` },
        followRedirects: false,
        handshakeTimeout: ANSWER_MS,
        perMessageDeflate: false,
        // Whatever the environment says: the token goes to no one else.
        rejectUnauthorized: true,
      },
    );
    const settle = (outcome: Outcome): void => {
      resolve(outcome);
      socket.terminate();
    };
    socket.on('open', () => {
      resolve({ verdict: 'ok', subject, words: 'accepted by the edge' });
      socket.close(1000);
    });
    socket.on('unexpected-response', (_request, response) => {
      const status = response.statusCode ?? 0;
      const refusal = REFUSALS[status] ?? {
        words: `the edge answers the dial with ${status}`,
        fix: 'Check that nothing between here and the edge blocks WebSockets.',
      };
      settle({ verdict: 'FAIL', subject, ...refusal });
    });
    socket.on('error', (error) => settle({ verdict: 'FAIL', subject, ...networkFault(error) }));
  });
}
