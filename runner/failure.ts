// A fault of the program itself, as the log shows it: what was thrown, and where.
import type { LogFields } from './log.ts';

/** Enough to find the place; the rest of a stack is the way there. */
const MAX_FRAMES = 6;

/** Fields for the log. `at` holds the stack's frames, which are places in this program and never what a peer sent. */
export function failureFields(error: unknown): LogFields {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => /^ {4}at \S/u.test(line));
  return { error, at: frames.slice(0, MAX_FRAMES).map((frame) => frame.trim()) };
}
