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

function toolTable(server: string, tools: readonly ToolShape[]): ViewElement {
  if (tools.length === 0) return empty('It has no tools.');
  const sizes = tools.map(toolTokens);
  const sum = sizes.reduce((tokens, size) => tokens + size, 0);
  return el(
    'div',
    {},
    el(
      'p',
      { class: 'hint' },
      `${tools.length} tools, about ${tokenText(sum)} tokens (${ESTIMATE}).`,
    ),
    ...tools.map(({ name, description = '' }, at) =>
      el(
        'div',
        { class: 'tool' },
        el('strong', {}, name),
        ' ',
        el('span', { class: 'hint' }, `about ${tokenText(sizes[at] ?? 0)} tokens`),
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
      ),
    ),
  );
}
