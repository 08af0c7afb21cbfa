// A config that asks for what this machine does not grant is refused before anything starts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkIsolation } from '../../runner/check/isolation.ts';
import { readConfig } from '../../runner/config/read.ts';
import type { RunnerConfig } from '../../runner/config/runner-config.ts';
import { machineProblems } from '../../runner/config/machine.ts';
import { openContainment } from '../../runner/process/containment.ts';
import { CgroupStandIn } from './process/cgroup-stand-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'machine-'));
const empty = new CgroupStandIn();
const none = openContainment({ ...empty.site, mounts: [] });
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  empty.dispose();
});

async function configWith(block: object, own: object = {}): Promise<RunnerConfig> {
  const path = join(folder, 'mcp.json');
  const mcpServers = { a: { command: 'x', bridge: own }, b: { command: 'x' } };
  writeFileSync(path, JSON.stringify({ mcpServers, bridge: block }));
  const reading = await readConfig(path, {});
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.config;
}

describe.skipIf(process.platform !== 'linux')('limits', () => {
  it('are refused without cgroups, naming the servers, the reason and the unit to write', async () => {
    const config = await configWith({}, { limits: { pids: 8 } });
    expect(machineProblems(config, none)).toEqual([
      {
        file: config.file,
        path: 'limits of a',
        what: 'cannot be set here: no cgroup v2 hierarchy is mounted',
        fix: expect.stringContaining('Delegate=yes and DelegateSubgroup=mcp-runner'),
      },
    ]);
  });

  it('of all servers are made ready together; with none nothing is asked', async () => {
    const site = new CgroupStandIn();
    onTestFinished(() => site.dispose());
    const containment = openContainment(site.site);
    expect(machineProblems(await configWith({}), containment)).toEqual([]);
    expect(site.read('service/cgroup.subtree_control')).toBe('');
    const config = await configWith({ limits: { memory: '1GiB' } }, { limits: { pids: 8 } });
    expect(machineProblems(config, containment)).toEqual([]);
    expect(site.read('service/cgroup.subtree_control')).toBe('+memory +pids');
  });
});

describe.skipIf(process.geteuid === undefined)('another user', () => {
  const other = { user: { uid: 61_001, gid: 61_001 } };
  const asUser = (uid: number): void => {
    onTestFinished(() => void vi.restoreAllMocks());
    vi.spyOn(process, 'geteuid').mockReturnValue(uid);
  };

  it('is refused to a runner that is not root', async () => {
    asUser(1000);
    expect(machineProblems(await configWith(other), none)).toMatchObject([
      { path: 'user of a, b', what: 'cannot be used: the runner does not run as root' },
    ]);
  });

  it("is granted where it is the runner's own", async () => {
    asUser(61_001);
    expect(machineProblems(await configWith(other), none)).toEqual([]);
  });

  it('keeps the token file from the processes, of which `check` speaks', async () => {
    asUser(1000);
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'mcpr_x', { mode: 0o600 });
    const uid = process.getuid?.() ?? 0;
    const subjects = async (block: object): Promise<string[]> => {
      const config = await configWith({ tokenFile, ...block });
      return (await checkIsolation(config, none)).map(
        ({ verdict, subject }) => `${verdict} ${subject}`,
      );
    };
    expect(await subjects(other)).toEqual(['ok containment']);
    expect(await subjects({ user: { uid, gid: 61_001 } })).toEqual([
      'ok containment',
      'warn token file',
    ]);
  });
});
