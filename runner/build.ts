// `npm run build`: makes `dist`, the package that is published. The program has everything it imports in its folder, so an
// installed package needs nothing else: no Node packages, no workerd, no esbuild.
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, type BuildOptions, type Metafile } from 'esbuild';

import { consoleBuildOptions } from './build-console.ts';
import { edgeBuildOptions, PREBUILT_EDGE } from './dev/bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** One level below the package's root, as `runner/` is: the program finds package.json there. */
const bin = join(dist, 'bin');

/** What the launcher loads. */
const PROGRAM = 'program.js';

const programOptions: BuildOptions = {
  absWorkingDir: root,
  entryPoints: { program: 'runner/main.ts' },
  outdir: bin,
  // Each command loads its own part: what a shell runs at its start, such as `completion`, takes a third of the time.
  splitting: true,
  chunkNames: '[name]-[hash]',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  // jsonc-parser's CommonJS loads its parts in a way that no bundler can follow; its ES modules are complete.
  mainFields: ['module', 'main'],
  // esbuild bundles an edge from sources that only the repository has; the other two speed ws up where they are installed.
  external: ['esbuild', 'bufferutil', 'utf-8-validate'],
  // ws is CommonJS and requires Node's own modules, which an ES module cannot.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
};

/** Members that the published manifest takes over. Dependencies are bundled; those for development stay here. */
const MANIFEST_FIELDS = [
  'name',
  'version',
  'description',
  'keywords',
  'license',
  'type',
  'engines',
  'publishConfig',
  'peerDependencies',
  'peerDependenciesMeta',
];

await rm(dist, { recursive: true, force: true });
await mkdir(bin, { recursive: true });
const { version } = await writeManifest();
const bundled = [
  await bundle(programOptions),
  await bundle(edgeBuildOptions(root, join(bin, PREBUILT_EDGE))),
  // It is in both already, as text.
  await bundle({ ...consoleBuildOptions, write: false }),
];
await writeFile(join(bin, 'mcp-bridge.js'), await launcher());
await chmod(join(bin, 'mcp-bridge.js'), 0o755);
await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licencesOf(bundled));
for (const file of ['README.md', 'LICENSE']) await copyIfThere(file, join(dist, file));
await copyIfThere('runner/config.schema.json', join(bin, 'config.schema.json'));
process.stdout.write(`dist holds mcp-edge-bridge ${version}\n`);

async function writeManifest(): Promise<{ version: string }> {
  const text = await readFile(join(root, 'package.json'), 'utf8');
  const own = JSON.parse(text) as Record<string, unknown> & { version: string };
  const manifest = Object.fromEntries(
    MANIFEST_FIELDS.filter((field) => field in own).map((field) => [field, own[field]]),
  );
  manifest['bin'] = { 'mcp-bridge': 'bin/mcp-bridge.js' };
  // It is a program: nothing of it is to be imported but what describes it.
  manifest['exports'] = {
    './package.json': './package.json',
    './config.schema.json': './bin/config.schema.json',
  };
  manifest['files'] = ['bin', 'THIRD-PARTY-LICENSES.txt'];
  await writeFile(join(dist, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return own;
}

/**
 * The file that is called. An old Node cannot even load the program, and would say so in words that help nobody; this one says what to
 * do. It is written for Node 12, the first that knows `import()`.
 */
async function launcher(): Promise<string> {
  const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const least = /^>=(\d+)\.(\d+)$/u.exec(engines.node);
  if (!least) throw new Error(`The launcher cannot check ${engines.node}.`);
  const [, major, minor] = least;
  return `#!/usr/bin/env node
var version = process.versions.node.split('.').map(Number);
if (version[0] > ${major} || (version[0] === ${major} && version[1] >= ${minor})) import('./${PROGRAM}');
else {
  console.error('mcp-bridge needs Node ${major}.${minor} or newer, and this is ' + process.version + '. Install one from https://nodejs.org, or with your version manager.');
  process.exitCode = 1;
}
`;
}

async function bundle(options: BuildOptions): Promise<Metafile> {
  const { metafile } = await build({ ...options, metafile: true, logLevel: 'warning' });
  return metafile;
}

/** The licence of each package whose code is in a bundle: most ask that their notice goes with every copy. */
async function licencesOf(metafiles: readonly Metafile[]): Promise<string> {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const folders = new Set(
    inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(path)?.[0] ?? []),
  );
  const notices = [...folders].toSorted().map(async (folder) => {
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const files = await readdir(join(root, folder));
    const licence = files.find((file) => /^licen[cs]e/iu.test(file));
    if (licence === undefined) throw new Error(`${folder} has no licence file to pass on.`);
    return `${name}\n\n${await readFile(join(root, folder, licence), 'utf8')}`;
  });
  return (await Promise.all(notices)).join('\n----\n\n');
}

async function copyIfThere(from: string, to: string): Promise<void> {
  if (existsSync(join(root, from))) await copyFile(join(root, from), to);
}
