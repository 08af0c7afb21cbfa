// Connections that say nothing to the edge on Node are let go after the time that headers may take, with TLS and without.
import { once } from 'node:events';
import { connect } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { Entrances } from '../../edge/hosts/node/entrances.ts';
import { HttpServer } from '../../edge/hosts/node/http-server.ts';
import { Mail } from '../../edge/hosts/node/mail.ts';
import { selfSigned } from '../fixtures/self-signed.ts';

/** Twenty seconds, which are looked at every five; and as much again for a crowded machine. */
const GONE_MS = 50_000;

test.each([
  ['in clear', () => undefined],
  ['with TLS', selfSigned],
])('[F-1175] a connection %s that says nothing is let go', async (_, certificate) => {
  const server = new HttpServer({
    fetch: () => new Response('served'),
    entrances: new Entrances(new Mail()),
    refused: () => undefined,
    certificate: certificate(),
  });
  onTestFinished(() => server.close());
  const socket = connect(await server.listen('127.0.0.1', 0), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const startedAt = performance.now();
  await once(socket.resume(), 'close');
  expect(performance.now() - startedAt).toBeLessThan(GONE_MS);
});
