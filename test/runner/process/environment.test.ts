import { expect, test } from 'vitest';
import { processSpec } from '../../../runner/configured-process.ts';
import { processEnvironment } from '../../../runner/process/environment.ts';
import { startFixture } from './recorded-process.ts';

test('what the MCP SDK inherits is inherited, with locale, time zone and certificates', () => {
  const parent = {
    HOME: '/h',
    LOGNAME: 'l',
    PATH: '/p',
    SHELL: '/s',
    TERM: 't',
    USER: 'u',
    LANG: 'C',
    LC_ALL: 'C',
    LC_TIME: 'C',
    TZ: 'UTC',
    TMPDIR: '/t',
    NODE_EXTRA_CA_CERTS: '/ca',
    SSL_CERT_FILE: '/ca',
  };
  expect(processEnvironment(parent, {}, [])).toEqual(parent);
});

test('anything else of the parent stays with the parent', () => {
  const parent = {
    GITHUB_TOKEN: 'x',
    NODE_OPTIONS: '--require=/x',
    LD_PRELOAD: '/x',
    AWS_REGION: 'x',
    LCX: 'x',
    HOMEX: 'x',
    UNSET: undefined,
  };
  expect(processEnvironment(parent, {}, [])).toEqual({});
});

test('the allow-list adds names and prefixes, but a bare star adds nothing', () => {
  const parent = { AWS_REGION: 'r', AWS_PROFILE: 'p', EDITOR: 'e', PAGER: 'g' };
  const expected = { AWS_REGION: 'r', AWS_PROFILE: 'p', EDITOR: 'e' };
  expect(processEnvironment(parent, {}, ['AWS_*', 'EDITOR', '*'])).toEqual(expected);
});

test('variables of the runner are not inherited, whatever the allow-list says', () => {
  const parent = { MCP_BRIDGE_CREDENTIAL: 'secret', MCP_BRIDGE_RUNNER: '1.2.3' };
  expect(processEnvironment(parent, {}, ['MCP_BRIDGE_*', 'MCP_BRIDGE_CREDENTIAL'])).toEqual({});
});

test('functions exported by a shell are not inherited', () => {
  expect(processEnvironment({ TERM: '() { :; }; echo pwned' }, {}, [])).toEqual({});
});

test('the route to the internet is inherited without a password, with one only by name', () => {
  const parent = { HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'http://u:p@proxy:3128' };
  expect(processEnvironment(parent, {}, [])).toEqual({ HTTPS_PROXY: 'http://proxy:3128' });
  expect(processEnvironment(parent, {}, ['HTTP_PROXY'])).toEqual(parent);
});

test("the server's own env wins over what is inherited", () => {
  const environment = processEnvironment({ PATH: '/p' }, { PATH: '/q', TOKEN: 't' }, []);
  expect(environment).toEqual({ PATH: '/q', TOKEN: 't' });
});

test('a process sees its environment and the two marks, and nothing else', async () => {
  const recorded = startFixture('echo.mjs', [], { env: { TOKEN: 't' } });
  const { envKeys } = JSON.parse(await recorded.call('whoami')) as { envKeys: string[] };
  expect(envKeys).toEqual(['MCP_BRIDGE_PROCESS', 'MCP_BRIDGE_RUNNER', 'TOKEN']);
  await recorded.process.terminate('test over');
});

test('[F-723] the environment of a process is made when it is asked for, and its description keeps none', () => {
  const source = {
    kind: 'process',
    command: 'server',
    args: [],
    env: { OWN: 'set' },
    cwd: '/',
    inheritEnv: [],
    stderr: 'log',
  } as const;
  const environment: Record<string, string> = { PATH: '/bin' };
  const ground = { environment, containment: undefined, secrets: [], aheadBytes: 7 };
  const spec = processSpec({ name: 'x', source, maxLineBytes: 1 }, ground);
  expect(spec.env).toEqual({ OWN: 'set', PATH: '/bin' });
  environment['PATH'] = '/usr/bin';
  expect(spec.env).toEqual({ OWN: 'set', PATH: '/usr/bin' });
  expect(spec.aheadBytes).toBe(7);
});
