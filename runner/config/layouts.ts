// Finds the servers in a config file, whichever program wrote it. It reads what is certain; about everything else it says what
// was found and what to do.
import { isObject } from '../../shared/json-value.ts';
import { type ConfigNote, type Keys, nearestWord, settingPath } from './problem.ts';

/** An entry as it is in the file. */
export interface RawEntry {
  readonly name: string;
  readonly keys: Keys;
  readonly value: unknown;
  /** Where another setting of the file switches this server off. */
  readonly offBy?: string;
}

export type Layout =
  | {
      readonly ok: true;
      /** The place of the entries; empty if they are the file itself. */
      readonly keys: Keys;
      readonly entries: readonly RawEntry[];
      /** Other places that hold servers too, and are not read. */
      readonly unread: readonly Keys[];
    }
  | { readonly ok: false; readonly problem: ConfigNote };

/** The runner's own block; never a server, whatever is around it. */
export const RUNNER_BLOCK = 'bridge';

/** Places by program, the most telling first: `servers` is a word that many files use. */
const PLACES: readonly Keys[] = [
  ['mcpServers'],
  // Amp, Zed, VS Code's settings.json and workspaces, Continue before its YAML, Codex.
  ['amp.mcpServers'],
  ['context_servers'],
  ['mcp', 'servers'],
  ['mcp.servers'],
  ['settings', 'mcp', 'servers'],
  ['experimental', 'modelContextProtocolServers'],
  ['mcp_servers'],
  // VS Code's mcp.json, opencode and Crush, Goose.
  ['servers'],
  ['mcp'],
  ['extensions'],
];

/** What every program calls the start of a server, by canonical spelling. */
const ENTRY_KEYS: ReadonlySet<string> = new Set(['command', 'cmd', 'url', 'httpurl', 'serverurl']);

/** A key in canonical spelling: `http_url` and `httpUrl` are the same. */
export const canonicalKey = (key: string): string => key.toLowerCase().replaceAll(/[_.\s-]/gu, '');

/** Finds the entries of `file`. */
export function findServers(file: Record<string, unknown>): Layout {
  const found = PLACES.filter((keys) => holdsServers(valueAt(file, keys)));
  const [keys, ...unread] = found;
  if (keys !== undefined) return { ok: true, keys, entries: entriesAt(file, keys), unread };
  // Under its own key even a map of broken entries counts.
  const isOurs = Object.hasOwn(file, 'mcpServers');
  return (
    (isOurs ? undefined : (manifest(file) ?? bareMap(file))) ??
    otherFile(file) ??
    emptyPlace(file) ??
    refused(['mcpServers'], 'is missing', missingAdvice(file))
  );
}

function holdsServers(place: unknown): boolean {
  const values = Array.isArray(place) ? place : isObject(place) ? Object.values(place) : [];
  return values.some(looksLikeEntry);
}

function looksLikeEntry(value: unknown): boolean {
  if (!isObject(value)) return false;
  if (Object.keys(value).some((key) => ENTRY_KEYS.has(canonicalKey(key)))) return true;
  // Some programs put it one level below.
  return ['config', 'transport', 'params'].some((key) => looksLikeEntry(value[key]));
}

function valueAt(file: unknown, keys: Keys): unknown {
  return keys.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    file,
  );
}

function entriesAt(file: Record<string, unknown>, keys: Keys): RawEntry[] {
  const place = valueAt(file, keys);
  const off = switchedOff(file, keys);
  const named = Array.isArray(place)
    ? place.map((value: unknown, index) => ({ name: nameIn(value, index), key: index, value }))
    : Object.entries(isObject(place) ? place : {}).map(([key, value]) => ({
        name: key,
        key,
        value,
      }));
  return named.map(({ name, key, value }) => {
    const offBy = off(name);
    return { name, keys: [...keys, key], value, ...(offBy === undefined ? {} : { offBy }) };
  });
}

/** Lists of servers name each in itself. */
function nameIn(value: unknown, index: number): string {
  const name = isObject(value) ? (value['name'] ?? value['id'] ?? value['key']) : undefined;
  return typeof name === 'string' && name !== '' ? name : `server-${index + 1}`;
}

/** Lists that name the servers that are off, and those that alone are on, by canonical spelling. */
const OFF_LISTS: ReadonlySet<string> = new Set([
  'disabledmcpjsonservers',
  'disabledmcpservers',
  'disabledservers',
  'excludemcpservers',
  'excludedmcpservers',
  'mcpexcluded',
]);
const ON_LISTS: ReadonlySet<string> = new Set([
  'allowmcpservers',
  'allowedmcpservers',
  'mcpallowed',
]);

/** Finds the setting, next to the servers, that switches a name off. */
function switchedOff(
  file: Record<string, unknown>,
  keys: Keys,
): (name: string) => string | undefined {
  const parent = valueAt(file, keys.slice(0, -1));
  const lists = [...listsIn(file), ...(isObject(parent) && parent !== file ? listsIn(parent) : [])];
  const off = lists.filter(({ canonical }) => OFF_LISTS.has(canonical));
  const on = lists.filter(({ canonical, names }) => ON_LISTS.has(canonical) && names.length > 0);
  const isAllOff = isObject(parent) && parent !== file && parent['enabled'] === false;
  const all = isAllOff ? settingPath([...keys.slice(0, -1), 'enabled']) : undefined;
  return (name) =>
    all ??
    off.find(({ names }) => names.includes(name))?.path ??
    on.find(({ names }) => !names.includes(name))?.path;
}

function listsIn(place: Record<string, unknown>) {
  const { mcp } = place;
  const nested = isObject(mcp)
    ? Object.entries(mcp).map(([key, value]) => ['mcp', key, value])
    : [];
  const own = Object.entries(place).map(([key, value]) => [key, value]);
  return [...own, ...nested].flatMap((item) => {
    const names: unknown = item.at(-1);
    const path = item.slice(0, -1).map(String);
    if (!Array.isArray(names)) return [];
    return [
      {
        canonical: canonicalKey(path.join('.')),
        path: settingPath(path),
        names: names as unknown[],
      },
    ];
  });
}

/** The manifest of a desktop extension (MCPB, formerly DXT) that lies unpacked in the file's folder. */
function manifest(file: Record<string, unknown>): Layout | undefined {
  const keys = ['server', 'mcp_config'];
  const config = valueAt(file, keys);
  if (!isObject(config)) {
    if (!('dxt_version' in file) && !('manifest_version' in file)) return undefined;
    const fix = `Put the command that starts it into a file beside it: { "mcpServers": { "<name>": { "command": … } } }.`;
    return refused(keys, 'is missing in this extension manifest', fix);
  }
  const { platform_overrides: overrides, ...rest } = config;
  const override = isObject(overrides) ? overrides[process.platform] : undefined;
  const env = { ...ownObject(rest['env']), ...ownObject(ownObject(override)['env']) };
  const value = { ...rest, ...ownObject(override), env };
  const name = typeof file['name'] === 'string' ? file['name'] : 'extension';
  return { ok: true, keys, entries: [{ name, keys, value }], unread: [] };
}

const ownObject = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});

/** Claude Code's and others' files may be the map itself, without a key around it. */
function bareMap(file: Record<string, unknown>): Layout | undefined {
  const entries = Object.entries(file)
    .filter(([name, value]) => name !== RUNNER_BLOCK && isObject(value))
    .map(([name, value]) => ({ name, keys: [name], value }));
  const isMap = entries.some(({ value }) => looksLikeEntry(value));
  return isMap ? { ok: true, keys: [], entries, unread: [] } : undefined;
}

/** Files that say something about servers in a form that cannot be served as it is. */
function otherFile(file: Record<string, unknown>): Layout | undefined {
  const { [RUNNER_BLOCK]: _ours, ...entry } = file;
  if (looksLikeEntry(entry)) {
    const { name } = entry;
    if (typeof name === 'string' && name !== '')
      return { ok: true, keys: [], entries: [{ name, keys: [], value: entry }], unread: [] };
    const fix = 'Put it in { "mcpServers": { "<name>": { … } } }.';
    return refused([], 'is one server without a name', fix);
  }
  if (Array.isArray(file['packages']) || Array.isArray(file['remotes'])) {
    const fix =
      'Write the command that runs the package, as { "mcpServers": { "<name>": { "command": "npx", "args": ["-y", "<package>@<version>"] } } }.';
    return refused([], 'is an entry of a registry ("packages"), which names no command', fix);
  }
  const places = [...serversBelow(file, [], MAX_DEPTH)];
  const [first] = places;
  if (first === undefined) return undefined;
  // Claude Code keeps the servers of each project like this; it does not say which project is meant.
  if (places.length === 1 && first[0] !== 'projects')
    return { ok: true, keys: first, entries: entriesAt(file, first), unread: [] };
  const what =
    places.length === 1
      ? 'has servers for one project only, and none for all projects'
      : `is one of ${places.length} places that hold servers, and only one can be served`;
  const fix = 'Copy the "mcpServers" you want to serve into a separate file.';
  return refused(first, what, fix);
}

/** The deepest place for settings of an editor's extension: `{"augment.advanced": {"mcpServers": …}}`. */
const MAX_DEPTH = 3;

/** Every place below that is called like ours, with or without a prefix, and holds servers. */
function* serversBelow(value: unknown, keys: Keys, depth: number): Generator<Keys> {
  for (const [key, inner] of Object.entries(ownObject(value))) {
    const at = [...keys, key];
    if (canonicalKey(key).endsWith('mcpservers') && holdsServers(inner)) yield at;
    else if (depth > 1) yield* serversBelow(inner, at, depth - 1);
  }
}

/** A known key that has no server yet. */
function emptyPlace(file: Record<string, unknown>): Layout | undefined {
  const keys = PLACES.find((place) => valueAt(file, place) !== undefined);
  if (keys === undefined) return undefined;
  const place = valueAt(file, keys);
  if (isObject(place) || Array.isArray(place))
    return { ok: true, keys, entries: entriesAt(file, keys), unread: [] };
  const kind = place === null ? 'null' : `a ${typeof place}`;
  const fix = `Write "${keys.at(-1)}": { "<name>": { … } }.`;
  return refused(keys, `is ${kind}, not an object`, fix);
}

const refused = (keys: Keys, what: string, fix: string): Layout => ({
  ok: false,
  problem: { keys, what, fix },
});

function missingAdvice(file: Record<string, unknown>): string {
  const near = nearKey(Object.keys(file));
  return near === undefined ? 'Add "mcpServers": { … }.' : `Rename "${near}" to "mcpServers".`;
}

/** The key that is most likely our key, misspelt. */
const nearKey = (keys: readonly string[]): string | undefined =>
  keys.find((key) => nearestWord(key, ['mcpServers']) !== undefined);
