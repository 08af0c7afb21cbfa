// The tools of servers as they were when somebody let them in, and what has been held back since. What a lock file says, and what follows
// from it. Pure.
import { diffArrays } from 'diff';

import { isObject } from '../../shared/json-value.ts';
import { shownText } from './shown-text.ts';

/** For clients of which era a definition was seen: a translator may have to change it. */
export const PIN_ERAS = ['legacy', 'modern'] as const;
export type PinEra = (typeof PIN_ERAS)[number];

/** One definition of a tool. */
export interface Pin {
  /** `sha256:` and the digest of its canonical text, in hex. */
  readonly digest: string;
  /** For people; null if it is too large to be kept. */
  readonly definition: unknown;
  /** A person was shown it while it was held back. */
  readonly isShown?: true;
}

/** What is known of one tool; of equal definitions for both eras, one is kept. */
export type Pinned = Readonly<Partial<Record<PinEra, Pin>>>;

/** Of one server, by the names of its tools. */
export interface ServerPins {
  readonly tools: ReadonlyMap<string, Pinned>;
  /** Seen since, and not let in. */
  readonly held: ReadonlyMap<string, Pinned>;
}

/** By the names of servers. */
export type Pins = ReadonlyMap<string, ServerPins>;

/** A tool that was seen. */
export interface SeenPin {
  readonly name: string;
  readonly era: PinEra;
  readonly pin: Pin;
}

const VERSION = 1;

/** Lines that may differ for a difference to be looked for line by line: the work grows with their square. */
const MAX_DIFFERENT_LINES = 1_000;

export const NO_PINS: ServerPins = { tools: new Map(), held: new Map() };

/** Whether a definition is one that was let in: for its own era, or if none was seen there, for the other. */
export function isLetIn({ tools }: ServerPins, { name, era, pin }: SeenPin): boolean {
  const known = tools.get(name);
  if (!known) return false;
  const same = known[era];
  return same
    ? same.digest === pin.digest
    : PIN_ERAS.some((other) => known[other]?.digest === pin.digest);
}

/** What was let in of a tool, with which a definition for an era is compared: that of its own era first. */
export const pinBefore = (known: Pinned | undefined, era: PinEra): Pin | undefined =>
  known?.[era] ?? known?.legacy ?? known?.modern;

/** Lets in all that was seen. */
export function withPinned({ tools, held }: ServerPins, seen: readonly SeenPin[]): ServerPins {
  const next = new Map(tools);
  for (const { name, era, pin } of seen) next.set(name, { ...next.get(name), [era]: pin });
  return { tools: next, held };
}

/** Holds back what was seen. */
export function withHeld({ tools, held }: ServerPins, { name, era, pin }: SeenPin): ServerPins {
  return { tools, held: new Map(held).set(name, { ...held.get(name), [era]: pin }) };
}

/** Chooses among what is held back. */
export type PinChoice = (tool: string, pin: Pin) => boolean;

/** Lets in what is chosen of what is held back. */
export function withAccepted({ tools, held }: ServerPins, isChosen: PinChoice): ServerPins {
  const next = new Map(tools);
  const left = new Map(held);
  for (const [name, pinned] of held) {
    const rest: Partial<Record<PinEra, Pin>> = {};
    for (const era of PIN_ERAS) {
      const pin = pinned[era];
      if (!pin) continue;
      const { digest, definition } = pin;
      if (isChosen(name, pin)) next.set(name, { ...next.get(name), [era]: { digest, definition } });
      else rest[era] = pin;
    }
    if (Object.keys(rest).length > 0) left.set(name, rest);
    else left.delete(name);
  }
  return { tools: next, held: left };
}

/** Notes of what is held back that a person was shown it: what comes in place of that was not, nor is what is too large to be. */
export function withShown({ tools, held }: ServerPins, isShown: PinChoice): ServerPins {
  const next = new Map(held);
  for (const [name, pinned] of held)
    for (const era of PIN_ERAS) {
      const pin = pinned[era];
      if (pin && pin.definition !== null && isShown(name, pin))
        next.set(name, { ...next.get(name), [era]: { ...pin, isShown: true } });
    }
  return { tools, held: next };
}

/** Hexadecimal digits of a digest that stand for a definition. Fewer could be met by a server that looks for two definitions with the same. */
export const DIGEST_DIGITS = 32;

/** A digest as people copy it. */
export const shortDigest = ({ digest }: Pin): string =>
  digest.slice(digest.indexOf(':') + 1).slice(0, DIGEST_DIGITS);

/** The pins in the text of a lock file; undefined if it is none. */
export function pinsIn(text: string): Pins | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(file) || file['version'] !== VERSION) return undefined;
  const { servers } = file;
  if (!isObject(servers)) return undefined;
  const pins = new Map<string, ServerPins>();
  for (const [name, server] of Object.entries(servers)) {
    const tools = pinnedIn(isObject(server) ? server['tools'] : undefined);
    const held = pinnedIn(isObject(server) ? (server['held'] ?? {}) : undefined);
    if (!tools || !held) return undefined;
    pins.set(name, { tools, held });
  }
  return pins;
}

function pinnedIn(value: unknown): Map<string, Pinned> | undefined {
  if (!isObject(value)) return undefined;
  const all = new Map<string, Pinned>();
  for (const [name, eras] of Object.entries(value)) {
    if (!isObject(eras)) return undefined;
    const pinned: Partial<Record<PinEra, Pin>> = {};
    for (const era of PIN_ERAS) {
      const pin = eras[era];
      if (pin === undefined) continue;
      const digest = isObject(pin) ? pin['digest'] : undefined;
      if (!isObject(pin) || typeof digest !== 'string') return undefined;
      const { definition = null, shown } = pin;
      pinned[era] = { digest, definition, ...(shown === true && { isShown: true }) };
    }
    all.set(name, pinned);
  }
  return all;
}

/** The text of a lock file: a line for each member, all in order, so that it differs only where something has changed. */
export function pinsText(pins: Pins): string {
  const servers = sorted(pins, ({ tools, held }) => ({
    tools: sorted(tools, written),
    ...(held.size > 0 && { held: sorted(held, written) }),
  }));
  return `${JSON.stringify({ version: VERSION, servers }, null, 2)}\n`;
}

const written = (pinned: Pinned): object =>
  Object.fromEntries(
    Object.entries(pinned).map(([era, { isShown, ...pin }]) => [
      era,
      { ...pin, ...(isShown && { shown: true }) },
    ]),
  );

function sorted<Value>(map: ReadonlyMap<string, Value>, of: (value: Value) => object): object {
  const names = [...map].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(names.map(([name, value]) => [name, of(value)]));
}

/** What has come in place of what was let in, as lines for a person: `- ` gone, `+ ` new, `  ` as before. Nothing in them is hidden. */
export function pinDiff(before: Pin | undefined, after: Pin): string[] {
  const [gone, come] = [before ? linesOf(before) : [], linesOf(after)];
  const parts = diffArrays(gone, come, { maxEditLength: MAX_DIFFERENT_LINES }) ?? [
    { added: false, removed: true, value: gone },
    { added: true, removed: false, value: come },
  ];
  return parts.flatMap(({ added, removed, value }) => {
    const sign = added ? '+ ' : removed ? '- ' : '  ';
    return value.map((line) => `${sign}${line}`);
  });
}

/** A long text has a line for each of its own lines and sentences, so that a changed word does not hide in it. */
function linesOf({ digest, definition }: Pin): string[] {
  if (definition === null) return [`(too large to be shown; ${digest})`];
  const text = JSON.stringify(definition, null, 2);
  return text
    .replaceAll(/\\n(?=[^"])|[.!?] (?=[^"])/gu, '$&\n      ')
    .split('\n')
    .map((line) => shownText(unescaped(line)));
}

/** JSON writes some of what hides as an escape, which says no more than the number. */
const unescaped = (line: string): string =>
  line.replaceAll(/\\u([0-9a-f]{4})/gu, (_all, hex: string) =>
    String.fromCodePoint(Number.parseInt(hex, 16)),
  );
