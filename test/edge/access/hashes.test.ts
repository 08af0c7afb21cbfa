// The hash functions of both hosts are the same, so what one signed the other knows.
import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';
import { webHashes } from '../../../edge/access/hashes.ts';
import { nodeHashes } from '../../../edge/hosts/node/node-hashes.ts';

const TEXTS = ['', 'a', 'ü€😀', 'x'.repeat(1_000), '\ud800 alone'];

test.each(TEXTS)('SHA-256 of %j', async (text) => {
  expect([...(await nodeHashes.sha256(text))]).toEqual([...(await webHashes.sha256(text))]);
  expect(await nodeHashes.sha256Hex(text)).toBe(await webHashes.sha256Hex(text));
  expect(await webHashes.sha256Hex(text)).toBe(createHash('sha256').update(text).digest('hex'));
});

test.each(TEXTS)('HMAC of %j', async (text) => {
  for (const secret of ['a secret of at least 32 characters', 'ü'.repeat(40)])
    expect([...(await nodeHashes.hmac(secret, text))]).toEqual([
      ...(await webHashes.hmac(secret, text)),
    ]);
});
