// A tool tried from the console: its schema as a form, its result as text, images and error. It is called as every client calls.
import { failedPage, withForm } from './actions.ts';
import { el, type ViewElement } from './element.ts';
import { framed } from './frame.ts';
import { askServer, type ServerAnswer } from './own-client.ts';
import { empty, heading, panel, words } from './parts.ts';
import type { ConsoleRequest } from './request.ts';
import { serversOf } from './own-servers.ts';
import { argumentFields, argumentsOf, type ToolShape } from './tool-form.ts';
import { resultView } from './tool-result.ts';
import { listTools } from './tools.ts';
import { urlOf } from '../request-url.ts';

/** Bytes of a form with the arguments of a call. */
const CALL_FORM_BYTES = 1024 * 1024;

export async function tryPage(context: ConsoleRequest): Promise<ViewElement[]> {
  const { request, ports } = context;
  const { searchParams } = urlOf(request);
  const servers = await serversOf(context, await ports.fleet.view());
  const server = servers.find((name) => name === searchParams.get('server'));
  const head = heading(
    'Try a tool',
    'It is called as every client calls it, in your name, and stands among the calls.',
  );
  if (server === undefined) return [head, serverChoice(servers)];
  const listed = await listTools(context, server);
  if (!listed.ok) return [head, serverChoice(servers, server), wrong(listed.message)];
  const tool = listed.tools.find(({ name }) => name === searchParams.get('tool'));
  return [
    head,
    serverChoice(servers, server),
    tool ? toolForm(server, tool, {}) : toolList(server, listed.tools),
  ];
}

const wrong = (message: string): ViewElement =>
  el('p', { class: 'message bad', role: 'alert' }, message);

const serverChoice = (servers: readonly string[], server?: string): ViewElement =>
  servers.length === 0
    ? empty('No runner offers a server yet.')
    : el(
        'ul',
        { class: 'choices', 'aria-label': 'Servers' },
        ...servers.map((name) =>
          el(
            'li',
            {},
            el(
              'a',
              {
                href: `/-/try?server=${name}`,
                'aria-current': name === server ? 'true' : undefined,
              },
              name,
            ),
          ),
        ),
      );

const toolList = (server: string, tools: readonly ToolShape[]): ViewElement =>
  tools.length === 0
    ? empty('It has no tools.')
    : el(
        'section',
        { 'aria-label': 'Tools' },
        ...tools.map(({ name, description = '' }) =>
          el(
            'div',
            { class: 'tool' },
            el(
              'a',
              { href: `/-/try?server=${server}&tool=${encodeURIComponent(name)}` },
              el('strong', {}, name),
            ),
            el('p', { class: 'hint' }, description),
          ),
        ),
      );

const toolForm = (
  server: string,
  tool: ToolShape,
  given: Readonly<Record<string, string>>,
): ViewElement =>
  panel(
    'tool',
    tool.name,
    tool.description !== undefined && el('p', {}, tool.description),
    el(
      'form',
      { method: 'post', action: '/-/try' },
      el('input', { type: 'hidden', name: 'server', value: server }),
      el('input', { type: 'hidden', name: 'tool', value: tool.name }),
      ...argumentFields(tool, given),
      el('p', {}, el('button', { class: 'main' }, 'Call')),
    ),
    el('p', {}, el('a', { href: `/-/try?server=${server}` }, `All tools of ${server}`)),
  );

export const tryTool = withForm(
  'try',
  async (context, form) => {
    const [server = '', name = ''] = [form.get('server'), form.get('tool')];
    const listed = await listTools(context, server);
    const tool = listed.ok ? listed.tools.find((tool) => tool.name === name) : undefined;
    if (!tool)
      return failedPage(
        context,
        listed.ok ? 'There is no such tool any more.' : listed.message,
        'try',
      );
    const given = argumentsOf(tool, form);
    const startedAt = Date.now();
    const answered: ServerAnswer = given.ok
      ? await askServer(
          context.callAs(context.viewer),
          server,
          'tools/call',
          { name, arguments: given.values },
          name,
        )
      : { ok: false, message: given.message };
    const { request, viewer } = context;
    return framed(request, {
      title: 'Try',
      viewer,
      page: 'try',
      body: [
        heading(`${server}: ${name}`),
        resultView(answered, Date.now() - startedAt),
        toolForm(server, tool, given.texts),
        el('p', { class: 'hint' }, words('The call stands under Calls, with its id.')),
      ],
    });
  },
  CALL_FORM_BYTES,
);
