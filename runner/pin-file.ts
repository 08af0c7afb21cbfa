// The lock file with the pins of tools, beside a config file: read again when somebody has changed it, written as a whole. One for all
// sessions of a runner.
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

import { replaceText } from './config/file-text.ts';
import {
  isLetIn,
  NO_PINS,
  pinBefore,
  pinDiff,
  pinsIn,
  pinsText,
  withAccepted,
  withHeld,
  withPinned,
  withShown,
  type Pin,
  type PinChoice,
  type PinEra,
  type Pins,
  type SeenPin,
  type ServerPins,
} from './core/pins.ts';
import { hidesSomething } from './core/shown-text.ts';
import type { HeldTools } from './core/told-held.ts';
import type { ToolGuard } from './core/pinned-tools.ts';
import type { ToolDefinition } from './core/tool-definition.ts';
import { errorCode } from './error-code.ts';
import type { Log } from './log.ts';
import { SharedDefinitions } from './shared-definitions.ts';

/** How a server's tools are pinned. */
export interface PinSetting {
  /** `warn`: it only tells what it would hold back. */
  readonly mode: 'hold' | 'warn';
  /** The lock file. */
  readonly file: string;
}

/** Definitions of more characters are not kept, only their digests. */
const MAX_KEPT_CHARS = 64 * 1024;

/** Of a server that lists another definition each time no more are kept, until somebody lets them in. */
const MAX_HELD = 1_000;

/** Characters of definitions that are kept of what is held back; of more, only the digests. */
const MAX_HELD_CHARS = 1024 * 1024;

/** And no more are told in the log. */
const MAX_TOLD = 100;

/** Lines of a difference in the log. */
const MAX_LOGGED_LINES = 40;

/** Told of tools that cannot be named. */
const UNCLEAR = '';

/** Told of a server of which nothing is pinned. */
const UNPINNED = 'unpinned';

/** The lock file of a config file: `mcp.json` has `mcp.lock.json`. */
export const lockFileOf = (configFile: string): string =>
  configFile.replace(/(?:\.[A-Za-z0-9]+)?$/u, '.lock.json');

/** What a lock file holds, or why that cannot be told. */
export type PinReading =
  | { readonly ok: true; readonly pins: Pins }
  | { readonly ok: false; readonly what: string };

export function readPins(path: string): PinReading {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    if (code === 'ENOENT') return { ok: true, pins: new Map() };
    return { ok: false, what: `cannot be read (${code})` };
  }
  const pins = pinsIn(text);
  return pins ? { ok: true, pins } : { ok: false, what: 'is no lock file of this version' };
}

/** Writes the pins of one server, beside what the file says of the others. Throws what the system refuses. */
export function writePins(path: string, pins: Pins, server: string, own: ServerPins): void {
  replaceText(path, pinsText(new Map(pins).set(server, own)));
}

/** Chooses among what is held back of all servers. */
export type PinsChoice = (server: string, tool: string, pin: Pin) => boolean;

/** Lets in what is chosen of what is held back. Throws what the system refuses. */
export function acceptPins(path: string, pins: Pins, isChosen: PinsChoice): void {
  replaceText(path, pinsText(changed(pins, withAccepted, isChosen)));
}

/**
 * Notes what a person was shown of what is held back. The file is read for it: what has come in place of that meanwhile was not shown.
 * Throws what the system refuses.
 */
export function noteShown(path: string, isShown: PinsChoice): void {
  const now = readPins(path);
  if (!now.ok) return;
  const [before, after] = [pinsText(now.pins), pinsText(changed(now.pins, withShown, isShown))];
  if (after !== before) replaceText(path, after);
}

const changed = (
  pins: Pins,
  change: (own: ServerPins, isChosen: PinChoice) => ServerPins,
  isChosen: PinsChoice,
): Pins =>
  new Map(
    [...pins].map(([server, own]) => [
      server,
      change(own, (tool, pin) => isChosen(server, tool, pin)),
    ]),
  );

export const pinOf = (text: string): Pin => ({
  digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
  definition: text.length > MAX_KEPT_CHARS ? null : (JSON.parse(text) as unknown),
});

/** What changes with a file that is written or replaced. */
function versionOf(path: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    return errorCode(error) ?? 'unknown error';
  }
}

/** A lock file as it was when it was looked at. */
export interface PinFileLook {
  /** Changes with the file. */
  readonly version: string;
  readonly reading: PinReading;
}

/** Looks at a lock file; one that is as before is not read again. */
export function lookAtPins(path: string, before: PinFileLook | undefined): PinFileLook {
  const version = versionOf(path);
  return version === before?.version ? before : { version, reading: readPins(path) };
}

/** The pins of one server, for all its sessions. */
export class ServerPinBook {
  readonly #server: string;
  readonly #file: string;
  readonly #mode: PinSetting['mode'];
  readonly #log: Log;
  readonly #changed: () => void;
  #reading: PinReading = { ok: true, pins: new Map() };
  #version: string | undefined;
  /** Kept here if the file cannot be written. */
  #unwritten: ServerPins | undefined;
  /** What was held back, by era, name and digest. */
  readonly #told = new Set<string>();
  readonly #definitions = new SharedDefinitions(pinOf);
  #heldChars = 0;
  #isWriting = false;

  /** `changed`: what is held back may be another. */
  constructor(
    server: string,
    { mode, file }: PinSetting,
    log: Log,
    changed: () => void = () => undefined,
  ) {
    this.#changed = changed;
    this.#server = server;
    this.#file = file;
    this.#mode = mode;
    this.#log = log;
  }

  get file(): string {
    return this.#file;
  }

  /** What is held back, as the file says. */
  heldIn({ version, reading }: PinFileLook): HeldTools {
    if (!reading.ok) return { mode: this.#mode === 'hold' ? 'all' : 'warn', names: [] };
    // Of a file that somebody else has written, nothing is left to be written.
    const unwritten = version === this.#version ? this.#unwritten : undefined;
    const own = unwritten ?? reading.pins.get(this.#server) ?? NO_PINS;
    return { mode: this.#mode, names: [...own.held.keys()] };
  }

  /** Judges for the sessions of clients of an era. */
  guardFor(era: PinEra): ToolGuard {
    const needsList = (): boolean => this.#needsList;
    return {
      get needsList() {
        return needsList();
      },
      same: (tool) => this.#definitions.same(tool),
      holdsBack: this.#mode === 'hold',
      refusal: `This tool is held back: it is new, or its definition is not the one that was pinned. The owner of the runner can look at it and let it in: mcp-bridge pins diff ${this.#server}, then mcp-bridge pins accept ${this.#server}`,
      listed: (tools) => this.#listed(tools, era),
      accepts: (tool) => this.#accepts(tool, era),
    };
  }

  get #needsList(): boolean {
    const reading = this.#fresh();
    return reading.ok && !this.#own(reading);
  }

  #listed(tools: readonly ToolDefinition[], era: PinEra): void {
    const reading = this.#fresh();
    if (!reading.ok || tools.length === 0) return;
    const own = this.#own(reading);
    if (own) return;
    const seen = tools.map((tool) => ({ name: tool.name, era, pin: this.#definitions.pin(tool) }));
    this.#write(withPinned(NO_PINS, seen));
    this.#log.info('tools pinned', { tools: tools.length, file: this.#file });
    for (const { name, pin } of seen)
      if (hidesSomething(JSON.stringify(pin.definition)))
        this.#log.warn('a pinned tool has text that hides something', {
          tool: name,
          diff: logged(pinDiff(undefined, pin)),
        });
  }

  #accepts(tool: ToolDefinition | undefined, era: PinEra): boolean {
    const reading = this.#fresh();
    // What was let in cannot be told, so nothing is.
    if (!reading.ok) return this.#mode === 'warn';
    if (!tool) {
      this.#tellUnclear();
      return this.#mode === 'warn';
    }
    const own = this.#own(reading);
    if (!own) {
      this.#tellUnpinned();
      return this.#mode === 'warn';
    }
    const seen: SeenPin = { name: tool.name, era, pin: this.#definitions.pin(tool) };
    if (isLetIn(own, seen)) return true;
    this.#tell(reading, own, seen);
    return this.#mode === 'warn';
  }

  #tellUnclear(): void {
    if (this.#told.has(UNCLEAR)) return;
    this.#told.add(UNCLEAR);
    const what = 'it has no clear name, members twice, or is too large';
    this.#log.warn('a tool cannot be pinned', { what, fix: 'Have its author look at it.' });
  }

  /** They are pinned by the next list that the runner asks for: none of them is new then. */
  #tellUnpinned(): void {
    if (this.#told.has(UNPINNED)) return;
    this.#told.add(UNPINNED);
    this.#log.warn('a list of tools came, but none has been pinned yet', {
      what: 'the server did not answer when the runner listed its tools, or the lock file was removed since',
      fix: 'The next list or call pins them, if the server answers.',
    });
  }

  #tell(reading: PinReading & { ok: true }, own: ServerPins, seen: SeenPin): void {
    const { name, era, pin } = seen;
    const told = `${era} ${pin.digest} ${name}`;
    if (this.#told.has(told) || this.#told.size >= MAX_HELD) return;
    this.#told.add(told);
    const isFull = own.held.size >= MAX_HELD && !own.held.has(name);
    if (!isFull && own.held.get(name)?.[era]?.digest !== pin.digest)
      this.#hold(reading, withHeld(own, { name, era, pin: this.#bounded(own, seen) }));
    if (this.#told.size > MAX_TOLD) return;
    const before = pinBefore(own.tools.get(name), era);
    const what = before ? 'its definition is not the one that was pinned' : 'it is new';
    const fix = `mcp-bridge pins diff ${this.#server}; to let it in: mcp-bridge pins accept ${this.#server} ${name}`;
    const words = this.#mode === 'hold' ? 'tool held back' : 'tool is not as pinned';
    this.#log.warn(words, { tool: name, what, diff: logged(pinDiff(before, pin)), fix });
  }

  /** Many large definitions would make the file one that takes long to write, which all servers would feel. */
  #bounded({ held }: ServerPins, { pin }: SeenPin): Pin {
    if (held.size === 0) this.#heldChars = 0;
    this.#heldChars += JSON.stringify(pin.definition).length;
    return this.#heldChars > MAX_HELD_CHARS ? { ...pin, definition: null } : pin;
  }

  /** What one list brings is written once. */
  #hold(reading: PinReading & { ok: true }, own: ServerPins): void {
    const pins = new Map(reading.pins).set(this.#server, own);
    this.#reading = { ok: true, pins };
    if (this.#unwritten) this.#unwritten = own;
    if (this.#isWriting) return;
    this.#isWriting = true;
    queueMicrotask(() => {
      this.#isWriting = false;
      const now = this.#reading;
      const held = now.ok ? this.#own(now) : undefined;
      if (held) this.#write(held);
      this.#changed();
    });
  }

  #own({ pins }: PinReading & { ok: true }): ServerPins | undefined {
    return this.#unwritten ?? pins.get(this.#server);
  }

  #write(own: ServerPins): void {
    // Another server's pins may have been written since.
    const latest = readPins(this.#file);
    if (!latest.ok) return;
    const { pins } = latest;
    try {
      writePins(this.#file, pins, this.#server, own);
      this.#unwritten = undefined;
      this.#version = versionOf(this.#file);
      this.#reading = { ok: true, pins: new Map(pins).set(this.#server, own) };
    } catch (error) {
      if (!this.#unwritten)
        this.#log.error('the lock file cannot be written; pins last as long as this program', {
          file: this.#file,
          code: errorCode(error) ?? 'unknown error',
          fix: 'Let the user that runs mcp-bridge write there, or make the file elsewhere and put it beside the config.',
        });
      this.#unwritten = own;
    }
  }

  /** As the file is now. */
  #fresh(): PinReading {
    const version = versionOf(this.#file);
    if (version === this.#version) return this.#reading;
    this.#version = version;
    this.#reading = readPins(this.#file);
    // Somebody else has written it.
    this.#unwritten = undefined;
    this.#told.clear();
    if (!this.#reading.ok)
      this.#log.error('the lock file is of no use; all tools are held back', {
        file: this.#file,
        what: this.#reading.what,
        fix: 'Put it right, or remove it to pin all tools anew.',
      });
    this.#changed();
    return this.#reading;
  }
}

/** What has changed, without what has not. */
const logged = (diff: readonly string[]): string[] => {
  const changed = diff.filter((line) => !line.startsWith('  '));
  return changed.length > MAX_LOGGED_LINES ? [...changed.slice(0, MAX_LOGGED_LINES), '…'] : changed;
};
