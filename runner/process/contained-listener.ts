// The last guard around the handling of a process's output: an exception there ends that process, never the runner.
import type { ProcessListener } from './stdio-process.ts';

/**
 * A listener that hears everything until it throws, and after that the exit alone: what threw once is in no order
 * to hear more. `failed` is told once, and has the process ended.
 */
export function containedListener(
  listener: ProcessListener,
  failed: (error: unknown) => void,
): ProcessListener {
  let hasFailed = false;
  const contained = (say: () => void): void => {
    try {
      say();
    } catch (error) {
      if (!hasFailed) failed(error);
      hasFailed = true;
    }
  };
  const unlessFailed = (say: () => void): void => {
    if (!hasFailed) contained(say);
  };
  return {
    onLine: (bytes) => unlessFailed(() => listener.onLine(bytes)),
    onOverlong: (bytes) => unlessFailed(() => listener.onOverlong(bytes)),
    onStderr: (text) => unlessFailed(() => listener.onStderr(text)),
    onDrain: () => unlessFailed(() => listener.onDrain()),
    onExit: (facts) => contained(() => listener.onExit(facts)),
  };
}
