// Feeds stderr to the module under test as a pipe does.
import type { StderrLines } from '../../../runner/process/stderr-lines.ts';

/** The lines that `bytes`, read at `now`, pass on. */
export function feedStderr(stderr: StderrLines, bytes: Uint8Array, now: number): string[] {
  const lines: string[] = [];
  stderr.push(bytes);
  for (let text = stderr.next(now); text !== undefined; text = stderr.next(now)) lines.push(text);
  return lines;
}
