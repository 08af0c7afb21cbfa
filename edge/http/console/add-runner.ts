// How another machine becomes a runner: a form that makes a code, and the lines to run there.
import { el, type ViewElement } from './element.ts';
import { copyable, field, words } from './parts.ts';

export const addRunnerPart = (): ViewElement =>
  el(
    'section',
    { class: 'panel', 'aria-labelledby': 'add' },
    el('h2', { id: 'add' }, 'Add a runner'),
    el(
      'p',
      {},
      words(
        'A code lets one machine join within ten minutes. In a terminal: `mcp-bridge runner add <name>`.',
      ),
    ),
    el(
      'form',
      { method: 'post', action: '/-/runners', class: 'filter' },
      field('Name', {
        id: 'r-name',
        name: 'name',
        required: true,
        maxlength: 64,
        pattern: '[A-Za-z0-9][A-Za-z0-9._\\-]*',
        placeholder: 'vm1',
        autocomplete: 'off',
      }),
      field('Servers it may offer', {
        id: 'r-servers',
        name: 'servers',
        value: '*',
        autocomplete: 'off',
      }),
      el('button', { class: 'main' }, 'Make a code'),
    ),
  );

/** The lines for a machine that was invited. */
export function joinLines(edge: string, name: string, code: string): ViewElement {
  const join = `npx mcp-edge-bridge join ${edge} ${code}`;
  return el(
    'section',
    { class: 'panel', 'aria-labelledby': 'join' },
    el('h2', { id: 'join' }, `Let ${name} join`),
    el('p', {}, 'Run one of these on that machine, within ten minutes. The code counts once.'),
    el('h3', {}, 'npx'),
    copyable(`${join}\nnpx mcp-edge-bridge run --config mcp.json`, 'Join with npx'),
    el('h3', {}, 'As a service of systemd'),
    copyable(
      `${join}\nsudo npx mcp-edge-bridge service install --config mcp.json`,
      'Join as a service',
    ),
    el('h3', {}, 'Docker'),
    copyable(
      `docker run -d --restart unless-stopped -v mcp-bridge:/home/node -v ./mcp.json:/etc/mcp-bridge/mcp.json:ro \\\n  mcp-edge-bridge join ${edge} ${code}`,
      'Join with Docker',
    ),
  );
}
