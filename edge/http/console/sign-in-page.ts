// The page on which the owner shows the key and people go to their identity provider.
import { el, type ViewElement } from './element.ts';
import { framed } from './frame.ts';
import { words } from './parts.ts';
import { redirectTo } from './redirect.ts';
import { ownerCookie } from './signed-in.ts';
import type { AdminRequest } from '../admin/owner.ts';
import { askAccess } from '../oauth/context.ts';
import { readForm } from '../oauth/parameters.ts';
import { depart } from '../oauth/provider-login.ts';
import { because } from '../refusal-reason.ts';
import { sha256 } from '../../access/digest.ts';

interface Said {
  readonly wrong?: string;
  readonly status?: number;
}

type Ways = Pick<AdminRequest, 'request' | 'signIn'>;

export function signInPage(
  { request, signIn: { ownerKeys, provider } }: Ways,
  { wrong, status = 200 }: Said,
): Promise<Response> {
  const takesKey = ownerKeys.size > 0;
  return framed(request, {
    title: 'Sign in',
    status,
    leads: provider !== undefined,
    body: [
      el(
        'div',
        { class: 'card' },
        el('h1', {}, 'The console of this edge'),
        ...(provider ? providerPart(new URL(provider.issuer).host) : []),
        ...(takesKey ? keyPart(wrong, provider !== undefined) : []),
      ),
    ],
  });
}

const providerPart = (host: string): readonly ViewElement[] => [
  el(
    'p',
    { class: 'hint' },
    'See what is yours here: your servers, sessions and calls, and the apps that you let in.',
  ),
  el(
    'form',
    { method: 'post', action: '/-/sign-in' },
    el('input', { type: 'hidden', name: 'with', value: 'provider' }),
    el('p', { class: 'choice' }, el('button', { class: 'main' }, `Sign in at ${host}`)),
  ),
];

/** `isSecond`: below another way. */
const keyPart = (wrong: string | undefined, isSecond: boolean): readonly ViewElement[] => [
  el(
    'p',
    { class: 'hint' },
    words(
      isSecond
        ? 'Or see all of it, with the owner key.'
        : 'It shows what the edge does, to whoever has the owner key. In a terminal, `mcp-bridge audit` and `mcp-bridge runner list` show the same.',
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
      autofocus: !isSecond,
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
    el(
      'p',
      { class: 'choice' },
      el('button', isSecond ? {} : { class: 'main' }, isSecond ? 'Sign in as owner' : 'Sign in'),
    ),
  ),
];

/** POST /-/sign-in */
export async function takeSignIn(context: AdminRequest): Promise<Response> {
  const { request, signIn, secret, ports, from } = context;
  const form = await readForm(request);
  if (typeof form === 'string') return signInPage(context, { wrong: form, status: 400 });
  if (form.get('with') === 'provider' && signIn.provider) return depart(context, signIn.provider);
  const digest = await sha256((form.get('key') ?? '').trim());
  if (signIn.ownerKeys.has(digest))
    return redirectTo('/-/', { 'Set-Cookie': await ownerCookie(secret, digest) });
  const asked = await askAccess(ports, 'ownerKey', { isRight: false, from });
  if (asked?.answer.kind === 'limited') {
    const wrong = `Too many keys were wrong. Try again in ${asked.answer.retryAfterS} seconds.`;
    return because({ fault: 'slow_down' }, await signInPage(context, { wrong, status: 429 }));
  }
  const answer = await signInPage(context, { wrong: 'This is not the owner key.', status: 403 });
  return because({ fault: 'access_denied' }, answer);
}
