// An edge whose internet a test plays, on Node or in workerd: it reads documents of apps at addresses that the test knows.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { vi } from 'vitest';

import { EDGE_COMPATIBILITY_DATE } from '../../runner/dev/workerd-config.ts';
import { startNodeEdge } from '../../runner/dev/node-edge.ts';
import { createLog } from '../../runner/log.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { EDGE_HOST, startTestEdge } from './edges.ts';

/** What there is at an address: JSON, fresh for five minutes; undefined: nothing. */
export type Internet = (url: string) => object | undefined;

export interface InternetEdgeOptions {
  readonly port: number;
  /** A folder for this edge alone. */
  readonly storage: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly internet: Internet;
  /** Takes what it prints. */
  log(line: string): void;
}

const CACHE_CONTROL = 'max-age=300';

/** Starts it, and waits until it listens; ends it. */
export const startInternetEdge = (options: InternetEdgeOptions): Promise<() => Promise<void>> =>
  EDGE_HOST === 'node' ? startOnNode(options) : startInWorkerd(options);

async function startOnNode({ internet, log, ...options }: InternetEdgeOptions) {
  const edge = await startNodeEdge({
    ...options,
    host: '127.0.0.1',
    log: createLog({ level: 'info', write: log }),
    outside: async (url) => {
      const document = internet(url);
      return document && { text: JSON.stringify(document), cacheControl: CACHE_CONTROL };
    },
  });
  return () => edge.stop();
}

/** The same worker and config as always, but for the way out: it leads to the test. */
async function startInWorkerd(options: InternetEdgeOptions) {
  const { internet, log, ...edgeOptions } = options;
  const played = createServer(({ url = '' }, answer) => {
    const document = internet(decodeURIComponent(url.slice(1)));
    answer.writeHead(document ? 200 : 404, { 'Cache-Control': CACHE_CONTROL });
    answer.end(document && JSON.stringify(document));
  });
  played.listen(0, '127.0.0.1');
  await once(played, 'listening');
  const usual = await startTestEdge({ ...edgeOptions, log });
  const [command = '', ...args] = readFileSync(`/proc/${usual.pid}/cmdline`, 'utf8')
    .split('\0')
    .filter((word) => word !== '' && !word.startsWith('--control-fd'));
  await usual.stop();
  leadOutTo(join(options.storage, 'config.capnp'), (played.address() as AddressInfo).port);
  const edge = spawn(command, args, {
    cwd: options.storage,
    env: { ...options.settings, PWD: options.storage, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [edge.stdout, edge.stderr])
    createInterface({ input: stream }).on('line', log);
  const exited = once(edge, 'exit');
  await vi.waitUntil(() => isUp(options.port), PATIENCE);
  return async (): Promise<void> => {
    edge.kill('SIGKILL');
    await exited;
    played.closeAllConnections();
    played.close();
  };
}

function leadOutTo(config: string, port: number): void {
  const text = readFileSync(config, 'utf8');
  // What a worker fetches goes to another one, which asks the test.
  const script = `export default { fetch: ({ url }, { test }) => test.fetch("http://test/" + encodeURIComponent(url)) };`;
  const services = `
    (name = "test", external = (address = "127.0.0.1:${port}", http = ())),
    (name = "played", worker = (
      modules = [(name = "played.js", esModule = ${JSON.stringify(script)})],
      compatibilityDate = "${EDGE_COMPATIBILITY_DATE}",
      bindings = [(name = "test", service = "test")],
    )),`;
  const led = text
    .replace('  bindings = [', '  globalOutbound = "played",\n  bindings = [')
    .replace('services = [', `services = [${services}`);
  writeFileSync(config, led);
}

const isUp = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
