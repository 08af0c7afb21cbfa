// Host, Origin, path and CORS: which sites and names a request may come from and go to (F-07, F-31, F-32, F-64).
import { describe, expect, test } from 'vitest';

import { corsHeaders, preflight } from '../../../edge/http/cors.ts';
import {
  checkHost,
  checkNoOrigin,
  checkOrigin,
  checkPath,
} from '../../../edge/http/guards/origin.ts';
import { readSettings } from '../../../edge/settings.ts';

const LISTED = readSettings({
  BRIDGE_ORIGINS: 'https://good.example,http://localhost:3000',
  BRIDGE_HOSTS: 'bridge.example,127.0.0.1:8787',
});
const UNLISTED = readSettings({});

const from = (origin: string | undefined, url = 'https://bridge.example/files/mcp'): Request =>
  new Request(url, { method: 'POST', headers: origin === undefined ? {} : { origin } });

describe('F-31 Origin', () => {
  test.each([undefined, 'https://good.example', 'http://localhost:3000'])('%s passes', (origin) => {
    expect(checkOrigin(from(origin), LISTED)).toBeUndefined();
  });

  test.each([
    'https://evil.example',
    'null',
    '',
    'https://good.example.evil.com',
    'https://evil-good.example',
    'https://good.example:8443',
    'https://good.example:443',
    'https://good.example/',
    'https://GOOD.example',
    'http://good.example',
    'https://good.example, https://evil.example',
    'https://user@good.example',
    'http://localhost',
    'http://localhost:3001',
    'not a url',
  ])('%j is refused', (origin) => {
    expect(checkOrigin(from(origin), LISTED)).toEqual({ fault: 'origin_not_allowed' });
  });

  test.each([
    ['cross-site', 'origin_not_allowed'],
    ['same-site', 'origin_not_allowed'],
    ['same-origin', undefined],
    ['none', undefined],
    ['anything-new', 'origin_not_allowed'],
  ])(
    '[F-452] without an Origin, and Sec-Fetch-Site %s as browsers send it: %j',
    (site, expected) => {
      for (const method of ['GET', 'POST', 'DELETE'])
        for (const accept of ['*/*', 'text/event-stream', 'application/json, text/event-stream'])
          for (const settings of [LISTED, UNLISTED]) {
            const headers = { 'sec-fetch-site': site, accept };
            const request = new Request('https://bridge.example/files/sse', { method, headers });
            expect(checkOrigin(request, settings)?.fault).toBe(expected);
          }
    },
  );

  test('[F-452] a page of a listed origin may call from another site', () => {
    const headers = { origin: 'https://good.example', 'sec-fetch-site': 'cross-site' };
    const request = new Request('https://bridge.example/files/sse', { headers });
    expect(checkOrigin(request, LISTED)).toBeUndefined();
  });

  test.each([
    ['https://bridge.example', 'https://bridge.example/'],
    ['https://bridge.example', 'http://bridge.example/'],
    ['http://127.0.0.1:8787', 'http://127.0.0.1:8787/'],
  ])('the own page %s may call %s', (origin, url) => {
    expect(checkOrigin(from(origin, url), LISTED)).toBeUndefined();
  });

  test.each([
    ['http://bridge.example', 'https://bridge.example/'],
    ['https://bridge.example:8443', 'https://bridge.example/'],
    ['https://bridge.example', 'http://127.0.0.1:8787/'],
    ['https://bridge.example/', 'https://bridge.example/'],
    ['ftp://bridge.example', 'https://bridge.example/'],
  ])('%s is not the own page of %s', (origin, url) => {
    expect(checkOrigin(from(origin, url), LISTED)).toEqual({ fault: 'origin_not_allowed' });
  });

  test('a page under a rebound name is not ours while no host is listed', () => {
    const rebound = from('http://evil.example', 'http://evil.example/files/mcp');
    expect(checkOrigin(rebound, UNLISTED)).toEqual({ fault: 'origin_not_allowed' });
  });
});

describe('F-64 a route for runners', () => {
  test.each(['https://good.example', 'https://bridge.example', 'null'])(
    'refuses Origin %s',
    (origin) => {
      expect(checkNoOrigin(from(origin))).toEqual({ fault: 'origin_not_allowed' });
    },
  );

  test('takes a request without one', () => {
    expect(checkNoOrigin(from(undefined))).toBeUndefined();
  });
});

const to = (url: string, host?: string): Request =>
  new Request(url, { headers: host === undefined ? {} : { host } });

describe('F-32 Host', () => {
  test.each([
    to('https://bridge.example/'),
    to('https://BRIDGE.example:443/', 'Bridge.Example'),
    to('http://127.0.0.1:8787/', '127.0.0.1:8787'),
  ])('a listed one passes (%#)', (request) => {
    expect(checkHost(request, LISTED)).toBeUndefined();
  });

  test.each([
    to('https://mcp-edge-bridge.someone.workers.dev/'),
    to('https://203.0.113.7/'),
    to('https://bridge.example.evil.com/'),
    to('https://bridge.example./'),
    to('https://bridge.example:8443/'),
    to('http://127.0.0.1/'),
    to('https://bridge.example/', 'evil.example'),
    to('https://bridge.example/', 'x@bridge.example'),
    to('https://bridge.example/', 'bridge.example/'),
    to('https://bridge.example/', ''),
  ])('any other is refused (%#)', (request) => {
    expect(checkHost(request, LISTED)).toEqual({ fault: 'host_not_allowed' });
  });

  test('any passes while none is listed, but header and URL must agree', () => {
    expect(checkHost(to('https://x.workers.dev/', 'x.workers.dev'), UNLISTED)).toBeUndefined();
    expect(checkHost(to('https://x.workers.dev/', 'y.workers.dev'), UNLISTED)).toEqual({
      fault: 'host_not_allowed',
    });
  });

  test('none passes when the list is wholly wrong', () => {
    const broken = readSettings({ BRIDGE_HOSTS: 'https://bridge.example/' });
    expect(checkHost(to('https://bridge.example/'), broken)).toEqual({ fault: 'host_not_allowed' });
  });
});

describe('F-07 a path', () => {
  test.each([
    '/',
    '/files/mcp',
    '/.well-known/oauth-protected-resource/files/mcp',
    '/a.b_c-d~/sse',
  ])('%s passes', (path) => {
    expect(checkPath(to(`https://bridge.example${path}?x=%2e`))).toBeUndefined();
  });

  test.each([
    '//mcp',
    '/files//mcp',
    '/files/mcp/',
    '/files%2Fmcp',
    '/%66iles/mcp',
    '/%2e%2e%2ffiles/mcp',
    '/f%C3%AFles/mcp',
    '/fïles/mcp',
    '/files/mcp;a=b',
    '/files:x/mcp',
  ])('%s names nothing', (path) => {
    expect(checkPath(to(`https://bridge.example${path}`))).toEqual({ fault: 'not_found' });
  });
});

describe('CORS', () => {
  test('a listed origin gets itself back, never credentials', () => {
    expect(corsHeaders(from('https://good.example'), LISTED)).toEqual({
      'Access-Control-Allow-Origin': 'https://good.example',
      'Access-Control-Expose-Headers': 'Mcp-Session-Id, WWW-Authenticate, Retry-After',
      Vary: 'Origin',
    });
  });

  test.each([undefined, 'https://evil.example', 'null', 'https://bridge.example'])(
    '%s gets no header',
    (origin) => {
      expect(corsHeaders(from(origin), LISTED)).toEqual({});
    },
  );

  test('a preflight of a listed origin allows what MCP clients send', () => {
    const { status, headers } = preflight(from('https://good.example'), LISTED);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('https://good.example');
    expect(headers.get('access-control-allow-methods')).toBe('GET, POST, DELETE, OPTIONS');
    expect(headers.get('access-control-allow-headers')?.toLowerCase().split(', ')).toEqual(
      expect.arrayContaining(['authorization', 'mcp-session-id', 'last-event-id']),
    );
    expect(headers.has('access-control-allow-credentials')).toBe(false);
  });

  test('a preflight of another origin is refused without any CORS header', () => {
    const { status, headers } = preflight(from('https://evil.example'), LISTED);
    expect(status).toBe(403);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('OPTIONS without an Origin is an unserved method', () => {
    const { status, headers } = preflight(from(undefined), LISTED);
    expect([status, headers.get('allow')]).toEqual([405, 'GET, POST, DELETE, OPTIONS']);
  });
});
