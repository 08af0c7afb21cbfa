// Packages of other people that the field scripts run: installed with npm in exact versions, below .bridge/field, once. They are no
// dependencies of this project, and their install scripts are not run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import * as v from 'valibot';

/** Exact versions by package name. */
export type Wanted = Readonly<Record<string, string>>;

export interface Packages {
  /** Their node_modules. */
  readonly modules: string;
  /** The path of the program that a package names: its only one, or the first. */
  programOf(name: string): string;
}

const manifest = v.object({
  version: v.string(),
  bin: v.optional(v.union([v.string(), v.record(v.string(), v.string())])),
});

/**
 * Installs what is not there in its exact version.
 *
 * @param home the folder's name below .bridge/field; scripts that want different packages use different ones.
 * @throws when npm fails.
 */
export async function installPackages(home: string, wanted: Wanted): Promise<Packages> {
  const folder = resolve('.bridge/field', home);
  const modules = join(folder, 'node_modules');
  const manifestOf = (name: string) => {
    const path = join(modules, name, 'package.json');
    return existsSync(path) ? v.parse(manifest, JSON.parse(readFileSync(path, 'utf8'))) : undefined;
  };
  const isThere = Object.entries(wanted).every(
    ([name, version]) => manifestOf(name)?.version === version,
  );
  if (!isThere) {
    mkdirSync(folder, { recursive: true });
    const contents = { private: true, dependencies: wanted };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(contents));
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const npm = spawn('npm', ['install', ...flags], { cwd: folder, stdio: 'inherit' });
    const [code] = (await once(npm, 'close')) as [number | null];
    if (code !== 0) throw new Error(`npm install ended with ${code} in ${folder}`);
  }
  return {
    modules,
    programOf: (name) => {
      const { bin = {} } = manifestOf(name) ?? {};
      const [first] = typeof bin === 'string' ? [bin] : Object.values(bin);
      if (first === undefined) throw new Error(`${name} names no program.`);
      return join(modules, name, first);
    },
  };
}
