// What a runner and its processes show of themselves from outside: counters, memory, life.
import { readFileSync, writeFileSync } from 'node:fs';

import { vi } from 'vitest';

import { statOf } from '../../runner/process/process-table.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import type { Bridge } from './harness.ts';

/** A loaded machine is slow to start and end a process. */
/** A sample of the runner's own /metrics; 0 when it is not there. */
export async function runnerMetric(bridge: Bridge, name: string): Promise<number> {
  const text = await (await fetch(`${bridge.statusUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Sessions the runner was ever asked to open and took. */
export const sessionsOpened = (bridge: Bridge): Promise<number> =>
  runnerMetric(bridge, 'mcp_bridge_sessions_opened_total');

/** The most memory a process had since its start or the last {@link resetPeak}, in bytes. */
export function peakBytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/mu.exec(status)?.[1]) * 1024;
}

export const isAlive = (pid: number): boolean => statOf(pid) !== undefined;

/** Waits until a process is gone. */
export const untilGone = (pid: number, options: object = {}): Promise<void> =>
  vi.waitFor(
    () => {
      if (isAlive(pid)) throw new Error(`Process ${pid} is still there.`);
    },
    { ...PATIENCE, ...options },
  );

/** Lets {@link peakBytes} count from now on. */
export function resetPeak(pid: number | undefined): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Bytes a process has written, to whatever. */
export function writtenBytes(pid: number): number {
  return Number(/^wchar: (\d+)$/mu.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}
