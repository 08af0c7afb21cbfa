// What a client's credential costs of a call, and what the record does: this bridge with each beside the same without, turn by turn.
import { createHash, randomBytes } from 'node:crypto';

import { hashCredential, mintClientKey, mintOwnerKey } from '../../runner/credential.ts';
import { Browser } from '../fixtures/browser.ts';
import { measurePair, type Pair } from './pairs.ts';
import type { PairPlan } from './plan.ts';
import { HttpSession } from './sessions.ts';
import { startOurs, type Target } from './targets.ts';

export type EdgeHost = 'workerd' | 'node';

export const EDGE_HOSTS: readonly EdgeHost[] = ['node', 'workerd'];

const CALLBACK = 'https://app.example/callback';

/** All comparisons on one host. `track` is told what runs, so that an interrupted bench ends it. */
export async function measureCredentials(
  plan: PairPlan,
  edge: EdgeHost,
  track: (running: Target) => void,
): Promise<Pair[]> {
  const [ownerKey, key] = [mintOwnerKey(), mintClientKey()];
  const keyed = {
    BRIDGE_CLIENT_AUTH: 'keys',
    BRIDGE_CLIENTS: JSON.stringify({ ann: { key: hashCredential(key), servers: ['*'] } }),
  };
  const targets: Target[] = [];
  const start = async (options: Omit<Parameters<typeof startOurs>[0], 'edge'>) => {
    const target = await startOurs({ edge, ...options });
    targets.push(target);
    track(target);
    return target;
  };
  /** The same bridge, for clients with a credential. */
  const showing = (target: Awaited<ReturnType<typeof start>>, credential: string): Target => ({
    ...target,
    session: () =>
      new HttpSession(target.ours.url('echo'), { authorization: `Bearer ${credential}` }),
  });
  const unrecorded = { logLevel: 'warn', edgeLogLevel: 'warn' } as const;
  const events = { BRIDGE_RECORD: 'events' };
  try {
    const open = await start({ ...unrecorded, settings: events });
    const closed = await start({
      ...unrecorded,
      settings: { ...keyed, ...events },
      settingsAt: (url) => ({ BRIDGE_URL: url, BRIDGE_OWNER: hashCredential(ownerKey) }),
    });
    const recorded = await start({ logLevel: 'info', edgeLogLevel: 'info', settings: keyed });
    const byKey = { name: 'static key', target: showing(closed, key) };
    const token = await signIn(closed.ours.url('echo'), ownerKey);
    const byToken = { name: 'access token', target: showing(closed, token) };
    const pairs = [
      [byToken, byKey],
      [byToken, { name: 'no credential', target: open }],
      [
        { name: 'recorded', target: showing(recorded, key) },
        { ...byKey, name: 'not recorded' },
      ],
    ] as const;
    const measured: Pair[] = [];
    for (const [one, other] of pairs) measured.push(await measurePair(plan, one, other));
    return measured;
  } finally {
    for (const target of targets) await target.stop();
  }
}

/** An access token for a server, as an app gets it with the owner's consent. */
async function signIn(resource: URL, ownerKey: string): Promise<string> {
  const { origin } = resource;
  const post = async (path: string, body: string | URLSearchParams) => {
    const answer = await fetch(`${origin}${path}`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return (await answer.json()) as Readonly<Record<string, string>>;
  };
  const registered = await post('/register', JSON.stringify({ redirect_uris: [CALLBACK] }));
  const client = { client_id: registered['client_id'] ?? '', redirect_uri: CALLBACK };
  const verifier = randomBytes(32).toString('base64url');
  const asked = new URLSearchParams({
    ...client,
    response_type: 'code',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: resource.href,
  });
  const back = await new Browser().allow(`${origin}/authorize?${asked.toString()}`, ownerKey);
  const redeemed = await post(
    '/token',
    new URLSearchParams({
      ...client,
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      code_verifier: verifier,
    }),
  );
  return redeemed['access_token'] ?? '';
}
