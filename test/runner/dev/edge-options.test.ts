// The command line and environment of `mcp-bridge edge`.
import { expect, test } from 'vitest';

import { readEdgeOptions, type EdgeCommandOptions } from '../../../runner/dev/edge-options.ts';

type Given = Readonly<Record<string, string>>;

const read = (given: Given = {}, env: Given = {}) => readEdgeOptions((name) => given[name], env);

function optionsOf(given: Given = {}, env: Given = {}): EdgeCommandOptions {
  const reading = read(given, env);
  if (!reading.ok) throw new Error(reading.problem.what);
  return reading.options;
}

const problemOf = (given: Given, env: Given = {}): string => {
  const reading = read(given, env);
  return reading.ok ? '' : reading.problem.what;
};

test('by default it listens on loopback, port 8787', () => {
  expect(optionsOf()).toMatchObject({ host: '127.0.0.1', port: 8787, storage: '.bridge-edge' });
});

test.each([
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['localhost:8080', 'localhost', 8080],
  ['[::1]:443', '::1', 443],
])('--listen %s', (listen, host, port) => {
  expect(optionsOf({ listen })).toMatchObject({ host, port });
});

test.each([
  '8787',
  ':8787',
  '127.0.0.1',
  '127.0.0.1:0',
  '127.0.0.1:70000',
  '::1:443',
  'x y:1',
  'edge.example:443',
])('--listen %s is refused', (listen) => {
  expect(problemOf({ listen })).toContain('--listen takes');
});

const OPEN = { listen: '0.0.0.0:8787' };
const TLS = { 'tls-cert': 'cert.pem', 'tls-key': 'key.pem' };
const NO_KEYS = { BRIDGE_CLIENT_AUTH: 'none' };

test.each([
  [OPEN, {}, 'in clear'],
  [{ listen: '192.168.1.2:80' }, {}, 'in clear'],
  [{ listen: '[::]:80' }, {}, 'in clear'],
  [{ ...OPEN, ...TLS }, NO_KEYS, 'BRIDGE_CLIENT_AUTH'],
  [{ ...OPEN, ...TLS }, {}, ''],
  [{ ...OPEN, 'trust-proxy': '10.0.0.1' }, NO_KEYS, 'BRIDGE_HOSTS'],
  [{ ...OPEN, 'trust-proxy': '10.0.0.1' }, { ...NO_KEYS, BRIDGE_HOSTS: 'edge.example' }, ''],
])('%j with %j', (given, env, problem) => {
  const found = problemOf(given, env);
  expect(problem === '' ? found : found.includes(problem)).toBe(problem === '' ? '' : true);
});

test('a certificate needs its key, and the key its certificate', () => {
  expect(problemOf({ 'tls-cert': 'x' })).toContain('together');
  expect(problemOf({ 'tls-key': 'x' })).toContain('together');
});

test.each(['yes', '10.0.0.0/33', '10.0.0.0/x', '', '::1/129', 'loopback,any'])(
  '--trust-proxy %j is refused',
  (trust) => {
    expect(problemOf({ 'trust-proxy': trust })).toContain('--trust-proxy takes');
  },
);

test('settings come from the environment, and nothing else does', () => {
  const env = { BRIDGE_SECRET: 's', PATH: '/bin', MY_BRIDGE_X: 'x' };
  expect(optionsOf({}, env).settings).toEqual({ BRIDGE_SECRET: 's' });
});

test('without keys it answers to its own names only, unless others are set', () => {
  expect(optionsOf({}, NO_KEYS).settings).toMatchObject({
    BRIDGE_HOSTS: '127.0.0.1:8787,localhost:8787,[::1]:8787',
  });
  const hosts = { BRIDGE_HOSTS: 'mine:1' };
  expect(optionsOf({}, { ...NO_KEYS, ...hosts }).settings).toMatchObject(hosts);
});
