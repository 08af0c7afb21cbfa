// Loads rules of the edge, of virtual servers, or of shared processes, with one piece of their source replaced, beside the real ones.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RULES, type Rules } from './rules.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The file of rules that a part of them is used by. */
const USED_BY = {
  'placing.ts': 'fleet.ts',
  'link-watch.ts': 'session.ts',
  'fleet-words.ts': 'session.ts',
  'kept-session.ts': 'session.ts',
} as const;

type Part = keyof typeof USED_BY;

/** Names from beside the file, as they are found from elsewhere; those of `mutants` stand beside it there too. */
const rooted = (source: string, path: string, mutants: readonly string[]): string =>
  source.replaceAll(/from '(\.[^']+)'/gu, (match, name: string) =>
    mutants.includes(name) ? match : `from '${pathToFileURL(resolve(dirname(path), name)).href}'`,
  );

const isPart = (file: string): file is Part => file in USED_BY;

/** The rules with `before` replaced in a file of `edge/core`, where it stands once. */
export async function mutatedRules(
  file:
    | 'access.ts'
    | 'session.ts'
    | 'fleet.ts'
    | 'exchange.ts'
    | 'opening.ts'
    | 'modern-delivery.ts'
    | 'unread.ts'
    | Part,
  before: string,
  after: string,
): Promise<Rules> {
  const core = join(ROOT, 'edge/core');
  const source = readFileSync(join(core, file), 'utf8');
  if (source.split(before).length !== 2)
    throw new Error(`${file} does not have this once: ${before}`);
  const mutants = mkdtempSync(join(tmpdir(), 'mutant-'));
  const write = (name: string, text: string): string => {
    const path = join(mutants, name);
    writeFileSync(path, rooted(text, join(core, name), [`./${file}`]));
    return path;
  };
  let mutant = write(
    file,
    source.replace(before, () => after),
  );
  if (isPart(file)) mutant = write(USED_BY[file], readFileSync(join(core, USED_BY[file]), 'utf8'));
  return { ...RULES, ...(await imported<Partial<Rules>>(mutant, mutants)) };
}

/** The rules with `before` replaced in a file of `runner/virtual`, where it stands once. */
export const mutatedVirtual = (file: string, before: string, after: string): Promise<Rules> =>
  mutatedRunner({ folder: 'virtual', hosts: ['virtual-choice.ts'] }, file, before, after);

/** The rules with `before` replaced, where it stands once, in a file of `runner/seats` or in one that hosts them. */
export const mutatedSeats = (file: string, before: string, after: string): Promise<Rules> =>
  mutatedRunner(
    { folder: 'seats', hosts: ['shared-processes.ts', 'hub-host.ts', 'seat.ts'] },
    file,
    before,
    after,
  );

/** A folder of `runner`, and the files of `runner/sessions` that host it: the first is what is used of them. */
interface Hosted {
  readonly folder: string;
  readonly hosts: readonly [string, ...string[]];
}

async function mutatedRunner(
  { folder, hosts }: Hosted,
  file: string,
  before: string,
  after: string,
): Promise<Rules> {
  const runner = join(ROOT, 'runner');
  const mutants = mkdtempSync(join(tmpdir(), 'mutant-'));
  for (const each of [folder, 'sessions']) mkdirSync(join(mutants, each));
  const files = [
    ...readdirSync(join(runner, folder)).map((name) => `${folder}/${name}`),
    ...hosts.map((name) => `sessions/${name}`),
  ];
  for (const name of files) {
    const path = join(runner, name);
    const source = readFileSync(path, 'utf8');
    const isIt = name.endsWith(`/${file}`);
    if (isIt && source.split(before).length !== 2)
      throw new Error(`${file} does not have this once: ${before}`);
    const text = isIt ? source.replace(before, () => after) : source;
    const own = dirname(name);
    const beside = files.map((each) =>
      dirname(each) === own ? `./${basename(each)}` : `../${each}`,
    );
    writeFileSync(join(mutants, name), rooted(text, path, beside));
  }
  const used = await imported<Partial<Rules>>(join(mutants, 'sessions', hosts[0]), mutants);
  return { ...RULES, ...used };
}

/** A module of a folder that is needed for nothing else. */
async function imported<M>(path: string, folder: string): Promise<M> {
  try {
    return (await import(pathToFileURL(path).href)) as M;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
