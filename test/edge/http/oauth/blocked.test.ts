// The owner blocks people, lists them and lets them in again.
import { beforeEach, describe, expect, test } from 'vitest';

import type { PlayedEdge } from '../modern-client.ts';
import { browserOf, json, OWNER_KEY, PlayedApp, signInEdge } from './signing-in.ts';

const OWNER = { Authorization: `Bearer ${OWNER_KEY}` };

let edge: PlayedEdge;
beforeEach(() => {
  edge = signInEdge();
});

const ask = (method: string, query = '', body?: object): Promise<Response> =>
  edge.send(
    {
      method,
      headers: { ...OWNER, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    },
    `/-/api/blocked${query}`,
  );

describe('[F-520] the owner', () => {
  test('blocks a person: grants end, what is open is closed, and the page says so', async () => {
    const app = await PlayedApp.registered(edge);
    const tokens = await app.tokens();
    expect(await json(await ask('POST', '', { person: 'owner' }))).toEqual({
      person: 'owner',
      ended: 1,
    });
    expect(edge.withdrawn).toEqual([{ principal: 'owner' }]);
    expect((await app.renew(tokens.refresh_token)).status).toBe(400);
    const browser = browserOf(edge);
    const page = await browser.open(app.url());
    const fields = { request: page.sealed ?? '', key: OWNER_KEY, decision: 'allow' };
    const answer = await browser.send('https://edge.example', fields);
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('blocked')]);

    const { blocked } = (await json(await ask('GET'))) as { blocked: object[] };
    expect(blocked).toEqual([{ person: 'owner', since: expect.any(Number) }]);
    expect((await ask('DELETE', '?person=owner')).status).toBe(200);
    expect((await ask('DELETE', '?person=owner')).status).toBe(404);
    expect((await app.tokens()).scope).toBe('mcp');
  });

  test('names somebody who never came by issuer and subject', async () => {
    const who = { issuer: 'https://idp.example', subject: 'ann' };
    const { person } = await json(await ask('POST', '', who));
    expect(person).toMatch(/^p-[\w-]{22}$/u);
    const listed = (await json(await ask('GET'))) as { blocked: object[] };
    expect(listed.blocked).toEqual([{ person, ...who, since: expect.any(Number) }]);
    const query = `?${new URLSearchParams(who).toString()}`;
    expect(await json(await ask('DELETE', query))).toEqual({ person });
  });

  test.each<[string, object]>([
    ['nobody', {}],
    ['a client with a key', { person: 'alice' }],
    ['half a name', { issuer: 'https://idp.example' }],
    ['two names', { person: 'owner', issuer: 'https://idp.example', subject: 'ann' }],
    ['no text', { person: 7 }],
  ])('is told how to name a person: %s', async (_, body) => {
    const answer = await ask('POST', '', body);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('Name a')]);
  });

  test('is told when the actor is out of reach', async () => {
    edge.isAccessGone = true;
    for (const method of ['GET', 'DELETE'])
      expect((await ask(method, '?person=owner')).status).toBe(503);
    expect((await ask('POST', '', { person: 'owner' })).status).toBe(503);
  });

  test('alone: others have no say', async () => {
    const answer = await edge.send({ method: 'GET' }, '/-/api/blocked');
    expect(answer.status).toBe(401);
  });
});
