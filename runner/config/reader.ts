// Builds a config from the parsed file: finds the servers, reads each by itself, and collects every mistake. A mistake in the
// runner's own block concerns the whole file; one in an entry concerns only that server.
import { tracesEndpoint } from '../../shared/traces-endpoint.ts';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { isObject } from '../../shared/json-value.ts';
import type {
  ConfigReading,
  LeftOut,
  RunnerConfig,
  ServerConfig,
  VirtualConfig,
} from './runner-config.ts';
import { readEdgeUrl } from './edge-url.ts';
import * as defaults from './defaults.ts';
import { durationMs } from './duration.ts';
import { readEntry, type EntryReading } from './entry.ts';
import { absolutePath, Filler, placesOf, referenceSources, type FilePlaces } from './filler.ts';
import { Findings } from './findings.ts';
import { kindOf } from './issues.ts';
import type { Duplicate } from './json-syntax.ts';
import { findServers, RUNNER_BLOCK, type Layout, type RawEntry } from './layouts.ts';
import { nearestWord, settingPath, type Keys } from './problem.ts';
import type { ReferenceSources } from './references.ts';
import { isRunnerName, remoteBlock, runnerBlock, serverBlock, type RunnerBlock } from './schema.ts';
import { servedNames } from './served-name.ts';
import { findUserOrSay, serverConfig, type FileGround } from './server-config.ts';
import { plainNumbers } from './source-number.ts';
import { CONFIG_VERSION } from './version.ts';
import { virtualServers } from './virtual.ts';

/** Servers that fit the link's `hello` frame. */
export const MAX_SERVERS = 256;

/** A value that is wrong in two ways has one message. */
const ONE_ISSUE_EACH = { abortPipeEarly: true };

type Found = Extract<Layout, { readonly ok: true }>;

/** Collects the findings of one file while it builds the config. */
export class ConfigReader {
  readonly #file: string;
  readonly #places: FilePlaces;
  readonly #sources: ReferenceSources;
  readonly #findings: Findings;
  readonly #servers = new Map<string, ServerConfig>();
  #virtual: ReadonlyMap<string, VirtualConfig> = new Map();
  readonly #leftOut: LeftOut[] = [];
  readonly #envFiles = new Set<string>();

  constructor(file: string, environment: NodeJS.ProcessEnv, places: FilePlaces = placesOf(file)) {
    this.#file = file;
    this.#places = places;
    this.#sources = referenceSources(this.#places, environment);
    this.#findings = new Findings(file);
  }

  read(file: unknown, duplicates: readonly Duplicate[] = []): ConfigReading {
    if (!isObject(file)) {
      const fix = 'Put everything in { "mcpServers": { … } }.';
      this.#findings.problem([], `is ${kindOf(file)}, not an object`, fix);
      return this.#refusal();
    }
    const block = this.#runnerBlock(file[RUNNER_BLOCK]);
    const layout = findServers(file);
    const edge = this.#edge(block.edge);
    if (layout.ok) this.#readServers(file, layout, { block, edge }, duplicates);
    else this.#findings.problem(layout.problem.keys, layout.problem.what, layout.problem.fix);
    this.#readVirtual(block.virtual ?? {});
    const config = this.#config(block, edge, layout.ok ? layout.keys : []);
    return this.#findings.problems.length > 0 ? this.#refusal() : { ok: true, config };
  }

  #refusal(): ConfigReading {
    return { ok: false, problems: this.#findings.problems };
  }

  #runnerBlock(block: unknown): RunnerBlock {
    const parsed = v.safeParse(runnerBlock, plainNumbers(block) ?? {}, ONE_ISSUE_EACH);
    if (parsed.success) {
      const { version = CONFIG_VERSION } = parsed.output;
      if (version > CONFIG_VERSION) {
        const what = `is ${version}, and this mcp-bridge reads version ${CONFIG_VERSION}`;
        const fix = 'Upgrade it: npm install -g mcp-edge-bridge@latest';
        this.#findings.problem([RUNNER_BLOCK, 'version'], what, fix);
      }
      return parsed.output;
    }
    for (const issue of parsed.issues)
      this.#findings.issue(issue, [RUNNER_BLOCK], Object.keys(runnerBlock.entries));
    return {};
  }

  #readServers(
    file: Record<string, unknown>,
    layout: Found,
    { block, edge }: { readonly block: RunnerBlock; readonly edge: string | undefined },
    duplicates: readonly Duplicate[],
  ): void {
    this.#topLevelWarnings(file, layout);
    const user = findUserOrSay(block.user, this.#findings);
    const ground = {
      file: this.#file,
      places: this.#places,
      sources: this.#sources,
      block,
      user,
      edge,
      envFiles: this.#envFiles,
      personFiles: [],
    };
    const names = servedNames(layout.entries.map(({ name }) => name));
    const twice = this.#duplicates(layout, duplicates);
    const seen = new Set<string>();
    for (const entry of layout.entries) {
      const findings = new Findings(this.#file, entry.keys);
      if (seen.has(entry.name))
        findings.problem([], 'has the same name as an earlier entry', 'Rename one of the two.');
      for (const { keys, line } of twice.get(entry) ?? [])
        findings.problem(
          keys.slice(entry.keys.length),
          `occurs twice, the second time in line ${line}`,
          ONE_OF_TWO,
        );
      seen.add(entry.name);
      this.#readEntry(entry, names.get(entry.name) ?? entry.name, ground, findings);
    }
    if (this.#servers.size > MAX_SERVERS) {
      const fix = 'Spread them over several runners.';
      this.#findings.problem(layout.keys, `has more than ${MAX_SERVERS} servers`, fix);
    }
  }

  #readVirtual(blocks: NonNullable<RunnerBlock['virtual']>): void {
    const known = [
      ...[...this.#servers.values()].map(({ name, configuredAs = name }) => ({
        name: configuredAs,
        servedName: name,
      })),
      ...this.#leftOut,
    ];
    const at = [RUNNER_BLOCK, 'virtual'];
    this.#virtual = virtualServers(blocks, known, this.#findings, at);
    const { size } = this.#virtual;
    if (size > 0 && this.#servers.size + size > MAX_SERVERS) {
      const what = `and the servers are more than ${MAX_SERVERS} together`;
      this.#findings.problem(at, what, 'Spread them over several runners.');
    }
    const used = new Set(
      [...this.#virtual.values()].flatMap(({ members }) => members.map(({ server }) => server)),
    );
    for (const { name, isMemberOnly } of this.#servers.values())
      if (isMemberOnly && !used.has(name))
        this.#findings.warning(
          [name],
          'is not served, and no member of a virtual server',
          SERVE_IT,
        );
  }

  #readEntry(raw: RawEntry, name: string, ground: FileGround, findings: Findings): void {
    const leaveOut = (reason: LeftOut['reason']): void => {
      this.#leftOut.push({ name: raw.name, servedName: name, reason, problems: findings.problems });
    };
    if (raw.offBy !== undefined) {
      const fix = 'Change that if it is to be served.';
      findings.problems.splice(0);
      findings.problem([], `is switched off by "${raw.offBy}"`, fix);
      return leaveOut('off');
    }
    const reading = readEntry(forFile(raw));
    if ('note' in reading) {
      const { keys, what, fix } = reading.note;
      findings.problems.splice(0);
      findings.problem(keys, what, fix);
      return leaveOut(reading.kind);
    }
    for (const { keys, what, fix } of reading.warnings) findings.warning(keys, what, fix);
    const server = serverOf(reading, name, ground, findings);
    // For a server that does not run, warnings would only hide the reason.
    if (server === undefined) return leaveOut('broken');
    if (name !== raw.name) {
      const fix = 'Clients and keys use that name. To change it, rename the entry.';
      findings.warning(
        [],
        `is served as "${name}", because its own name does not fit into a URL`,
        fix,
      );
    }
    this.#findings.warnings.push(...findings.warnings);
    this.#servers.set(name, name === raw.name ? server : { ...server, configuredAs: raw.name });
  }

  /** Keys that occur twice, by their entry. In the runner's own block one of the two would be used unnoticed. */
  #duplicates(layout: Found, duplicates: readonly Duplicate[]): Map<RawEntry, Duplicate[]> {
    const byEntry = new Map<RawEntry, Duplicate[]>();
    for (const duplicate of duplicates) {
      const { keys, line } = duplicate;
      const entry = layout.entries.find((other) => isWithin(keys, other.keys));
      const isOurs = keys[0] === RUNNER_BLOCK || isWithin(layout.keys, keys);
      if (entry !== undefined) byEntry.set(entry, [...(byEntry.get(entry) ?? []), duplicate]);
      else if (isOurs)
        this.#findings.problem(keys, `occurs twice, the second time in line ${line}`, ONE_OF_TWO);
    }
    return byEntry;
  }

  #topLevelWarnings(file: Record<string, unknown>, { keys, unread }: Found): void {
    const where = settingPath(keys);
    for (const other of unread) {
      const fix = `Move its servers into "${where}" if they are to be served.`;
      this.#findings.warning(other, `is ignored, because "${where}" is used`, fix);
    }
    if (keys.length === 0) return;
    for (const key of Object.keys(file)) {
      const isSlip = key !== RUNNER_BLOCK && nearestWord(key, [RUNNER_BLOCK]) !== undefined;
      if (isSlip) {
        this.#findings.warning([key], 'is not read', `Did you mean "${RUNNER_BLOCK}"?`);
      } else if (OWN_SETTINGS.includes(key)) {
        const fix = `Move it into "${RUNNER_BLOCK}": { "${key}": … }.`;
        this.#findings.warning([key], 'has no effect here', fix);
      }
    }
  }

  #config(block: RunnerBlock, edge: string | undefined, serversAt: Keys): RunnerConfig {
    const filler = new Filler(this.#sources, this.#findings);
    const tokenFile = filler.optionalText([RUNNER_BLOCK, 'tokenFile'], block.tokenFile);
    const runner = filler.optionalText([RUNNER_BLOCK, 'runner'], block.runner);
    const traces = this.#collector(filler.optionalText([RUNNER_BLOCK, 'traces'], block.traces));
    return {
      file: resolve(this.#file),
      envFiles: [...this.#envFiles],
      serversAt,
      ...(edge === undefined ? {} : { edge }),
      runner: this.#runnerName(runner),
      ...(tokenFile === undefined
        ? {}
        : { tokenFile: absolutePath(tokenFile, this.#places.folder) }),
      capacity: block.capacity ?? defaults.CAPACITY,
      drainTimeoutMs: durationMs(block.drainTimeout ?? defaults.DRAIN_TIMEOUT_MS),
      ...(block.statusPort === undefined ? {} : { statusPort: block.statusPort }),
      ...(traces === undefined ? {} : { traces }),
      traceRatio: block.traceRatio ?? defaults.TRACE_RATIO,
      servers: this.#servers,
      virtual: this.#virtual,
      leftOut: this.#leftOut,
      warnings: this.#findings.warnings,
    };
  }

  #edge(text: string | undefined): string | undefined {
    const filler = new Filler(this.#sources, this.#findings);
    const filled = filler.optionalText([RUNNER_BLOCK, 'edge'], text);
    if (filled === undefined) return undefined;
    const url = readEdgeUrl(filled);
    if (url.ok) return url.edge;
    this.#findings.problem([RUNNER_BLOCK, 'edge'], url.problem.what, url.problem.fix);
    return undefined;
  }

  #collector(filled: string | undefined): string | undefined {
    if (filled === undefined) return undefined;
    const endpoint = tracesEndpoint(filled);
    if (endpoint === undefined)
      this.#findings.problem([RUNNER_BLOCK, 'traces'], 'is not the URL of a collector', COLLECTOR);
    return endpoint;
  }

  #runnerName(name: string | undefined): string {
    if (name === undefined) return runnerNameOf(hostname());
    if (!isRunnerName(name)) {
      const fix =
        'Use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first.';
      this.#findings.problem([RUNNER_BLOCK, 'runner'], 'is not a runner name', fix);
    }
    return name;
  }
}

const SERVE_IT = 'Remove "served": false, or name it among the members of one.';

const COLLECTOR =
  'Give a URL such as http://127.0.0.1:4318, without a user name, a query or a fragment.';

/** Settings of the runner's block that no other program has at the top of its file. */
const OWN_SETTINGS: readonly string[] = [
  'edge',
  'runner',
  'tokenFile',
  'drainTimeout',
  'statusPort',
  'traces',
];

/** What may stand in the block of a server. */
const BLOCK_KEYS = Object.keys({ ...serverBlock.entries, ...remoteBlock.entries });

const ONE_OF_TWO = 'Rename or remove one of the two.';

/** The server of an entry that is meant to be served, or undefined if its findings say why it cannot be. */
function serverOf(
  reading: Extract<EntryReading, { readonly kind: 'server' | 'broken' }>,
  name: string,
  ground: FileGround,
  findings: Findings,
): ServerConfig | undefined {
  if (reading.kind === 'broken') {
    for (const { keys, what, fix } of reading.notes) findings.problem(keys, what, fix);
    for (const issue of reading.issues) findings.issue(issue, [], BLOCK_KEYS);
    return undefined;
  }
  const server = serverConfig(name, reading.entry, ground, findings);
  return findings.problems.length === 0 ? server : undefined;
}

/** opencode writes references as `{env:NAME}`. */
function forFile({ keys, value }: RawEntry): unknown {
  return keys[0] === 'mcp' && keys.length === 2 ? withReferences(value) : value;
}

function withReferences(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/(?<!\$)\{env:/gu, () => '${env:');
  if (Array.isArray(value)) return value.map(withReferences);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withReferences(inner)]),
  );
}

const isWithin = (keys: Keys, outer: Keys): boolean =>
  outer.every((key, index) => keys[index] === key);

/** A host name as a runner name: `Ada's Mac.local` → `Ada-s-Mac.local`. */
export function runnerNameOf(host: string): string {
  const name = host.replaceAll(/[^A-Za-z0-9._-]/gu, '-').replace(/^[^A-Za-z0-9]+/u, '');
  return name.slice(0, 64) || 'runner';
}
