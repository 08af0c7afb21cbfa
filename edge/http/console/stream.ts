// GET /-/events: what changes on a page that is open, as server-sent events (HTML, "Server-sent events"). The worker holds the stream and
// looks at the fleet while its client reads; nobody watches without one, and nothing is kept for one that is slow.
import type { CallQuery } from './facts.ts';
import { Watch, type Look, type WatchContext } from './watch.ts';
import type { ConsoleContext } from './request.ts';
import { sleep } from '../exchange.ts';
import { isStillThere } from '../oauth/person-session.ts';
import { refuse } from '../refuse.ts';
import { OPENING_COMMENT, SSE_HEADERS } from '../sse-response.ts';
import { streamResponse, type BodyReader } from '../stream-body.ts';
import { encodeComment } from '../../../shared/sse/encode.ts';

/** A call is to be seen within a second, as long as some come. */
const LOOK_MS = 400;

/** Each look is a request to the fleet, and a page may be left open for days: where nothing changes, it looks less often. */
const QUIET_LOOK_MS = 3_000;

/** So long nothing changed where it is quiet. */
const QUIET_MS = 30_000;

/** When to look again, in ms. `sinceMs`: how long nothing has changed. */
export const lookAgainMs = (sinceMs: number): number =>
  sinceMs < QUIET_MS ? LOOK_MS : QUIET_LOOK_MS;

/** Facts that are as they were are sent again after so long, so that a client that is gone is noticed. */
const BEAT_MS = 15_000;

/** A page comes back by itself. A request may ask others only so often. */
const LASTS_MS = 150_000;

const encoder = new TextEncoder();

/** A person who was let out of the console sees nothing more after so long. */
const STILL_MS = 2_000;

/** Refused for a person who has too many open: whoever reads them all sees no more than in one. */
export function eventsAnswer(
  { openStreams, ...context }: WatchContext & Pick<ConsoleContext, 'openStreams'>,
  query: CallQuery,
  seen: number | undefined,
): Response {
  const { viewer } = context;
  const now = Date.now();
  const until = Math.min(viewer.until, now + LASTS_MS);
  const open = viewer.isOwner ? 'owner' : openStreams.begin(viewer.name, until, now);
  if (!open) return refuse({ fault: 'overloaded', message: TOO_MANY });
  const over = (): void => (open === 'owner' ? undefined : openStreams.over(open));
  const stream = new EventStream(context, query, { seen, until, over });
  return streamResponse(
    { pull: (reader) => stream.pull(reader), cancel: () => stream.cancel() },
    { headers: SSE_HEADERS },
  );
}

const TOO_MANY = 'Too many pages of the console are open live. Close some, then reload this one.';

interface Span {
  /** See {@link Watch.look}. */
  readonly seen: number | undefined;
  /** ms since the epoch. */
  readonly until: number;
  /** Called when it is over. */
  readonly over: () => void;
}

class EventStream {
  readonly #context: WatchContext;
  readonly #watch: Watch;
  readonly #until: number;
  readonly #over: () => void;
  #askAt = Date.now() + STILL_MS;
  #seen: number | undefined;
  #told = '';
  #toldAt = 0;
  #changedAt = Date.now();
  #isOpened = false;
  #isCancelled = false;

  constructor(context: WatchContext, query: CallQuery, { seen, until, over }: Span) {
    this.#context = context;
    this.#watch = new Watch(context, query);
    this.#until = until;
    this.#over = over;
    this.#seen = seen;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#over();
  }

  /** Its client has read all. */
  async pull(reader: BodyReader): Promise<void> {
    const text = this.#isOpened ? await this.#next() : OPENING_COMMENT;
    this.#isOpened = true;
    if (this.#isCancelled) return;
    if (text !== undefined) return reader.enqueue(encoder.encode(text));
    this.#over();
    reader.close();
  }

  /** Undefined: it ends. */
  async #next(): Promise<string | undefined> {
    for (;;) {
      if (this.#isCancelled || Date.now() >= this.#until) return undefined;
      // oxlint-disable-next-line no-await-in-loop -- before anything more is shown
      if (!(await this.#mayGoOn())) return undefined;
      // An actor that broke away is back soon.
      const look = await this.#watch.look(this.#seen).catch(() => undefined);
      const text = look ? this.#news(look) : '';
      if (text !== '') return text;
      if (Date.now() - this.#toldAt >= BEAT_MS) {
        this.#toldAt = Date.now();
        return encodeComment('beat');
      }
      await sleep(lookAgainMs(Date.now() - this.#changedAt));
    }
  }

  /** A person may be blocked, or sign out elsewhere, while the stream is open. */
  async #mayGoOn(): Promise<boolean> {
    const { session } = this.#context.viewer;
    if (!session || Date.now() < this.#askAt) return true;
    this.#askAt = Date.now() + STILL_MS;
    return isStillThere(this.#context, session);
  }

  #news({ facts, lines, next }: Look): string {
    this.#seen = next;
    const { at, ...changing } = facts;
    const told = JSON.stringify(changing);
    let text = '';
    // Facts last: whoever saw them has seen the lines, and goes on behind both.
    if (lines.length > 0) text += eventOf('lines', next, lines);
    if (told !== this.#told) text += eventOf('facts', next, facts);
    this.#told = told;
    if (text !== '') this.#toldAt = this.#changedAt = at;
    return text;
  }
}

const eventOf = (name: string, id: number, value: unknown): string =>
  `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(value)}\n\n`;
