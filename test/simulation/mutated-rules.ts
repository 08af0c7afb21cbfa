// Loads the edge's rules with one piece of their source replaced, beside the real ones.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RULES, type Rules } from './rules.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Names from beside the file, as they are found from elsewhere. */
const rooted = (source: string, path: string): string =>
  source.replaceAll(
    /from '(\.[^']+)'/gu,
    (_match, name: string) => `from '${pathToFileURL(resolve(dirname(path), name)).href}'`,
  );

/** The rules with `before` replaced in a file of `edge/core`, where it stands once. */
export async function mutatedRules(
  file: `${'session' | 'fleet' | 'exchange' | 'opening' | 'modern-delivery' | 'unread'}.ts`,
  before: string,
  after: string,
): Promise<Rules> {
  const path = join(ROOT, 'edge/core', file);
  const source = readFileSync(path, 'utf8');
  if (source.split(before).length !== 2)
    throw new Error(`${file} does not have this once: ${before}`);
  const mutant = join(mkdtempSync(join(tmpdir(), 'mutant-')), file);
  writeFileSync(
    mutant,
    rooted(
      source.replace(before, () => after),
      path,
    ),
  );
  return { ...RULES, ...((await import(pathToFileURL(mutant).href)) as Partial<Rules>) };
}
