// What a deployment from the package tells Cloudflare is what the repository's wrangler.toml tells it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'smol-toml';
import { expect, test } from 'vitest';

import { isDomain, WORKER_NAME, workerConfig } from '../../../runner/deploy/worker-config.ts';
import { WRANGLER_VERSION } from '../../../runner/deploy/wrangler.ts';

const textOf = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../..', name), 'utf8');

test('the config made from a name says the same as wrangler.toml, but for the sources and the settings', () => {
  const { name, account_id, main, no_bundle, workers_dev, keep_vars, ...made } = JSON.parse(
    workerConfig({ name: 'bridge', account: 'a' }),
  ) as Record<string, unknown>;
  expect({ name, account_id, main, no_bundle, workers_dev, keep_vars }).toEqual({
    name: 'bridge',
    account_id: 'a',
    main: 'edge-worker.js',
    no_bundle: true,
    workers_dev: true,
    keep_vars: true,
  });
  const { name: _, main: sources, vars, ...written } = parse(textOf('wrangler.toml'));
  expect(sources).toBe('edge/hosts/cloudflare/worker.ts');
  expect(vars).toEqual({ BRIDGE_CLIENT_AUTH: 'keys' });
  expect(made).toEqual(written);
});

test('[F-740] at a domain, the worker is there alone, and nothing else is different', () => {
  const place = { name: 'bridge', account: 'a' };
  const usual = JSON.parse(workerConfig(place)) as object;
  expect(JSON.parse(workerConfig({ ...place, domain: 'mcp.example.com' }))).toEqual({
    ...usual,
    workers_dev: false,
    routes: [{ pattern: 'mcp.example.com', custom_domain: true }],
  });
});

test.each([
  ['mcp.example.com', true],
  ['example.com', true],
  ['xn--bcher-kva.example', true],
  ['a.b.c.example.co.uk', true],
  ['example', false],
  ['localhost', false],
  ['10.0.0.1', false],
  ['[::1]', false],
  ['*.example.com', false],
  ['-a.example.com', false],
  ['a_b.example.com', false],
  ['mcp.ann.workers.dev', false],
  ['mcp..example.com', false],
  [`${'a.'.repeat(130)}com`, false],
  ['', false],
])('%o may be a custom domain: %s', (host, isOne) => {
  expect(isDomain(host)).toBe(isOne);
});

test('the wrangler that npx fetches is the one that is tested here', () => {
  const { devDependencies } = JSON.parse(textOf('package.json')) as {
    devDependencies: Record<string, string>;
  };
  expect(WRANGLER_VERSION).toBe(devDependencies['wrangler']);
});

test.each([
  ['mcp-edge-bridge', true],
  ['a', true],
  ['0x', true],
  ['a'.repeat(63), true],
  ['a'.repeat(64), false],
  ['-a', false],
  ['a-', false],
  ['A', false],
  ['a.b', false],
  ['a_b', false],
  ['../a', false],
  ['', false],
])('%o may be a name of a worker: %s', (name, isOne) => {
  expect(WORKER_NAME.test(name)).toBe(isOne);
});

test('the button asks for what mcp-bridge deploy sets, and says what each of it is', () => {
  const asked = [...textOf('.dev.vars.example').matchAll(/^(\w+)=$/gmu)].map(([, name]) => name);
  const { cloudflare } = JSON.parse(textOf('package.json')) as {
    cloudflare: { bindings: Record<string, { description: string }> };
  };
  expect(asked).toEqual(['BRIDGE_SECRET', 'BRIDGE_OWNER', 'BRIDGE_URL']);
  expect(Object.keys(cloudflare.bindings)).toEqual(asked);
});
