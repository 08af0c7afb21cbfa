// Reads what a process prints besides proper messages, line by line: mends what can be mended (shared/jsonrpc/mend.ts) and
// joins JSON that spans several lines, within bounds of bytes and time. There is one for each process. Pure: the time is an
// input.
import { judge, mend, type Said } from '../../shared/jsonrpc/mend.ts';

/** The lines of one text follow each other at once. If no more has come for this long, the text has ended. */
export const JOIN_MS = 500;

/**
 * A text of several lines is kept up to here. Clients do not read such texts at all, so large ones need no support; and it is passed
 * several times at once, which takes some 30 ms for each MiB while all others wait.
 */
const JOIN_BYTES = 1024 * 1024;

const QUOTE = 0x22;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;
const BACKSLASH = 0x5c;
const LF = 0x0a;

/** What a line means in the end; nothing is open any more. */
export type Heard = Exclude<Said, { readonly kind: 'open' }>;

interface OpenText {
  readonly lines: Uint8Array[];
  bytes: number;
  depth: number;
  isInString: boolean;
  endsAt: number;
}

export class ProcessText {
  #open: OpenText | undefined;

  /** A line that is not strictly a message. */
  line(line: Uint8Array, now: number): Heard[] {
    const said = mend(line);
    const heard = said.filter((each) => each.kind !== 'open');
    const open = said.find((each) => each.kind === 'open');
    if (this.#open && heard.every(({ kind }) => kind === 'noise'))
      return this.#goOn(this.#open, line, now);
    if (!open) return heard;
    const ended = this.#end();
    if (open.bytes.length > JOIN_BYTES) return [...ended, ...heard, open.broken ?? NOISE];
    this.#open = { lines: [], bytes: 0, depth: 0, isInString: false, endsAt: now };
    return [...ended, ...heard, ...this.#goOn(this.#open, open.bytes, now)];
  }

  /** A proper message came, so an open text has ended. */
  interrupted(): Heard[] {
    return this.#open ? this.#end() : [];
  }

  /** The meaning of a text that nothing followed. Call at or after {@link wakeAt}. */
  tick(now: number): Heard[] {
    return this.#open && this.#open.endsAt <= now ? this.#end() : [];
  }

  get wakeAt(): number | undefined {
    return this.#open?.endsAt;
  }

  #goOn(open: OpenText, line: Uint8Array, now: number): Heard[] {
    if (open.bytes + line.length > JOIN_BYTES) return this.#end();
    // A copy: a view would keep the whole chunk of stdout in memory.
    open.lines.push(line.slice());
    open.bytes += line.length + 1;
    open.endsAt = now + JOIN_MS;
    follow(open, line);
    return open.depth > 0 ? [] : this.#end();
  }

  #end(): Heard[] {
    const open = this.#open;
    this.#open = undefined;
    if (!open) return [];
    const text = joined(open);
    if (open.depth > 0) return [judge(text, 'the text ends too early', true)];
    return mend(text).map((said): Heard => {
      if (said.kind === 'open') return said.broken ?? NOISE;
      // No client reads such texts, so a question or notification in them may be a quotation.
      const isAside = said.kind === 'message' && (said.envelope.method ?? '') !== '';
      return isAside ? NOISE : said;
    });
  }
}

const NOISE: Heard = { kind: 'noise', reason: 'the text spans several lines' };

/** Follows brackets and strings; the rest of the JSON is checked once the text is complete. */
function follow(open: OpenText, line: Uint8Array): void {
  for (let at = 0; at < line.length; at++) {
    const byte = line[at] as number;
    if (open.isInString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) open.isInString = false;
    } else if (byte === QUOTE) open.isInString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) open.depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) open.depth--;
  }
}

function joined({ lines, bytes }: OpenText): Uint8Array {
  const text = new Uint8Array(bytes);
  let at = 0;
  for (const line of lines) {
    text.set(line, at);
    at += line.length;
    text[at++] = LF;
  }
  return text;
}
