// The page on which the owner shows the key, and the one of an edge that has no owner.
import { el } from './element.ts';
import { framed } from './frame.ts';
import { words } from './parts.ts';
import { redirectTo } from './redirect.ts';
import { ownerCookie } from './signed-in.ts';
import type { AdminRequest } from '../admin/owner.ts';
import { askAccess } from '../oauth/context.ts';
import { readForm } from '../oauth/parameters.ts';
import { because } from '../refusal-reason.ts';
import { sha256 } from '../../access/digest.ts';

interface Said {
  readonly wrong?: string;
  readonly status?: number;
}

export const signInPage = (request: Request, { wrong, status = 200 }: Said): Promise<Response> =>
  framed(request, {
    title: 'Sign in',
    status,
    body: [
      el(
        'div',
        { class: 'card' },
        el('h1', {}, 'The console of this edge'),
        el(
          'p',
          { class: 'hint' },
          words(
            'It shows what the edge does, to whoever has the owner key. In a terminal, `mcp-bridge audit` and `mcp-bridge runner list` show the same.',
          ),
        ),
        el(
          'form',
          { method: 'post', action: '/-/sign-in' },
          el('input', {
            type: 'text',
            name: 'username',
            value: 'owner',
            autocomplete: 'username',
            hidden: true,
          }),
          el('label', { for: 'key' }, 'Owner key'),
          el('input', {
            id: 'key',
            type: 'password',
            name: 'key',
            autocomplete: 'current-password',
            autocapitalize: 'off',
            spellcheck: 'false',
            maxlength: 256,
            placeholder: 'mcpo_…',
            required: true,
            autofocus: true,
            'aria-describedby': 'about-key',
            'aria-invalid': wrong === undefined ? 'false' : 'true',
          }),
          wrong === undefined
            ? el(
                'p',
                { id: 'about-key', class: 'hint' },
                words(
                  'From `mcp-bridge credential owner`; `up` and `dev` keep theirs in `.bridge/owner-key`.',
                ),
              )
            : el('p', { id: 'about-key', class: 'wrong', role: 'alert' }, wrong),
          el('p', { class: 'choice' }, el('button', { class: 'main' }, 'Sign in')),
        ),
      ),
    ],
  });

/** An edge without an owner has no console. */
export const noOwnerPage = (request: Request): Promise<Response> =>
  framed(request, {
    title: 'No console',
    status: 404,
    body: [
      el(
        'div',
        { class: 'card' },
        el('h1', {}, 'This edge has no owner'),
        el(
          'p',
          {},
          words(
            'The console is for the owner of an edge. Run `mcp-bridge credential owner`, set BRIDGE_OWNER to the hash that it prints and BRIDGE_URL to the address of this edge, and come back.',
          ),
        ),
      ),
    ],
  });

/** POST /-/sign-in */
export async function takeKey(context: AdminRequest): Promise<Response> {
  const { request, signIn, secret, ports, from } = context;
  const form = await readForm(request);
  if (typeof form === 'string') return signInPage(request, { wrong: form, status: 400 });
  const digest = await sha256((form.get('key') ?? '').trim());
  if (signIn.ownerKeys.has(digest))
    return redirectTo('/-/', { 'Set-Cookie': await ownerCookie(secret, digest) });
  const asked = await askAccess(ports, 'ownerKey', { isRight: false, from });
  if (asked?.answer.kind === 'limited') {
    const wrong = `Too many keys were wrong. Try again in ${asked.answer.retryAfterS} seconds.`;
    return because({ fault: 'slow_down' }, await signInPage(request, { wrong, status: 429 }));
  }
  const answer = await signInPage(request, { wrong: 'This is not the owner key.', status: 403 });
  return because({ fault: 'access_denied' }, answer);
}
