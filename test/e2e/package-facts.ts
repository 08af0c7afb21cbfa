// What tests of the package look up: an old Node of this machine, what a process has cost, and what an image starts.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { DockerfileParser } from 'dockerfile-ast';

/** A Node of this machine that is older than what is needed, as `npx` and services find one beside the shell's. */
export async function oldNode(): Promise<string | undefined> {
  for (const path of new Set(['/usr/bin/node', '/usr/local/bin/node', '/usr/bin/nodejs'])) {
    if (!existsSync(path)) continue;
    const { stdout } = await promisify(execFile)(path, ['--version']);
    const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)\./u.exec(stdout)?.map(Number) ?? [];
    if (major < 22 || (major === 22 && minor < 18)) return path;
  }
  return undefined;
}

/** Processor time that a process has taken so far, in ms: user and system of /proc/<pid>/stat, in hundredths of a second (proc(5)). */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The words that an image gives to the program, and its health check, with the ports of the image changed. */
export function imageOf(name: string, ports: Readonly<Record<string, number>>) {
  const text = Object.entries(ports).reduce(
    (changed, [from, to]) => changed.replaceAll(from, String(to)),
    readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'),
  );
  const instructions = DockerfileParser.parse(text).getInstructions();
  const wordsOf = (keyword: string): string[] =>
    JSON.parse(
      instructions
        .findLast((each) => each.getKeyword() === keyword)
        ?.getArgumentsContent()
        ?.replace(/^[^[]*/u, '') ?? '[]',
    ) as string[];
  const entry = wordsOf('ENTRYPOINT');
  const program = entry.indexOf('mcp-bridge');
  if (program < 0) throw new Error(`${name} starts no mcp-bridge.`);
  const [command, ...checks] = wordsOf('HEALTHCHECK');
  if (command !== 'node') throw new Error(`${name} asks ${command} for its health.`);
  return { words: [...entry.slice(program + 1), ...wordsOf('CMD')], checks };
}
