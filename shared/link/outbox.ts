// What waits to be sent on one socket: cut, ordered and paced, so that a large frame holds up no small one, however slow the
// line (PROTOCOL.md LP3, LP23, LP24). The same for both directions. Pure: it is given the time, and returns the messages to
// send.
// One file above 300 lines: order, cutting and pace are decided together for each message.
import type { Bytes, Text } from '../bytes.ts';
import { REASSEMBLED_BYTES } from './sizes.ts';
import { bytesForm, textForm, type SentForm } from './forms.ts';
import { Pace } from './pace.ts';
import { encodePart, UNNAMED, type Hold } from './parts.ts';
import { RareMap } from '../rare-map.ts';

/** The place of a frame among the others. */
export interface Place {
  /** Frames of one flow arrive in their order; flows take turns. */
  readonly flow: string;
  /** Its name, by which the next socket recognizes it. */
  readonly name?: string | undefined;
  /** It goes after all frames that were there before it, whatever their flow. */
  readonly isBehind?: boolean | undefined;
}

interface Waiting<F> {
  readonly frame: F;
  readonly name: string;
  readonly order: number;
  /** Units that have been sent, in parts. */
  at: number;
}

interface Flow<F> {
  readonly id: string;
  readonly frames: Waiting<F>[];
  /** Units it has sent in its turn. */
  turn: number;
}

/** The flow of frames that belong to no stream. Frames after them depend on them, so they go first. */
export const NO_FLOW = '';

const PING = 'ping';

/** `T` and `F` as in {@link SentForm}. */
export class Outbox<T extends string | Uint8Array, F extends { readonly length: number } = T> {
  readonly #form: SentForm<T, F>;
  readonly #pace = new Pace();
  /** Flows with something to send, the next first. */
  readonly #turns: Flow<F>[] = [];
  readonly #flows = new RareMap<string, Flow<F>>();
  readonly #behind: (Waiting<F> & { readonly flow: string })[] = [];
  readonly #names = new Set<string>();
  /** Frames whose beginning the receiver holds, and that do not wait here (any more). */
  readonly #held = new RareMap<string, Hold>();
  /** Sizes of frames that were begun, held ones too: the receiver keeps room for one of the largest. */
  #begun = 0;
  readonly #mostBegun: number;
  #order = 0;
  #waiting = 0;
  #out: T[] = [];

  private constructor(form: SentForm<T, F>, mostBegun: number) {
    this.#form = form;
    this.#mostBegun = mostBegun;
  }

  static ofText(): Outbox<string, Text> {
    // A unit of text is up to three bytes to the receiver.
    return new Outbox(textForm, REASSEMBLED_BYTES / 3);
  }

  static ofBytes(): Outbox<Uint8Array, Bytes> {
    return new Outbox(bytesForm, REASSEMBLED_BYTES);
  }

  /** Units that wait here. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Something waits, or no ping after it was answered yet. Amounts too small for a ping do not count: they arrive in a moment. */
  get isUnderWay(): boolean {
    return this.#waiting > 0 || this.#pace.isAwaited;
  }

  /** Flows of which something waits here. */
  get flows(): string[] {
    return [...this.#flows.keys()];
  }

  /** What the receiver holds from an earlier socket: those frames continue from there. */
  resume(holds: readonly Hold[]): void {
    for (const hold of holds) {
      if (hold.to === 0 || hold.to >= hold.size || this.#held.has(hold.of)) continue;
      this.#held.set(hold.of, hold);
      this.#begun += hold.size;
    }
  }

  /** Takes a frame. `place` is asked only when it matters: most frames go straight out. */
  push(frame: F, place: () => Place, now: number): T[] {
    if (this.#isFree && frame.length <= this.#slice) this.#emit(this.#form.whole(frame), now);
    else {
      this.#queue(frame, place());
      this.#send(now);
    }
    return this.#flush();
  }

  /** A ping that shows whether the line is alive; it counts like any other. */
  ping(now: number): T[] {
    this.#mark(now);
    return this.#flush();
  }

  /** A ping was answered. */
  answered(now: number): T[] {
    this.#pace.answered(now);
    this.#send(now);
    return this.#flush();
  }

  /** What waits in a flow must not be sent now; a frame that was begun continues from there if it comes again. */
  withdraw(flow: string): void {
    const queue = this.#flows.get(flow);
    if (!queue) return;
    for (const waiting of queue.frames) this.#takeBack(waiting);
    this.#end(queue);
  }

  /** Nothing that waits in a flow may be sent any more, nor the rest of a frame that was begun. */
  drop(flow: string, now: number): T[] {
    this.withdraw(flow);
    for (const of of this.#held.keys()) if (flowOf(of) === flow) this.#dropHeld(of, now);
    this.#send(now);
    return this.#flush();
  }

  /** Nothing waits, or can continue from where it was. */
  get #isFree(): boolean {
    const waits = this.#flows.size + this.#behind.length + this.#held.size;
    return waits === 0 && this.#pace.isOpen;
  }

  /** A frame need not be sent: the receiver has it from an earlier socket. */
  omit(name: string, now: number): T[] {
    const id = flowOf(name);
    const flow = this.#flows.get(id);
    const at = flow?.frames.findIndex((waiting) => waiting.name === name) ?? -1;
    if (!flow || at === -1) return [];
    for (const waiting of flow.frames.splice(at, 1)) this.#takeBack(waiting);
    if (flow.frames.length === 0) this.#end(flow);
    if (this.#held.has(name)) this.#dropHeld(name, now);
    this.#send(now);
    return this.#flush();
  }

  /** Never cut larger than what the form can carry in one message. */
  get #slice(): number {
    return Math.min(this.#pace.slice, this.#form.maxSlice);
  }

  #queue(frame: F, { flow, name, isBehind }: Place): void {
    const order = (this.#order += 1);
    if (name !== undefined && this.#names.has(name)) return this.#sayAgain(flow, name);
    const waiting = { frame, name: name ?? `${UNNAMED}${order}`, order, at: 0, flow };
    this.#names.add(waiting.name);
    this.#resumeHeld(waiting);
    this.#waiting += frame.length - waiting.at;
    if (isBehind) this.#behind.push(waiting);
    else this.#enqueue(flow, waiting);
  }

  /** It already waits here, and the receiver would drop the second. Frames that followed it in the meantime are out of date. */
  #sayAgain(id: string, name: string): void {
    const frames = this.#flows.get(id)?.frames ?? [];
    const at = frames.findIndex((waiting) => waiting.name === name);
    if (at === -1) return;
    for (const waiting of frames.splice(at + 1)) this.#takeBack(waiting);
  }

  #takeBack({ name, frame, at }: Waiting<F>): void {
    this.#names.delete(name);
    this.#waiting -= frame.length - at;
    if (at > 0) this.#held.set(name, { of: name, to: at, size: frame.length });
  }

  #resumeHeld(waiting: Waiting<F>): void {
    const held = this.#held.get(waiting.name);
    if (!held) return;
    this.#held.delete(waiting.name);
    // With another size it is another frame: the receiver starts again too.
    if (held.size === waiting.frame.length) waiting.at = held.to;
    else this.#begun -= held.size;
  }

  #enqueue(id: string, waiting: Waiting<F>): void {
    let flow = this.#flows.get(id);
    if (!flow) {
      flow = { id, frames: [], turn: 0 };
      this.#flows.set(id, flow);
      if (id === NO_FLOW) this.#turns.unshift(flow);
      else this.#turns.push(flow);
    }
    flow.frames.push(waiting);
  }

  #end(flow: Flow<F>): void {
    this.#flows.delete(flow.id);
    this.#turns.splice(this.#turns.indexOf(flow), 1);
  }

  /** Sends what the window lets pass, each flow in its turn. */
  #send(now: number): void {
    let passed = 0;
    for (;;) {
      this.#admitBehind();
      const [flow] = this.#turns;
      if (!flow) return;
      // A ping ahead of the first large frame measures the line without a queue.
      if (this.#pace.isUnknown) this.#mark(now);
      if (!this.#pace.isOpen) {
        // The window may have become smaller than what was sent since the last ping.
        if (this.#pace.isMarkDue) this.#mark(now);
        return this.#pace.heldBack();
      }
      if (this.#sendOne(flow, now)) passed = 0;
      else {
        passed += 1;
        if (passed > this.#turns.length) return;
        this.#rotate(flow);
      }
    }
  }

  /** Sends one message of a flow. False when its frame has to wait until others are through. */
  #sendOne(flow: Flow<F>, now: number): boolean {
    const [waiting] = flow.frames;
    if (!waiting) return false;
    const { frame, at, name } = waiting;
    const slice = this.#slice;
    let units = frame.length;
    if (at === 0 && frame.length <= slice) this.#emit(this.#form.whole(frame), now);
    else {
      if (at === 0 && !this.#begin(frame.length, now)) return false;
      const piece = this.#form.slice(frame, at, slice);
      units = piece.length;
      waiting.at = at + units;
      const header = { of: name, at, to: waiting.at, size: frame.length };
      this.#emit(encodePart(this.#form, header, piece), now);
      if (waiting.at === frame.length) this.#begun -= frame.length;
    }
    this.#waiting -= units;
    flow.turn += units;
    if (waiting.at === frame.length || waiting.at === 0) {
      flow.frames.shift();
      this.#names.delete(name);
    }
    if (flow.frames.length === 0) this.#end(flow);
    else if (flow.turn >= slice && flow.id !== NO_FLOW) this.#rotate(flow);
    return true;
  }

  #rotate(flow: Flow<F>): void {
    flow.turn = 0;
    this.#turns.splice(this.#turns.indexOf(flow), 1);
    this.#turns.push(flow);
  }

  /** Makes room at the receiver for another frame in parts, by dropping what nobody waits for. */
  #begin(size: number, now: number): boolean {
    for (const of of this.#held.keys()) {
      if (this.#begun + size <= this.#mostBegun) break;
      this.#dropHeld(of, now);
    }
    if (this.#begun > 0 && this.#begun + size > this.#mostBegun) return false;
    this.#begun += size;
    return true;
  }

  #dropHeld(of: string, now: number): void {
    this.#begun -= this.#held.get(of)?.size ?? 0;
    this.#held.delete(of);
    this.#emit(this.#form.of(JSON.stringify({ type: 'dropped', of })), now);
  }

  /** Frames that go after all others, once those are through. */
  #admitBehind(): void {
    for (let [next] = this.#behind; next; [next] = this.#behind) {
      const { order } = next;
      // The first of a flow is its oldest.
      if (this.#turns.some(({ frames: [first] }) => first && first.order < order)) return;
      this.#behind.shift();
      this.#enqueue(next.flow, next);
    }
  }

  #emit(message: T, now: number): void {
    this.#out.push(message);
    this.#pace.sent(message.length);
    if (this.#pace.isMarkDue) this.#mark(now);
  }

  #mark(now: number): void {
    this.#out.push(this.#form.of(PING));
    this.#pace.marked(now);
  }

  #flush(): T[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }
}

/** The flow of a frame that has a name: its stream, or the post itself. */
const flowOf = (name: string): string => name.split('.', 1)[0] ?? name;
