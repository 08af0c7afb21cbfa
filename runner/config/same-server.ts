// Whether an entry of one config file and an entry of another are the same server.
import { basename, isAbsolute, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { ProcessSource, ServerConfig, ServerSource } from './runner-config.ts';

/** Programs that run what a file of their folder names, such as package.json. */
const OF_THEIR_FOLDER: ReadonlySet<string> = new Set(
  (
    'npm pnpm yarn bun deno uv poetry pdm hatch pipenv rye make just task cargo go dotnet mvn gradle bundle mix composer ' +
    'docker-compose'
  ).split(' '),
);

/** Program and first word that do the same. */
const SO_CALLED: ReadonlySet<string> = new Set([
  'docker compose',
  'podman compose',
  'python -m',
  'python3 -m',
  'py -m',
]);

/**
 * The same program with the same settings. A folder that nobody chose counts only where the program depends on it: each program that has a
 * config file starts servers in a folder of its own. `exists` tells whether there is a file or folder of this path.
 */
export function isSameServer(
  one: ServerConfig,
  other: ServerConfig,
  exists: (path: string) => boolean,
): boolean {
  if (!isDeepStrictEqual(settingsOf(one), settingsOf(other))) return false;
  const sources = [one, other].flatMap(({ source }) => (source.kind === 'process' ? [source] : []));
  if (new Set(sources.map(({ cwd }) => cwd)).size < 2) return true;
  return sources.every((source) => source.hasOwnCwd !== true && !needsItsFolder(source, exists));
}

/** All but what it is called, where it runs, and what follows from the rest. */
const settingsOf = ({
  name: _name,
  configuredAs: _configuredAs,
  secrets: _secrets,
  source,
  ...settings
}: ServerConfig): object => ({ ...settings, source: withoutFolder(source) });

function withoutFolder(source: ServerSource): object {
  if (source.kind !== 'process') return source;
  const { cwd: _cwd, hasOwnCwd: _hasOwnCwd, ...rest } = source;
  return rest;
}

/** Whether it would be another program in another folder: it is told a relative path, or looks there by itself. */
function needsItsFolder(
  { command, args, env, cwd }: ProcessSource,
  exists: (path: string) => boolean,
): boolean {
  const isThere = (text: string): boolean =>
    // One that is there, or that says itself that it is one; it may be made only later.
    /^\.{1,2}(?:[/\\]|$)/u.test(text) ||
    (text !== '' && !isAbsolute(text) && exists(resolve(cwd, text)));
  // Also as the value of an option.
  const valueOf = (text: string): string => /^-[^=]*=(.*)$/su.exec(text)?.[1] ?? text;
  const values = args.map(valueOf);
  if (values.some(isThere)) return true;
  // A program without a path is looked for elsewhere; a word in the environment is rarely a file.
  if ([command, ...Object.values(env)].some((text) => /[./\\]/u.test(text) && isThere(text)))
    return true;
  const program = basename(command).replace(/\.(?:exe|cmd)$/u, '');
  const looks = OF_THEIR_FOLDER.has(program) || SO_CALLED.has(`${program} ${args[0] ?? ''}`);
  // They can be told another folder.
  return looks && !values.some((text) => isAbsolute(text));
}
