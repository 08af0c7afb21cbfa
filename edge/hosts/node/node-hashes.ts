// Hash functions of Node, at once and on this thread: what is hashed here is short.
import { createHash, createHmac } from 'node:crypto';
import type { Hashes } from '../../access/hashes.ts';

export const nodeHashes: Hashes = {
  sha256: (text) => createHash('sha256').update(text, 'utf8').digest(),
  hmac: (secret, text) => createHmac('sha256', secret).update(text, 'utf8').digest(),
};
