// A variable of the edge's settings: its text, and the digests of secrets in it.
import type { Problem } from '../shared/problem.ts';

export type Problems = Problem[];

export const DIGEST = /^sha256:[0-9a-f]{64}$/iu;
export const DIGEST_FORM = '"sha256:" and the 64 hex digits of the SHA-256 of the key';

/** A host that is this machine, with or without a port. */
export const LOOPBACK_HOST = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?$/u;

/** The digits of a digest. */
export const digestOf = (text: string): string => text.slice('sha256:'.length).toLowerCase();

/** A variable's text without surrounding white space (pasted values often end in a newline); undefined if unset or empty. */
export function variableText(
  env: Record<string, unknown>,
  problems: Problems,
  variable: string,
): string | undefined {
  const value = env[variable];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value.trim() || undefined;
  problems.push({
    what: `${variable} is not text`,
    fix: 'Set it as a plain variable or a secret.',
  });
  return '';
}
