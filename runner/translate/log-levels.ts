// The levels of `notifications/message` and their order.
import { LOGGING_LEVELS } from '../../shared/mcp/modern.ts';

export type LoggingLevel = (typeof LOGGING_LEVELS)[number];

export const isLoggingLevel = (value: unknown): value is LoggingLevel =>
  LOGGING_LEVELS.includes(value as LoggingLevel);

/** Whether a client that wants `wanted` and above gets a message of this level; never for an unknown level. */
export const isAtLeast = (level: unknown, wanted: LoggingLevel): boolean =>
  isLoggingLevel(level) && LOGGING_LEVELS.indexOf(level) >= LOGGING_LEVELS.indexOf(wanted);

/** The level of two that lets more through. */
export const moreVerbose = (
  one: LoggingLevel | undefined,
  other: LoggingLevel | undefined,
): LoggingLevel | undefined =>
  one !== undefined && (other === undefined || isAtLeast(other, one)) ? one : other;
