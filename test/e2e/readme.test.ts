// The commands of README.md, in its order, as a person types them: from an edge with an owner to a runner that serves and a policy.
// Which of them are run elsewhere, or cannot be run, test/readme-commands.ts says; nothing is left over.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { freePort } from '../../runner/dev/free-port.ts';
import { README, RUN_HERE } from '../readme-commands.ts';
import { startTestEdge } from './edges.ts';
import { temporaryFolder } from './journal.ts';
import { install, typed } from './typed-commands.ts';

const echo = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));

test('[F-665] every command of README.md that needs nothing but this machine does what it says', async () => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  install(folder);
  const port = await freePort();
  const edge = `http://127.0.0.1:${port}`;
  const config = join(folder, 'mcp.json');
  const policy = /^```json\n(\{\n {2}"github"[^]*?)^```/mu.exec(README)?.[1] ?? '';
  writeFileSync(join(folder, 'policy.json'), policy);
  let code = '';
  const asTyped = (command: string): string =>
    command
      .replace(/^npm run --silent mcp-bridge -- /u, 'mcp-bridge ')
      .replaceAll('https://<edge>', edge)
      .replaceAll('enr_…', code)
      .replaceAll('/etc/mcp-bridge/mcp.json', config);
  const ended: string[] = [];
  for (const command of RUN_HERE) {
    const serves = / run --config /u.test(command);
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as a person types them
    const { code: exit, output } = await typed(
      asTyped(command),
      folder,
      serves ? 'linked to the edge' : undefined,
    );
    expect(exit, `${command}\n${output}`).toBe(0);
    ended.push(command);
    const [hash] = /sha256:[0-9a-f]{64}/u.exec(output) ?? [];
    if (command.includes('--out owner-key')) {
      // oxlint-disable-next-line no-await-in-loop -- the edge of all that follow
      const own = await startTestEdge({
        port,
        storage: join(folder, 'edge'),
        settings: {
          BRIDGE_SECRET: 'e2e-secret-of-at-least-32-characters',
          BRIDGE_URL: edge,
          BRIDGE_OWNER: hash ?? '',
        },
        log: () => undefined,
      });
      onTestFinished(() => own.stop());
    }
    code = /\benr_\S+/u.exec(output)?.[0] ?? code;
    const block = /^"bridge": (\{.*\})$/mu.exec(output)?.[1];
    if (block === undefined) continue;
    const mcpServers = { files: { command: process.execPath, args: [echo] } };
    writeFileSync(config, JSON.stringify({ mcpServers, bridge: JSON.parse(block) as object }));
  }
  expect(ended).toEqual(RUN_HERE);
  expect(readFileSync(config, 'utf8')).toContain('vm1');
});
