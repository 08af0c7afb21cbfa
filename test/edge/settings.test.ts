// What each settings variable opens, and that a broken one opens nothing and says what to set.
import { describe, expect, test } from 'vitest';

import { problemText } from '../../shared/problem.ts';
import { readSettings, secretsOf } from '../../edge/settings.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const C = 'c'.repeat(64);
const D = 'd'.repeat(64);
const SECRET = 's3cr3t-'.repeat(5);

/** Everything set and right; tests break one variable at a time. */
const COMPLETE = {
  BRIDGE_SECRET: SECRET,
  BRIDGE_RUNNERS: JSON.stringify({ vm: { token: `sha256:${C}`, servers: ['files', 'memory'] } }),
  BRIDGE_CLIENTS: JSON.stringify({
    'alice@example.org': { key: [`sha256:${A}`, `SHA256:${B.toUpperCase()}`], servers: ['*'] },
  }),
};

test('no client with a key is named as those without one are', () => {
  const anonymous = { anonymous: { key: `sha256:${D}`, servers: ['*'] } };
  const { problems, clients } = readSettings({
    ...COMPLETE,
    BRIDGE_CLIENTS: JSON.stringify(anonymous),
  });
  expect(problems.map(problemText)).toEqual([
    expect.stringMatching(/^BRIDGE_CLIENTS.*another name/u),
  ]);
  expect(clients).toEqual(new Map());
  const BRIDGE_RUNNERS = JSON.stringify({ anonymous: { token: `sha256:${D}`, servers: ['*'] } });
  expect(readSettings({ ...COMPLETE, BRIDGE_RUNNERS }).problems).toEqual([]);
});

describe('complete settings', () => {
  test('are read without a problem', () => {
    const settings = readSettings({
      ...COMPLETE,
      BRIDGE_SECRET: `${SECRET}\n`,
      BRIDGE_ORIGINS: 'https://app.example, http://localhost:3000,vscode-webview://abc',
      BRIDGE_HOSTS: 'Bridge.example,127.0.0.1:8787,[::1]:8787',
      BRIDGE_METRICS_KEY: `sha256:${D}`,
    });
    expect(settings).toEqual({
      problems: [],
      secret: SECRET,
      runners: new Map([[C, { name: 'vm', servers: new Set(['files', 'memory']) }]]),
      clients: new Map([
        [A, { name: 'alice@example.org', servers: '*', key: A }],
        [B, { name: 'alice@example.org', servers: '*', key: B }],
      ]),
      clientAuth: 'keys',
      origins: new Set(['https://app.example', 'http://localhost:3000', 'vscode-webview://abc']),
      hosts: new Set(['bridge.example', '127.0.0.1:8787', '[::1]:8787']),
      metricsKey: D,
      record: 'all',
      limits: new Map(),
    });
  });

  test.each([
    ['https://collector.example', 'https://collector.example/v1/traces'],
    ['http://10.0.0.7:4318/', 'http://10.0.0.7:4318/v1/traces'],
    ['https://c.example/otlp/', 'https://c.example/otlp/v1/traces'],
    ['https://c.example/otlp/v1/traces', 'https://c.example/otlp/v1/traces'],
  ])('send traces to %s', (BRIDGE_TRACES, endpoint) => {
    const { traces, problems } = readSettings({ ...COMPLETE, BRIDGE_TRACES });
    expect({ traces, problems }).toEqual({
      traces: { endpoint, headers: {}, ratio: 0.1 },
      problems: [],
    });
  });

  test('show a collector what it wants to see', () => {
    const { traces } = readSettings({
      ...COMPLETE,
      BRIDGE_TRACES: 'https://collector.example',
      BRIDGE_TRACES_HEADERS: 'authorization=Bearer%20k%3D1, x-tenant = 7 ,',
      BRIDGE_TRACES_RATIO: '1',
    });
    expect(traces).toMatchObject({
      headers: { authorization: 'Bearer k=1', 'x-tenant': '7' },
      ratio: 1,
    });
  });

  test.each([
    ['BRIDGE_TRACES_RATIO', '2'],
    ['BRIDGE_TRACES_RATIO', 'canary'],
    ['BRIDGE_TRACES_RATIO', '-0.1'],
    ['BRIDGE_TRACES_HEADERS', 'canary'],
    ['BRIDGE_TRACES_HEADERS', 'a b=canary'],
    ['BRIDGE_TRACES_HEADERS', 'a=%0d%0acanary'],
    ['BRIDGE_TRACES_HEADERS', 'a=%canary'],
  ])('with a broken %s %s trace all the same', (variable, text) => {
    const BRIDGE_TRACES = 'https://collector.example';
    const { traces, problems } = readSettings({ ...COMPLETE, BRIDGE_TRACES, [variable]: text });
    expect(traces).toMatchObject({ headers: {}, ratio: 0.1 });
    expect(problems).toMatchObject([{ what: expect.stringContaining(variable) }]);
    expect(JSON.stringify(problems)).not.toContain('canary');
  });

  test('accept any host and no origin while neither is listed', () => {
    expect(readSettings(COMPLETE)).toMatchObject({ hosts: 'any', origins: new Set() });
  });

  test('need no clients when no key is asked for', () => {
    const { problems, clientAuth } = readSettings({
      ...COMPLETE,
      BRIDGE_CLIENTS: undefined,
      BRIDGE_CLIENT_AUTH: 'none',
      BRIDGE_HOSTS: 'bridge.example',
    });
    expect({ problems, clientAuth }).toEqual({ problems: [], clientAuth: 'none' });
  });

  test('[F-451] need their hosts when no key is asked for, or keys are', () => {
    const { problems, clientAuth } = readSettings({ ...COMPLETE, BRIDGE_CLIENT_AUTH: 'none' });
    expect(clientAuth).toBe('keys');
    expect(problems).toMatchObject([{ what: expect.stringContaining('BRIDGE_HOSTS') }]);
  });
});

test('[F-616] the secret before counts beside the secret, and a broken one is ignored', () => {
  const before = 'b3f0re-'.repeat(5);
  const read = readSettings({ ...COMPLETE, BRIDGE_SECRET_BEFORE: before });
  expect({ problems: read.problems, secrets: secretsOf(read) }).toEqual({
    problems: [],
    secrets: [SECRET, before],
  });
  const weak = readSettings({ ...COMPLETE, BRIDGE_SECRET_BEFORE: 'short' });
  expect(secretsOf(weak)).toEqual([SECRET]);
  expect(weak.problems).toMatchObject([{ what: expect.stringContaining('too short') }]);
});

test('an empty environment has one problem for each variable that must be set', () => {
  const { problems, ...rest } = readSettings({});
  expect(problems.map(({ what }) => what.split(' ')[0])).toEqual([
    'BRIDGE_SECRET',
    'BRIDGE_RUNNERS',
    'BRIDGE_CLIENTS',
  ]);
  expect(rest).toEqual({
    runners: new Map(),
    clients: new Map(),
    clientAuth: 'keys',
    origins: new Set(),
    hosts: 'any',
    record: 'all',
    limits: new Map(),
  });
});

const grant = (value: unknown): string => JSON.stringify({ canary: value });

describe('a broken variable is told and stays closed', () => {
  test.each([
    ['BRIDGE_SECRET', 'short-canary', { secret: undefined }],
    ['BRIDGE_SECRET', 42, { secret: undefined }],
    ['BRIDGE_SECRET', 'c'.repeat(64), { secret: undefined }],
    ['BRIDGE_SECRET', 'canar'.repeat(8), { secret: undefined }],
    ['BRIDGE_CLIENT_AUTH', 'canary', { clientAuth: 'keys' }],
    ['BRIDGE_CLIENT_AUTH', false, { clientAuth: 'keys' }],
    ['BRIDGE_RECORD', 'canary', { record: 'all' }],
    ['BRIDGE_LIMITS', '{canary', { limits: new Map() }],
    ['BRIDGE_LIMITS', '[]', { limits: new Map() }],
    ['BRIDGE_LIMITS', '{"canary":{"requests":0}}', { limits: new Map() }],
    ['BRIDGE_LIMITS', '{"*":{"canary":1}}', { limits: new Map() }],
    ['BRIDGE_METRICS_KEY', 'canary', { metricsKey: undefined }],
    ['BRIDGE_TRACES', 'canary', { traces: undefined }],
    ['BRIDGE_TRACES', 'ftp://canary.example', { traces: undefined }],
    ['BRIDGE_TRACES', 'https://me:canary@collector.example', { traces: undefined }],
    ['BRIDGE_TRACES', 'https://collector.example/?key=canary', { traces: undefined }],
    ['BRIDGE_ORIGINS', '*', { origins: new Set() }],
    ['BRIDGE_ORIGINS', 'null', { origins: new Set() }],
    ['BRIDGE_ORIGINS', 'https://canary.example/', { origins: new Set() }],
    ['BRIDGE_ORIGINS', 'https://canary.example:443', { origins: new Set() }],
    ['BRIDGE_ORIGINS', 'https://user@canary.example', { origins: new Set() }],
    ['BRIDGE_ORIGINS', 'file://canary', { origins: new Set() }],
    ['BRIDGE_HOSTS', 'https://canary.example', { hosts: new Set() }],
    ['BRIDGE_HOSTS', 'canary.example/x', { hosts: new Set() }],
    ['BRIDGE_HOSTS', {}, { hosts: new Set() }],
    ['BRIDGE_RUNNERS', '{canary', { runners: new Map() }],
    ['BRIDGE_RUNNERS', 'null', { runners: new Map() }],
    ['BRIDGE_RUNNERS', '"canary"', { runners: new Map() }],
    [
      'BRIDGE_RUNNERS',
      JSON.stringify([{ token: `sha256:${A}`, servers: ['*'] }]),
      { runners: new Map() },
    ],
    ['BRIDGE_RUNNERS', grant(null), { runners: new Map() }],
    ['BRIDGE_RUNNERS', grant({ token: `sha256:${A}` }), { runners: new Map() }],
    ['BRIDGE_RUNNERS', grant({ token: 'canary', servers: ['*'] }), { runners: new Map() }],
    ['BRIDGE_RUNNERS', grant({ token: [], servers: ['*'] }), { runners: new Map() }],
    ['BRIDGE_RUNNERS', grant({ token: `sha256:${A}`, servers: [] }), { runners: new Map() }],
    ['BRIDGE_RUNNERS', grant({ token: `sha256:${A}`, servers: 'canary' }), { runners: new Map() }],
    ['BRIDGE_RUNNERS', grant({ token: `sha256:${A}`, servers: ['../x'] }), { runners: new Map() }],
    ['BRIDGE_CLIENTS', grant({ token: `sha256:${A}`, servers: ['*'] }), { clients: new Map() }],
    [
      'BRIDGE_CLIENTS',
      grant({ key: [1, 2, 3].map(() => `sha256:${A}`), servers: ['*'] }),
      { clients: new Map() },
    ],
    [
      'BRIDGE_CLIENTS',
      JSON.stringify({ 'ca nary': { key: `sha256:${A}`, servers: ['*'] } }),
      { clients: new Map() },
    ],
  ])('%s = %j', (variable, value, closed) => {
    const { problems, ...rest } = readSettings({ ...COMPLETE, [variable]: value });
    expect(problems).not.toHaveLength(0);
    for (const problem of problems) {
      expect(problem.what.startsWith(variable)).toBe(true);
      expect(problemText(problem)).not.toMatch(/canary|ca nary/u);
    }
    for (const [key, value] of Object.entries(closed))
      expect(Reflect.get(rest, key)).toEqual(value);
  });
});

test('a problem in a grant names the entry by its place', () => {
  const { problems } = readSettings({
    ...COMPLETE,
    BRIDGE_CLIENTS: JSON.stringify({
      alice: { key: `sha256:${A}`, servers: ['*'] },
      bob: { key: 'plain', servers: ['*'] },
    }),
  });
  expect(problems.map(problemText)).toEqual([
    expect.stringMatching(/^BRIDGE_CLIENTS, entry 2: "key" must be "sha256:"/u),
  ]);
});

test('two clients with one key are both refused', () => {
  const { problems, clients } = readSettings({
    ...COMPLETE,
    BRIDGE_CLIENTS: JSON.stringify({
      alice: { key: `sha256:${A}`, servers: ['*'] },
      bob: { key: `sha256:${A}`, servers: ['files'] },
    }),
  });
  expect(problems).toHaveLength(1);
  expect(clients.size).toBe(0);
});

describe('[F-180] what is set twice is told', () => {
  const alice = `{"key":"sha256:${A}","servers":["files"]}`;
  const bob = `{"key":"sha256:${B}","servers":["*"]}`;

  test.each([
    ['a name', `{"alice":${alice},"bob":${bob},"alice":${bob}}`, 3],
    ['a name in another spelling', String.raw`{"alice":${alice},"\u0061lice":${bob}}`, 2],
    ['a key', `{"alice":{"key":"sha256:${A}","key":"sha256:${B}","servers":["*"]}}`, 1],
    ['servers', `{"bob":${bob},"alice":{"key":"sha256:${A}","servers":["a"],"servers":["*"]}}`, 2],
  ])('%s, and nothing of it counts', (_, BRIDGE_CLIENTS, entry) => {
    const { problems, clients } = readSettings({ ...COMPLETE, BRIDGE_CLIENTS });
    expect(problems.map(problemText)).toEqual([
      expect.stringContaining(`BRIDGE_CLIENTS, entry ${entry}:`),
    ]);
    expect(clients.size).toBe(0);
  });

  test.each([
    [
      'BRIDGE_RUNNERS',
      'BRIDGE_CLIENTS',
      { BRIDGE_CLIENTS: `{"c":{"key":"sha256:${C}","servers":["*"]}}` },
    ],
    ['BRIDGE_METRICS_KEY', 'BRIDGE_CLIENTS', { BRIDGE_METRICS_KEY: `sha256:${B}` }],
    ['BRIDGE_METRICS_KEY', 'BRIDGE_RUNNERS', { BRIDGE_METRICS_KEY: `sha256:${C.toUpperCase()}` }],
  ])('one secret in %s and %s', (first, second, changed) => {
    const { problems } = readSettings({ ...COMPLETE, ...changed });
    expect(problems.map(problemText)).toEqual([expect.stringMatching(`^${first} and ${second} `)]);
  });
});

describe('[F-538] what would be lost without a word is told', () => {
  const runner = { token: `sha256:${A}`, servers: ['*'] };
  const client = { key: `sha256:${A}`, servers: ['*'] };
  const entries = [
    ['BRIDGE_RUNNERS', JSON.stringify(runner)],
    ['BRIDGE_CLIENTS', JSON.stringify(client)],
    ['BRIDGE_LIMITS', '{"requests":5}'],
  ] as const;

  describe.each(entries)('in %s', (variable, entry) => {
    const read = (text: string) => {
      const { problems, ...settings } = readSettings({ ...COMPLETE, [variable]: text });
      const { runners, clients, limits } = settings;
      const counting = { BRIDGE_RUNNERS: runners, BRIDGE_CLIENTS: clients, BRIDGE_LIMITS: limits };
      return { told: problems.map(problemText), counting: counting[variable].size };
    };

    test.each(['__proto__', 'constructor', 'prototype', String.raw`constr\u0075ctor`])(
      'an entry named %s, and nothing of it counts',
      (name) => {
        expect(read(`{"a":${entry},"${name}":${entry}}`)).toEqual({
          told: [expect.stringMatching(`^${variable} has one of the keys .*cannot be used`)],
          counting: 0,
        });
      },
    );

    test('a member of an entry with such a name', () => {
      const { told, counting } = read(`{"a":${entry.replace('{', '{"constructor":1,')}}`);
      expect(told).toEqual([expect.stringContaining(variable)]);
      expect(counting).toBe(0);
    });

    test('an entry that comes twice', () => {
      const { told, counting } = read(`{"a":${entry},"a":${entry}}`);
      expect(told).toEqual([expect.stringMatching(new RegExp(`^${variable}.*twice`, 'u'))]);
      expect(counting).toBe(0);
    });
  });
});

test('a wrong entry of a list leaves the right ones served', () => {
  const { problems, hosts } = readSettings({ ...COMPLETE, BRIDGE_HOSTS: 'a.example,b.example/,' });
  expect(problems.map(problemText)).toEqual([expect.stringMatching(/^BRIDGE_HOSTS, entry 2:/u)]);
  expect(hosts).toEqual(new Set(['a.example']));
});

describe('[F-421] sign-in', () => {
  const SIGN_IN = {
    ...COMPLETE,
    BRIDGE_URL: 'https://bridge.example',
    BRIDGE_OWNER: `sha256:${D}`,
  };

  test('needs the edge’s own URL and the owner’s key, and no other client or runner', () => {
    const { problems, url, signIn, hosts } = readSettings({
      ...SIGN_IN,
      BRIDGE_CLIENTS: undefined,
      BRIDGE_RUNNERS: undefined,
    });
    expect(problems).toEqual([]);
    expect(url).toBe('https://bridge.example');
    const tokenMs = 8 * 3_600_000;
    expect(signIn).toEqual({ issuer: url, ownerKeys: new Set([D]), issuers: [], tokenMs });
    expect(hosts).toEqual(new Set(['bridge.example']));
  });

  test.each([
    'http://127.0.0.1:8787',
    'http://localhost:1',
    'http://[::1]:8787',
    'https://a.example:8443',
  ])('%s is a URL', (BRIDGE_URL) => {
    const { problems, signIn, hosts } = readSettings({ ...SIGN_IN, BRIDGE_URL });
    expect([problems, signIn?.issuer]).toEqual([[], BRIDGE_URL]);
    expect(hosts).toEqual(new Set([new URL(BRIDGE_URL).host]));
  });

  test.each([
    ['https://bridge.example/', 'ends in a slash'],
    ['https://bridge.example/edge', 'more than an origin'],
    ['https://bridge.example:443', 'more than an origin'],
    ['https://Bridge.example', 'more than an origin'],
    ['https://user@bridge.example', 'more than an origin'],
    ['http://bridge.example', 'others reach'],
    ['http://127.0.0.1.example', 'others reach'],
    ['bridge.example', 'not an http'],
    ['wss://bridge.example', 'not an http'],
  ])('%s is none: %s', (BRIDGE_URL, words) => {
    const { problems, url, signIn } = readSettings({ ...SIGN_IN, BRIDGE_URL });
    expect([url, signIn]).toEqual([undefined, undefined]);
    expect(problems.map(problemText)).toEqual([expect.stringContaining('BRIDGE_URL')]);
    expect(problems.map(({ what }) => what).join()).toContain(words);
    expect(problems.map(({ what }) => what).join()).not.toContain(BRIDGE_URL);
  });

  test('listed hosts are served in place of that of the URL', () => {
    expect(readSettings({ ...SIGN_IN, BRIDGE_HOSTS: 'other.example' }).hosts).toEqual(
      new Set(['other.example']),
    );
  });

  test('takes two owner keys while one is replaced', () => {
    const BRIDGE_OWNER = `sha256:${C.replace('c', 'e')}, sha256:${D}`;
    expect(readSettings({ ...SIGN_IN, BRIDGE_OWNER }).signIn?.ownerKeys.size).toBe(2);
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['BRIDGE_OWNER is set but BRIDGE_URL is not', { BRIDGE_URL: undefined }],
    ['BRIDGE_OWNER is not one or two digests', { BRIDGE_OWNER: 'mcpo_secret' }],
    ['BRIDGE_OWNER is not one or two digests', { BRIDGE_OWNER: `sha256:${D},x` }],
    ['nobody is asked to sign in', { BRIDGE_CLIENT_AUTH: 'none', BRIDGE_HOSTS: 'bridge.example' }],
  ])('is off, and the problem is told: %s', (words, changed) => {
    const { problems, signIn } = readSettings({ ...SIGN_IN, ...changed });
    expect(signIn).toBeUndefined();
    expect(problems.map(problemText).join('\n')).toContain(words);
    expect(problems.map(problemText).join('\n')).not.toContain('mcpo_secret');
  });

  test.each([
    ['15m', 15 * 60_000, true],
    ['900s', 15 * 60_000, true],
    ['24h', 24 * 3_600_000, true],
    ['25h', 8 * 3_600_000, false],
    ['1m', 8 * 3_600_000, false],
    ['long', 8 * 3_600_000, false],
  ])('BRIDGE_TOKEN_TTL=%s', (BRIDGE_TOKEN_TTL, ms, isRight) => {
    const { problems, signIn } = readSettings({ ...SIGN_IN, BRIDGE_TOKEN_TTL });
    expect([signIn?.tokenMs, problems.length === 0]).toEqual([ms, isRight]);
  });

  test('no key is under the name of a person, and the owner’s key is nobody else’s', () => {
    for (const name of ['owner', `p-${'x'.repeat(22)}`]) {
      const BRIDGE_CLIENTS = JSON.stringify({ [name]: { key: `sha256:${A}`, servers: ['*'] } });
      const { problems, clients } = readSettings({ ...SIGN_IN, BRIDGE_CLIENTS });
      expect([problems.length, clients.size]).toEqual([1, 0]);
      expect(readSettings({ ...COMPLETE, BRIDGE_CLIENTS }).clients.size).toBe(1);
    }
    const { problems } = readSettings({ ...SIGN_IN, BRIDGE_OWNER: `sha256:${A}` });
    expect(problems.map(problemText).join()).toContain('same secret');
  });
});
