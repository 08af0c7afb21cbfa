// The owner's own interface: for the owner key alone, from no page, and not to be tried out.
import { beforeEach, describe, expect, test } from 'vitest';

import { ANN } from '../../../fixtures/edge-settings.ts';
import { PlayedEdge, type PlayedEdge as Edge } from '../modern-client.ts';
import { json, OWNER_KEY, PlayedApp, signInEdge, statusWith } from './signing-in.ts';

let edge: Edge;
beforeEach(() => {
  edge = signInEdge();
});

const ask = (
  method: string,
  query = '',
  headers: Record<string, string> = { Authorization: `Bearer ${OWNER_KEY}` },
): Promise<Response> => edge.send({ method, headers }, `/-/api/grants${query}`);

describe('[F-433] who may administer access', () => {
  test.each<[string, number, Record<string, string>]>([
    ['nobody without a key', 401, {}],
    ['no other key', 401, { Authorization: `Bearer mcpo_${'x'.repeat(43)}` }],
    ['no client', 401, { Authorization: `Bearer ${ANN.key}` }],
    ['no page, not even one that is listed', 403, { Origin: 'https://page.example' }],
    ['not the edge’s own page', 403, { Origin: 'https://edge.example' }],
  ])('%s', async (_, status, headers) => {
    const all = status === 403 ? { Authorization: `Bearer ${OWNER_KEY}`, ...headers } : headers;
    expect((await ask('GET', '', all)).status).toBe(status);
    expect((await ask('DELETE', '?all=true', all)).status).toBe(status);
  });

  test('who has signed in does not', async () => {
    const app = await PlayedApp.registered(edge);
    const { access_token: token } = await app.tokens();
    const headers = { Authorization: `Bearer ${token}` };
    expect((await ask('DELETE', '?all=true', headers)).status).toBe(401);
    expect(await statusWith(edge, token)).not.toBe(401);
  });

  test('keys that are tried out are limited, and the right one is not', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 15; at++)
      statuses.push((await ask('GET', '', { Authorization: `Bearer mcpo_${at}` })).status);
    expect(statuses).toEqual([
      ...Array.from({ length: 10 }, () => 401),
      ...Array.from({ length: 5 }, () => 429),
    ]);
    expect((await ask('GET')).status).toBe(200);
  });

  test('there is none where nobody can sign in', async () => {
    edge = new PlayedEdge({ BRIDGE_CLIENT_AUTH: 'keys' });
    expect((await ask('GET')).status).toBe(404);
  });
});

describe('[F-433] what the owner can do', () => {
  test('forget an app that registered: its grants end, and it has to register again', async () => {
    const [first, second] = [await PlayedApp.registered(edge), await PlayedApp.registered(edge)];
    const [mine, theirs] = [await first.tokens(), await second.tokens()];
    const headers = { Authorization: `Bearer ${OWNER_KEY}` };
    const forget = (): Promise<Response> =>
      edge.send({ method: 'DELETE', headers }, `/-/api/apps/${first.id}`);
    expect(await json(await forget())).toEqual({ client: first.id, ended: 1 });
    expect(await statusWith(edge, mine.access_token)).toBe(401);
    expect(await statusWith(edge, theirs.access_token)).not.toBe(401);
    expect((await edge.send({ method: 'GET' }, first.url())).status).toBe(400);
    expect((await forget()).status).toBe(404);
  });

  test('see the grants, without a secret, and end one of them', async () => {
    const [first, second] = [await PlayedApp.registered(edge), await PlayedApp.registered(edge)];
    const [mine, theirs] = [await first.tokens(), await second.tokens()];
    const answer = await ask('GET', '?server=files');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const text = await answer.text();
    expect(text).not.toMatch(/mcp[adfo]_/u);
    const { grants } = JSON.parse(text) as { grants: Record<string, string>[] };
    const clients = new Set(grants.map(({ client }) => client));
    expect(clients).toEqual(new Set([first.id, second.id]));
    const { grant } = grants.find(({ client }) => client === first.id) ?? {};
    expect(await json(await ask('DELETE', `?grant=${grant}`))).toEqual({ ended: 1 });
    expect((await first.renew(mine.refresh_token)).status).toBe(400);
    expect((await second.renew(theirs.refresh_token)).status).toBe(200);
    expect(await json(await ask('DELETE', `?client=${second.id}&person=owner`))).toEqual({
      ended: 1,
    });
    expect(await json(await ask('GET'))).toEqual({ grants: [] });
  });

  test.each(['', '?all=false', '?all=true&grant=x', '?grant=x&grant=y', '?other=x'])(
    'not end what was not clearly chosen: %s',
    async (query) => {
      const app = await PlayedApp.registered(edge);
      const { refresh_token: refresh } = await app.tokens();
      expect((await ask('DELETE', query)).status).toBe(400);
      expect((await app.renew(refresh)).status).toBe(200);
    },
  );

  test('nothing while the actor is out of reach', async () => {
    edge.isAccessGone = true;
    expect((await ask('GET')).status).toBe(503);
    expect((await ask('DELETE', '?all=true')).status).toBe(503);
  });
});
