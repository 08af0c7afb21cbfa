// What a trusted proxy says of a request: under which scheme and host it was received, and from whom.
import { expect, onTestFinished, test } from 'vitest';

import { Entrances } from '../../../../edge/hosts/node/entrances.ts';
import { HttpServer } from '../../../../edge/hosts/node/http-server.ts';
import { addressOf } from '../../../../edge/hosts/node/incoming-request.ts';
import { Mail } from '../../../../edge/hosts/node/mail.ts';
import { readTrustedProxies } from '../../../../edge/hosts/node/trusted-proxies.ts';
import { talk } from './raw-connection.ts';

/** The first line and the body of the answer to `GET /a/mcp` with these headers: the URL and the address that the app sees. */
async function seen(headers: readonly string[], version = '1.1'): Promise<string> {
  const server = new HttpServer({
    fetch: (request) => new Response(`${request.url} of ${addressOf(request)}.`),
    entrances: new Entrances(new Mail()),
    refused: () => undefined,
    proxies: readTrustedProxies('loopback, 10.0.0.0/8'),
  });
  onTestFinished(() => server.close());
  const port = await server.listen('127.0.0.1', 0);
  const lines = [`GET /a/mcp HTTP/${version}`, ...headers, 'Connection: close', '', ''];
  const { closed, text, body } = talk(port, lines.join('\r\n'));
  await closed;
  return text().startsWith('HTTP/1.1 200 ') ? body() : text().slice(0, 'HTTP/1.1 400'.length);
}

const HTTPS = 'X-Forwarded-Proto: https';

test.each([
  ['pub.example', 'https://pub.example/a/mcp'],
  ['in.example, pub.example:8443', 'https://pub.example:8443/a/mcp'],
  ['pub.example:443', 'https://pub.example/a/mcp'],
  ['[2001:db8::1]:8443', 'https://[2001:db8::1]:8443/a/mcp'],
])('a forwarded host %s gives the URL', async (host, url) => {
  expect(await seen(['Host: x', HTTPS, `X-Forwarded-Host: ${host}`])).toBe(`${url} of 127.0.0.1.`);
});

test.each(['pub/-/?', 'pub?a=b', 'pub#', 'pub\\-\\', 'user:word@pub', '%70ub', 'pub:443:1'])(
  '[F-1171] a forwarded host %s, which would be more than a host, reaches no other path',
  async (host) => {
    expect(await seen(['Host: x', HTTPS, `X-Forwarded-Host: ${host}`])).toBe('HTTP/1.1 400');
  },
);

test('[F-1171] without any host, the path does not become one', async () => {
  expect(await seen([HTTPS], '1.0')).toBe('HTTP/1.1 400');
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['198.51.100.9, 192.0.2.1', '192.0.2.1'],
  ['198.51.100.9, 192.0.2.1, 10.1.2.3', '192.0.2.1'],
  ['10.4.5.6, 10.1.2.3', '10.4.5.6'],
  ['192.0.2.1:40000', '192.0.2.1'],
  ['[2001:db8::1]:40000', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ['unknown', 'unknown'],
  ['', '127.0.0.1'],
])('[F-1172] of the addresses %s the client has %s', async (addresses, client) => {
  const answer = await seen(['Host: x', `X-Forwarded-For: ${addresses}`]);
  expect(answer).toBe(`http://x/a/mcp of ${client}.`);
});
