// What the buttons of the console do. Each does what the operator's API does, through the same functions.
import { el } from './element.ts';
import { addRunnerPart, joinLines } from './add-runner.ts';
import type { ConsoleRequest } from './request.ts';
import { framed } from './frame.ts';
import { heading } from './parts.ts';
import { redirectTo } from './redirect.ts';
import { inviteRunner, removeRunner } from '../admin/runners.ts';
import { apiAnswer, asJson } from './own-api.ts';
import { readForm, type Parameters } from '../oauth/parameters.ts';
import { toldName } from '../told-name.ts';

export type Act = (context: ConsoleRequest) => Promise<Response>;

/** A page that says what went wrong, with the way back. */
export const failedPage = (
  { request, viewer }: ConsoleRequest,
  message: string,
  back: string,
): Promise<Response> =>
  framed(request, {
    title: 'Not done',
    viewer,
    status: 400,
    body: [
      el('h1', {}, 'This was not done'),
      el('p', { class: 'message bad', role: 'alert' }, message),
      el('p', {}, el('a', { href: `/-/${back}` }, 'Back')),
    ],
  });

/** Reads the form and does the work. */
export const withForm =
  (
    back: string,
    work: (context: ConsoleRequest, form: Parameters) => Promise<Response>,
    limitBytes?: number,
  ): Act =>
  async (context) => {
    const form = await readForm(context.request, limitBytes);
    return typeof form === 'string' ? failedPage(context, form, back) : work(context, form);
  };

export const listedNames = (text: string | undefined): string[] =>
  (text ?? '').split(/[\s,]+/u).filter((name) => name !== '');

export const inviteHere = withForm('runners', async (context, form) => {
  const name = form.get('name') ?? '';
  const asked = { name, servers: listedNames(form.get('servers') ?? '*') };
  const answer = await apiAnswer(
    await inviteRunner({ ...context, request: asJson(context, asked) }),
  );
  if (!answer.ok) return failedPage(context, answer.message, 'runners');
  const { request, viewer, signIn } = context;
  return framed(request, {
    title: 'Runners',
    viewer,
    page: 'runners',
    body: [
      heading('Runners'),
      joinLines(signIn.issuer, name, String(answer.value['code'])),
      addRunnerPart(),
      el('p', {}, el('a', { href: '/-/runners' }, 'All runners')),
    ],
  });
});

export const removeHere = withForm('runners', async (context, form) => {
  const answer = await apiAnswer(await removeRunner(context, form.get('name') ?? ''));
  return answer.ok ? redirectTo('/-/runners') : failedPage(context, answer.message, 'runners');
});

/** A session is named by a digest of its name, so all that are shown are looked through. */
export const endSession = withForm('sessions', async (context, form) => {
  const { viewer, ports } = context;
  const { fleet } = ports;
  const { sessions } = await fleet.look({
    last: 0,
    ...(!viewer.isOwner && { principal: viewer.name }),
  });
  const theirs = sessions.filter(({ principal }) => viewer.isOwner || principal === viewer.name);
  const told = await Promise.all(
    theirs.map(async ({ session }) => ({ session, id: await toldName(session) })),
  );
  const found = told.find(({ id }) => id === form.get('session'));
  const isEnded = found !== undefined && (await fleet.dismiss(found.session));
  return isEnded
    ? redirectTo('/-/sessions')
    : failedPage(context, 'This session is over already.', 'sessions');
});
