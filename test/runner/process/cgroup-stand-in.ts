// A folder that looks like a cgroup v2 file system as far as the runner reads and writes it. Nothing
// moves or dies in it; the contract in containment.test.ts is what it shares with the kernel's.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CgroupSite } from '../../../runner/process/containment.ts';

const FILES = [
  'cgroup.kill',
  'cgroup.procs',
  'cgroup.subtree_control',
  'cpu.max',
  'memory.max',
  'memory.oom.group',
  'memory.swap.max',
  'pids.max',
];

export class CgroupStandIn {
  readonly mount = mkdtempSync(join(tmpdir(), 'cgroup-'));
  readonly site: CgroupSite;

  /** The runner's group is `own`, below the mount; `lacks` are files that new groups are without. */
  constructor({ own = '/service', controllers = 'cpu memory pids', lacks = [''] } = {}) {
    const fill = (path: string): void => {
      for (const file of FILES) if (!lacks.includes(file)) writeFileSync(join(path, file), '');
      writeFileSync(join(path, 'cgroup.controllers'), controllers);
    };
    mkdirSync(join(this.mount, own), { recursive: true });
    fill(this.mount);
    fill(join(this.mount, own));
    this.site = {
      mounts: [join(this.mount, 'nowhere'), this.mount],
      own: `4:memory:/other\n0::${own}\n`,
      folder: {
        make: (path) => {
          mkdirSync(path);
          fill(path);
        },
        remove: (path) => rmSync(path, { recursive: true }),
      },
    };
  }

  read(path: string): string {
    return readFileSync(join(this.mount, path), 'utf8');
  }

  groups(path: string): string[] {
    return readdirSync(join(this.mount, path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  }

  dispose(): void {
    rmSync(this.mount, { recursive: true });
  }
}
