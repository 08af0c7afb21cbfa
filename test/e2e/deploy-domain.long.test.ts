// An edge at a domain of the account: made there, moved there from workers.dev, and refused where the account has no such zone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { Deployer, type Ended } from './deployed.ts';
import { fixture } from './raw-session.ts';

/** A dozen programs start one after the other; on a machine that does other work each takes ten seconds. */
const HANGS_MS = 600_000;

const EDGE = 'https://mcp.example.com';
const SCRIPT = '/accounts/:account/workers/scripts/mcp-edge-bridge';
const COMMAND = ['--', process.execPath, fixture('echo')];

const saidBy = ({ out, err }: Ended): string => `${err}${out}`.replaceAll(/\s+/gu, ' ');

/** What is remembered of the edge, and the block of the config that names it. */
const stateOf = (deployer: Deployer) => ({
  deployment: JSON.parse(readFileSync(join(deployer.folderOf(), 'deployment.json'), 'utf8')),
  bridge: JSON.parse(readFileSync(join(deployer.work, 'mcp.json'), 'utf8')).bridge,
});

test(
  '[F-740] deploy --domain serves at that host alone, remembers it, and looks at it from outside',
  async () => {
    const deployer = await Deployer.start();
    const { cloudflare } = deployer;
    const elsewhere = await deployer.run('deploy', '--yes', '--domain', 'mcp.example.net');
    expect(elsewhere.code).toBe(1);
    expect(saidBy(elsewhere)).toContain('this account has no zone to which that domain belongs');
    // The right name, after the wrong one: the same deployment goes on.
    const deployed = await deployer.run(
      'deploy',
      '--yes',
      '--domain',
      'MCP.example.com',
      ...COMMAND,
    );
    expect(saidBy(deployed)).toContain(`mcp-edge-bridge is up at ${EDGE}`);
    expect(deployed.code).toBe(0);
    expect(deployed.out).not.toContain('✗');
    expect(deployed.out).toContain('TLS: mcp.example.com answers');
    expect([...cloudflare.domains]).toEqual([['mcp.example.com', 'mcp-edge-bridge']]);
    const worker = cloudflare.workers.get('mcp-edge-bridge');
    expect(worker).toMatchObject({ isOnWorkersDev: false, secrets: { BRIDGE_URL: EDGE } });
    expect(stateOf(deployer)).toMatchObject({
      deployment: { domain: 'mcp.example.com', url: EDGE },
      bridge: { edge: EDGE },
    });

    const changes = cloudflare.changes.length;
    const again = await deployer.run('deploy', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ ok: true, url: EDGE });
    expect(cloudflare.changes).toHaveLength(changes);
    // What is uploaded later stays there.
    const upgraded = await deployer.run('upgrade', '--replace', '--yes', '--json');
    expect(JSON.parse(upgraded.out)).toMatchObject({ ok: true, url: EDGE });
    expect(cloudflare.changes.slice(changes)).toContain(`PUT ${SCRIPT}/domains/records`);
    expect((await deployer.run('destroy', '--yes')).code).toBe(0);
    expect([...cloudflare.domains]).toEqual([]);
  },
  HANGS_MS,
);

test(
  '[F-740] an edge that is there moves to a domain once that was agreed to, also when it is killed half-way, with the config that names it',
  async () => {
    const deployer = await Deployer.start();
    const { cloudflare } = deployer;
    expect((await deployer.run('deploy', '--yes', ...COMMAND)).code).toBe(0);
    const before = cloudflare.changes.length;
    const unasked = await deployer.run('deploy', '--domain', 'mcp.example.com');
    expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining('add --yes') });
    expect(cloudflare.changes).toHaveLength(before);
    const words = ['deploy', '--yes', '--domain', 'mcp.example.com'];
    await deployer.killedAt(`PUT ${SCRIPT}/domains/records`, ...words);
    // It goes on without being told the domain again.
    const moved = await deployer.run('deploy', '--yes');
    expect(saidBy(moved)).toContain('Going on with the edge mcp-edge-bridge');
    expect(saidBy(moved)).toContain(`mcp-edge-bridge is up at ${EDGE}`);
    expect(saidBy(moved)).not.toMatch(
      /moves the edge mcp-edge-bridge from https:\/\/mcp-edge-bridge\.ann\.workers\.dev to https:\/\/mcp\.example\.com\./u,
    );
    expect(moved.out).not.toContain('✗');
    expect(moved.code).toBe(0);
    expect(cloudflare.workers.get('mcp-edge-bridge')).toMatchObject({
      isOnWorkersDev: false,
      secrets: { BRIDGE_URL: EDGE },
    });
    expect(stateOf(deployer)).toMatchObject({
      deployment: { url: EDGE, movedFrom: 'https://mcp-edge-bridge.ann.workers.dev' },
      bridge: { edge: EDGE },
    });
    // One worker, one runner, as before.
    expect(JSON.parse((await deployer.run('status', '--json')).out)).toMatchObject({ url: EDGE });
    expect(cloudflare.workers.size).toBe(1);
  },
  HANGS_MS,
);

test(
  '[F-830] an edge that cannot move to a domain goes on at the address that it had',
  async () => {
    const deployer = await Deployer.start();
    const { cloudflare } = deployer;
    expect((await deployer.run('deploy', '--yes', ...COMMAND)).code).toBe(0);
    const refused = await deployer.run('deploy', '--yes', '--domain', 'mcp.example.net');
    expect(refused.code).toBe(1);
    expect(saidBy(refused)).toContain('Without --domain it goes on at the address that it had');
    const again = await deployer.run('deploy', '--yes', '--json');
    const url = 'https://mcp-edge-bridge.ann.workers.dev';
    expect(JSON.parse(again.out)).toMatchObject({ ok: true, url });
    expect(cloudflare.workers.get('mcp-edge-bridge')).toMatchObject({ isOnWorkersDev: true });
    expect([...cloudflare.domains]).toEqual([]);
    const { deployment } = stateOf(deployer);
    expect([deployment.url, deployment.domain, deployment.movedFrom]).toEqual([
      url,
      undefined,
      undefined,
    ]);
  },
  HANGS_MS,
);

test(
  '[F-934] an edge at a domain moves back to workers.dev once that was agreed to, with the config that names it',
  async () => {
    const deployer = await Deployer.start();
    const { cloudflare } = deployer;
    const first = await deployer.run('deploy', '--yes', '--domain', 'mcp.example.com', ...COMMAND);
    expect(first.code).toBe(0);
    const before = cloudflare.changes.length;
    const unasked = await deployer.run('deploy', '--domain', 'workers.dev');
    expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining('add --yes') });
    expect(cloudflare.changes).toHaveLength(before);
    const back = await deployer.run('deploy', '--yes', '--domain', 'workers.dev');
    const url = 'https://mcp-edge-bridge.ann.workers.dev';
    expect(saidBy(back)).toContain(
      'moves the edge mcp-edge-bridge from https://mcp.example.com to https://mcp-edge-bridge.',
    );
    expect(saidBy(back)).toContain(`mcp-edge-bridge is up at ${url}`);
    expect(saidBy(back)).toContain('mcp.example.com: still leads to this worker');
    expect(back.out).not.toContain('✗');
    expect(back.code).toBe(0);
    expect(cloudflare.workers.get('mcp-edge-bridge')).toMatchObject({
      isOnWorkersDev: true,
      secrets: { BRIDGE_URL: url },
    });
    const { deployment, bridge } = stateOf(deployer);
    expect([deployment.url, deployment.domain, deployment.movedFrom]).toEqual([
      url,
      undefined,
      EDGE,
    ]);
    expect(bridge).toMatchObject({ edge: url });
    // It stays there, and nobody is asked again.
    const changes = cloudflare.changes.length;
    for (const words of [['deploy'], ['deploy', '--domain', 'workers.dev']]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const again = await deployer.run(...words, '--json');
      expect(JSON.parse(again.out)).toMatchObject({ ok: true, url });
    }
    expect(cloudflare.changes).toHaveLength(changes);
  },
  HANGS_MS,
);
