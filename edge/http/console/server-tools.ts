// The tools of one server on its page, with what changed since somebody looked before.
import { el, type ViewElement } from './element.ts';
import { ago, badge, empty, panel } from './parts.ts';
import type { ToolShape } from './tool-form.ts';
import { listTools } from './tools.ts';
import { ESTIMATE, tokenText, toolTokens } from '../../../shared/mcp/tool-size.ts';
import type { SeenChange, ToolChange } from '../../core/seen-tools.ts';

const KINDS: Readonly<Record<ToolChange['kind'], string>> = {
  new: 'new',
  gone: 'gone',
  description: 'another description',
  schema: 'another schema',
};

export async function serverTools(
  context: Parameters<typeof listTools>[0],
  server: string,
): Promise<ViewElement> {
  const listed = await listTools(context, server);
  const now = Date.now();
  return panel(
    'tools',
    `Tools of ${server}`,
    ...(listed.ok
      ? [listed.change && changeView(listed.change, now), toolTable(server, listed.tools)]
      : [el('p', { class: 'message bad', role: 'alert' }, listed.message)]),
  );
}

const changeView = ({ at, changes }: SeenChange, now: number): ViewElement =>
  el(
    'div',
    { class: 'message changed', role: 'status' },
    el('p', {}, 'Other than when somebody looked before, noticed ', ago(at, now), ':'),
    el(
      'ul',
      {},
      ...changes.map(({ tool, kind, before, after }) =>
        el(
          'li',
          {},
          tool,
          ' ',
          badge('warn', KINDS[kind]),
          before !== undefined && el('p', { class: 'hint' }, 'Before: ', before),
          after !== undefined && el('p', { class: 'hint' }, 'Now: ', after),
        ),
      ),
    ),
  );

const toolTable = (server: string, tools: readonly ToolShape[]): ViewElement =>
  tools.length === 0
    ? empty('It has no tools.')
    : el(
        'div',
        {},
        el('p', { class: 'hint' }, sumText(tools)),
        ...tools.map((tool) => {
          const { name, description = '' } = tool;
          return el(
            'div',
            { class: 'tool' },
            el('strong', {}, name),
            ' ',
            el('span', { class: 'hint' }, `about ${tokenText(toolTokens(tool))} tokens`),
            ' ',
            el(
              'a',
              {
                href: `/-/try?server=${server}&tool=${encodeURIComponent(name)}`,
                'aria-label': `Try ${name}`,
              },
              'Try',
            ),
            el('p', { class: 'hint' }, description),
          );
        }),
      );

/** What they take of a model's context together. */
function sumText(tools: readonly ToolShape[]): string {
  const sum = tools.reduce((tokens, tool) => tokens + toolTokens(tool), 0);
  return `${tools.length} tools, about ${tokenText(sum)} tokens (${ESTIMATE}).`;
}
