// Reads the address of an edge: an https origin, or http on this machine, where nobody can listen in between.
import type { Problem } from '../../shared/problem.ts';

/** An edge's origin without trailing slash, always http or https; or what is wrong. Never repeats a credential. */
export type EdgeUrl =
  | { readonly ok: true; readonly edge: string }
  | { readonly ok: false; readonly problem: Problem };

const SCHEMES: Readonly<Record<string, 'http:' | 'https:'>> = {
  'https:': 'https:',
  'wss:': 'https:',
  'http:': 'http:',
  'ws:': 'http:',
};

/** True for names and addresses that never leave this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.toLowerCase();
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/u.test(host)
  );
}

/** Reads an edge URL as people paste it: wss and https are the same edge. */
export function readEdgeUrl(text: string): EdgeUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url === undefined ? undefined : SCHEMES[url.protocol];
  if (url === undefined || scheme === undefined || url.hostname === '') {
    const fix = 'Give the edge as https://<host>, for example https://bridge.example.com.';
    return refused('is not an https URL', fix);
  }
  const origin = `${scheme}//${url.host}`;
  if (url.username !== '' || url.password !== '') {
    return refused(
      'holds a user name or password',
      `Give only ${origin}; the token comes from the token file.`,
    );
  }
  if (scheme === 'http:' && !isLoopbackHost(url.hostname)) {
    const what = `is not encrypted: the runner's token and every message could be read on the way`;
    return refused(what, `Give https://${url.host}; plain http is for this machine only.`);
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    return refused('has something after the host', `Give only the origin: ${origin}.`);
  }
  return { ok: true, edge: origin };
}

const refused = (what: string, fix: string): EdgeUrl => ({ ok: false, problem: { what, fix } });
