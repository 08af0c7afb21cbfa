// The levels of `notifications/message` and their order.
import { LOG_LEVELS } from '../../shared/mcp/modern.ts';

export type LogLevel = (typeof LOG_LEVELS)[number];

export const isLogLevel = (value: unknown): value is LogLevel =>
  LOG_LEVELS.includes(value as LogLevel);

/** Whether a client that wants `wanted` and above gets a message of this level; never for an unknown level. */
export const isAtLeast = (level: unknown, wanted: LogLevel): boolean =>
  isLogLevel(level) && LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(wanted);

/** The level of two that lets more through. */
export const moreVerbose = (
  one: LogLevel | undefined,
  other: LogLevel | undefined,
): LogLevel | undefined =>
  one !== undefined && (other === undefined || isAtLeast(other, one)) ? one : other;
