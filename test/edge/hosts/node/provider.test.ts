// Identity providers are asked over a real network: what is sent, and how much of an answer is read.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

import { describe, expect, onTestFinished, test } from 'vitest';

import { askedProvider } from '../../../../edge/hosts/node/outside.ts';
import { PROVIDER } from '../../../../edge/http/ports.ts';

async function provider(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
): Promise<string> {
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('[F-522] an identity provider', () => {
  test('is sent a form and credentials, and may refuse', async () => {
    const sent: unknown[] = [];
    const url = await provider(async (request, response) => {
      const { method, headers } = request;
      sent.push([method, headers['content-type'], headers.authorization, await text(request)]);
      response.writeHead(400).end('{"error":"invalid_grant"}');
    });
    const asked = await askedProvider({ url, form: 'a=b', authorization: 'Basic x' });
    expect(asked).toEqual({ status: 400, text: '{"error":"invalid_grant"}' });
    expect(sent).toEqual([['POST', 'application/x-www-form-urlencoded', 'Basic x', 'a=b']]);
  });

  test('is read up to a bound, also of what is packed small', async () => {
    const packed = gzipSync(Buffer.alloc(100 * PROVIDER.limitBytes));
    const url = await provider((request, response) => {
      if (request.url === '/packed')
        return void response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(packed);
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    expect(await askedProvider({ url })).toBeUndefined();
    expect(await askedProvider({ url: `${url}packed` })).toBeUndefined();
  });

  test('leads nowhere else, and is not there when nobody answers', async () => {
    const paths: unknown[] = [];
    const url = await provider((request, response) => {
      paths.push(request.url);
      response.writeHead(302, { Location: '/other' }).end();
    });
    expect(await askedProvider({ url })).toEqual({ status: 302, text: '' });
    expect(paths).toEqual(['/']);
    expect(await askedProvider({ url: 'http://127.0.0.1:1/' })).toBeUndefined();
  });
});
