// Servers at a URL for tests: the reference server over both transports, one of both eras, and a server of another bridge; and a bridge
// that serves them.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { hashCredential } from '../../runner/credential.ts';
import { spawnBound } from '../../runner/dev/bound-child.ts';
import { freePort } from '../../runner/dev/free-port.ts';
import { startBridge, type Bridge } from './harness.ts';
import type { OfficialClient, OfficialClientKind } from './official-clients.ts';
import { ownClient } from './own-client.ts';

const EVERYTHING = fileURLToPath(
  new URL(
    '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js',
    import.meta.url,
  ),
);
const DUAL = fileURLToPath(new URL('../conformance/servers/dual-over-http.mjs', import.meta.url));
const ECHO = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));
/** Of the other bridge. */
export const KEY = `mcpc_${'k'.repeat(43)}`;

export interface Running {
  readonly port: number;
  kill(): Promise<void>;
}

/** Runs a program of Node that serves HTTP, and waits for what it prints when it does. */
async function run(args: readonly string[], listens: RegExp, port: number): Promise<Running> {
  const child = spawnBound(process.execPath, [...args], {
    cwd: process.cwd(),
    env: { ...process.env, PORT: String(port) },
  });
  child.control.resume();
  const found = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      const match = listens.exec(line);
      if (match) found.resolve(match[1] ?? '');
    });
  const said = await found.promise;
  const kill = async (): Promise<void> => {
    if (child.process.exitCode !== null || child.process.signalCode !== null) return;
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
  };
  return { port: Number(said) || port, kill };
}

export const everything = async (mode: 'streamableHttp' | 'sse', port: number): Promise<Running> =>
  run([EVERYTHING, mode], /(?:listening|running) on port (\d+)/u, port);

/** The fixture of both eras over Streamable HTTP. */
export const dualOverHttp = (): Promise<Running> => run([DUAL], /127\.0\.0\.1:(\d+)/u, 0);

export interface HttpServers {
  readonly bridge: Bridge;
  /** The reference server over Streamable HTTP. */
  streamable: Running;
  stop(): Promise<void>;
}

export async function startHttpServers(): Promise<HttpServers> {
  const [streamable, sse] = await Promise.all([
    freePort().then((port) => everything('streamableHttp', port)),
    freePort().then((port) => everything('sse', port)),
  ]);
  const dual = await dualOverHttp();
  const other = await startBridge({
    servers: { echo: { command: process.execPath, args: [ECHO] } },
    settings: {
      BRIDGE_CLIENT_AUTH: 'keys',
      BRIDGE_CLIENTS: JSON.stringify({ runner: { key: hashCredential(KEY), servers: ['*'] } }),
    },
  });
  const headers = { Authorization: 'Bearer ${OTHER_KEY}' };
  const bridge = await startBridge({
    environment: { OTHER_KEY: KEY },
    servers: {
      streamable: { type: 'http', url: `http://127.0.0.1:${streamable.port}/mcp` },
      sse: { type: 'sse', url: `http://127.0.0.1:${sse.port}/sse` },
      found: { url: `http://127.0.0.1:${sse.port}/sse` },
      dual: { url: `http://127.0.0.1:${dual.port}/mcp` },
      other: { url: String(other.mcpUrl('echo')), headers },
      'other-sse': { type: 'sse', url: String(other.sseUrl('echo')), headers },
      stranger: { url: String(other.mcpUrl('echo')) },
    },
  });
  const servers: HttpServers = {
    bridge,
    streamable,
    stop: async () => {
      await bridge.stop();
      await other.stop();
      for (const each of [servers.streamable, sse, dual]) await each.kill();
    },
  };
  return servers;
}

/** A client of its own for one test. */
export const connectTo = (
  { bridge }: HttpServers,
  kind: OfficialClientKind,
  server: string,
): Promise<OfficialClient> => ownClient(bridge, kind, server, { roots: ['file:///first/root'] });
