// The session actor's machine: streams and sockets, not JSON-RPC (D1). It passes frames between the runner's socket
// and the workers that follow streams, answers short posts in one body, and gives up when the runner stays away.
// Pure: inputs in, effects out. Implements LP8, LP13, LP17, LP18, LP20, R-7.
// What is counted and awaited stands in files beside this one. The inputs of workers, runner and clock stay together, because each
// of them decides by the same state of the link and the end.
import { answeredId } from './answered.ts';
import { Deliveries } from './deliveries.ts';
import { SessionEnding } from './session-ending.ts';
import { ExpectedFollowers } from './expected-followers.ts';
import { Followers } from './followers.ts';
import { rebasedLink, type Link } from './link-state.ts';
import type { Post, PostAnswer } from './ports.ts';
import type { RelayEffect } from './relay-effects.ts';
import { StreamOrder } from './stream-order.ts';
import { UpwardCredit } from './upward-credit.ts';
import { refusalOf, WaitingPosts, type WaitingPost } from './waiting-posts.ts';
import { actDue, nextDue, type Due } from '../../shared/dues.ts';
import type { Fault } from '../../shared/fault.ts';
import { GET_STREAM, SSE_STREAM, type SocketId, type StreamId } from '../../shared/ids.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import { decodeText, encodeText } from '../../shared/link/codec.ts';
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
  type StreamDown,
} from '../../shared/link/session-frames.ts';
import { OFFLINE_QUEUE, OWED_IDS } from '../../shared/link/sizes.ts';
import { LINK_GRACE_MS, WINDOW_MS } from '../../shared/link/timing.ts';

/** The first characters of the frame with which a worker asks for a stream. */
const ATTACH = '{"type":"attach"';

/** The first characters of the frame with which a worker reports that a stream's client is gone for good. */
const CANCEL = '{"type":"cancel"';

/** A post of up to this many characters may carry `delivered`: even on the slowest line it is not sent in parts. */
const CARRYING_POST = 2_048;

interface RelayDue extends Due {
  /** Whether it must wake the actor; other times matter only while it is awake. */
  readonly isDurable?: true;
}

export class Relay {
  #link: Link;
  readonly #waiting = new WaitingPosts();
  readonly #upward = new UpwardCredit();
  readonly #followers: Followers;
  readonly #expected = new ExpectedFollowers();
  readonly #order = new StreamOrder();
  readonly #deliveries = new Deliveries();
  readonly #ending = new SessionEnding();
  /** The answer to requests after the end. A failed start is reported; after any other end the session is only "not found". */
  #afterword: Fault = { fault: 'session_not_found' };
  /** Ids recently announced as owed on the HTTP+SSE stream, oldest first; its worker knows which were answered. */
  #owed: string[] = [];
  /** The revision in the process's answer to `initialize`; undefined until the runner reports it. */
  #revision: string | undefined;
  #effects: RelayEffect[] = [];

  constructor(
    link: Link,
    followers: Iterable<readonly [stream: StreamId, socket: SocketId]> = [],
    revision?: string,
  ) {
    this.#link = link;
    this.#revision = revision;
    this.#followers = new Followers(followers);
  }

  get link(): Link {
    return this.#link;
  }

  get revision(): string | undefined {
    return this.#revision;
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
   * kept from the last socket.
   */
  linked(epoch: number, holds: readonly Hold[] = []): RelayEffect[] {
    if (this.#link.state === 'ended') return this.#flush();
    const expired = this.#link.state === 'lost' && this.#link.isExpired;
    this.#link = { state: 'linked', epoch };
    this.#order.relinked();
    this.#down({ type: 'welcome', expired, ...(holds.length > 0 && { holds: [...holds] }) });
    if (this.#ending.confirmBy !== undefined) this.#down({ type: 'end' });
    for (const waiting of this.#waiting) if (!waiting.isAccepted) this.#sendPost(waiting);
    for (const [, socket] of this.#followers) this.#tell(socket, { type: 'linked' });
    return this.#flush();
  }

  /** The runner's socket is gone. */
  unlinked(now: number): RelayEffect[] {
    if (this.#isLinked) this.#lose(now);
    return this.#flush();
  }

  #lose(now: number): void {
    this.#link = { state: 'lost', since: now, isExpired: false };
    this.#ending.unlinked();
  }

  /** A whole frame's text from the runner. */
  fromRunner(text: string, now: number): RelayEffect[] {
    // A socket that is being closed may still deliver frames.
    if (!this.#isLinked) return this.#flush();
    const reading = decodeText(sessionUp, text);
    if (!reading.ok) {
      this.#breach(OUTSIDE_PROTOCOL, now);
      return this.#flush();
    }
    this.#route(reading.frame.header, reading.frame.message, text, now);
    const { announced } = this.#ending;
    if (announced && !this.#isOwedAWord) this.#ended(announced);
    return this.#flush();
  }

  #route(frame: SessionUp, message: string | undefined, text: string, now: number): void {
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
    const fault = this.#whyNot() ?? this.#upward.whyTooMuch(post.message.length, this.#isLinked);
    if (fault) this.#answer(post.id, { kind: 'refused', fault });
    else {
      const waiting = this.#waiting.add(post, now);
      this.#upward.take(post.id, post.message.length);
      if (this.#isLinked) this.#sendPost(waiting);
    }
    return this.#flush();
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
      return { fault: isAwaited ? undefined : this.#whyNot(), effects: this.#flush() };
    }
    if (this.#followers.probe(stream, probe, now)) this.#tell(socket, { type: 'probe', id: probe });
    return { fault: { fault: 'stream_conflict' }, effects: this.#flush() };
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
      this.#effects.push({ do: 'close', socket: older, code: CLOSE.replaced, reason });
    }
    this.#followers.set(stream, socket);
    this.#order.changed(stream);
    // The session is ending, and this stream's last event is still to come.
    if (!this.#ending.announced) this.#expected.delete(stream);
    if (this.#isLinked) this.#tell(socket, { type: 'linked' });
    // What was sent to a breaking socket may not have arrived.
    if (stream === SSE_STREAM && this.#owed.length > 0) {
      this.#tell(socket, { type: 'owes', ids: this.#owed });
    }
    for (const waiting of this.#waiting)
      if (waiting.stream === stream && waiting.isAccepted) this.#confirm(waiting);
    return this.#flush();
  }

  /**
   * Text from a worker for the runner; only an attach and a cancel are read here. Without a link it is dropped, and the worker
   * repeats it on `linked` (LP18).
   */
  fromWorker(text: string): RelayEffect[] {
    if (!this.#isLinked) return this.#flush();
    const attach = text.startsWith(ATTACH) && decodeText(attachFrame, text);
    if (attach && attach.ok)
      this.#order.asks(attach.frame.header.stream, attach.frame.header.after);
    const cancel = text.startsWith(CANCEL) && decodeText(cancelFrame, text);
    // A request that has not been sent yet need not be.
    if (cancel && cancel.ok) this.#effects.push({ do: 'omit', post: cancel.frame.header.stream });
    this.#effects.push({ do: 'link', text });
    return this.#flush();
  }

  /** A worker's socket is gone. */
  unfollow(stream: StreamId, socket: SocketId): RelayEffect[] {
    if (this.#followers.delete(stream, socket)) {
      this.#order.changed(stream);
      this.#upward.release(stream);
      this.#down({ type: 'detach', stream });
    }
    return this.#flush();
  }

  /** The client ends its session. For everyone else it is over at once. */
  end(now: number): RelayEffect[] {
    if (this.#link.state === 'ended' || this.#ending.confirmBy !== undefined) return this.#flush();
    if (this.#isLinked) {
      this.#ending.ask(now);
      this.#down({ type: 'end' });
    } else this.#ended({ type: 'ended', message: 'The client ended the session.' });
    return this.#flush();
  }

  /** The fleet actor reports that the runner will not serve the session (refused, or its boot is dead). */
  giveUp(fault: Fault): RelayEffect[] {
    this.#ended({ type: 'ended', fault: fault.fault, message: fault.message });
    return this.#flush();
  }

  /** Does what is due by now. `isUnderWay`: some of what was sent to the runner may not have arrived. */
  tick(now: number, isUnderWay = false): RelayEffect[] {
    this.#rebase(now);
    actDue(this.#dues(isUnderWay), now);
    return this.#flush();
  }

  /** If the wall clock is set back, nobody must wait the hours until it catches up. */
  #rebase(now: number): void {
    this.#link = rebasedLink(this.#link, now);
    this.#waiting.rebase(now);
    this.#expected.rebase(now);
    this.#ending.rebase(now);
    this.#deliveries.rebase(now);
  }

  /** When {@link tick} is due. Some times matter only while the actor is awake, others must wake it. */
  get wakeAt(): { readonly soon: number | undefined; readonly durable: number | undefined } {
    const dues = [...this.#dues(false)];
    return {
      soon: nextDue(dues.filter(({ isDurable }) => !isDurable)),
      durable: nextDue(dues.filter(({ isDurable }) => isDurable)),
    };
  }

  *#dues(isUnderWay: boolean): Generator<RelayDue> {
    yield* this.#linkDues();
    const { announced, lastWordBy } = this.#ending;
    yield { at: lastWordBy, act: (now) => announced && this.#hurry(announced, now, isUnderWay) };
    yield { at: this.#ending.confirmBy, act: () => this.#ended({ type: 'ended' }) };
    // While the session ends, the runner's last word is awaited instead.
    const handOverAt = this.#ending.announced ? undefined : this.#waiting.handOverAt;
    yield { at: handOverAt, act: (now) => this.#handOverDue(now) };
    yield { at: this.#expected.giveUpAt, act: (now) => this.#giveUpExpected(now) };
    yield { at: this.#deliveries.tellAt, act: () => this.#tellDelivered() };
  }

  *#linkDues(): Generator<RelayDue> {
    const link = this.#link;
    if (link.state === 'awaited') {
      const message = 'The runner did not take the session in time.';
      const act = (): void => this.#ended({ type: 'ended', fault: 'runner_offline', message });
      yield { at: link.until, isDurable: true, act };
    }
    if (link.state !== 'lost') return;
    const graceEndsAt = link.since + LINK_GRACE_MS;
    if (!link.isExpired) {
      yield { at: graceEndsAt, isDurable: true, act: () => this.#expire(link.since) };
      // What workers hold is counted only in memory, so the actor stays awake during the grace.
      yield { at: this.#upward.hasOthers(this.#waiting) ? graceEndsAt : undefined };
    }
    const act = (): void => this.#ended({ type: 'ended', fault: 'runner_lost' });
    yield { at: link.since + WINDOW_MS, isDurable: true, act };
  }

  #handOverDue(now: number): void {
    for (const { id, isAccepted, isSent } of this.#waiting.toHandOver(now))
      this.#handOver(id, { isAccepted, isSent }, now);
  }

  #event(frame: EventFrame, message: string | undefined, text: string, now: number): void {
    const messages = messagesOf(frame, message);
    if (!messages) return this.#breach('not as many events as the frame says', now);
    const waiting = this.#waiting.get(frame.stream);
    if (this.#upward.lengthOf(frame.stream) > CARRYING_POST)
      this.#effects.push({ do: 'omit', post: frame.stream });
    this.#upward.release(frame.stream);
    if (waiting?.wants === 'answer') {
      if (frame.seq !== 1) return this.#breach('the first event of a stream is 1', now);
      if (!frame.final) {
        return this.#handOver(waiting.id, { isAccepted: true, isSent: true }, now);
      }
      this.#deliveries.add(frame.stream, now);
      return this.#answer(waiting.id, { kind: 'answered', message });
    }
    const socket = this.#followers.socketOf(frame.stream);
    if (socket !== undefined) {
      const order = this.#order.events(frame.stream, frame);
      if (order === 'breach') return this.#breach('not the next event of its stream', now);
      if (order === 'repeated') return;
      this.#effects.push({ do: 'tell', socket, text });
      if (frame.stream === SSE_STREAM) for (const each of messages) this.#acceptAnswered(each);
      if (frame.final) this.#expected.delete(frame.stream);
    } else if (!this.#expected.has(frame.stream)) {
      this.#down({ type: 'detach', stream: frame.stream });
    }
  }

  /** The answer is a stream. Events before its worker follows are dropped here and sent again when it attaches. */
  #handOver(id: string, post: { isAccepted: boolean; isSent: boolean }, now: number): void {
    this.#expected.add(id, now);
    this.#answer(id, { kind: 'follow', ...post });
  }

  /** A worker that was to follow did not come. */
  #giveUpExpected(now: number): void {
    for (const stream of this.#expected.giveUp(now)) {
      if (this.#followers.has(stream)) continue;
      this.#upward.release(stream);
      this.#down({ type: 'detach', stream });
    }
  }

  #accepted(id: string, text: string, now: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting?.isSent === false)
      return this.#breach('a post was accepted that was never sent', now);
    this.#effects.push({ do: 'omit', post: id });
    this.#upward.release(id);
    if (!waiting) return this.#tellFollower(id, text);
    waiting.isAccepted = true;
    waiting.message = '';
    if (waiting.wants === 'accepted') this.#confirm(waiting);
  }

  /** A request was answered on the stream before its `accepted` came: after a break the answer is sent first. */
  #acceptAnswered(message: string | undefined): void {
    if (message === undefined || !this.#waiting.hasUnaccepted) return;
    const answered = answeredId(message);
    const waiting = answered === undefined ? undefined : this.#waiting.asking(answered);
    if (!waiting) return;
    waiting.isAccepted = true;
    this.#upward.release(waiting.id);
    this.#confirm(waiting);
  }

  /** Answers 202 once a worker holds the stream on which the answers are owed (HTTP+SSE) and has been told of them. */
  #confirm({ id, stream, requestIds }: WaitingPost): void {
    if (stream === SSE_STREAM && requestIds.length > 0) {
      const socket = this.#followers.socketOf(stream);
      if (socket === undefined) return;
      this.#owed = [...this.#owed, ...requestIds].slice(-OWED_IDS);
      this.#tell(socket, { type: 'owes', ids: [...requestIds] });
    }
    this.#answer(id, { kind: 'accepted' });
  }

  /** Where a stream continues, for the worker that asked. Its client may have left in the meantime. */
  #attached({ stream, after }: AttachedFrame, text: string, now: number): void {
    const isAsked = this.#order.attached(stream, after);
    if (!this.#followers.has(stream)) return this.#order.changed(stream);
    if (!isAsked) return this.#breach('nobody asked for this stream', now);
    this.#tellFollower(stream, text);
  }

  #refused(frame: RefusedFrame, text: string): void {
    this.#upward.release(frame.of);
    this.#order.refused(frame.of);
    if (!this.#waiting.has(frame.of)) return this.#tellFollower(frame.of, text);
    const { fault, message, phase } = frame;
    this.#answer(frame.of, { kind: 'refused', fault: { fault, message, phase } });
  }

  /** The runner was away longer than the grace: each call in flight now gets its one outcome (R-7, LP20). */
  #expire(since: number): void {
    this.#link = { state: 'lost', since, isExpired: true };
    this.#upward.releaseAll();
    this.#refuseAll({ fault: 'runner_lost' });
    for (const [stream, socket] of this.#followers) {
      if (stream === GET_STREAM) continue;
      this.#tell(socket, { type: 'gone', fault: 'runner_lost' });
    }
  }

  #ended(frame: EndedFrame): void {
    if (this.#link.state === 'ended') return;
    this.#link = { state: 'ended' };
    this.#ending.clear();
    const fault: Fault = { fault: frame.fault ?? 'session_not_found', message: frame.message };
    if (fault.fault === 'process_start_failed') this.#afterword = fault;
    this.#expected.clear();
    this.#upward.releaseAll();
    this.#refuseAll(fault);
    for (const [, socket] of this.#followers) this.#tell(socket, { type: 'gone', ...fault });
    this.#followers.clear();
    this.#effects.push(
      { do: 'closeLink', code: CLOSE.done, reason: 'session ended' },
      { do: 'forget' },
    );
  }

  #refuseAll(fault: Fault): void {
    for (const waiting of this.#waiting)
      this.#answer(waiting.id, { kind: 'refused', fault: refusalOf(waiting, fault) });
  }

  /** The runner has yet to say whether it has a post. If it has, the answer is on a stream, and an error would be a second outcome. */
  get #isOwedAWord(): boolean {
    return this.#waiting.hasUnaccepted || this.#expected.size > 0;
  }

  /**
   * The runner announced the end a while ago. Workers that have not come are no longer awaited; what the runner
   * says about posts still is, while some of them may be under way.
   */
  #hurry(frame: EndedFrame, now: number, isUnderWay: boolean): void {
    const isOwed = isUnderWay && this.#waiting.hasUnaccepted;
    if (!isOwed || !this.#ending.waitsOn(now)) return this.#ended(frame);
    this.#expected.clear();
  }

  /** Why a new post or follower cannot be served now, or undefined when it can. */
  #whyNot(): Fault | undefined {
    if (this.#link.state === 'ended') return this.#afterword;
    if (this.#ending.confirmBy !== undefined || this.#ending.announced)
      return { fault: 'session_not_found' };
    if (this.#isLinked) return undefined;
    if (this.#link.state === 'lost' && this.#link.isExpired) return { fault: 'runner_offline' };
    if (this.#waiting.size + this.#followers.size < OFFLINE_QUEUE) return undefined;
    return {
      fault: 'runner_offline',
      message: 'The runner is away, and the queue of requests that wait for it is full.',
    };
  }

  /** The runner broke the protocol: nobody receives any part of that frame, and the link starts again. */
  #breach(reason: string, now: number): void {
    this.#lose(now);
    this.#effects.push({ do: 'closeLink', code: CLOSE.protocol, reason });
  }

  #sendPost(waiting: WaitingPost): void {
    waiting.isSent = true;
    const { stream, id, message, requestIds } = waiting;
    const post = { type: 'post', stream, id } as const;
    // A frame that may be sent in parts must be identical each time it is sent, or it could not continue after a break (LP3).
    const frame = message.length > CARRYING_POST ? post : this.#withDelivered(post);
    // A cancellation must not overtake its request, nor an answer the messages before it.
    const isBehind = requestIds.length === 0;
    this.#effects.push({ do: 'link', text: encodeText(frame, message), isBehind });
  }

  #withDelivered<F extends SessionDown & { type: 'post' }>(frame: F): F {
    const delivered = this.#deliveries.take();
    return delivered.length === 0 ? frame : { ...frame, delivered };
  }

  /** No post is being sent that could carry it. */
  #tellDelivered(): void {
    this.#down({ type: 'delivered', streams: this.#deliveries.take() });
  }

  #answer(id: string, answer: PostAnswer): void {
    this.#waiting.delete(id);
    // The following worker holds the message until the runner has it.
    if (answer.kind !== 'follow' || answer.isAccepted) this.#upward.release(id);
    this.#effects.push({ do: 'answer', id, answer });
  }

  #down(frame: SessionDown): void {
    if (this.#isLinked) this.#effects.push({ do: 'link', text: encodeText(frame) });
  }

  #tell(socket: SocketId, frame: StreamDown): void {
    this.#effects.push({ do: 'tell', socket, text: encodeText(frame) });
  }

  #tellFollower(stream: StreamId, text: string): void {
    const socket = this.#followers.socketOf(stream);
    if (socket !== undefined) this.#effects.push({ do: 'tell', socket, text });
  }

  #flush(): RelayEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
