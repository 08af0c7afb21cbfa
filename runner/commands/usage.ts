// Problems with how a command was called.
import type { Problem } from '../../shared/problem.ts';

/** `what` completes the command's name. */
export const usageProblem = (command: string, what: string): Problem => ({
  what: `mcp-bridge ${command}: ${what}`,
  fix: `See: mcp-bridge help ${command}`,
});

/** What is wrong, by the error of node:util's parseArgs. The rest of its message explains positional arguments. */
export const mistakeIn = ({ message }: Error): string =>
  (message.split(/\.\s|\n/u)[0] ?? message).replace(/\.$/u, '');
