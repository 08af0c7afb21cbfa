// The runner's log: one line for each fact, with fixed words and structured fields, as JSON or, on a terminal, as text. A
// field's value can come from a process or the network, so no character of it may control a terminal.
import { escapeSteering } from '../shared/steering.ts';
import { writeLogLine, type LostLine } from './output.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Record<string, unknown>;

/** Words say what happened and never vary; fields say to whom. Never a payload, header or environment value. */
export interface Log {
  debug(words: string, fields?: LogFields): void;
  info(words: string, fields?: LogFields): void;
  warn(words: string, fields?: LogFields): void;
  error(words: string, fields?: LogFields): void;
  /** The same log with fields that every line of it carries. */
  child(fields: LogFields): Log;
}

/**
 * `write` gets one line without its line break, and what makes the line that stands for dropped ones (default: stderr); `now` is in ms since the epoch.
 * `pretty` is text for a person instead of JSON (default: when stderr is a terminal).
 */
export interface LogOptions {
  readonly level: LogLevel;
  readonly write?: (line: string, level: LogLevel, lostLine: LostLine) => void;
  readonly now?: () => number;
  readonly pretty?: boolean;
}

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Whether a log of this level shows calls and sessions. */
export const showsInfo = (level: LogLevel): boolean =>
  LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf('info');

/** Longest string of a line: a screen's worth, and no way to fill a disk with one message. */
const MAX_STRING_CHARS = 500;

/** Fields are normally flat; these keep a mistake from printing a whole object graph. */
const MAX_DEPTH = 4;
const MAX_ENTRIES = 50;

/** Names that the line itself uses; a field of that name gets an underscore. */
const OWN_NAMES: ReadonlySet<string> = new Set(['time', 'level', 'message']);

/** Makes a log that drops lines below `level`. */
export function createLog(options: LogOptions): Log {
  const least = LOG_LEVELS.indexOf(options.level);
  const { now = Date.now, pretty = process.stderr.isTTY } = options;
  const lineAt = pretty ? prettyLine : jsonLine;
  const timeText = isoTimes();
  const lineOf = (level: LogLevel, words: string, carried: Carried, fields: LogFields): string =>
    lineAt({ time: timeText(now()), level, message: capped(words) }, carried, fields);
  const nothing = new Carried(NO_FIELDS);
  const lostLine: LostLine = (lines) => lineOf('warn', 'log lines lost', nothing, { lines });
  const { write = (line, level) => writeLogLine(line, isUrgent(level), lostLine) } = options;
  const bound = (carried: Carried): Log => {
    const at =
      (level: LogLevel) =>
      (words: string, fields: LogFields = NO_FIELDS) => {
        if (LOG_LEVELS.indexOf(level) < least) return;
        write(lineOf(level, words, carried, fields), level, lostLine);
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => bound(new Carried({ ...carried.fields, ...fields })),
    };
  };
  return bound(nothing);
}

const NO_FIELDS: LogFields = {};

/** What each line of a log carries. */
class Carried {
  readonly fields: LogFields;
  readonly #names: readonly string[];
  #json: string | undefined;

  constructor(fields: LogFields) {
    this.fields = fields;
    this.#names = Object.keys(fields);
  }

  /** Its members as JSON, each with a comma before it: the same in all lines, so it is made once. */
  get json(): string {
    this.#json ??= membersOf(this.fields);
    return this.#json;
  }

  /** Whether a line has a field of its own in place of one of these. */
  isHiddenBy(fields: LogFields): boolean {
    for (const name of this.#names) if (Object.hasOwn(fields, name)) return true;
    return false;
  }
}

/** The text of a time in ms since the epoch (ISO 8601, UTC). The calendar is asked once a second. */
function isoTimes(): (time: number) => string {
  let second = Number.NaN;
  let beginning = '';
  return (time) => {
    const whole = Math.floor(time / 1_000);
    if (whole !== second) {
      beginning = new Date(whole * 1_000).toISOString().slice(0, -'000Z'.length);
      second = whole;
    }
    const ms = Math.floor(time - whole * 1_000);
    return `${beginning}${String(ms).padStart(3, '0')}Z`;
  };
}

/** Trouble is written at once: the program may end next. */
const isUrgent = (level: LogLevel): boolean => level === 'warn' || level === 'error';

/** Text from elsewhere, made safe to show: control characters as `\uXXXX`, and cut to a length. */
export const visibleText = (text: string): string => escapeSteering(capped(text));

interface Line {
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
}

/** A line is made for each call: as text at once, without objects in between. */
function jsonLine({ time, level, message }: Line, carried: Carried, fields: LogFields): string {
  const begun = `{"time":"${time}","level":"${level}","message":${jsonOf(message)}`;
  return carried.isHiddenBy(fields)
    ? `${begun}${membersOf(shown(carried, fields))}}`
    : `${begun}${carried.json}${membersOf(fields)}}`;
}

function membersOf(fields: LogFields): string {
  let text = '';
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === undefined) continue;
    text += beginnings.get(name) ?? beginningOf(name);
    text += jsonOf(plainValue(value, 0));
  }
  return text;
}

/** How a member begins, for names that were met: they are few, and the same in line after line. */
const beginnings = new Map<string, string>();
const BEGINNINGS_KEPT = 500;

function beginningOf(name: string): string {
  const beginning = `,${jsonOf(OWN_NAMES.has(name) ? `${name}_` : name)}:`;
  if (beginnings.size < BEGINNINGS_KEPT) beginnings.set(name, beginning);
  return beginning;
}

/** A plain value as JSON. JSON escapes the C0 controls alone; the rest passes through it and is escaped in the text. */
function jsonOf(plain: unknown): string {
  if (typeof plain === 'string' && SIMPLE.test(plain)) return `"${plain}"`;
  if (typeof plain === 'number' && Number.isFinite(plain)) return String(plain);
  return escapeSteering(JSON.stringify(plain));
}

/** Text that is its own JSON. */
const SIMPLE = /^[ !#-[\]-~]*$/u;

function prettyLine({ time, level, message }: Line, carried: Carried, fields: LogFields): string {
  const words = Object.entries(shown(carried, fields))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const plain = plainValue(value, 0);
      const isWord = typeof plain === 'string' && /^[\w.:/@-]+$/u.test(plain);
      return `${name}=${isWord ? plain : JSON.stringify(plain)}`;
    });
  return escapeSteering([time.slice(11, 19), level.padEnd(5), message, ...words].join(' '));
}

/** All fields of a line: its own before what it carries of the same name, in the place of that. */
const shown = ({ fields: carried }: Carried, fields: LogFields): LogFields => ({
  ...carried,
  ...fields,
});

/** A value as something JSON can hold, of bounded size. */
function plainValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return capped(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return '[function]';
  if (typeof value !== 'object' || value === null) return value;
  // An error's stack and own properties may hold requests; its name and message say enough.
  if (value instanceof Error) return capped(`${value.name}: ${value.message}`);
  if (depth >= MAX_DEPTH) return '[…]';
  if (Array.isArray(value))
    return value.slice(0, MAX_ENTRIES).map((item) => plainValue(item, depth + 1));
  const entries = Object.entries(value).slice(0, MAX_ENTRIES);
  return Object.fromEntries(
    entries.map(([name, item]) => [capped(name), plainValue(item, depth + 1)]),
  );
}

const capped = (text: string): string =>
  text.length > MAX_STRING_CHARS ? `${text.slice(0, MAX_STRING_CHARS)}…` : text;
