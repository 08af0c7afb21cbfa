// What a dial's answer means, and how long it asks to wait: pure readings, with what an edge really says among them.
import { describe, expect, test } from 'vitest';

import { refuse } from '../../../edge/http/refuse.ts';
import { LINK_SUBPROTOCOLS } from '../../../shared/link/version.ts';
import { networkProblem } from '../../../runner/link/network-problem.ts';
import { explainAnswer, isFromEdge, retryAfterIn } from '../../../runner/link/refusal.ts';

const PAGE = '<!doctype html><html><body>Sign in</body></html>';
const page = (status: number, headers: Record<string, string> = {}) => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', ...headers },
  body: PAGE,
});

describe('[F-245] [F-1192] an answer in place of the link', () => {
  test.each([
    ['unauthorized', 'does not accept this token or key'],
    ['origin_not_allowed', 'refuses this runner'],
    ['not_configured', 'is not configured yet'],
    // [F-1192] behind a proxy that asks by a name of its own
    ['host_not_allowed', 'does not serve the host name'],
  ] as const)('the edge itself says %s', async (fault, what) => {
    const response = refuse({ fault });
    const answer = { status: response.status, headers: {}, body: await response.text() };
    expect(isFromEdge(answer)).toBe(true);
    expect(explainAnswer(answer).what).toContain(what);
  });

  test('a 426 of another version asks for an upgrade; one of our own says that a proxy took the upgrade away', () => {
    const says = (versions: string) => ({
      status: 426,
      headers: {},
      body: `This edge speaks ${versions} over WebSocket. Upgrade the edge or the runner, whichever is older.\n`,
    });
    expect(explainAnswer(says('mcp-bridge.v9')).fix).toContain('Upgrade whichever is older');
    const ours = explainAnswer(says(`mcp-bridge.v0, ${LINK_SUBPROTOCOLS[0]}`));
    expect(ours.what).toContain('a proxy on the way must have removed');
  });

  test.each([
    [200, 'a web page came (200)'],
    [204, 'a web page came (204)'],
    [302, 'a redirect (302)'],
    [308, 'a redirect (308)'],
    [400, 'without its WebSocket upgrade'],
    [401, 'in front of the edge asks for a sign-in'],
    [403, 'in front of the edge refuses this machine'],
    [404, 'no link endpoint'],
    [407, 'a proxy on the way asks for a sign-in'],
    [418, 'answers the dial with 418'],
    [426, 'without its WebSocket upgrade'],
    [429, 'dialled too often'],
    [500, 'answers the dial with 500'],
    [502, 'a gateway in front of the edge'],
    [503, 'a gateway in front of the edge'],
    [504, 'a gateway in front of the edge'],
  ])('a page with %i: %s', (status, what) => {
    expect(isFromEdge(page(status))).toBe(false);
    const { what: told, fix } = explainAnswer(page(status));
    expect(told).toContain(what);
    // A sentence that says what to do, and nothing of the page.
    expect(fix).toMatch(/^[A-Z].*\.$/u);
    expect(told + fix).not.toContain('Sign in');
  });

  test.each([
    'Invalid Upgrade header',
    'Invalid Sec-WebSocket-Accept header',
    'Server sent an invalid subprotocol',
    'Server sent no subprotocol',
  ])('a handshake that breaks with "%s"', (message) => {
    expect(networkProblem(new Error(message)).what).toContain(
      'does not complete the WebSocket handshake',
    );
  });

  test('answers that are no HTTP, and dials that were cut', () => {
    const coded = (code: string) => networkProblem(Object.assign(new Error('x'), { code })).what;
    expect(coded('HPE_INVALID_CONSTANT')).toContain('does not speak HTTP');
    expect(coded('HPE_HEADER_OVERFLOW')).toContain('does not speak HTTP');
    expect(coded('ECONNRESET')).toContain('was cut');
    expect(coded('DIAL_TIMEOUT')).toContain('did not answer in time');
  });
});

describe('[F-246] Retry-After (RFC 9110 §10.2.3)', () => {
  const NOW = Date.parse('Wed, 21 Oct 2026 07:00:00 GMT');

  test.each<[string, string | undefined, number | undefined]>([
    ['0', undefined, 0],
    ['120', undefined, 120_000],
    [' 7 ', undefined, 7_000],
    ['999999999999999999999', undefined, 300_000],
    ['Wed, 21 Oct 2026 07:00:30 GMT', undefined, 30_000],
    ['Wed, 21 Oct 2026 06:00:00 GMT', undefined, 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', undefined, 300_000],
    ['Wednesday, 21-Oct-26 07:00:10 GMT', undefined, 10_000],
    ['Wed Oct 21 07:00:10 2026', undefined, 10_000],
    // A clock that is a day behind the edge's: its own date counts.
    ['Thu, 22 Oct 2026 07:00:30 GMT', 'Thu, 22 Oct 2026 07:00:00 GMT', 30_000],
    ['Thu, 22 Oct 2026 07:00:30 GMT', 'rubbish', 300_000],
    ['-5', undefined, undefined],
    ['1.5', undefined, undefined],
    ['soon', undefined, undefined],
    ['', undefined, undefined],
    ['2026-10-21T07:00:10Z', undefined, undefined],
    ['Wed, nonsense', undefined, undefined],
  ])('%j (sent at %j) is %j ms', (wish, date, ms) => {
    const told = retryAfterIn({ 'retry-after': wish, ...(date !== undefined && { date }) }, NOW);
    expect(told).toBe(ms);
  });

  test('that is not there asks for nothing', () => {
    expect(retryAfterIn({}, NOW)).toBeUndefined();
  });
});
