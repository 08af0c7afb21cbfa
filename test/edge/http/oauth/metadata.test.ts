// How clients find out where to sign in: challenges and metadata, which come from the operator's URL alone.
import { describe, expect, test } from 'vitest';

import { ANN } from '../../../fixtures/edge-settings.ts';
import { PlayedEdge } from '../modern-client.ts';
import { ISSUER, json, SETTINGS, signInEdge } from './signing-in.ts';

const page = { Origin: 'https://page.example' };
const PRM = '/.well-known/oauth-protected-resource';

describe('[F-400] a challenge leads to the metadata of its server', () => {
  test.each([
    ['/files/mcp', 'POST', 'files/mcp'],
    ['/files/mcp', 'GET', 'files/mcp'],
    ['/files/mcp', 'DELETE', 'files/mcp'],
    ['/files/sse', 'GET', 'files/sse'],
    ['/files/message?sessionId=x', 'POST', 'files/sse'],
    ['/no-such-server/mcp', 'POST', 'no-such-server/mcp'],
  ])('%s %s', async (path, method, resource) => {
    const answer = await signInEdge().send({ method, headers: page }, path);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${ISSUER}${PRM}/${resource}", scope="mcp"`,
    );
    expect(answer.headers.get('access-control-allow-origin')).toBe(page.Origin);
    expect(answer.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
  });

  test('a token that does not count is named as the error', async () => {
    for (const token of ['x', `mcpa_${'a'.repeat(43)}`, `mcpf_${'a'.repeat(43)}`]) {
      const headers = { Authorization: `Bearer ${token}` };
      const answer = await signInEdge().send({ method: 'POST', headers });
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
        401,
        `Bearer error="invalid_token", resource_metadata="${ISSUER}${PRM}/files/mcp", scope="mcp"`,
      ]);
    }
  });

  test('keys go on to count beside it', async () => {
    const headers = { Authorization: `Bearer ${ANN.key}` };
    expect((await signInEdge().send({ method: 'POST', headers })).status).not.toBe(401);
  });

  test('a token that cannot be judged is no token that does not count', async () => {
    const edge = signInEdge();
    edge.isAccessGone = true;
    const headers = { Authorization: `Bearer mcpa_${'a'.repeat(43)}` };
    const answer = await edge.send({ method: 'POST', headers });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  });
});

describe('[F-401] metadata', () => {
  test.each(['mcp', 'sse'])('of a server as a protected resource, %s', async (transport) => {
    const answer = await signInEdge().send({ headers: page }, `${PRM}/files/${transport}`);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(await json(answer)).toEqual({
      resource: `${ISSUER}/files/${transport}`,
      authorization_servers: [ISSUER],
      scopes_supported: ['mcp'],
      bearer_methods_supported: ['header'],
      resource_name: 'files',
    });
  });

  test('does not tell which servers there are', async () => {
    const texts = ['files', 'ghost'].map(async (name) => {
      const answer = await signInEdge().send({}, `${PRM}/${name}/mcp`);
      return (await answer.text()).replaceAll(name, '?');
    });
    const [first, second] = await Promise.all(texts);
    expect(first).toBe(second);
  });

  test('of the authorization server has what each client looks for', async () => {
    const answer = await signInEdge().send({}, '/.well-known/oauth-authorization-server');
    expect(await json(answer)).toEqual({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      registration_endpoint: `${ISSUER}/register`,
      revocation_endpoint: `${ISSUER}/revoke`,
      revocation_endpoint_auth_methods_supported: ['none'],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['none'],
      code_challenge_methods_supported: ['S256'],
      scopes_supported: ['mcp', 'offline_access'],
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
    });
  });

  test.each([
    PRM,
    `${PRM}/files`,
    `${PRM}/files/message`,
    `${PRM}/-x/mcp`,
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/files/mcp',
    '/.well-known/openid-configuration/files/mcp',
    '/files/mcp/.well-known/openid-configuration',
  ])('%s is not there, for every page to see', async (path) => {
    const answer = await signInEdge().send({ headers: page }, path);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([404, '*']);
    expect(await json(answer)).toMatchObject({ error: 'not_found' });
  });

  test.each(['GET', 'HEAD', 'OPTIONS', 'POST'])('%s', async (method) => {
    const answer = await signInEdge().send({ method, headers: page }, `${PRM}/files/mcp`);
    const status = { GET: 200, HEAD: 200, OPTIONS: 204, POST: 405 }[method];
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    const allowed = answer.headers.get('access-control-allow-headers') ?? '';
    expect(allowed.includes('MCP-Protocol-Version')).toBe(method === 'OPTIONS');
  });

  test('is not there on an edge where nobody can sign in', async () => {
    for (const off of ['BRIDGE_URL', 'BRIDGE_OWNER', 'BRIDGE_SECRET']) {
      const edge = new PlayedEdge({ ...SETTINGS, [off]: '' });
      for (const path of [`${PRM}/files/mcp`, '/.well-known/oauth-authorization-server'])
        expect((await edge.send({}, path)).status).toBe(404);
    }
  });
});

describe('[F-402] the operator’s URL alone says where the edge is', () => {
  test.each([
    { Host: 'evil.example' },
    { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http' },
    { Forwarded: 'host=evil.example' },
  ])('%j', async (headers) => {
    const answer = await signInEdge().send({ headers }, `${PRM}/files/mcp`);
    expect(await answer.text()).not.toContain('evil');
    const challenge = await signInEdge().send({ method: 'POST', headers });
    expect(challenge.headers.get('www-authenticate') ?? '').not.toContain('evil');
  });

  test('another host is not served', async () => {
    const answer = await signInEdge().send({}, `https://evil.example${PRM}/files/mcp`);
    expect(answer.status).toBe(421);
  });

  test('behind a proxy that ends TLS the metadata is that of the URL', async () => {
    const answer = await signInEdge().send({}, `http://edge.example${PRM}/files/mcp`);
    expect(await json(answer)).toMatchObject({ resource: `${ISSUER}/files/mcp` });
  });
});
