// A local edge that comes back: if workerd ends on its own, it is started again on the same port.
import { setTimeout as sleep } from 'node:timers/promises';

import { startLocalEdge, type LocalEdge, type LocalEdgeOptions } from './local-edge.ts';
import { dropMemoryFolder, memoryFolder } from './memory-folder.ts';

/** An edge that is kept running until it is stopped. */
export interface KeptEdge {
  readonly url: string;
  /** Ends the edge for good and waits for its end. */
  stop(): Promise<void>;
  /** Ends the edge for good, at once. */
  kill(): void;
}

/** The first restart is nearly at once: clients and the runner are waiting. */
const FIRST_WAIT_MS = 100;

/** An edge that cannot start does not spin, and one whose cause was removed is soon back. */
const LONGEST_WAIT_MS = 5_000;

/** An edge that ran this long was in order, and the waits start again after its end. */
const STEADY_MS = 30_000;

/** Starts an edge and keeps it. Rejects like `startLocalEdge` when the first start fails. */
export async function keepEdge(given: Omit<LocalEdgeOptions, 'memory'>): Promise<KeptEdge> {
  const stopping = new AbortController();
  // As long as this program: what a session stores outlives each workerd.
  const memory = memoryFolder();
  const drop = (): void => {
    if (memory !== undefined) dropMemoryFolder(memory);
  };
  const options = { ...given, memory };
  let edge: LocalEdge | undefined = await startLocalEdge(options).catch((error: unknown) => {
    drop();
    throw error;
  });
  const { url, port } = edge;
  const keeping = keep();
  return {
    url,
    async stop() {
      stopping.abort();
      await edge?.stop();
      // A restart that was under way has to end too.
      await keeping;
      drop();
    },
    kill() {
      stopping.abort();
      edge?.kill('SIGKILL');
      drop();
    },
  };

  async function keep(): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    let startedAt = performance.now();
    while (!stopping.signal.aborted) {
      if (edge !== undefined) {
        const { code, signal } = await edge.exited;
        edge = undefined;
        if (stopping.signal.aborted) return;
        options.log.warn('the edge ended and is started again', { code: `${code ?? signal}` });
        if (performance.now() - startedAt > STEADY_MS) waitMs = FIRST_WAIT_MS;
      }
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      edge = await restart();
      startedAt = performance.now();
    }
    await edge?.stop();
  }

  async function restart(): Promise<LocalEdge | undefined> {
    try {
      return await startLocalEdge({ ...options, port });
    } catch (error) {
      options.log.warn('the edge could not be started again', { error: String(error) });
      return undefined;
    }
  }
}
