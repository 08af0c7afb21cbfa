// A variable of the edge's settings: its text, and the digests of secrets in it.
import { keysByDepth } from '../shared/jsonrpc/members.ts';
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

/** No setting is deeper. */
const DEPTH = 16;

/** Schemas leave these out without a word. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Why some of what a JSON text says would be lost where its members become those of an object; undefined if nothing is. */
export function lossIn(json: string): string | undefined {
  for (const { keys, depth } of keysByDepth(new TextEncoder().encode(json))) {
    if (depth > DEPTH) return 'is nested deeper than any setting';
    const known = new Set(keys);
    if (known.size < keys.length)
      return 'has a key twice in one object, of which one would be lost';
    if (!known.isDisjointFrom(RESERVED))
      return `has one of the keys ${[...RESERVED].join(', ')}, which cannot be used`;
  }
  return undefined;
}
