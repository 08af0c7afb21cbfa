// GET /-/events: what changes on a page that is open, as server-sent events (HTML, "Server-sent events"). The worker holds the stream and
// looks at the fleet while its client reads; nobody watches without one, and nothing is kept for one that is slow.
import type { CallQuery } from './facts.ts';
import type { SignedIn } from './signed-in.ts';
import { Watch, type Look, type WatchContext } from './watch.ts';
import { sleep } from '../exchange.ts';
import { OPENING_COMMENT, SSE_HEADERS } from '../sse-response.ts';
import { streamResponse } from '../stream-body.ts';
import { encodeComment } from '../../../shared/sse/encode.ts';

/** A call is to be seen within a second. */
const LOOK_MS = 400;

/** Facts that are as they were are sent again after so long, so that a client that is gone is noticed. */
const BEAT_MS = 15_000;

/** A page comes back by itself. A request may ask others only so often. */
const LASTS_MS = 150_000;

const encoder = new TextEncoder();

export function eventsAnswer(
  context: WatchContext,
  viewer: SignedIn,
  query: CallQuery,
  seen: number | undefined,
): Response {
  const stream = new EventStream(new Watch(context, viewer, query), viewer.until, seen);
  return streamResponse(
    { pull: (controller) => stream.pull(controller), cancel: () => stream.cancel() },
    { headers: SSE_HEADERS },
  );
}

class EventStream {
  readonly #watch: Watch;
  readonly #until: number;
  #seen: number | undefined;
  #told = '';
  #toldAt = 0;
  #isOpened = false;
  #isCancelled = false;

  constructor(watch: Watch, until: number, seen: number | undefined) {
    this.#watch = watch;
    this.#until = Math.min(until, Date.now() + LASTS_MS);
    this.#seen = seen;
  }

  cancel(): void {
    this.#isCancelled = true;
  }

  /** Its client has read all. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const text = this.#isOpened ? await this.#next() : OPENING_COMMENT;
    this.#isOpened = true;
    if (this.#isCancelled) return;
    if (text === undefined) controller.close();
    else controller.enqueue(encoder.encode(text));
  }

  /** Undefined: it ends. */
  async #next(): Promise<string | undefined> {
    for (;;) {
      if (this.#isCancelled || Date.now() >= this.#until) return undefined;
      // An actor that broke away is back soon.
      const look = await this.#watch.look(this.#seen).catch(() => undefined);
      const text = look ? this.#news(look) : '';
      if (text !== '') return text;
      if (Date.now() - this.#toldAt >= BEAT_MS) {
        this.#toldAt = Date.now();
        return encodeComment('beat');
      }
      await sleep(LOOK_MS);
    }
  }

  #news({ facts, lines, next }: Look): string {
    this.#seen = next;
    const { at, ...changing } = facts;
    const told = JSON.stringify(changing);
    let text = '';
    if (told !== this.#told) text += eventOf('facts', next, facts);
    if (lines.length > 0) text += eventOf('lines', next, lines);
    this.#told = told;
    if (text !== '') this.#toldAt = at;
    return text;
  }
}

const eventOf = (name: string, id: number, value: unknown): string =>
  `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(value)}\n\n`;
