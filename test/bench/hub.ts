// Another gateway that serves many servers as one, installed as the other bridges are: its first list, cold and warm, and its calls.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../../runner/dev/free-port.ts';
import type { StdioServer } from './ours.ts';
import { startProgram } from './program.ts';
import { LOOPBACK_ONLY, type Package } from './rivals.ts';
import type { ToolPages } from './sessions.ts';
import { SseSession } from './sse-session.ts';
import type { Target } from './targets.ts';

/** One process of each server for all its clients, which it starts when it starts. It speaks HTTP+SSE alone, up to 2025-06-18. */
export const HUB: Package = { name: 'mcp-hub', version: '4.2.1' };

/** What it puts before the name of a tool. */
export const HUB_BETWEEN = '__';

export interface Hub extends Target {
  /** A client of its own that asks until so many tools are listed, on a connection that stays. Throws when they never are. */
  openWhole(tools: number): Promise<{ readonly pages: ToolPages; close(): Promise<void> }>;
}

/** Members that have not started by then never will. */
const LISTED_MS = 30_000;

/** Between two lists of one that has not all its tools yet. */
const AGAIN_MS = 10;

/** Resolves once it listens: its servers start then. */
export async function startHub(
  modules: string,
  servers: Readonly<Record<string, StdioServer>>,
): Promise<Hub> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bridge-bench-'));
  const port = await freePort();
  const config = join(folder, 'servers.json');
  writeFileSync(config, JSON.stringify({ mcpServers: servers }));
  const args = [
    // It listens on all addresses and has no option against it.
    `--import=${LOOPBACK_ONLY}`,
    join(modules, HUB.name, 'dist/cli.js'),
    `--port=${port}`,
    `--config=${config}`,
  ];
  // Its logs and caches go below its home.
  const env = { HOME: folder, XDG_STATE_HOME: folder, XDG_DATA_HOME: folder };
  const { pid, stop } = await startProgram(HUB.name, process.execPath, args, {
    port,
    cwd: folder,
    env,
  });
  const url = new URL(`http://127.0.0.1:${port}/mcp`);
  return {
    groups: { hub: pid },
    ancestors: [pid],
    session: () => new SseSession(url),
    openWhole: async (tools) => {
      const until = performance.now() + LISTED_MS;
      const session = await openUntil(url, until);
      let pages = await session.listTools();
      while (pages.tools.length < tools && performance.now() < until) {
        await sleep(AGAIN_MS);
        pages = await session.listTools();
      }
      const { length } = pages.tools;
      if (length !== tools) throw new Error(`${HUB.name} lists ${length} tools of ${tools}`);
      return { pages, close: () => session.close() };
    },
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** It listens before it serves: until then it answers with an error. */
async function openUntil(url: URL, until: number): Promise<SseSession> {
  for (;;) {
    const session = new SseSession(url);
    try {
      await session.greet();
      return session;
    } catch (error) {
      await session.close();
      if (performance.now() > until) throw error;
      await sleep(AGAIN_MS);
    }
  }
}
