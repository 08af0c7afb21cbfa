// Tries out the edge: whether it answers, and whether it accepts this runner's credential.
import { WebSocket } from 'ws';
import { LINK_SUBPROTOCOLS } from '../../shared/link/version.ts';
import { networkProblem } from '../link/network-problem.ts';
import { explainAnswer, NOT_SERVED_HERE, readAnswer } from '../link/refusal.ts';
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
    const isPage = response.headers.get('content-type')?.includes('html') === true;
    if (response.status === 200 && !isPage) return { verdict: 'ok', subject, what: 'answers' };
    if (response.status === 421) return { verdict: 'FAIL', subject, ...NOT_SERVED_HERE };
    const what = `answers /healthz with ${response.status}${isPage ? ' and a web page' : ''}`;
    return {
      verdict: 'FAIL',
      subject,
      what,
      fix: 'Check that this is the URL of a deployed edge, and that nothing else stands in front of it.',
    };
  } catch (error) {
    return { verdict: 'FAIL', subject, ...networkProblem(error) };
  }
}

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
        // Whatever the environment says, the token goes to nobody else.
        rejectUnauthorized: true,
      },
    );
    const giveUp = setTimeout(() => {
      settle({ verdict: 'FAIL', subject, ...networkProblem(new DOMException('', 'TimeoutError')) });
    }, ANSWER_MS);
    const settle = (outcome: Outcome): void => {
      clearTimeout(giveUp);
      resolve(outcome);
      socket.terminate();
    };
    socket.on('open', () => {
      clearTimeout(giveUp);
      resolve({ verdict: 'ok', subject, what: 'accepted by the edge' });
      socket.close(1000);
    });
    socket.on('unexpected-response', (_request, response) =>
      readAnswer(response, (answer) =>
        settle({ verdict: 'FAIL', subject, ...explainAnswer(answer) }),
      ),
    );
    socket.on('error', (error) => settle({ verdict: 'FAIL', subject, ...networkProblem(error) }));
  });
}
