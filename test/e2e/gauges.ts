// What a running bridge holds, read from outside: sessions from the pages of edge and runner; sockets, files and memory from
// the kernel (/proc).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

import { hashCredential } from '../../runner/credential.ts';
import type { Bridge } from './harness.ts';

export const METRICS_KEY = 'metrics-key-of-at-least-32-characters';

/** Opens the edge's /metrics to {@link edgeSessions}. */
export const METRICS_SETTINGS = { BRIDGE_METRICS_KEY: hashCredential(METRICS_KEY) };

/** A page that a stopped program holds back is not waited for. */
const PAGE_MS = 2_000;

/** Sessions at the edge, or undefined when it does not answer. */
export async function edgeSessions(bridge: Bridge): Promise<number | undefined> {
  const headers = { authorization: `Bearer ${METRICS_KEY}` };
  const text = await pageOf(`${bridge.url}/metrics`, headers);
  return text === undefined ? undefined : sumOf(text, 'mcp_bridge_edge_sessions ');
}

/** Spares that the edge can hand out, or undefined when it does not answer. */
export async function edgeSpares(bridge: Bridge): Promise<number | undefined> {
  const headers = { authorization: `Bearer ${METRICS_KEY}` };
  const text = await pageOf(`${bridge.url}/metrics`, headers);
  return text === undefined ? undefined : sumOf(text, 'mcp_bridge_edge_runner_spares{');
}

/** Sessions on the runner in any state, or undefined when it does not answer. */
export async function runnerSessions(bridge: Bridge): Promise<number | undefined> {
  const text = await pageOf(`${bridge.statusUrl}/metrics`);
  return text === undefined ? undefined : sumOf(text, 'mcp_bridge_sessions{');
}

/** Sockets of a program that are connected to a port of this machine. */
export function socketsTo(pid: number | undefined, port: number): number {
  const own = new Set(filesOf(pid).map((file) => /^socket:\[(\d+)\]$/u.exec(file)?.[1]));
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, 'latin1').split('\n'))
    .map((line) => line.trim().split(/\s+/u))
    .filter(([, , remote = '', state, ...rest]) => {
      return state === ESTABLISHED && remote.endsWith(`:${wanted}`) && own.has(rest[5]);
    }).length;
}

/** Open file descriptors of a program; 0 when it is gone. */
export const openFiles = (pid: number | undefined): number => filesOf(pid).length;

/** Memory a program has in RAM, in bytes; 0 when it is gone. */
export function residentBytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** As /proc/net/tcp spells it. */
const ESTABLISHED = '01';

function filesOf(pid: number | undefined): string[] {
  const folder = `/proc/${pid}/fd`;
  const files: string[] = [];
  try {
    for (const name of readdirSync(folder)) files.push(linkOf(`${folder}/${name}`));
  } catch {
    // The program is gone.
  }
  return files;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since the folder was read.
    return '';
  }
}

async function pageOf(url: string, headers = {}): Promise<string | undefined> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(PAGE_MS) });
    const text = await response.text();
    return response.ok ? text : undefined;
  } catch {
    return undefined;
  }
}

/** What edge and runner say, as Prometheus would read it. */
export async function metricsPages(
  bridge: Bridge,
): Promise<{ readonly edge: string; readonly runner: string }> {
  const headers = { authorization: `Bearer ${METRICS_KEY}` };
  const edge = await pageOf(`${bridge.url}/metrics`, headers);
  const runner = await pageOf(`${bridge.statusUrl}/metrics`);
  if (edge === undefined || runner === undefined) throw new Error('A page was not answered.');
  return { edge, runner };
}

/** The sum of the samples whose lines begin so. */
export function sumOf(text: string, prefix: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(prefix));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
