// What wrangler is called with: its own config each time, whatever lies in the folders above, and the deployment a worker is of.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, onTestFinished, test } from 'vitest';

import { Cloudflare } from '../../../runner/deploy/cloudflare.ts';
import { filesOf } from '../../../runner/deploy/deployment.ts';
import { whoseWorker } from '../../../runner/deploy/steps.ts';

const root = mkdtempSync(join(tmpdir(), 'mcp-bridge-wrangler-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const folder = join(root, 'worker');
mkdirSync(folder);

const PLACE = { name: 'mine', account: 'a'.repeat(32) };

/** Notes down what it was called with and the config that this names, and prints what `answer.txt` holds. */
const PROGRAM = `
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const words = process.argv.slice(2);
const at = words.indexOf('--config');
const config = at < 0 ? null : JSON.parse(readFileSync(words[at + 1], 'utf8'));
appendFileSync('${join(root, 'calls')}', JSON.stringify({ words, config }) + '\\n');
if (existsSync('${join(root, 'answer.txt')}')) process.stdout.write(readFileSync('${join(root, 'answer.txt')}'));
`;
writeFileSync(join(root, 'wrangler.cjs'), PROGRAM);

const cloudflare = new Cloudflare(
  { command: process.execPath, words: [join(root, 'wrangler.cjs')], isFetched: false },
  folder,
);

test('[F-617] every call of wrangler names a config of ours, which names the account where it is known', async () => {
  await cloudflare.accounts();
  await cloudflare.logIn();
  await cloudflare.check(PLACE);
  await cloudflare.lastTagOf(PLACE);
  await cloudflare.upload(PLACE, { tag: 't', version: '1.0.0' });
  await cloudflare.set(PLACE, { A: 'b' });
  await cloudflare.remove(PLACE);
  const calls = readFileSync(join(root, 'calls'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { words: string[]; config: object | null });
  expect(calls.map(({ words: [first] }) => first)).toEqual([
    'whoami',
    'login',
    'deploy',
    'versions',
    'deploy',
    'secret',
    'delete',
  ]);
  for (const { words, config } of calls) {
    expect(words).toContain(join(folder, 'wrangler.json'));
    expect(config).toMatchObject(
      words[0] === 'whoami' || words[0] === 'login'
        ? {}
        : { name: PLACE.name, account_id: PLACE.account },
    );
  }
});

test('[F-618] a worker is of the deployment whose upload was the last, and of none without one', async () => {
  const lastOf = async (...versions: readonly (readonly [string, string?])[]) => {
    const list = versions.map(([created, tag]) => ({
      metadata: { created_on: created },
      annotations: tag === undefined ? {} : { 'workers/tag': tag },
    }));
    writeFileSync(join(root, 'answer.txt'), JSON.stringify(list));
    const tag = await cloudflare.lastTagOf(PLACE);
    return tag.ok && tag.value;
  };
  expect(await lastOf(['2026-01-01T00:00:00Z', 'ours'], ['2026-01-02T00:00:00Z', 'theirs'])).toBe(
    'theirs',
  );
  expect(await lastOf(['2026-01-02T00:00:00Z', 'theirs'], ['2026-01-01T00:00:00Z', 'ours'])).toBe(
    'theirs',
  );
  expect(await lastOf(['2026-01-01T00:00:00Z', 'ours'], ['2026-01-02T00:00:00Z'])).toBe('ours');
  expect(await lastOf(['2026-01-01T00:00:00Z'])).toBe('');
});

test('[F-618] a worker whose uploads are not listed any more is ours if it takes our owner key; else nobody can tell', async () => {
  const own = { name: PLACE.name, account: { id: PLACE.account, name: 'Ann' }, tag: 'ours' };
  const files = filesOf(root, own.name);
  mkdirSync(files.folder, { recursive: true });
  writeFileSync(files.ownerKey, 'key\n', { mode: 0o600 });
  const server = createServer((request, response) => {
    const isOwner = request.headers.authorization === 'Bearer key';
    response.writeHead(isOwner ? 200 : 401, { 'Content-Type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const edge = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const whose = async (tag: string | undefined, url?: string) => {
    const annotations = tag === undefined ? {} : { 'workers/tag': tag };
    const versions = [{ metadata: { created_on: '2026-01-01T00:00:00Z' }, annotations }];
    writeFileSync(join(root, 'answer.txt'), JSON.stringify(versions));
    const deployment = { ...own, done: [], ...(url !== undefined && { url }) };
    const answer = await whoseWorker({ cloudflare, files, deployment });
    return answer.ok && answer.value;
  };
  expect(await whose('ours')).toBe('ours');
  expect(await whose('theirs', edge)).toBe('foreign');
  expect(await whose(undefined)).toBe('foreign');
  expect(await whose(undefined, edge)).toBe('ours');
  writeFileSync(files.ownerKey, 'another\n');
  expect(await whose(undefined, edge)).toBe('unknown');
});
