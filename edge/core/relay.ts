// The session actor's machine: streams and sockets, not JSON-RPC (D1). It passes frames between the runner's socket
// and the workers that follow streams, answers short posts in one body, and gives up when the runner stays away.
// Pure: inputs in, effects out. Implements LP8, LP13, LP17, LP18, LP20, R-7.
// Posts, followers and the end have files of their own. The inputs of workers, runner and clock stand together here, above 300
// lines, because each of them is decided by the same two states: the link's and the end's.
import { ExpectedFollowers } from './expected-followers.ts';
import { Followers } from './followers.ts';
import { rebasedLink, type Link } from './link-state.ts';
import type { Post } from './ports.ts';
import { PostDesk } from './post-desk.ts';
import { RelayEffects, type RelayEffect } from './relay-effects.ts';
import { SessionEnding } from './session-ending.ts';
import { StreamOrder } from './stream-order.ts';
import type { Text } from '../../shared/bytes.ts';
import { actDue, nextDue, type Dues } from '../../shared/dues.ts';
import type { Fault } from '../../shared/fault.ts';
import { GET_STREAM, SSE_STREAM, type SocketId, type StreamId } from '../../shared/ids.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import type { CarriedUp } from '../../shared/link/carried.ts';
import { decodeText, encodeFrame } from '../../shared/link/codec.ts';
import { hotEvent } from '../../shared/link/hot-frames.ts';
import type { Hold } from '../../shared/link/parts.ts';
import {
  attachFrame,
  cancelFrame,
  messagesOf,
  sessionUp,
  type AttachedFrame,
  type EndedFrame,
  type EventFrame,
  type RefusedFrame,
  type SessionDown,
  type SessionUp,
  type TakeFrame,
} from '../../shared/link/session-frames.ts';
import { OFFLINE_QUEUE } from '../../shared/link/sizes.ts';
import { LINK_GRACE_MS, WINDOW_MS } from '../../shared/link/timing.ts';

/** The first characters of the frame with which a worker asks for a stream. */
const ATTACH = '{"type":"attach"';

/** The first characters of the frame with which a worker reports that a stream's client is gone for good. */
const CANCEL = '{"type":"cancel"';

export class Relay {
  #link: Link;
  readonly #followers: Followers;
  readonly #expected = new ExpectedFollowers();
  readonly #posts: PostDesk;
  readonly #order = new StreamOrder();
  readonly #ending = new SessionEnding();
  /** Why the start failed, for requests that come after the end. After any other end the session is only "not found". */
  #afterword: Fault | undefined;
  /** The revision in the process's answer to `initialize`; undefined until the runner reports it. */
  #revision: string | undefined;
  /** What the runner has to be told of a spare that was taken, until it has said anything (LP27). */
  #taking: TakeFrame | undefined;
  readonly #effects = new RelayEffects();
  readonly #soon = this.#soonDues(false);
  readonly #soonUnderWay = this.#soonDues(true);

  constructor(
    link: Link,
    followers: Iterable<readonly [stream: StreamId, socket: SocketId]> = [],
    revision?: string,
  ) {
    this.#link = link;
    this.#revision = revision;
    this.#followers = new Followers(followers);
    this.#posts = new PostDesk(this.#followers, this.#expected, this.#effects);
  }

  get link(): Link {
    return this.#link;
  }

  get revision(): string | undefined {
    return this.#revision;
  }

  /** What is remembered for clients that come after the end. */
  get afterword(): Fault | undefined {
    return this.#afterword;
  }

  get followers(): number {
    return this.#followers.size;
  }

  get #isLinked(): boolean {
    return this.#link.state === 'linked';
  }

  /** The epoch of the live runner socket, or 0. */
  get epoch(): number {
    return this.#link.state === 'linked' ? this.#link.epoch : 0;
  }

  /**
   * The runner dialled. The caller has closed any older socket: only the newest is the link (LP8). `holds`: the parts of frames
   * kept from the last socket. `carries`: the runner is in this program.
   */
  linked(epoch: number, holds: readonly Hold[] = [], carries = false): RelayEffect[] {
    if (this.#link.state === 'ended') return this.#effects.take();
    const expired = this.#link.state === 'lost' && this.#link.isExpired;
    this.#link = { state: 'linked', epoch };
    this.#effects.carries = carries;
    this.#order.relinked();
    this.#down({ type: 'welcome', expired, ...(holds.length > 0 && { holds: [...holds] }) });
    if (this.#taking) this.#down(this.#taking);
    if (this.#ending.confirmBy !== undefined) this.#down({ type: 'end' });
    this.#posts.sendUnaccepted();
    for (const [, socket] of this.#followers) this.#effects.tell(socket, { type: 'linked' });
    return this.#effects.take();
  }

  /** The spare that this link is has its client from now on (LP27). */
  take(frame: TakeFrame): RelayEffect[] {
    this.#taking = frame;
    this.#down(frame);
    return this.#effects.take();
  }

  /** The runner's socket is gone. */
  unlinked(now: number): RelayEffect[] {
    if (this.#isLinked) this.#lose(now);
    return this.#effects.take();
  }

  #lose(now: number): void {
    this.#link = { state: 'lost', since: now, isExpired: false };
    this.#ending.unlinked();
  }

  /** A whole frame's text from the runner. */
  fromRunner(text: Text, now: number): RelayEffect[] {
    // A socket that is being closed may still deliver frames.
    if (!this.#isLinked) return this.#effects.take();
    const reading = decodeText(sessionUp, text, hotEvent);
    if (!reading.ok) {
      this.#breach(OUTSIDE_PROTOCOL, now);
      return this.#effects.take();
    }
    return this.#take(reading.frame.header, reading.frame.message, () => text, now);
  }

  /** A frame of a runner in this program. */
  carried({ frame, message }: CarriedUp, now: number): RelayEffect[] {
    if (!this.#isLinked) return this.#effects.take();
    return this.#take(frame, message, () => encodeFrame(frame, message), now);
  }

  /** `text`: of the whole frame, for the worker that follows its stream. */
  #take(frame: SessionUp, message: Text | undefined, text: () => Text, now: number): RelayEffect[] {
    this.#taking = undefined;
    this.#route(frame, message, text, now);
    const { announced } = this.#ending;
    if (announced && !this.#isOwedAWord) this.#ended(announced);
    return this.#effects.take();
  }

  #route(frame: SessionUp, message: Text | undefined, text: () => Text, now: number): void {
    switch (frame.type) {
      case 'event':
        return this.#event(frame, message, text, now);
      case 'accepted':
        return this.#accepted(frame.id, text, now);
      case 'refused':
        return this.#refused(frame, text);
      case 'attached':
        return this.#attached(frame, text, now);
      case 'negotiated':
        this.#revision = frame.revision;
        return;
      case 'ended':
        return this.#ending.announce(frame, now);
    }
  }

  /** A worker posts a message and waits for {@link PostAnswer}. */
  post(post: Post, now: number): RelayEffect[] {
    const fault =
      this.#whyNot() ?? this.#posts.upward.whyTooMuch(post.message.length, this.#isLinked);
    if (fault) this.#posts.answer(post.id, { kind: 'refused', fault });
    else this.#posts.add(post, now, this.#isLinked);
    return this.#effects.take();
  }

  /**
   * Whether a worker may follow a stream now; `resumes`: its client named an event of that stream. The present holder keeps the
   * stream but is probed, with `probe` as a fresh id: if it does not answer, the next attempt gets the stream.
   */
  mayFollow(
    stream: StreamId,
    resumes: boolean,
    now: number,
    probe: string,
  ): { fault: Fault | undefined; effects: RelayEffect[] } {
    const socket = this.#followers.socketOf(stream);
    if (socket === undefined || resumes || this.#followers.isSilent(stream, now)) {
      const isAwaited = this.#ending.announced !== undefined && this.#expected.has(stream);
      return { fault: isAwaited ? undefined : this.#whyNot(), effects: this.#effects.take() };
    }
    if (this.#followers.probe(stream, probe, now))
      this.#effects.tell(socket, { type: 'probe', id: probe });
    return { fault: { fault: 'stream_conflict' }, effects: this.#effects.take() };
  }

  /** A client has read the large answer of this stream, which it got as one body, or has left. */
  delivered(stream: StreamId, now: number): void {
    if (this.#isLinked) this.#posts.deliveries.add(stream, now);
  }

  /** The client that holds a stream has answered its probe. */
  alive(probe: string): void {
    this.#followers.alive(probe);
  }

  /** A worker follows a stream and replaces any older follower of it. */
  follow(stream: StreamId, socket: SocketId): RelayEffect[] {
    const older = this.#followers.socketOf(stream);
    if (older !== undefined) {
      const reason = 'followed elsewhere';
      this.#effects.add({ do: 'close', socket: older, code: CLOSE.replaced, reason });
    }
    this.#followers.set(stream, socket);
    this.#order.changed(stream);
    // The session is ending, and this stream's last event is still to come.
    if (!this.#ending.announced) this.#expected.delete(stream);
    if (this.#isLinked) this.#effects.tell(socket, { type: 'linked' });
    this.#posts.followed(stream, socket);
    return this.#effects.take();
  }

  /**
   * Text from a worker for the runner; only an attach and a cancel are read here. Without a link it is dropped, and the worker
   * repeats it on `linked` (LP18).
   */
  fromWorker(text: string): RelayEffect[] {
    if (!this.#isLinked) return this.#effects.take();
    const attach = text.startsWith(ATTACH) && decodeText(attachFrame, text);
    if (attach && attach.ok)
      this.#order.asks(attach.frame.header.stream, attach.frame.header.after);
    const cancel = text.startsWith(CANCEL) && decodeText(cancelFrame, text);
    // A request that has not been sent yet need not be.
    if (cancel && cancel.ok) this.#effects.add({ do: 'omit', post: cancel.frame.header.stream });
    this.#effects.add({ do: 'link', text });
    return this.#effects.take();
  }

  /** A worker's socket is gone. */
  unfollow(stream: StreamId, socket: SocketId): RelayEffect[] {
    if (this.#followers.delete(stream, socket)) {
      this.#order.changed(stream);
      this.#posts.upward.release(stream);
      this.#down({ type: 'detach', stream });
    }
    return this.#effects.take();
  }

  /** The client ends its session. For everyone else it is over at once. */
  end(now: number): RelayEffect[] {
    if (this.#link.state === 'ended' || this.#ending.confirmBy !== undefined)
      return this.#effects.take();
    if (this.#isLinked) {
      this.#ending.ask(now);
      this.#down({ type: 'end' });
    } else this.#ended({ type: 'ended', message: 'The client ended the session.' });
    return this.#effects.take();
  }

  /** The fleet actor reports that the runner will not serve the session (refused, or its boot is dead). */
  giveUp(fault: Fault): RelayEffect[] {
    this.#ended({ type: 'ended', fault: fault.fault, message: fault.message });
    return this.#effects.take();
  }

  /** Does what is due by now. `isUnderWay`: some of what was sent to the runner may not have arrived. */
  tick(now: number, isUnderWay = false): RelayEffect[] {
    this.#rebase(now);
    actDue(this.#durableDues, now);
    actDue(isUnderWay ? this.#soonUnderWay : this.#soon, now);
    return this.#effects.take();
  }

  /** If the wall clock is set back, nobody must wait the hours until it catches up. */
  #rebase(now: number): void {
    this.#link = rebasedLink(this.#link, now);
    this.#posts.rebase(now);
    this.#expected.rebase(now);
    this.#ending.rebase(now);
  }

  /** When {@link tick} is due while the actor is awake. */
  get soonAt(): number | undefined {
    return nextDue(this.#soon);
  }

  /** The same for what must wake it. */
  get durableAt(): number | undefined {
    return nextDue(this.#durableDues);
  }

  readonly #durableDues: Dues = (due) => {
    const link = this.#link;
    if (link.state === 'awaited') {
      const message = 'The runner did not take the session in time.';
      due(link.until, () => this.#ended({ type: 'ended', fault: 'runner_offline', message }));
    }
    if (link.state !== 'lost') return;
    if (!link.isExpired) due(link.since + LINK_GRACE_MS, () => this.#expire(link.since));
    due(link.since + WINDOW_MS, () => this.#ended({ type: 'ended', fault: 'runner_lost' }));
  };

  /** What is done is made once: the times are told after every input. */
  #soonDues(isUnderWay: boolean): Dues {
    const hurry = (now: number): void => {
      const { announced } = this.#ending;
      if (announced) this.#hurry(announced, now, isUnderWay);
    };
    const end = (): void => this.#ended({ type: 'ended' });
    const handOver = (now: number): void => this.#posts.handOverDue(now);
    const giveUp = (now: number): void => this.#giveUpExpected(now);
    const tell = (): void => this.#tellDelivered();
    return (due) => {
      const { announced, lastWordBy, confirmBy } = this.#ending;
      due(lastWordBy, hurry);
      due(confirmBy, end);
      // While the session ends, the runner's last word is awaited instead.
      due(announced ? undefined : this.#posts.waiting.handOverAt, handOver);
      due(this.#expected.giveUpAt, giveUp);
      due(this.#posts.deliveries.tellAt, tell);
      const link = this.#link;
      // The bytes that workers hold are counted only in memory, so the actor stays awake during the grace.
      if (link.state === 'lost' && !link.isExpired)
        due(
          this.#posts.upward.hasOthers(this.#posts.waiting)
            ? link.since + LINK_GRACE_MS
            : undefined,
        );
    };
  }

  #event(frame: EventFrame, message: Text | undefined, text: () => Text, now: number): void {
    const messages = messagesOf(frame, message);
    if (!messages) return this.#breach('not as many events as the frame says', now);
    const posted = this.#posts.event(frame, message, now);
    if (posted === 'breach') return this.#breach('the first event of a stream is 1', now);
    if (posted === 'taken') return;
    const socket = this.#followers.socketOf(frame.stream);
    if (socket !== undefined) {
      const order = this.#order.events(frame.stream, frame);
      if (order === 'breach') return this.#breach('not the next event of its stream', now);
      if (order === 'repeated') return;
      this.#effects.add({ do: 'tell', socket, text: text() });
      if (frame.stream === SSE_STREAM)
        for (const each of messages) this.#posts.acceptAnswered(each);
      if (frame.final) this.#expected.delete(frame.stream);
    } else if (!this.#expected.has(frame.stream)) {
      this.#down({ type: 'detach', stream: frame.stream });
    }
  }

  /** A worker that was to follow did not come. */
  #giveUpExpected(now: number): void {
    for (const stream of this.#expected.giveUp(now)) {
      if (this.#followers.has(stream)) continue;
      this.#posts.upward.release(stream);
      this.#down({ type: 'detach', stream });
    }
  }

  #accepted(id: string, text: () => Text, now: number): void {
    const outcome = this.#posts.accepted(id);
    if (outcome === 'never sent')
      return this.#breach('a post was accepted that was never sent', now);
    if (outcome === 'not waited for') this.#tellFollower(id, text);
  }

  /** Where a stream continues, for the worker that asked. Its client may have left in the meantime. */
  #attached({ stream, after }: AttachedFrame, text: () => Text, now: number): void {
    const isAsked = this.#order.attached(stream, after);
    if (!this.#followers.has(stream)) return this.#order.changed(stream);
    if (!isAsked) return this.#breach('nobody asked for this stream', now);
    this.#tellFollower(stream, text);
  }

  #refused(frame: RefusedFrame, text: () => Text): void {
    this.#posts.upward.release(frame.of);
    this.#order.refused(frame.of);
    if (!this.#posts.waiting.has(frame.of)) return this.#tellFollower(frame.of, text);
    const { fault, message, phase } = frame;
    this.#posts.answer(frame.of, { kind: 'refused', fault: { fault, message, phase } });
  }

  /** The runner was away longer than the grace: each call in flight now gets its one outcome (R-7, LP20). */
  #expire(since: number): void {
    this.#link = { state: 'lost', since, isExpired: true };
    this.#posts.refuseAll({ fault: 'runner_lost' });
    for (const [stream, socket] of this.#followers) {
      if (stream === GET_STREAM) continue;
      this.#effects.tell(socket, { type: 'gone', fault: 'runner_lost' });
    }
  }

  #ended(frame: EndedFrame): void {
    if (this.#link.state === 'ended') return;
    this.#link = { state: 'ended' };
    this.#ending.clear();
    const fault = faultOf(frame);
    this.#afterword = afterwordOf(frame);
    this.#expected.clear();
    this.#posts.refuseAll(fault);
    for (const [, socket] of this.#followers)
      this.#effects.tell(socket, { type: 'gone', ...fault });
    this.#followers.clear();
    this.#effects.add({ do: 'closeLink', code: CLOSE.done, reason: 'session ended' });
    this.#effects.add({ do: 'forget' });
  }

  /** The runner has yet to say whether it has a post. If it has, the answer is on a stream, and an error would be a second outcome. */
  get #isOwedAWord(): boolean {
    return this.#posts.waiting.hasUnaccepted || this.#expected.size > 0;
  }

  /**
   * The runner announced the end a while ago. Workers that have not come are no longer awaited; what the runner
   * says about posts still is, while some of them may be under way.
   */
  #hurry(frame: EndedFrame, now: number, isUnderWay: boolean): void {
    const isOwed = isUnderWay && this.#posts.waiting.hasUnaccepted;
    if (!isOwed || !this.#ending.waitsOn(now)) return this.#ended(frame);
    this.#expected.clear();
  }

  /** Why a new post or follower cannot be served now, or undefined when it can. */
  #whyNot(): Fault | undefined {
    if (this.#link.state === 'ended') return this.#afterword ?? { fault: 'session_not_found' };
    const { announced, confirmBy } = this.#ending;
    if (announced) return afterwordOf(announced) ?? { fault: 'session_not_found' };
    if (confirmBy !== undefined) return { fault: 'session_not_found' };
    if (this.#isLinked) return undefined;
    if (this.#link.state === 'lost' && this.#link.isExpired) return { fault: 'runner_offline' };
    if (this.#posts.waiting.size + this.#followers.size < OFFLINE_QUEUE) return undefined;
    return {
      fault: 'runner_offline',
      message: 'The runner is away, and the queue of requests that wait for it is full.',
    };
  }

  /** The runner broke the protocol: nobody receives any part of that frame, and the link starts again. */
  #breach(reason: string, now: number): void {
    this.#lose(now);
    this.#effects.add({ do: 'closeLink', code: CLOSE.protocol, reason });
  }

  /** No post is being sent that could carry it. */
  #tellDelivered(): void {
    this.#down({ type: 'delivered', streams: this.#posts.deliveries.take() });
  }

  #down(frame: SessionDown): void {
    if (this.#isLinked) this.#effects.down(frame);
  }

  #tellFollower(stream: StreamId, text: () => Text): void {
    const socket = this.#followers.socketOf(stream);
    if (socket !== undefined) this.#effects.add({ do: 'tell', socket, text: text() });
  }
}

const faultOf = ({ fault = 'session_not_found', message }: EndedFrame): Fault => ({
  fault,
  message,
});

/** A client of HTTP+SSE can ask only after its session has begun, and so after its start has failed. */
const afterwordOf = (frame: EndedFrame): Fault | undefined =>
  frame.fault === 'process_start_failed' ? faultOf(frame) : undefined;
