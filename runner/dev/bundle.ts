// Where the edge's bundle comes from. In the packed package it lies next to the program; in the repository esbuild makes it
// from the sources, and is loaded only then.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { BuildOptions } from 'esbuild';

/** The bundle's name in the packed package, next to the program. */
export const PREBUILT_EDGE = 'edge-worker.js';

/**
 * How esbuild turns the edge into one module. Unminified: a stack trace from workerd then names real
 * functions, and the size does not matter to a worker that is loaded once.
 */
export function edgeBuildOptions(root: string, outfile: string): BuildOptions {
  return {
    absWorkingDir: root,
    entryPoints: ['edge/hosts/cloudflare/worker.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    minify: false,
    logLevel: 'silent',
  };
}

/**
 * The path of the edge's bundle: the prebuilt one, else one made now as `<folder>/worker.js`.
 * Rejects with esbuild's own words when the sources do not build.
 */
export async function edgeBundle(folder = join('.bridge', 'edge')): Promise<string> {
  const prebuilt = fileURLToPath(new URL(PREBUILT_EDGE, import.meta.url));
  if (existsSync(prebuilt)) return prebuilt;
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const outfile = resolve(folder, 'worker.js');
  const { build, stop } = await import('esbuild');
  await build(edgeBuildOptions(root, outfile));
  // Its service process would stay for as long as this one.
  await stop();
  return outfile;
}
