// The operator's API: keys of clients and runners, without a deploy (F-62, F-505, F-506).
import { describe, expect, test } from 'vitest';

import { assertRunner, mintRunnerKey, publicKeyOf } from '../../../runner/runner-key.ts';
import { LINK_SUBPROTOCOLS } from '../../../shared/link/version.ts';
import { ANN } from '../../fixtures/edge-settings.ts';
import type { PlayedEdge } from './modern-client.ts';
import { ISSUER, json, OWNER_KEY, signInEdge, statusWith } from './oauth/signing-in.ts';

/** What a server answers to a post without a body, once the client is let in. */
const LET_IN = 415;

const AS_OWNER = { Authorization: `Bearer ${OWNER_KEY}` };

function ask(
  edge: PlayedEdge,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = AS_OWNER,
): Promise<Response> {
  const content = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const init = { method, headers: { ...headers, ...content } };
  return edge.send(body === undefined ? init : { ...init, body: JSON.stringify(body) }, path);
}

const messageOf = async (response: Response): Promise<string> =>
  ((await json(response))['error'] as { message: string }).message;

async function addClient(edge: PlayedEdge, body: object): Promise<string> {
  const answer = await ask(edge, 'POST', '/-/api/clients', body);
  expect(answer.status).toBe(201);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return String((await json(answer))['key']);
}

describe('[F-505] clients', () => {
  test('a key that was made here opens its servers at once, and no other', async () => {
    const edge = signInEdge();
    const key = await addClient(edge, { name: 'carl', servers: ['files'] });
    expect(key).toMatch(/^mcpc_[\w-]{43}$/u);
    expect(await statusWith(edge, key)).toBe(LET_IN);
    expect(await statusWith(edge, key, '/mail/mcp')).toBe(404);
    expect(await statusWith(edge, `mcpc_${'x'.repeat(43)}`)).toBe(401);
  });

  test('they are listed without their keys', async () => {
    const edge = signInEdge();
    const key = await addClient(edge, { name: 'carl', servers: ['*'], days: 7 });
    const text = await (await ask(edge, 'GET', '/-/api/clients')).text();
    expect(text).not.toContain(key);
    expect(JSON.parse(text)).toEqual({
      clients: [
        {
          name: 'carl',
          servers: ['*'],
          keys: [{ createdAt: expect.any(Number), usedAt: 0, notAfter: expect.any(Number) }],
        },
      ],
    });
  });

  test('a new key replaces the old one, at once if nothing must overlap', async () => {
    const edge = signInEdge();
    const old = await addClient(edge, { name: 'carl', servers: ['*'] });
    const rotate = (body: object) => ask(edge, 'POST', '/-/api/clients/carl/rotate', body);
    const { key } = await json(await rotate({ overlapHours: 0 }));
    expect(await statusWith(edge, String(key))).toBe(LET_IN);
    expect(await statusWith(edge, old)).toBe(401);
    const { key: newest } = await json(await rotate({}));
    expect(await statusWith(edge, String(newest))).toBe(LET_IN);
    expect(await statusWith(edge, String(key))).toBe(LET_IN);
  });

  test('[F-507] a removed one is refused, its sessions end, and its name is free again', async () => {
    const edge = signInEdge();
    const key = await addClient(edge, { name: 'carl', servers: ['*'] });
    expect((await ask(edge, 'DELETE', '/-/api/clients/carl')).status).toBe(200);
    expect(await statusWith(edge, key)).toBe(401);
    expect(edge.withdrawn).toEqual([{ principal: 'carl' }]);
    const again = await ask(edge, 'DELETE', '/-/api/clients/carl');
    expect([again.status, await messageOf(again)]).toEqual([
      404,
      expect.stringContaining('no client carl'),
    ]);
    await addClient(edge, { name: 'carl', servers: ['*'] });
  });

  test('those of the settings go on, and their names are taken', async () => {
    const edge = signInEdge();
    expect(await statusWith(edge, ANN.key)).toBe(LET_IN);
    for (const name of [ANN.name, 'anonymous', 'owner', `p-${'a'.repeat(22)}`]) {
      const answer = await ask(edge, 'POST', '/-/api/clients', { name, servers: ['*'] });
      expect([answer.status, await messageOf(answer)]).toEqual([
        400,
        expect.stringContaining('another name'),
      ]);
    }
  });

  test.each([
    [{}, 'The body must be an object'],
    [{ name: 'carl' }, 'The body must be an object'],
    [{ name: 'carl', servers: [] }, '"servers" must'],
    [{ name: 'carl', servers: ['a b'] }, '"servers" must'],
    [{ name: 'a b', servers: ['*'] }, '"name" must'],
    [{ name: 'carl', servers: ['*'], days: 0 }, '"days" must'],
    [{ name: 'carl', servers: ['*'], admin: true }, 'The body must be an object'],
    [[], 'The body must be an object'],
    ['text', 'The body must be an object'],
  ])('%j is refused in words', async (body, words) => {
    const answer = await ask(signInEdge(), 'POST', '/-/api/clients', body);
    expect([answer.status, await messageOf(answer)]).toEqual([400, expect.stringContaining(words)]);
  });
});

describe('[F-62] runners', () => {
  const invite = async (edge: PlayedEdge, name = 'vm', servers = ['files']): Promise<string> => {
    const answer = await ask(edge, 'POST', '/-/api/runners', { name, servers });
    expect(answer.status).toBe(201);
    return String((await json(answer))['code']);
  };
  const join = (edge: PlayedEdge, code: string, key: string): Promise<Response> =>
    ask(edge, 'POST', '/-/join', { code, key }, {});
  const dial = async (edge: PlayedEdge, key: string): Promise<number> => {
    const headers = {
      Authorization: `Bearer ${await assertRunner(key, ISSUER)}`,
      Upgrade: 'websocket',
      'Sec-WebSocket-Protocol': LINK_SUBPROTOCOLS.join(', '),
    };
    return (await edge.send({ headers }, '/runner/link')).status;
  };

  test('a machine joins with a code and its own key, and may dial from then on', async () => {
    const edge = signInEdge();
    const key = mintRunnerKey();
    expect(await dial(edge, key)).toBe(401);
    const joined = await join(edge, await invite(edge), publicKeyOf(key));
    expect([joined.status, await json(joined)]).toEqual([
      201,
      { runner: 'vm', servers: ['files'] },
    ]);
    expect(await dial(edge, key)).toBe(200);
    expect(edge.dials).toMatchObject([{ runner: 'vm', granted: ['files'], withheld: [] }]);
  });

  test('a code serves once; any other is refused with what to do', async () => {
    const edge = signInEdge();
    const code = await invite(edge);
    await join(edge, code, publicKeyOf(mintRunnerKey()));
    for (const wrong of [code, 'enr_x', '', `${code}x`, OWNER_KEY]) {
      const answer = await join(edge, wrong, publicKeyOf(mintRunnerKey()));
      expect([answer.status, await messageOf(answer)]).toEqual([
        401,
        expect.stringContaining('mcp-bridge runner add'),
      ]);
    }
  });

  test('a key of another form is refused, and the code goes on', async () => {
    const edge = signInEdge();
    const code = await invite(edge);
    expect((await join(edge, code, 'ed25519:short')).status).toBe(400);
    expect((await join(edge, code, publicKeyOf(mintRunnerKey()))).status).toBe(201);
  });

  test('a removed one is expelled and may not dial again', async () => {
    const edge = signInEdge();
    const key = mintRunnerKey();
    await join(edge, await invite(edge), publicKeyOf(key));
    expect((await ask(edge, 'DELETE', '/-/api/runners/vm')).status).toBe(200);
    expect(edge.expelled).toEqual(['vm']);
    expect(await dial(edge, key)).toBe(401);
    expect((await ask(edge, 'DELETE', '/-/api/runners/vm')).status).toBe(404);
  });

  test('[F-500] one with all servers does not get those that others are named for', async () => {
    const edge = signInEdge();
    const [all, vm] = [mintRunnerKey(), mintRunnerKey()];
    await join(edge, await invite(edge, 'all', ['*']), publicKeyOf(all));
    await join(edge, await invite(edge, 'vm', ['notes']), publicKeyOf(vm));
    await dial(edge, all);
    // The settings name files and mail.
    expect(edge.dials).toMatchObject([
      { runner: 'all', granted: '*', withheld: ['files', 'mail', 'notes'] },
    ]);
  });

  test('while the access actor is out of reach, one that joined is told to come back, and one of the settings is served', async () => {
    const edge = signInEdge();
    const key = mintRunnerKey();
    await join(edge, await invite(edge), publicKeyOf(key));
    edge.isAccessGone = true;
    expect(await dial(edge, mintRunnerKey())).toBe(503);
  });

  test('a name of the settings is taken', async () => {
    const body = { name: 'runner-a', servers: ['*'] };
    const answer = await ask(signInEdge(), 'POST', '/-/api/runners', body);
    expect([answer.status, await messageOf(answer)]).toEqual([
      400,
      expect.stringContaining('another name'),
    ]);
  });
});

describe('[F-506] the owner alone', () => {
  const CALLS = [
    ['GET', '/-/api/clients'],
    ['POST', '/-/api/clients'],
    ['DELETE', '/-/api/clients/ann'],
    ['POST', '/-/api/clients/ann/rotate'],
    ['GET', '/-/api/runners'],
    ['POST', '/-/api/runners'],
    ['DELETE', '/-/api/runners/vm'],
    ['DELETE', '/-/api/apps/app-1'],
  ] as const;

  test.each(CALLS)('%s %s asks for the owner key', async (method, path) => {
    const edge = signInEdge();
    const body = method === 'POST' ? {} : undefined;
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await ask(edge, method, path, body, headers)).status;
    expect(await status({})).toBe(401);
    expect(await status({ Authorization: `Bearer ${ANN.key}` })).toBe(401);
    expect(await status({ Authorization: `Bearer mcpo_${'x'.repeat(43)}` })).toBe(401);
    expect(await status({ ...AS_OWNER, Origin: 'https://edge.example' })).toBe(403);
  });

  test('wrong keys from one address are limited, and the owner is not', async () => {
    const edge = signInEdge();
    const wrong = () =>
      ask(edge, 'GET', '/-/api/clients', undefined, { Authorization: 'Bearer x' });
    const answers: Response[] = [];
    for (let tries = 0; tries < 11; tries++) {
      // oxlint-disable-next-line no-await-in-loop -- each try counts on those before it
      answers.push(await wrong());
    }
    expect(answers.slice(-2).map(({ status }) => status)).toEqual([401, 429]);
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(edge, 'GET', '/-/api/clients')).status).toBe(200);
  });

  test('other paths and methods are none', async () => {
    const edge = signInEdge();
    expect((await ask(edge, 'GET', '/-/api/nothing')).status).toBe(404);
    expect((await ask(edge, 'GET', '/-/api/clients/ann/rotate')).status).toBe(405);
    expect((await ask(edge, 'PUT', '/-/api/clients')).status).toBe(405);
  });

  test('an edge without an owner has no such API', async () => {
    const edge = signInEdge({ BRIDGE_OWNER: '' });
    expect((await ask(edge, 'GET', '/-/api/clients')).status).toBe(404);
    expect((await ask(edge, 'POST', '/-/join', {}, {})).status).toBe(404);
  });
});
