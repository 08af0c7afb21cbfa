// Parallel calls of real clients before real servers that keep state, on stdio and through the bridge: one state in both.
//
//     npm run field:state            a counter, and a browser where there is one (CHROMIUM, /usr/bin/chromium)
//
// Installs what it needs from npm, prints a line for each client and server, and exits with 1 when one of them differs.
import { fileURLToPath } from 'node:url';

import { CHROMIUM, noChromium } from '../fixtures/chromium.ts';
import { startBridge } from '../e2e/harness.ts';
import { aiSdk, mastra, onStdio, type Command, type FieldClient } from './clients.ts';
import { installPackages } from './packages.ts';

const CALLS = 5;
const TABS = 3;

interface Trial {
  readonly server: string;
  readonly command: Command;
  /** What of the state can be seen after parallel calls; the same on stdio and through the bridge. */
  see(client: FieldClient): Promise<string>;
}

const together = <T>(count: number, begin: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, begin));

const counter: Trial = {
  server: 'counter',
  command: {
    command: process.execPath,
    args: [fileURLToPath(new URL('counter.mjs', import.meta.url))],
  },
  async see(client) {
    const answers = await together(CALLS, () => client.call('inc'));
    const seen = answers.map((text) => JSON.parse(text) as { count: number; pid: number });
    const counts = seen.map(({ count }) => count).toSorted((a, b) => a - b);
    return `counts ${counts.join(' ')}, of ${new Set(seen.map(({ pid }) => pid)).size} process`;
  },
};

async function browser(chromium: string): Promise<Trial> {
  const name = '@playwright/mcp';
  const packages = await installPackages('playwright', { [name]: '0.0.83' });
  const flags = ['--headless', '--isolated', '--no-sandbox', '--executable-path', chromium];
  return {
    server: 'browser',
    command: {
      command: process.execPath,
      args: [packages.programOf(name), ...flags],
    },
    async see(client) {
      await together(TABS, () => client.call('browser_tabs', { action: 'new' }));
      const list = await client.call('browser_tabs', { action: 'list' });
      return `${list.match(/^\s*- \d+:/gmu)?.length ?? 0} tabs`;
    },
  };
}

async function seen(trial: Trial, begin: () => Promise<FieldClient>): Promise<string> {
  const client = await begin();
  try {
    const startedAt = performance.now();
    const what = await trial.see(client);
    const ms = Math.round(performance.now() - startedAt);
    console.log(`${trial.server}: ${client.name}: ${what} (${ms} ms)`);
    return what;
  } finally {
    await client.close();
  }
}

const trials = [counter, ...(noChromium === undefined ? [await browser(CHROMIUM)] : [])];
if (noChromium !== undefined) console.log(`browser: left out. ${noChromium}`);
const servers = Object.fromEntries(trials.map(({ server, command }) => [server, command]));
const bridge = await startBridge({ servers });
let differs = 0;
try {
  for (const trial of trials) {
    const expected = await seen(trial, () => onStdio(trial.command));
    for (const connect of [mastra, aiSdk]) {
      const got = await seen(trial, () => connect(bridge.mcpUrl(trial.server)));
      if (got !== expected) differs += 1;
    }
  }
} finally {
  await bridge.stop();
}
console.log(differs === 0 ? 'as on stdio' : `${differs} differ from stdio`);
process.exit(differs === 0 ? 0 : 1);
