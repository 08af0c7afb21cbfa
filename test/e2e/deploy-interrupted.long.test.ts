// A deployment that is killed at every step, and one that Cloudflare refuses: each time the same command goes on where it stopped.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { hashCredential } from '../../runner/credential.ts';
import { Deployer } from './deployed.ts';
import { ACCOUNT, type Refusal } from './played-cloudflare.ts';
import { fixture } from './raw-session.ts';

/** Some thirty deployments, of which each starts several programs. */
const HANGS_MS = 1_800_000;

const WORKER = '/accounts/:account/workers/scripts/mcp-edge-bridge';
const EDGE = 'https://mcp-edge-bridge.ann.workers.dev';

/** What was carried out and not answered when the program was killed, in the order in which a deployment comes by. */
const POINTS = [
  'GET /accounts',
  `GET ${WORKER}/versions`,
  `PUT ${WORKER}`,
  `POST ${WORKER}/subdomain`,
  `PATCH ${WORKER}/secrets-bulk`,
  `GET ${EDGE}/.well-known/oauth-authorization-server`,
  `POST ${EDGE}/-/api/runners`,
  `POST ${EDGE}/-/join`,
  `POST ${EDGE}/register`,
  `POST ${EDGE}/authorize`,
  `POST ${EDGE}/token`,
  `DELETE ${EDGE}/-/api/apps`,
];

test(
  '[F-611] killed at any step, it goes on there, and there is one worker, one secret, one owner key and one runner',
  async () => {
    const deployer = await Deployer.start();
    const { cloudflare } = deployer;
    const words = ['deploy', '--yes', '--', process.execPath, fixture('echo')];
    const secrets = new Set<string>();
    for (const point of POINTS) {
      await deployer.killedAt(point, ...words);
      const { BRIDGE_SECRET: secret = '' } =
        cloudflare.workers.get('mcp-edge-bridge')?.secrets ?? {};
      if (secret !== '') secrets.add(secret);
    }
    const last = await deployer.run(...words);
    expect(last.out).toContain(`mcp-edge-bridge is up at ${EDGE}`);
    expect(last.code).toBe(0);
    expect([...cloudflare.workers.keys()]).toEqual(['mcp-edge-bridge']);
    expect(secrets.size).toBe(1);
    const ownerKeyFile = join(deployer.folderOf(), 'owner-key');
    const owner = hashCredential(readFileSync(ownerKeyFile, 'utf8').trim());
    expect(cloudflare.workers.get('mcp-edge-bridge')?.secrets['BRIDGE_OWNER']).toBe(owner);
    const asOwner = ['--edge', EDGE, '--owner-key-file', ownerKeyFile, '--json'];
    const { runners } = JSON.parse((await deployer.run('runner', 'list', ...asOwner)).out) as {
      runners: { keys: unknown[] }[];
    };
    expect(runners.map(({ keys }) => keys.length)).toEqual([1]);
  },
  HANGS_MS,
);

const refused = (code: number, message: string, status = 400): Refusal => ({
  status,
  code,
  message,
});

const REFUSALS: readonly (readonly [string, string, Refusal, RegExp])[] = [
  [
    'a plan without Durable Objects',
    `PUT ${WORKER}`,
    refused(
      10_097,
      'In order to use Durable Objects with a free plan, you must create a namespace using a `new_sqlite_classes` migration.',
    ),
    /the plan of this account does not allow it: In order to use Durable Objects/u,
  ],
  [
    'as many workers as the plan allows',
    `PUT ${WORKER}`,
    refused(10_037, 'You have exceeded the limit of 100 Workers on your account.'),
    /as many workers as its plan allows\. Delete one/u,
  ],
  [
    'a mail address that is not verified',
    `PUT ${WORKER}`,
    refused(10_034, 'You need to verify your email address to use Workers.'),
    /is not verified\. Follow the link/u,
  ],
  [
    'a token that may not write',
    `PUT ${WORKER}`,
    refused(10_000, 'Authentication error', 403),
    /does not accept the login\. If CLOUDFLARE_API_TOKEN is set/u,
  ],
  [
    'a fault that is not known',
    `PATCH ${WORKER}/secrets-bulk`,
    refused(99_999, 'The moon is in the way.'),
    /Cloudflare refuses it: The moon is in the way \(code 99999\)/u,
  ],
];

test(
  '[F-612] what Cloudflare refuses is said in one sentence with its fix, and the same command goes on afterwards',
  async () => {
    const deployer = await Deployer.start();
    const { cloudflare } = deployer;
    for (const [name, beginning, refusal, words] of REFUSALS) {
      cloudflare.refusals.set(beginning, refusal);
      const { code, err } = await deployer.run('deploy', '--yes');
      expect({ name, code, err: err.replaceAll(/\s+/gu, ' ') }).toEqual({
        name,
        code: 1,
        err: expect.stringMatching(words),
      });
      expect(err).not.toMatch(/\n {4}at /u);
      cloudflare.refusals.clear();
    }
    cloudflare.subdomain = undefined;
    const fresh = await deployer.run('deploy', '--yes', '--name', 'other');
    expect(fresh).toMatchObject({
      code: 1,
      err: expect.stringContaining('no workers.dev subdomain yet'),
    });
    cloudflare.subdomain = 'ann';
    expect((await deployer.run('deploy', '--name', 'other')).code).toBe(0);
    expect((await deployer.run('deploy', '--name', 'mcp-edge-bridge')).code).toBe(0);
  },
  HANGS_MS,
);

test(
  '[F-612] [F-618] a name that is taken, several accounts, and no network; nobody removes the worker of another',
  async () => {
    const deployer = await Deployer.start();
    const { cloudflare } = deployer;
    expect((await deployer.run('deploy', '--yes')).code).toBe(0);
    // The same account from another machine, which knows nothing of it.
    const elsewhere = join(deployer.work, 'elsewhere');
    deployer.environment['XDG_CONFIG_HOME'] = elsewhere;
    const versions = cloudflare.workers.get('mcp-edge-bridge')?.versions.length;
    const taken = await deployer.run('deploy', '--yes');
    expect(taken).toMatchObject({
      code: 1,
      err: expect.stringContaining('has a worker mcp-edge-bridge already'),
    });
    expect(cloudflare.workers.get('mcp-edge-bridge')?.versions).toHaveLength(versions ?? 0);
    expect(await deployer.run('destroy', '--yes')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no edge was deployed from here'),
    });
    expect((await deployer.run('deploy', '--yes', '--replace')).code).toBe(0);
    // What the first machine remembers is not there any more.
    deployer.environment['XDG_CONFIG_HOME'] = '';
    const before = cloudflare.workers.get('mcp-edge-bridge')?.versions.length;
    for (const command of ['destroy', 'deploy'])
      expect(await deployer.run(command, '--yes')).toMatchObject({
        code: 1,
        err: expect.stringMatching(/something else has taken (?:its|the) place/u),
      });
    expect(cloudflare.workers.get('mcp-edge-bridge')?.versions).toHaveLength(before ?? 0);
    expect(existsSync(join(deployer.folderOf(), 'owner-key'))).toBe(true);
    deployer.environment['XDG_CONFIG_HOME'] = elsewhere;

    cloudflare.accounts = [ACCOUNT, { id: 'f'.repeat(32), name: 'Bob' }];
    const several = await deployer.run('deploy', '--yes', '--name', 'third');
    expect(several).toMatchObject({
      code: 1,
      err: expect.stringContaining(`${'f'.repeat(32)}  Bob`),
    });
    expect(
      (await deployer.run('deploy', '--yes', '--name', 'third', '--account', ACCOUNT.id)).code,
    ).toBe(0);

    deployer.environment['CLOUDFLARE_API_BASE_URL'] = 'http://127.0.0.1:9/client/v4';
    const offline = await deployer.run('deploy', '--yes', '--name', 'fourth');
    expect(offline).toMatchObject({
      code: 1,
      err: expect.stringContaining('Cloudflare cannot be reached from here'),
    });
  },
  HANGS_MS,
);
