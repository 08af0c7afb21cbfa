// Who may do what: keys of programs, apps that people let in, and the policy, each to be changed here as by the commands.
import { apiAnswer, asJson } from './own-api.ts';
import { failedPage, listedNames, withForm } from './actions.ts';
import { el, type ViewElement } from './element.ts';
import { framed } from './frame.ts';
import {
  actionForm,
  ago,
  copyable,
  empty,
  field,
  heading,
  panel,
  tableOf,
  textBlock,
  words,
} from './parts.ts';
import { redirectTo } from './redirect.ts';
import type { ConsoleRequest } from './request.ts';
import { addClient, removeClient } from '../admin/clients.ts';
import { removePolicy, setPolicy, showPolicy } from '../admin/policy.ts';
import { askAccess, withdraw } from '../oauth/context.ts';
import type { CredentialView } from '../../core/credential-ports.ts';
import type { GrantView } from '../../core/access-ports.ts';
import { CONSOLE_PLACE } from '../../core/person-ports.ts';

/** A policy is longer than other forms; this is what `policy set` takes, as a form writes it. */
const POLICY_FORM_BYTES = 256 * 1024;

export async function accessPage(context: ConsoleRequest): Promise<ViewElement[]> {
  const { ports, viewer } = context;
  if (!viewer.isOwner) return ownApps(context);
  const [keys, grants, policy] = await Promise.all([
    askAccess(ports, 'credentials', { kind: 'client' }),
    askAccess(ports, 'grants', {}),
    apiAnswer(await showPolicy(context)),
  ]);
  const now = Date.now();
  const text = policy.ok ? String(policy.value['text']) : '';
  return [
    heading('Access', 'Who may use which server, and what they may do there.'),
    keysPart(keys?.answer ?? [], now),
    grantsPart(grants?.answer ?? [], now),
    policyPart(text, policy.ok && policy.value['isSettingsToo'] === true),
  ];
}

/** The apps that a person let in. */
async function ownApps({ ports, viewer }: ConsoleRequest): Promise<ViewElement[]> {
  const asked = await askAccess(ports, 'grants', { person: viewer.name });
  const own = asked?.answer ?? [];
  return [
    heading('Apps', 'What you let in, and the server that it may use. Revoked, it is out at once.'),
    own.length === 0 ? empty('You have let in no app.') : grantsTable(own, false, Date.now()),
  ];
}

const keysPart = (keys: readonly CredentialView[], now: number): ViewElement =>
  panel(
    'keys',
    'Keys of programs',
    keys.length === 0
      ? empty('No key was made here. Those of BRIDGE_CLIENTS are not shown.')
      : tableOf<CredentialView>(
          'Keys',
          [
            { title: 'Name', cell: ({ name }) => el('strong', {}, name) },
            {
              title: 'Servers',
              cell: ({ servers }) => (servers.includes('*') ? 'all' : servers.join(', ')),
            },
            { title: 'Last used', cell: ({ keys }) => lastUsed(keys, now) },
            {
              title: 'Action',
              cell: ({ name }) =>
                actionForm('keys/remove', { name }, 'Revoke', {
                  'aria-label': `Revoke the key of ${name}`,
                }),
            },
          ],
          keys.map((row) => ({ key: row.name, row })),
        ),
    el(
      'form',
      { method: 'post', action: '/-/keys', class: 'filter' },
      field('Name', {
        id: 'k-name',
        name: 'name',
        required: true,
        maxlength: 64,
        autocomplete: 'off',
      }),
      field('Servers', { id: 'k-servers', name: 'servers', value: '*', autocomplete: 'off' }),
      field('Days it lasts', {
        id: 'k-days',
        name: 'days',
        type: 'number',
        min: 1,
        max: 3650,
        placeholder: 'for ever',
      }),
      el('button', { class: 'main' }, 'Make a key'),
    ),
  );

function lastUsed(keys: CredentialView['keys'], now: number): ViewElement | string {
  const at = Math.max(0, ...keys.map(({ usedAt }) => usedAt));
  return at === 0 ? 'never' : ago(at, now);
}

const grantsTable = (grants: readonly GrantView[], isOwner: boolean, now: number): ViewElement =>
  tableOf<GrantView>(
    'Apps',
    [
      { title: 'App', cell: ({ app }) => el('strong', {}, app) },
      isOwner && { title: 'Person', cell: ({ email, person }) => email ?? person },
      {
        title: 'Server',
        cell: ({ server }) => (server === CONSOLE_PLACE ? 'this console' : server),
      },
      { title: 'May', cell: ({ scopes }) => scopes.join(' ') },
      { title: 'Last used', cell: ({ usedAt }) => ago(usedAt, now) },
      {
        title: 'Action',
        cell: ({ grant, app }) =>
          actionForm('grants/end', { grant }, 'Revoke', {
            'aria-label': `Revoke the access of ${app}`,
          }),
      },
    ],
    grants.map((row) => ({ key: row.grant, row })),
  );

const grantsPart = (grants: readonly GrantView[], now: number): ViewElement =>
  panel(
    'apps',
    'Apps that people let in',
    grants.length === 0
      ? empty('Nobody has signed in with an app.')
      : grantsTable(grants, true, now),
  );

const policyPart = (text: string, isSettingsToo: boolean): ViewElement =>
  panel(
    'policy',
    'Policy',
    el(
      'p',
      {},
      words(
        text === ''
          ? 'None is set: whoever has a key or a grant for a server may do everything there.'
          : 'It is in force. `mcp-bridge policy check` says what it answers to whom.',
      ),
    ),
    isSettingsToo &&
      el(
        'p',
        {},
        words('BRIDGE_POLICY is set too, and counts alone for the servers that it names.'),
      ),
    text !== '' && textBlock('Policy in force', el('code', {}, text)),
    el(
      'form',
      { method: 'post', action: '/-/policy' },
      el('label', { for: 'p-text' }, 'Text of the policy'),
      el(
        'textarea',
        { id: 'p-text', name: 'text', spellcheck: 'false', rows: 10, 'aria-describedby': 'p-hint' },
        text,
      ),
      el(
        'p',
        { class: 'hint', id: 'p-hint' },
        'JSON. Empty: no policy. Sessions of people whom it shuts out end at once.',
      ),
      el('p', {}, el('button', { class: 'main' }, 'Set')),
    ),
  );

export const addKey = withForm('access', async (context, form) => {
  const name = form.get('name') ?? '';
  const days = form.get('days');
  const asked = {
    name,
    servers: listedNames(form.get('servers')),
    ...(days !== undefined && { days: Number(days) }),
  };
  const answer = await apiAnswer(await addClient({ ...context, request: asJson(context, asked) }));
  if (!answer.ok) return failedPage(context, answer.message, 'access');
  const { request, viewer } = context;
  return framed(request, {
    title: 'Access',
    viewer,
    page: 'access',
    body: [
      heading(`The key of ${name}`, 'It is shown this once.'),
      copyable(String(answer.value['key']), 'Key'),
      el(
        'p',
        {},
        words('The program sends it with each request, as `Authorization: Bearer <key>`.'),
      ),
      el('p', {}, el('a', { href: '/-/access' }, 'Back')),
    ],
  });
});

export const removeKey = withForm('access', async (context, form) => {
  const answer = await apiAnswer(await removeClient(context, form.get('name') ?? ''));
  return answer.ok ? redirectTo('/-/access') : failedPage(context, answer.message, 'access');
});

export const endGrant = withForm('access', async (context, form) => {
  const grant = form.get('grant');
  const { ports, viewer } = context;
  const whose = viewer.isOwner ? {} : { person: viewer.name };
  const asked =
    grant === undefined ? undefined : await askAccess(ports, 'end', { grant, ...whose });
  if (!asked) return failedPage(context, 'This grant could not be ended. Try again.', 'access');
  withdraw(ports, asked.answer.ended);
  return redirectTo('/-/access');
});

export const setPolicyHere = withForm(
  'access',
  async (context, form) => {
    const text = form.get('text')?.trim() ?? '';
    const answer = await apiAnswer(
      text === ''
        ? await removePolicy(context)
        : await setPolicy({ ...context, request: asJson(context, { text }) }),
    );
    return answer.ok ? redirectTo('/-/access') : failedPage(context, answer.message, 'access');
  },
  POLICY_FORM_BYTES,
);
