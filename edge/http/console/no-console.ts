// The page of an edge at which nobody can sign in, so that it has no console: why, and what gives it one.
import { el } from './element.ts';
import { framed } from './frame.ts';
import { words } from './parts.ts';
import { urlOf } from '../request-url.ts';
import type { Settings } from '../../settings.ts';
import { LOOPBACK_HOST } from '../../variable.ts';
import type { Problem } from '../../../shared/problem.ts';

type SettingsOfConsole = Pick<Settings, 'clientAuth' | 'problems' | 'signIn'>;

const GIVES_OWNER =
  'Run `mcp-bridge credential owner`, set BRIDGE_OWNER to the hash that it prints and BRIDGE_URL to the address of this edge, and come back.';

/** Variables without which nobody can sign in. */
const OF_SIGN_IN = /BRIDGE_(?:OWNER|URL|IDP|SECRET)\b/u;

/** Why there is no console, and what to do. `isLocal`: whoever asks is on the edge's own machine. */
export function whyNoConsole(
  { clientAuth, problems, signIn }: SettingsOfConsole,
  isLocal: boolean,
): readonly Problem[] {
  if (clientAuth === 'none')
    return [
      {
        what: 'Nobody is asked for a key at this edge (BRIDGE_CLIENT_AUTH is "none"), so nobody can sign in as its owner either',
        fix: isLocal
          ? `If it was started by \`mcp-bridge up\` or \`dev\`, start it without \`--no-key\`. Otherwise leave out BRIDGE_CLIENT_AUTH. ${GIVES_OWNER}`
          : `Leave out BRIDGE_CLIENT_AUTH. ${GIVES_OWNER}`,
      },
    ];
  const wrong = problems.filter(({ what }) => OF_SIGN_IN.test(what));
  if (wrong.length > 0) return wrong;
  const what = signIn
    ? 'At this edge only tokens of other issuers count (BRIDGE_ISSUERS), and it has no owner who could sign in'
    : 'This edge has no owner, for whom the console is';
  return [{ what, fix: GIVES_OWNER }];
}

export const noConsolePage = (request: Request, settings: SettingsOfConsole): Promise<Response> =>
  framed(request, {
    title: 'No console',
    status: 404,
    body: [
      el(
        'div',
        { class: 'card' },
        el('h1', {}, 'There is no console here'),
        ...whyNoConsole(settings, LOOPBACK_HOST.test(urlOf(request).host)).flatMap(
          ({ what, fix }) => [el('p', {}, words(`${what}.`)), el('p', {}, words(fix))],
        ),
      ),
    ],
  });
