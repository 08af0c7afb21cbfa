// Apps that name themselves by the URL of a document: whose document is read, and what must stand in it.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { PlayedEdge } from '../modern-client.ts';
import { browserOf, CALLBACK, OWNER_KEY, PlayedApp, signInEdge } from './signing-in.ts';

const ID = 'https://claude.ai/oauth/mcp-oauth-client-metadata';

let edge: PlayedEdge;
beforeEach(() => {
  edge = signInEdge();
});
afterEach(() => void vi.useRealTimers());

const publish = (members: object = {}, cacheControl: string | null = null): void => {
  const document = { client_id: ID, client_name: 'Claude', redirect_uris: [CALLBACK], ...members };
  edge.documents.set(ID, { text: JSON.stringify(document), cacheControl });
};

const statusOf = async (id = ID, redirect = CALLBACK): Promise<number> =>
  (await browserOf(edge).open(new PlayedApp(edge, id, redirect).url())).status;

describe('[F-415] an app with a document', () => {
  test('signs in, and its publisher is shown', async () => {
    publish();
    const app = new PlayedApp(edge, ID);
    const { text } = await browserOf(edge).open(app.url());
    expect(text).toContain('published by <strong>claude.ai</strong>');
    expect(text).toContain('<code>app.example</code>');
    expect(await app.tokens()).toMatchObject({ scope: 'mcp' });
  });

  test('on this machine: the page warns, and the port is free', async () => {
    publish({ redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'] });
    const app = new PlayedApp(edge, ID, 'http://localhost:43210/callback');
    const { text } = await browserOf(edge).open(app.url());
    expect(text).toContain('a program on the machine where this browser runs');
    expect((await browserOf(edge).allow(app.url(), OWNER_KEY)).port).toBe('43210');
    expect(await statusOf(ID, 'http://127.0.0.2:1/callback')).toBe(400);
  });

  test.each<[string, object]>([
    ['that names another id', { client_id: `${ID}/` }],
    ['without an id', { client_id: undefined }],
    ['with a secret', { client_secret: 'x' }],
    ['without URIs', { redirect_uris: [] }],
    ['with a dangerous URI', { redirect_uris: ['javascript:alert(1)'] }],
  ])('a document %s is none', async (_, members) => {
    publish(members);
    expect(await statusOf()).toBe(400);
  });

  test('a document that is no JSON, or cannot be read, is none', async () => {
    expect(await statusOf()).toBe(400);
    for (const text of ['<html>', '[]', 'null', '']) {
      edge.documents.set(ID, { text, cacheControl: null });
      expect(await statusOf()).toBe(400);
    }
  });

  test('a redirect URI that is not in the document is not redirected to', async () => {
    publish();
    expect(await statusOf(ID, 'https://evil.example/callback')).toBe(400);
  });

  test.each([
    'http://claude.ai/oauth/metadata',
    'https://claude.ai',
    'https://claude.ai/',
    'https://claude.ai:444/metadata',
    'https://claude.ai:443/metadata',
    'https://user@claude.ai/metadata',
    'https://claude.ai/metadata#x',
    'https://claude.ai/a/../metadata',
    'https://CLAUDE.ai/metadata',
    'https://127.0.0.1/metadata',
    'https://2130706433/metadata',
    'https://0x7f.1/metadata',
    'https://[::1]/metadata',
    'https://localhost/metadata',
    'https://app.localhost/metadata',
    'https://metadata.internal/x',
    'https://printer.local/x',
    'https://claude.ai./metadata',
    'https://claude/metadata',
    `https://claude.ai/${'x'.repeat(600)}`,
  ])('%s is not even asked for', async (id) => {
    expect(await statusOf(id)).toBe(400);
    expect(edge.fetched).toEqual([]);
  });

  test('is read once while it is fresh, and an old copy serves for a day when it cannot be read', async () => {
    const start = Date.now();
    const at = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: start + ms });
    publish({}, 'max-age=600');
    at(0);
    expect([await statusOf(), await statusOf(), edge.fetched.length]).toEqual([200, 200, 1]);
    at(601_000);
    edge.documents.clear();
    expect([await statusOf(), edge.fetched.length]).toEqual([200, 2]);
    at(601_000 + 24 * 3_600_000);
    expect(await statusOf()).toBe(400);
  });

  test('tokens and refreshes never read it', async () => {
    publish();
    const app = new PlayedApp(edge, ID);
    const { refresh_token: refresh } = await app.tokens();
    const { length } = edge.fetched;
    edge.documents.clear();
    expect((await app.renew(refresh)).status).toBe(200);
    expect(edge.fetched).toHaveLength(length);
  });
});
