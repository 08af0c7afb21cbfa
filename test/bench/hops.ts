// Where a call through this bridge spends its time: requests that turn back one hop further each.
import { quantile } from './figures.ts';
import { HttpConnection, type HttpAnswer } from './http-connection.ts';
import { perCall, type CpuPerCall } from './measures.ts';
import type { Plan } from './plan.ts';
import { cpuBetween, readCpu } from './process-accounts.ts';
import { HttpSession } from './sessions.ts';
import type { Target } from './targets.ts';

export interface Hop {
  readonly name: string;
  /** What it adds to the one before. */
  readonly adds: string;
  readonly requests: number;
  readonly p50Ms: number;
  readonly cpuUs: CpuPerCall;
}

interface Way {
  readonly name: string;
  readonly adds: string;
  /** What a request that took this way is answered with. */
  readonly status: number;
  ask(): Promise<HttpAnswer>;
}

/** Calls before the counted ones. */
const WARM_UP_SHARE = 0.5;

/** One request after another of each kind, on one connection each. Throws when one is answered otherwise than it must be. */
export async function measureHops(plan: Plan, target: Target): Promise<Hop[]> {
  const { ours } = target;
  if (ours === undefined) return [];
  const statusPage = new HttpConnection(ours.statusUrl);
  const session = new HttpSession(ours.url('echo'));
  const ended = new HttpSession(ours.url('echo'));
  try {
    await session.open();
    await ended.open();
    await ended.connection.exchange('DELETE', ended.path, ended.headers);
    const hops: Hop[] = [];
    for (const way of waysOf(session, ended, statusPage)) {
      await repeat(way, plan.hopMs * WARM_UP_SHARE);
      const before = readCpu(target);
      const sample = await repeat(way, plan.hopMs);
      const cpuUs = perCall(cpuBetween(before, readCpu(target)), sample.length);
      const { name, adds } = way;
      hops.push({ name, adds, requests: sample.length, p50Ms: quantile(sample, 0.5), cpuUs });
    }
    return hops;
  } finally {
    await session.close();
    ended.connection.close();
    statusPage.close();
  }
}

function waysOf(session: HttpSession, ended: HttpSession, statusPage: HttpConnection): Way[] {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text: 'a hop' } },
  });
  const post = (
    { connection, path }: HttpSession,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer> => {
    const length = { 'content-length': Buffer.byteLength(body) };
    return connection.exchange('POST', path, { ...headers, ...length }, body);
  };
  const forged = { ...session.headers, 'mcp-session-id': forge(session.headers) };
  return [
    {
      name: 'runner /livez',
      adds: 'Node http alone: client, loopback, a page',
      status: 200,
      ask: () => statusPage.exchange('GET', '/livez', {}),
    },
    {
      name: 'GET /healthz',
      adds: 'workerd and the worker instead of Node',
      status: 200,
      ask: () => session.connection.exchange('GET', '/healthz', {}),
    },
    {
      name: 'POST, forged session',
      adds: 'body read and scanned, signature checked',
      status: 404,
      ask: () => post(session, forged),
    },
    {
      name: 'POST, ended session',
      adds: 'the session actor, by RPC',
      status: 404,
      ask: () => post(ended, ended.headers),
    },
    {
      name: 'POST, notification',
      adds: 'the link to the runner and back, a line to stdin',
      status: 202,
      ask: () => session.notify('notifications/roots/list_changed'),
    },
    {
      name: 'POST, echo call',
      adds: 'the process, its line back',
      status: 200,
      ask: () => post(session, session.headers),
    },
  ];
}

/** A session id of the right form that was never signed. */
function forge(headers: Readonly<Record<string, string>>): string {
  const id = headers['mcp-session-id'] ?? '';
  const last = id.at(-1) === 'A' ? 'Q' : 'A';
  return id.slice(0, -2) + (id.at(-2) === 'A' ? 'B' : 'A') + last;
}

async function repeat({ name, status, ask }: Way, ms: number): Promise<number[]> {
  const sample: number[] = [];
  const until = performance.now() + ms;
  while (performance.now() < until) {
    const answer = await ask();
    if (answer.status !== status)
      throw new Error(`${name}: HTTP ${answer.status}, not ${status}. ${answer.text}`);
    sample.push(answer.ms);
  }
  return sample;
}
