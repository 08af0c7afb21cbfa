// Puts what workerd prints into the runner's log. A line of the edge's own log becomes a line of this one.
import type { LogFields } from '../log.ts';
import { isObject } from '../../shared/json-value.ts';

/** The levels at which what workerd prints is passed on. */
export interface EdgeLog {
  info(words: string, fields?: LogFields): void;
  warn(words: string, fields?: LogFields): void;
}

/** Logs a line of the edge's log; false if it is not one. */
export function tellEdgeLine(line: string, log: EdgeLog): boolean {
  const parsed = parse(line);
  if (!isObject(parsed)) return false;
  const { level, message, ...fields } = parsed;
  if (typeof level !== 'string' || typeof message !== 'string') return false;
  log[level === 'info' ? 'info' : 'warn'](`edge: ${message}`, fields);
  return true;
}

function parse(line: string): unknown {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
