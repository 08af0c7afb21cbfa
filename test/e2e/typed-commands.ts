// A shell as a person has one, in which `mcp-bridge` is installed: for tests that type what the product's papers and pages say.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { onTestFinished } from 'vitest';

const program = fileURLToPath(new URL('../../runner/main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs one command in `folder`, whose `bin` is on the path. `until`: words at which the command is told to end. */
export async function typed(command: string, folder: string, until?: string): Promise<Ended> {
  const child = spawn('sh', ['-c', `exec ${command}`], {
    cwd: folder,
    env: { HOME: folder, PWD: folder, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (until === undefined || !output.includes(until)) return;
      // A second signal would not let it end in peace.
      until = undefined;
      child.kill('SIGTERM');
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** Puts programs on the path of `folder`: `mcp-bridge`, and `others` by their names, as scripts of sh. */
export function install(folder: string, others: Readonly<Record<string, string>> = {}): void {
  mkdirSync(join(folder, 'bin'));
  const scripts = { 'mcp-bridge': `exec '${process.execPath}' '${program}' "$@"`, ...others };
  for (const [name, script] of Object.entries(scripts)) {
    const path = join(folder, 'bin', name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }
}
