// `mcp-bridge check` with servers at a URL: it greets them as it greets a process, and says what keeps them from being used.
import { expect, test } from 'vitest';
import { checkServer, type CheckGround } from '../../../runner/check/server.ts';
import { containmentOf } from '../process/systems.ts';
import { systemOf } from '../../../runner/process/this-system.ts';
import { accepted, beside, serverOf } from '../config/reading.ts';
import { initialized, playServer } from '../remote/played-remote.ts';

const TOKEN = 'sk-1234567890abcdef';

async function checked(url: string) {
  const config = await accepted(
    beside({ url, headers: { Authorization: 'Bearer ${TOKEN}' }, bridge: { startTimeout: 300 } }),
    { TOKEN },
  );
  const ground: CheckGround = {
    environment: {},
    containment: containmentOf(systemOf(process.platform)),
    token: undefined,
  };
  return checkServer(serverOf(config), ground);
}

test('[F-795] one that answers, and each that does not', async () => {
  const good = await playServer(initialized((_request, response) => response.writeHead(405).end()));
  expect(await checked(good.url)).toMatchObject({
    verdict: 'ok',
    what: expect.stringContaining('MCP 2025-11-25'),
  });
  expect(good.requests.at(-1)?.method).toBe('DELETE');
  await good.kill();
  const wants = await playServer((_request, response) => response.writeHead(401).end(TOKEN));
  const page = await playServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  );
  const silent = await playServer(() => undefined);
  const outcomes = [];
  for (const { url } of [good, wants, page, silent]) outcomes.push(await checked(url));
  expect(outcomes.map(({ verdict }) => verdict)).toEqual(['FAIL', 'FAIL', 'FAIL', 'FAIL']);
  expect(outcomes.map(({ what }) => what)).toEqual([
    expect.stringContaining('does not listen at its address (ECONNREFUSED)'),
    expect.stringContaining('asks for credentials (HTTP 401): give them in "headers"'),
    expect.stringContaining('answers with text/html'),
    'does not answer initialize within 300 ms',
  ]);
  expect(JSON.stringify(outcomes)).not.toContain(TOKEN);
});
