// The figures of a soak, read every ten seconds: what grows shows here first.
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

import {
  edgeSessions,
  openFiles,
  residentBytes,
  runnerSessions,
  socketsTo,
} from '../e2e/gauges.ts';
import type { Bridge } from '../e2e/harness.ts';

/** One reading; undefined where a stopped or killed program did not answer. */
export interface Reading {
  readonly atS: number;
  readonly clients: number;
  readonly calls: number;
  readonly atEdge: number | undefined;
  readonly atRunner: number | undefined;
  readonly processes: number;
  /** Without the connections that the clients keep open: an edge lets those be idle for a minute and more. */
  readonly edgeFiles: number;
  readonly runnerFiles: number;
  readonly edgeMiB: number;
  readonly runnerMiB: number;
  readonly logKiB: number;
  readonly storageKiB: number;
}

const COLUMNS: readonly (readonly [name: string, key: keyof Reading])[] = [
  ['s', 'atS'],
  ['clients', 'clients'],
  ['calls', 'calls'],
  ['at edge', 'atEdge'],
  ['at runner', 'atRunner'],
  ['processes', 'processes'],
  ['edge fds', 'edgeFiles'],
  ['runner fds', 'runnerFiles'],
  ['edge MiB', 'edgeMiB'],
  ['runner MiB', 'runnerMiB'],
  ['log KiB', 'logKiB'],
  ['storage KiB', 'storageKiB'],
];

const WIDTH = 11;

export const tableHead = (): string => COLUMNS.map(([name]) => name.padStart(WIDTH)).join('');

export const tableRow = (reading: Reading): string =>
  COLUMNS.map(([, key]) => String(reading[key] ?? '-').padStart(WIDTH)).join('');

/** What only the load itself knows. */
export interface LoadFigures {
  readonly clients: number;
  readonly calls: number;
}

/** Reads all figures of a bridge. */
export class Watch {
  readonly #bridge: Bridge;
  readonly #startedAt = Date.now();
  #logLines = 0;
  #logBytes = 0;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  async read({ clients, calls }: LoadFigures): Promise<Reading> {
    const bridge = this.#bridge;
    const [atEdge, atRunner, processes] = await Promise.all([
      edgeSessions(bridge),
      runnerSessions(bridge),
      bridge.processesLeft(),
    ]);
    const { edge, runner } = bridge;
    return {
      atS: Math.round((Date.now() - this.#startedAt) / 1000),
      clients,
      calls,
      atEdge,
      atRunner,
      processes: processes.length,
      edgeFiles: openFiles(edge.pid) - socketsTo(process.pid, Number(new URL(bridge.url).port)),
      runnerFiles: openFiles(runner.pid),
      edgeMiB: Math.round(residentBytes(edge.pid) / 2 ** 20),
      runnerMiB: Math.round(residentBytes(runner.pid) / 2 ** 20),
      logKiB: Math.round(this.#logSize() / 1024),
      storageKiB: Math.round(this.#storageBytes() / 1024),
    };
  }

  #logSize(): number {
    const lines = this.#bridge.logs();
    for (; this.#logLines < lines.length; this.#logLines += 1) {
      this.#logBytes += (lines[this.#logLines]?.length ?? 0) + 1;
    }
    return this.#logBytes;
  }

  /** What the edge's storage takes on disk. The edge works in its folder. */
  #storageBytes(): number {
    try {
      return bytesBelow(readlinkSync(`/proc/${this.#bridge.edge.pid}/cwd`));
    } catch {
      // The edge is down at this moment.
      return 0;
    }
  }
}

function bytesBelow(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const { blocks } = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }) ?? {
      blocks: 0,
    };
    bytes += blocks * BLOCK_BYTES;
  }
  return bytes;
}

/** The unit of `st_blocks`, whatever the file system's own is (stat(2)). */
const BLOCK_BYTES = 512;
