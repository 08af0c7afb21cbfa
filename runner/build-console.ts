// `npm run console`: bundles the script of the console's pages into a module of the edge, so that every host serves the same text and needs
// no build. A test compares the two.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, type BuildOptions } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where the module lies. */
const CONSOLE_SCRIPT = join(ROOT, 'edge/http/console/island-script.ts');

export const consoleBuildOptions: BuildOptions = {
  absWorkingDir: ROOT,
  entryPoints: ['edge/http/console/island/main.ts'],
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  platform: 'browser',
  charset: 'utf8',
  write: false,
  logLevel: 'silent',
};

/** The script as it stands in a page. */
export async function consoleScript(): Promise<string> {
  const { outputFiles } = await build({ ...consoleBuildOptions, write: false });
  // In a page it ends where this begins.
  return (outputFiles[0]?.text ?? '').trim().replaceAll('</script', String.raw`<\/script`);
}

const moduleOf = (script: string): string =>
  [
    '// Made by `npm run console` from edge/http/console/island: not for reading. It holds Preact (MIT, © Jason Miller).',
    `export const ISLAND_SCRIPT = ${JSON.stringify(script)};`,
    '',
  ].join('\n');

if (import.meta.main) await writeFile(CONSOLE_SCRIPT, moduleOf(await consoleScript()));
