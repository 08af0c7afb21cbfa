// How another machine becomes a runner: a form that makes a code, and the lines to run there.
import { el, type ViewElement } from './element.ts';
import { copyable, field, panel, words } from './parts.ts';

export const addRunnerPart = (): ViewElement =>
  panel(
    'add',
    'Add a runner',
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

/** The lines for a machine that was invited: each of them ends with a runner that serves its mcp.json. */
export function joinLines(edge: string, name: string, code: string): ViewElement {
  const join = `join ${edge} ${code}`;
  const as = `--edge ${edge} --runner ${name} --token-file mcp-bridge.runner-key`;
  return panel(
    'join',
    `Let ${name} join`,
    el(
      'p',
      {},
      words(
        'Choose one way, and type its lines on that machine within ten minutes, in the folder of its `mcp.json`. The code counts once.',
      ),
    ),
    el('h3', {}, 'npx'),
    copyable(
      [`npx mcp-edge-bridge ${join}`, `npx mcp-edge-bridge run --config mcp.json ${as}`].join('\n'),
      'Join with npx',
    ),
    el('h3', {}, 'As a service'),
    copyable(
      ['npm install -g mcp-edge-bridge', `mcp-bridge ${join}`].join('\n'),
      'Join for a service',
    ),
    el(
      'p',
      {},
      words(
        'Put the `"bridge"` that this prints into `mcp.json`, beside `"mcpServers"`: a service knows its edge from there.',
      ),
    ),
    copyable('mcp-bridge service install --config mcp.json', 'Install the service'),
    el('h3', {}, 'Docker'),
    el(
      'p',
      {},
      words(
        'Make the image in the repository: `docker build -f runner/Dockerfile -t mcp-bridge-runner .`',
      ),
    ),
    copyable(
      [
        `docker run --rm -v mcp-bridge:/home/node mcp-bridge-runner ${join}`,
        'docker run -d --name mcp-bridge --restart unless-stopped --stop-timeout 45 --no-healthcheck \\',
        '  -v mcp-bridge:/home/node -v "$PWD/mcp.json:/etc/mcp-bridge/mcp.json:ro" mcp-bridge-runner \\',
        `  run --config /etc/mcp-bridge/mcp.json ${as}`,
      ].join('\n'),
      'Join with Docker',
    ),
  );
}
