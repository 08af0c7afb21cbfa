// Brings one server's entry, however its program writes it, into the form that the runner serves, or says that it is switched
// off, belongs to another program or is broken. No key with a meaning is ignored silently.
import * as v from 'valibot';
import { isObject } from '../../shared/json-value.ts';
import { strayKey } from './foreign-keys.ts';
import { canonicalKey } from './layouts.ts';
import { commandLine, withoutWindows } from './command-line.ts';
import {
  BUILT_IN_TYPES,
  REMOTE_TYPES,
  roleOf,
  SOCKET_TYPES,
  STDIO_TYPES,
  type Role,
} from './entry-keys.ts';
import { kindOf, missingAdvice } from './issues.ts';
import type { Keys, ConfigNote } from './problem.ts';
import { headersIn } from './remote-headers.ts';
import { remoteEntry, type RemoteEntry, type ServerEntry, serverEntry } from './schema.ts';
import { plainNumbers, scalarText } from './source-number.ts';

/** What an entry turned out to be. Issues are of the schema, notes are ours. */
export type EntryReading =
  | {
      readonly kind: 'server';
      readonly entry: ServerEntry | RemoteEntry;
      readonly warnings: readonly ConfigNote[];
    }
  | { readonly kind: 'off' | 'elsewhere'; readonly note: ConfigNote }
  | {
      readonly kind: 'broken';
      readonly issues: readonly v.BaseIssue<unknown>[];
      readonly notes: readonly ConfigNote[];
      readonly warnings: readonly ConfigNote[];
    };

/** A value and its key. */
interface Found {
  readonly key: string;
  readonly value: unknown;
}

const YES: ReadonlySet<string> = new Set(['true', 'yes', 'on', '1', 'enabled', 'active']);
const NO: ReadonlySet<string> = new Set(['false', 'no', 'off', '0', 'disabled', 'inactive']);

const ABSENT: ReadonlySet<unknown> = new Set([undefined, null, '']);

/** Reads one entry. */
export function readEntry(raw: unknown): EntryReading {
  if (raw === false) return { kind: 'off', note: { keys: [], what: 'is false', fix: TURN_ON } };
  if (!isObject(raw)) {
    const note = {
      keys: [],
      what: `is ${kindOf(raw)}, not an object with a "command" or a "url"`,
      fix: 'Give an object with a "command" or a "url".',
    };
    return { kind: 'broken', issues: [], notes: [note], warnings: [] };
  }
  return new EntryReader(flattened(raw)).read();
}

const TURN_ON = 'Switch it on there if it is to be served.';

/** Goose, Continue, proxies and an SDK for agents put parts of an entry one level below. */
function flattened(raw: Record<string, unknown>): Record<string, unknown> {
  return ['config', 'transport', 'options', 'params'].reduce<Record<string, unknown>>(
    (entry, key) => {
      const { [key]: inner, ...rest } = entry;
      return isObject(inner) ? { ...inner, ...rest } : entry;
    },
    raw,
  );
}

class EntryReader {
  readonly #raw: Record<string, unknown>;
  readonly #roles = new Map<Role, Found[]>();
  readonly #notes: ConfigNote[] = [];
  readonly #warnings: ConfigNote[] = [];

  constructor(raw: Record<string, unknown>) {
    this.#raw = raw;
    for (const [key, value] of Object.entries(raw)) {
      const role = key === 'bridge' ? 'bridge' : roleOf(key, value);
      if (role === undefined || ABSENT.has(value)) continue;
      this.#roles.set(role, [...(this.#roles.get(role) ?? []), { key, value }]);
    }
  }

  read(): EntryReading {
    const off = this.#switch();
    if (off !== undefined) return { kind: 'off', note: off };
    const elsewhere = this.#elsewhere();
    if (elsewhere !== undefined) return { kind: 'elsewhere', note: elsewhere };
    const transport = this.#transport();
    const built = withoutAbsent(
      transport === undefined ? this.#build() : this.#buildRemote(transport),
    );
    const needed = transport === undefined ? 'command' : 'url';
    if (built[needed] === undefined) {
      this.#note([needed], 'is missing', missingAdvice(needed, Object.keys(this.#raw)));
      built[needed] = NOTHING;
    }
    const parsed = v.safeParse(transport === undefined ? serverEntry : remoteEntry, built, {
      abortPipeEarly: true,
    });
    const entry = parsed.success ? this.#forThisSystem(parsed.output) : undefined;
    this.#strayKeys(transport !== undefined);
    const issues = parsed.issues ?? [];
    if (entry === undefined || this.#notes.length > 0)
      return { kind: 'broken', issues, notes: this.#notes, warnings: this.#warnings };
    return { kind: 'server', entry, warnings: this.#warnings };
  }

  /** Why the entry is off. An unreadable switch must not count as on. */
  #switch(): ConfigNote | undefined {
    for (const role of ['off', 'on'] as const) {
      for (const { key, value } of this.#roles.get(role) ?? []) {
        const text = scalarText(value)?.toLowerCase() ?? '';
        const isOff = role === 'off' ? YES.has(text) : NO.has(text);
        if (isOff) return { keys: [key], what: `is ${text}`, fix: TURN_ON };
        if (!YES.has(text) && !NO.has(text))
          this.#note([key], `is ${kindOf(value)}, not true or false`, 'Give true or false.');
      }
    }
    return undefined;
  }

  #elsewhere(): ConfigNote | undefined {
    const { type, name } = this.#type();
    if (name !== undefined && BUILT_IN_TYPES.has(name))
      return { keys: [type?.key ?? 'type'], ...BUILT_IN };
    const isOfExtension =
      this.#raw['source'] === 'extension' ||
      (isObject(this.#raw['settings']) && !this.#has('command', 'url'));
    if (isOfExtension)
      return { keys: ['source' in this.#raw ? 'source' : 'settings'], ...BUILT_IN };
    return undefined;
  }

  /** The setting that names a kind of server or a transport, and the name in it. */
  #type(): { readonly type: Found | undefined; readonly name: string | undefined } {
    const type = this.#first('type');
    return { type, name: typeof type?.value === 'string' ? canonicalKey(type.value) : undefined };
  }

  /** How a server at a URL is spoken to; undefined for a process. */
  #transport(): 'any' | 'sse' | undefined {
    const { type, name } = this.#type();
    const url = this.#first('url');
    const command = this.#first('command');
    const remote = name === undefined ? undefined : REMOTE_TYPES.get(name);
    if (remote !== undefined) {
      if (command && url)
        this.#warn([command.key], 'has no effect beside a "url"', 'Remove one of the two.');
      return remote;
    }
    const isStdio = name !== undefined && STDIO_TYPES.has(name);
    if (type !== undefined && !isStdio) {
      const isSocket = name !== undefined && SOCKET_TYPES.has(name);
      const what = isSocket
        ? 'is not a transport of MCP'
        : 'is not a transport that this runner knows';
      this.#note([type.key], what, 'Give "stdio", "http" or "sse".');
      return url && !command ? 'any' : undefined;
    }
    if (url === undefined) return undefined;
    if (command === undefined) return isStdio ? undefined : 'any';
    if (isStdio) {
      this.#warn([url.key], 'has no effect beside a "command"', 'Remove it.');
    } else {
      const what = 'is set together with "command", and only one of the two can be meant';
      const fix =
        'Remove one, or add "type": "stdio" to have the command run, or "type": "http" to have the URL served.';
      this.#note([url.key], what, fix);
    }
    return undefined;
  }

  #buildRemote(transport: 'any' | 'sse'): Record<string, unknown> {
    const bridge = plainNumbers(this.#first('bridge')?.value);
    const { headers, wrong } = headersIn(this.#raw);
    if (wrong !== undefined)
      this.#note([wrong], 'is not an object of strings', 'Give an object of strings.');
    for (const role of PROCESS_ROLES)
      for (const { key } of this.#roles.get(role) ?? [])
        this.#warn([key], 'has no effect on a server at a URL', 'Remove it.');
    const url = this.#first('url')?.value;
    return {
      url: typeof url === 'string' ? url.trim() : url,
      transport,
      headers,
      bridge,
    };
  }

  #build(): Record<string, unknown> {
    const { command, args: own, env: moreEnv } = this.#command();
    const args = this.#args();
    const inherited = this.#inherited();
    const bridge = this.#first('bridge')?.value;
    const block = plainNumbers(bridge);
    const withInherited =
      inherited.length === 0
        ? block
        : {
            ...ownObject(block),
            inheritEnv: [...inherited, ...listOf(ownObject(block)['inheritEnv'])],
          };
    const envFiles = (this.#roles.get('envFile') ?? []).flatMap(({ value }) => listOf(value));
    const cwd = this.#first('cwd')?.value;
    return {
      command,
      args: Array.isArray(args)
        ? [...own, ...args].map((arg: unknown) => scalarText(arg) ?? arg)
        : args,
      env: this.#env(moreEnv),
      cwd,
      envFile: envFiles.length === 0 ? undefined : envFiles,
      bridge: withInherited,
    };
  }

  /** The program and the arguments that came with it. */
  #command(): { command: unknown; args: readonly unknown[]; env?: unknown } {
    const found = this.#first('command');
    if (found === undefined && 'command' in this.#raw)
      return { command: this.#raw['command'] ?? undefined, args: [] };
    const value = found?.value;
    if (Array.isArray(value)) {
      const [command, ...args] = value as unknown[];
      return { command: scalarText(command) ?? command, args };
    }
    // Zed once wrote it so.
    if (isObject(value))
      return { command: value['path'], args: listOf(value['args']), env: value['env'] };
    if (typeof value !== 'string') return { command: value, args: [] };
    const words = commandLine(value);
    if (words === undefined) return { command: value.trim(), args: [] };
    this.#warn(
      [found?.key ?? 'command'],
      'is a command line, and is read as a program and its arguments',
      'Put the program in "command" and each argument in "args".',
    );
    return { command: words[0], args: words.slice(1) };
  }

  #forThisSystem(entry: ServerEntry | RemoteEntry): ServerEntry | RemoteEntry {
    if ('url' in entry) return entry;
    const start = withoutWindows(entry.command, entry.args ?? []);
    if (start === undefined) return entry;
    const key = this.#first('command')?.key ?? 'command';
    const what = `is written for Windows, and is read as "${start.command}" with the arguments after it`;
    this.#warn([key], what, 'Put the program itself in "command".');
    return { ...entry, command: start.command, args: [...start.args] };
  }

  #args(): unknown {
    const found = this.#first('args');
    if (found === undefined) return [];
    if (typeof found.value === 'string' && !/\s/u.test(found.value)) return [found.value];
    if (!Array.isArray(found.value)) return found.value;
    return found.value;
  }

  #env(more: unknown): unknown {
    const all = [
      ...(this.#roles.get('env') ?? []).map(({ value }) => value),
      ...(ABSENT.has(more) ? [] : [more]),
    ];
    const wrong = all.find((value) => !isObject(value));
    if (wrong !== undefined) {
      const key = this.#first('env')?.key ?? 'env';
      this.#note(
        [key],
        `is ${kindOf(wrong)}, not an object of strings`,
        'Give an object of strings.',
      );
    }
    const entries = all.flatMap((value) => Object.entries(ownObject(value)));
    return Object.fromEntries(
      entries
        // Editors write null for a variable that is not to be set.
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name, scalarText(value) ?? value]),
    );
  }

  /** Names of variables that the program would pass on from its own environment or its store of secrets. */
  #inherited(): unknown[] {
    return (this.#roles.get('inheritEnv') ?? [])
      .flatMap(({ value }) => listOf(value))
      .map((item) => (isObject(item) ? item['name'] : item));
  }

  #strayKeys(isRemote: boolean): void {
    for (const [key, value] of Object.entries(this.#raw)) {
      if (roleOf(key, value) !== undefined) continue;
      const words = strayKey(key, value, isRemote);
      if (words !== undefined) this.#warn([key], words.what, words.fix);
    }
    for (const [role, [used, ...rest]] of this.#roles) {
      if (role === 'env' || role === 'envFile' || role === 'inheritEnv') continue;
      if (role === 'off' || role === 'on') continue;
      for (const { key } of rest)
        this.#warn([key], `is ignored, because "${used?.key}" is used`, 'Remove one of the two.');
    }
  }

  #has(...roles: readonly Role[]): boolean {
    return roles.some((role) => this.#roles.has(role));
  }

  /** The runner's own spelling before any other. */
  #first(role: Role): Found | undefined {
    const found = this.#roles.get(role);
    return found?.find(({ key }) => key === role) ?? found?.[0];
  }

  #note(keys: Keys, what: string, fix: string): void {
    this.#notes.push({ keys, what, fix });
  }

  #warn(keys: Keys, what: string, fix: string): void {
    this.#warnings.push({ keys, what, fix });
  }
}

const withoutAbsent = (built: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(built).filter(([, value]) => value !== undefined));

/** Used in place of what is missing, which a note reports, so that the schema does not report it again. */
const NOTHING = '-';

/** What only a process has. */
const PROCESS_ROLES: readonly Role[] = ['args', 'env', 'inheritEnv', 'envFile', 'cwd'];

const BUILT_IN = {
  what: 'belongs to a part of the program that wrote this file, and only that program can run it',
  fix: 'Give it a "command" if it can be started by itself.',
};

const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : ABSENT.has(value) ? [] : [value];

const ownObject = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {});
