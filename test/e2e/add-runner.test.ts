// What the console says to type on a machine that is to be a runner, typed there: each way must end with a runner that is linked.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';

import { hashCredential, mintOwnerKey } from '../../runner/credential.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { startTestEdge, type TestEdge } from './edges.ts';
import { temporaryFolder } from './journal.ts';
import { fixture } from './raw-session.ts';
import { install, typed } from './typed-commands.ts';

const OWNER_KEY = mintOwnerKey();
const state = temporaryFolder();

/** A runner says it. */
const LINKED = 'linked to the edge';

let edge: TestEdge;

beforeAll(async () => {
  const port = await freePort();
  edge = await startTestEdge({
    port,
    storage: join(state.folder, 'edge'),
    settings: {
      BRIDGE_SECRET: 'e2e-secret-of-at-least-32-characters',
      BRIDGE_URL: `http://127.0.0.1:${port}`,
      BRIDGE_OWNER: hashCredential(OWNER_KEY),
    },
    log: () => undefined,
  });
});

afterAll(async () => {
  await edge.stop();
  state.remove();
});

/** In place of npx, and of Docker with the image of runner/Dockerfile: `home` is the volume. What they are not asked here, they refuse. */
const STAND_INS = {
  npx: `[ "$1" = mcp-edge-bridge ] || exit 64; shift; exec mcp-bridge "$@"`,
  docker: `
[ "$1" = run ] || exit 64
shift
while [ "$1" != mcp-bridge-runner ]; do
  case "$1 $2" in
    --rm\\ * | -d\\ * | --no-healthcheck\\ *) shift ;;
    --name\\ * | --restart\\ * | --stop-timeout\\ * | '-v mcp-bridge:/home/node') shift 2 ;;
    '-v '/*:/etc/mcp-bridge/mcp.json:ro) config=\${2#-v }; config=\${config%%:*}; shift 2 ;;
    *) exit 64 ;;
  esac
done
shift
for word; do
  shift
  [ "$word" = /etc/mcp-bridge/mcp.json ] && word=$config
  set -- "$@" "$word"
done
cd home && exec mcp-bridge "$@"`,
};

let folder: string;
let config: string;

beforeEach(() => {
  const machine = temporaryFolder();
  onTestFinished(machine.remove);
  ({ folder } = machine);
  install(folder, STAND_INS);
  mkdirSync(join(folder, 'home'));
  config = join(folder, 'mcp.json');
  const mcpServers = { files: { command: process.execPath, args: [fixture('echo')] } };
  writeFileSync(config, JSON.stringify({ mcpServers }));
});

/** What the page says for a machine of this name: the text of each of its boxes, by their titles. */
async function invited(name: string): Promise<Readonly<Record<string, string>>> {
  const post = (path: string, fields: Record<string, string>, Cookie = '') =>
    fetch(`${edge.url}/-/${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { Origin: edge.url, Cookie, Accept: 'text/html' },
      body: new URLSearchParams(fields),
    });
  const [cookie = ''] = (await post('sign-in', { key: OWNER_KEY })).headers.getSetCookie();
  const page = await post('runners', { name, servers: 'files' }, cookie.split(';')[0]);
  const boxes = (await page.text()).matchAll(
    /<pre [^>]*aria-label="([^"]*)"><code>([^<]*)<\/code>/gu,
  );
  return Object.fromEntries(
    [...boxes].map(([, title = '', text = '']) => [
      title,
      text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'),
    ]),
  );
}

/** The commands of a box: one that ends with a backslash goes on in the next line. */
const commandsOf = (text = ''): string[] => text.split(/(?<!\\)\n/u);

/** Types them one after the other; the last serves until it is linked. What it said. */
async function served(commands: readonly string[]): Promise<string> {
  expect(commands).toHaveLength(2);
  let said = '';
  for (const [at, command] of commands.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as a person types them
    const { code, output } = await typed(command, folder, at === 0 ? undefined : LINKED);
    expect(code, `${command}\n${output}`).toBe(0);
    said = output;
  }
  return said;
}

test('[F-651] the lines for npx make a runner', async () => {
  const { 'Join with npx': lines } = await invited('vm1');
  expect(await served(commandsOf(lines))).toContain(LINKED);
});

test('[F-651] the lines for Docker make a runner, in a container that is started again as often as need be', async () => {
  const { 'Join with Docker': lines } = await invited('vm2');
  expect(await served(commandsOf(lines))).toContain(LINKED);
  const dockerfile = readFileSync(join(import.meta.dirname, '../../runner/Dockerfile'), 'utf8');
  expect(dockerfile).toContain('docker build -f runner/Dockerfile -t mcp-bridge-runner .');
});

test('[F-651] the lines for a service make one, once the config names the edge', async () => {
  const boxes = await invited('vm3');
  const [installed, join = '', ...more] = commandsOf(boxes['Join for a service']);
  // test/e2e/package.test.ts does it.
  expect([installed, more]).toEqual(['npm install -g mcp-edge-bridge', []]);
  const joined = await typed(join, folder);
  const block = /^"bridge": (\{.*\})$/mu.exec(joined.output)?.[1] ?? '';
  const file = JSON.parse(readFileSync(config, 'utf8')) as object;
  writeFileSync(config, JSON.stringify({ ...file, bridge: JSON.parse(block) as object }));
  const [service = ''] = commandsOf(boxes['Install the service']);
  const printed = await typed(`env SUDO_USER=nobody ${service} --print`, folder);
  expect(printed).toEqual({
    code: 0,
    output: expect.stringContaining(`"run" "--config" "${config}"`) as string,
  });
});
