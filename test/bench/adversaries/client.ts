// A client that misbehaves, one kind a run, as a program of its own so that its work is not the neighbour's:
//
//   node client.ts <kind> <MCP URL> <key>
//
// It goes on until it is told to end, in a few loops with a pause each: what is tried is the kind, not how fast two cores can send.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request, type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { META, MODERN_REVISION } from '../../../shared/mcp/modern.ts';
import { ECHO_COMMAND } from '../rivals.ts';
import { JSON_HEADERS } from '../sessions.ts';
import type { BadClient } from './kinds.ts';

const [kind = '', address = '', key = ''] = process.argv.slice(2);
const url = new URL(address);

/** Nothing is waited for longer. */
const PATIENCE_MS = 5_000;

const MIB = 1024 * 1024;

const keyed = { ...JSON_HEADERS, authorization: `Bearer ${key}` };

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const isOver = new AbortController();

function begin(method: string, headers: OutgoingHttpHeaders, path = url.pathname): ClientRequest {
  const { hostname, port } = url;
  const asked = request({ method, hostname, port, path, headers, agent: false });
  asked.on('error', () => undefined);
  return asked;
}

/** Resolves with undefined when the connection breaks or nothing comes in time. */
function exchange(
  method: string,
  headers: OutgoingHttpHeaders,
  body?: string,
  path?: string,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const asked = begin(method, headers, path);
    const giveUp = setTimeout(() => asked.destroy(), PATIENCE_MS);
    asked.on('close', () => {
      clearTimeout(giveUp);
      resolve(undefined);
    });
    asked.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', () => undefined);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    asked.end(body);
  });
}

const post = (message: object, headers: OutgoingHttpHeaders) =>
  exchange('POST', headers, JSON.stringify({ jsonrpc: '2.0', ...message }));

const initialize = {
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'adversary', version: '1.0.0' },
  },
};

const callOf = (id: number, name: string, args: object) => ({
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

/** Headers of an open session, or undefined when it did not open. */
async function open(): Promise<OutgoingHttpHeaders | undefined> {
  const opened = await post(initialize, keyed);
  const session = opened?.headers['mcp-session-id'];
  if (typeof session !== 'string') return undefined;
  const headers = { ...keyed, 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' };
  await post({ method: 'notifications/initialized' }, headers);
  return headers;
}

/** Starts a process as the runner would, greets it and ends it. */
async function startOneProcess(): Promise<void> {
  const [command = '', ...args] = ECHO_COMMAND;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const end = (): unknown => child.kill('SIGKILL');
  process.once('exit', end);
  const isGone = once(child, 'exit');
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...initialize })}\n`);
  await Promise.race([once(child.stdout, 'data'), isGone]);
  end();
  await isGone;
  process.off('exit', end);
}

/** A few loops beside each other, each resting after each turn. */
async function loops(count: number, restMs: number, turn: (n: number) => Promise<void>) {
  const loop = async (): Promise<void> => {
    for (let n = 1; !isOver.signal.aborted; n++) {
      await turn(n);
      await sleep(restMs);
    }
  };
  await Promise.all(Array.from({ length: count }, loop));
}

/** As {@link loops}, with a session that is opened anew when it is lost. */
async function inSessions(
  count: number,
  restMs: number,
  turn: (headers: OutgoingHttpHeaders, n: number) => Promise<number | undefined>,
): Promise<void> {
  const sessions = new Set<OutgoingHttpHeaders>();
  await loops(count, restMs, async (n) => {
    const free = [...sessions][0] ?? (await open());
    if (free === undefined) {
      await sleep(250);
      return;
    }
    sessions.delete(free);
    const status = await turn(free, n);
    if (status !== undefined && status < 400) sessions.add(free);
  });
}

const vices: Readonly<Record<BadClient | 'drives', () => Promise<void>>> = {
  /** A client that wants nothing but answers, of a process that may not give them. */
  drives: () =>
    inSessions(2, 20, async (headers, n) => {
      const padding = 'x'.repeat(n % 4 === 0 ? 256 * 1024 : 10);
      return (await post(callOf(n, 'echo', { text: padding }), headers))?.status;
    }),
  'opens-and-drops': () =>
    loops(4, 50, async () => {
      const headers = await open();
      if (headers) await exchange('DELETE', headers);
    }),
  /** The processes that the bridge starts for `opens-and-drops`, and nothing else: what the neighbour feels of these alone. */
  'starts-processes': () => loops(1, 50, startOneProcess),
  'leaves-in-initialize': () =>
    loops(4, 50, async () => {
      const asked = begin('POST', keyed);
      asked.end(JSON.stringify({ jsonrpc: '2.0', ...initialize }));
      await sleep(10);
      asked.destroy();
    }),
  'junk-bodies': () =>
    loops(2, 50, async () => void (await exchange('POST', keyed, '['.repeat(4 * MIB - 1)))),
  'many-tokens': () =>
    loops(2, 50, async () => {
      const params = `[${'{},'.repeat(1_300_000)}{}]`;
      await exchange('POST', keyed, `{"jsonrpc":"2.0","id":1,"method":"ping","params":${params}}`);
    }),
  'slow-bodies': () =>
    loops(40, 1_000, async () => {
      const asked = begin('POST', { ...keyed, 'content-length': 100_000 });
      for (let n = 0; n < 20 && !asked.destroyed && !isOver.signal.aborted; n++) {
        asked.write('{');
        await sleep(1_000);
      }
      asked.destroy();
    }),
  'reads-nothing': () =>
    loops(2, 2_000, async () => {
      const headers = await open();
      if (!headers) return;
      const asked = begin('POST', headers);
      asked.on('response', (response) => response.pause());
      const args = { n: 4_000, bytes: 8_192 };
      asked.end(JSON.stringify({ jsonrpc: '2.0', ...callOf(2, 'notify', args) }));
      await sleep(PATIENCE_MS);
      asked.destroy();
    }),
  'junk-keys': () =>
    loops(4, 10, async () => {
      await post(initialize, { ...keyed, authorization: `Bearer mcpc_${'x'.repeat(43)}` });
    }),
  'asks-for-health': () =>
    loops(4, 10, async () => void (await exchange('GET', {}, undefined, '/readyz'))),
  'blank-headers': () =>
    loops(2, 100, async (n) => {
      const { headers, message } = modernCall(n);
      const blanks = `e${' '.repeat(60 * 1024)}u`;
      await post(message, { ...headers, 'mcp-param-region': blanks });
    }),
  'useless-answers': () =>
    inSessions(2, 10, async (headers, n) => {
      const params = { requestId: n, reason: 'none' };
      await post({ method: 'notifications/cancelled', params }, headers);
      return (await post({ id: n, result: {} }, headers))?.status;
    }),
  'fills-in-flight': () =>
    inSessions(2, 500, async (headers) => {
      const calls = Array.from({ length: 80 }, (_, n) => callOf(n, 'slow', { ms: 1_500 }));
      const answers = await Promise.all(calls.map((call) => post(call, headers)));
      return answers[0]?.status;
    }),
  'large-posts': () =>
    inSessions(2, 100, async (headers, n) => {
      const args = { text: 'x'.repeat(3 * MIB) };
      return (await post(callOf(n, 'echo', args), headers))?.status;
    }),
  'stream-storm': () =>
    inSessions(4, 20, async (headers) => {
      const asked = begin('GET', { ...headers, accept: 'text/event-stream' });
      asked.end();
      await sleep(30);
      asked.destroy();
      return 200;
    }),
  'abandons-calls': () =>
    loops(4, 30, async (n) => {
      const { headers, message } = modernCall(n);
      const asked = begin('POST', headers);
      asked.end(JSON.stringify(message));
      await sleep(20);
      asked.destroy();
    }),
};

function modernCall(id: number): { headers: OutgoingHttpHeaders; message: object } {
  const _meta = {
    [META.protocolVersion]: MODERN_REVISION,
    [META.clientInfo]: { name: 'adversary', version: '1.0.0' },
    [META.clientCapabilities]: {},
  };
  const params = { name: 'slow', arguments: { ms: 1_000 }, _meta };
  return {
    headers: {
      ...keyed,
      'mcp-protocol-version': MODERN_REVISION,
      'mcp-method': 'tools/call',
      'mcp-name': 'slow',
    },
    message: { jsonrpc: '2.0', id, method: 'tools/call', params },
  };
}

function isKind(name: string): name is keyof typeof vices {
  return Object.hasOwn(vices, name);
}

if (!isKind(kind))
  throw new Error(`No such kind: ${kind}. One of ${Object.keys(vices).join(', ')}`);
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    isOver.abort();
    process.exit(0);
  });
await vices[kind]();
