// The page of an edge that can have no console says why, and what gives it one.
import { describe, expect, test } from 'vitest';

import { PlayedEdge } from '../modern-client.ts';
import { hashCredential } from '../../../../runner/credential.ts';

const OWNER = hashCredential('owner-key-of-the-tests-with-enough-characters');
const ISSUERS = JSON.stringify([
  { issuer: 'https://id.example', allow: [{ everyone: true, servers: ['*'] }] },
]);

/** The page as a terminal gets it, at an edge with these settings beside those that every edge has. */
async function pageAt(settings: Record<string, string>, origin: string): Promise<string> {
  const edge = new PlayedEdge({
    BRIDGE_CLIENT_AUTH: 'keys',
    BRIDGE_HOSTS: 'edge.example,127.0.0.1:8787',
    ...settings,
  });
  const answer = await edge.send({}, `${origin}/-/`);
  expect(answer.status).toBe(404);
  const text = await answer.text();
  expect(text).toContain('There is no console here');
  return text;
}

describe('[F-932] without an owner who could sign in', () => {
  test.each([
    [
      { BRIDGE_CLIENT_AUTH: 'none' },
      'BRIDGE_CLIENT_AUTH is "none"',
      'Leave out BRIDGE_CLIENT_AUTH',
    ],
    [
      { BRIDGE_CLIENT_AUTH: 'none', BRIDGE_OWNER: OWNER, BRIDGE_URL: 'https://edge.example' },
      'BRIDGE_CLIENT_AUTH is "none"',
      'Leave out BRIDGE_CLIENT_AUTH',
    ],
    [{ BRIDGE_OWNER: OWNER }, 'BRIDGE_OWNER is set but BRIDGE_URL is not', 'Set BRIDGE_URL to'],
    [
      { BRIDGE_OWNER: 'my key', BRIDGE_URL: 'https://edge.example' },
      'BRIDGE_OWNER is not one or two digests',
      'mcp-bridge credential owner',
    ],
    [
      { BRIDGE_OWNER: OWNER, BRIDGE_URL: 'https://edge.example', BRIDGE_SECRET: '' },
      'BRIDGE_SECRET',
      'BRIDGE_SECRET',
    ],
    [
      { BRIDGE_ISSUERS: ISSUERS, BRIDGE_URL: 'https://edge.example' },
      'only tokens of other issuers count',
      'set BRIDGE_OWNER to',
    ],
    [{}, 'This edge has no owner', 'set BRIDGE_OWNER to the hash that it prints and BRIDGE_URL'],
  ])('with %o it says so', async (settings, what, fix) => {
    const text = await pageAt(settings, 'https://edge.example');
    expect(text).toContain(what);
    expect(text).toContain(fix);
    expect(text.includes('This edge has no owner')).toBe(what === 'This edge has no owner');
    expect(text).not.toContain('--no-key');
  });

  test('on the machine itself, where it was started so by a command, it names that', async () => {
    const text = await pageAt({ BRIDGE_CLIENT_AUTH: 'none' }, 'http://127.0.0.1:8787');
    expect(text).toContain('start it without --no-key');
  });
});
