// The session actor's machine: streams and sockets, not JSON-RPC (D1). It passes frames between the runner's socket
// and the workers that follow streams, answers short posts in one body, and gives up when the runner stays away.
// Pure: inputs in, effects out. Implements LP8, LP13, LP17, LP18, LP20, R-7.
import { actDue, nextDue, type Due } from '../../shared/dues.ts';
import type { Fault, Phase } from '../../shared/fault.ts';
import { decodeText, encodeText } from '../../shared/link/codec.ts';
import { answeredId } from './answered.ts';
import { StreamOrder } from './stream-order.ts';
import { CLOSE } from '../../shared/link/close-codes.ts';
import type { Hold } from '../../shared/link/parts.ts';
import { OUTSIDE_PROTOCOL } from '../../shared/link/close-reason.ts';
import {
  attachFrame,
  cancelFrame,
  sessionUp,
  type AttachedFrame,
  type EndedFrame,
  messagesOf,
  type EventFrame,
  type RefusedFrame,
  type SessionDown,
  type SessionUp,
  type StreamDown,
} from '../../shared/link/session-frames.ts';
import {
  GET_STREAM,
  SSE_STREAM,
  type SessionName,
  type SocketId,
  type StreamId,
} from '../../shared/ids.ts';
import { OFFLINE_QUEUE, OWED_IDS, UPWARD_BYTES } from '../../shared/link/sizes.ts';
import {
  DELIVERY_DELAY_MS,
  DIAL_WAIT_MS,
  END_WAIT_MS,
  FOLLOW_WAIT_MS,
  JSON_WAIT_MS,
  LAST_WORD_MS,
  LINK_GRACE_MS,
  SLOW_WORD_MS,
  WINDOW_MS,
} from '../../shared/link/timing.ts';

/** A live client answers a probe within this time. Clients that lost their stream come back after a second, then later. */
const PROOF_MS = 900;

/** The first characters of the frame with which a worker asks for a stream. */
const ATTACH = '{"type":"attach"';

/** The first characters of the frame with which a worker reports that a stream's client is gone for good. */
const CANCEL = '{"type":"cancel"';

const TOO_MUCH_ON_ITS_WAY =
  'This session already has more than 8 MiB of messages on their way to the server. Wait a second, then try again.';

const TOO_MUCH_WAITS =
  'The runner is away, and this session already has more than 8 MiB of messages waiting for it. Try again in a few seconds.';
/** A post of up to this many characters may carry `delivered`: even on the slowest line it is not sent in parts. */
const CARRYING_POST = 2_048;

interface RelayDue extends Due {
  /** Whether it must wake the actor; other times matter only while it is awake. */
  readonly isDurable?: true;
}

/** The outcome of a post, for the worker that waits for it. */
export type PostAnswer =
  /** The whole answer; `message` is absent when the request ended without one (cancelled). */
  | { readonly kind: 'answered'; readonly message: string | undefined }
  /**
   * The answer is a stream: follow it. `isAccepted` false: post it again there; `isSent`: the runner may have it nevertheless.
   * `session`: the one it was posted in, for actors that have several in turn.
   */
  | {
      readonly kind: 'follow';
      readonly isAccepted: boolean;
      readonly isSent: boolean;
      readonly session?: SessionName | undefined;
    }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly fault: Fault };

export type RelayEffect =
  /** The runner has this post: the unsent rest of it can be dropped. */
  | { readonly do: 'omit'; readonly post: string }
  /** A frame for the runner; `isBehind`: it must not overtake earlier frames. */
  | { readonly do: 'link'; readonly text: string; readonly isBehind?: boolean }
  | { readonly do: 'closeLink'; readonly code: number; readonly reason: string }
  | { readonly do: 'tell'; readonly socket: SocketId; readonly text: string }
  | {
      readonly do: 'close';
      readonly socket: SocketId;
      readonly code: number;
      readonly reason: string;
    }
  | { readonly do: 'answer'; readonly id: string; readonly answer: PostAnswer }
  /** The session is over: forget its row, tell the fleet actor. */
  | { readonly do: 'forget' };

interface Waiting {
  readonly id: string;
  readonly stream: StreamId;
  /** Dropped once the runner has it. */
  message: string;
  readonly wants: 'answer' | 'accepted';
  /** Raw JSON text of the ids of its requests. */
  readonly requestIds: readonly string[];
  since: number;
  /** It was sent on a link. Until `accepted` comes, nobody knows whether it arrived. */
  isSent: boolean;
  isAccepted: boolean;
}

export type Link =
  | { readonly state: 'awaited'; readonly until: number }
  | { readonly state: 'linked'; readonly epoch: number }
  | { readonly state: 'lost'; readonly since: number; readonly isExpired: boolean }
  | { readonly state: 'ended' };

export class Relay {
  #link: Link;
  /** Short posts a worker waits for, by id. */
  readonly #waiting = new Map<string, Waiting>();
  /** Sockets of workers, by the stream they follow; one a stream. */
  readonly #followers = new Map<StreamId, SocketId>();
  /** Probes that a stream's client has not answered yet, by stream. */
  readonly #probes = new Map<string, { readonly id: string; readonly since: number }>();
  readonly #order = new StreamOrder();
  /** Characters of each message that the runner may not have yet, by post id; this actor or the following worker holds the message. */
  readonly #upward = new Map<string, number>();
  #upwardSum = 0;
  /** Streams whose worker was told to follow and has not come yet, with the time until which it is awaited. */
  readonly #expected = new Map<string, number>();
  /** The answer to requests after the end. A failed start is reported; after any other end the session is only "not found". */
  #afterword: Fault = { fault: 'session_not_found' };
  #delivered: string[] = [];
  #deliverAt: number | undefined;
  /** Ids recently announced as owed on the HTTP+SSE stream, oldest first; its worker knows which were answered. */
  #owed: string[] = [];
  #endAt: number | undefined;
  /** The runner announced the end of the session; the answers it still owes come first. */
  #ending:
    | { readonly frame: EndedFrame; readonly since: number; readonly until: number }
    | undefined;
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
    for (const [stream, socket] of followers) this.#followers.set(stream, socket);
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
    if (this.#endAt !== undefined) this.#down({ type: 'end' });
    for (const waiting of this.#waiting.values()) if (!waiting.isAccepted) this.#sendPost(waiting);
    for (const socket of this.#followers.values()) this.#tell(socket, { type: 'linked' });
    return this.#flush();
  }

  /** The runner's socket is gone. */
  unlinked(now: number): RelayEffect[] {
    if (this.#link.state === 'linked') this.#lose(now);
    return this.#flush();
  }

  #lose(now: number): void {
    this.#link = { state: 'lost', since: now, isExpired: false };
    // The runner repeats it when it is back.
    this.#ending = undefined;
  }

  /** A whole frame's text from the runner. */
  fromRunner(text: string, now: number): RelayEffect[] {
    // A socket that is being closed may still deliver frames.
    if (this.#link.state !== 'linked') return this.#flush();
    const reading = decodeText(sessionUp, text);
    if (!reading.ok) {
      this.#breach(OUTSIDE_PROTOCOL, now);
      return this.#flush();
    }
    this.#route(reading.frame.header, reading.frame.message, text, now);
    if (this.#ending && !this.#isOwedAWord) this.#ended(this.#ending.frame);
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
        this.#ending = { frame, since: now, until: now + LAST_WORD_MS };
        this.#endAt = undefined;
        return;
    }
  }

  /** A worker posts a message and waits for {@link PostAnswer}. */
  post(post: Omit<Waiting, 'since' | 'isSent' | 'isAccepted'>, now: number): RelayEffect[] {
    const fault = this.#whyNot() ?? this.#whyTooMuch(post.message.length);
    if (fault) this.#answer(post.id, { kind: 'refused', fault });
    else {
      const waiting = { ...post, since: now, isSent: false, isAccepted: false };
      this.#waiting.set(post.id, waiting);
      this.#release(post.id);
      this.#upward.set(post.id, post.message.length);
      this.#upwardSum += post.message.length;
      if (this.#link.state === 'linked') this.#sendPost(waiting);
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
    const socket = this.#followers.get(stream);
    if (socket === undefined || resumes || this.#isSilent(stream, now)) {
      const isAwaited = this.#ending !== undefined && this.#expected.has(stream);
      return { fault: isAwaited ? undefined : this.#whyNot(), effects: this.#flush() };
    }
    if (!this.#probes.has(stream)) {
      this.#probes.set(stream, { id: probe, since: now });
      this.#tell(socket, { type: 'probe', id: probe });
    }
    return { fault: { fault: 'stream_conflict' }, effects: this.#flush() };
  }

  /** The client that holds a stream has answered its probe. */
  alive(probe: string): void {
    for (const [stream, { id }] of this.#probes) if (id === probe) this.#probes.delete(stream);
  }

  #isSilent(stream: StreamId, now: number): boolean {
    const probe = this.#probes.get(stream);
    return probe !== undefined && Math.abs(now - probe.since) >= PROOF_MS;
  }

  /** A worker follows a stream and replaces any older follower of it. */
  follow(stream: StreamId, socket: SocketId): RelayEffect[] {
    const older = this.#followers.get(stream);
    if (older !== undefined) {
      this.#effects.push({
        do: 'close',
        socket: older,
        code: CLOSE.replaced,
        reason: 'followed elsewhere',
      });
    }
    this.#followers.set(stream, socket);
    this.#probes.delete(stream);
    this.#order.changed(stream);
    // The session is ending, and this stream's last event is still to come.
    if (!this.#ending) this.#expected.delete(stream);
    if (this.#link.state === 'linked') this.#tell(socket, { type: 'linked' });
    // What was sent to a breaking socket may not have arrived.
    if (stream === SSE_STREAM && this.#owed.length > 0) {
      this.#tell(socket, { type: 'owes', ids: this.#owed });
    }
    for (const waiting of this.#waiting.values()) {
      if (waiting.stream === stream && waiting.isAccepted) this.#confirm(waiting);
    }
    return this.#flush();
  }

  /**
   * Text from a worker for the runner; only an attach and a cancel are read here. Without a link it is dropped, and the worker
   * repeats it on `linked` (LP18).
   */
  fromWorker(text: string): RelayEffect[] {
    if (this.#link.state !== 'linked') return this.#flush();
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
    if (this.#followers.get(stream) === socket) {
      this.#followers.delete(stream);
      this.#probes.delete(stream);
      this.#order.changed(stream);
      this.#release(stream);
      this.#down({ type: 'detach', stream });
    }
    return this.#flush();
  }

  /** The client ends its session. For everyone else it is over at once. */
  end(now: number): RelayEffect[] {
    if (this.#link.state === 'ended' || this.#endAt !== undefined) return this.#flush();
    if (this.#link.state === 'linked') {
      this.#endAt = now + END_WAIT_MS;
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
    const link = this.#link;
    if (link.state === 'lost' && link.since > now) this.#link = { ...link, since: now };
    if (link.state === 'awaited' && link.until > now + DIAL_WAIT_MS)
      this.#link = { ...link, until: now + DIAL_WAIT_MS };
    for (const waiting of this.#waiting.values()) waiting.since = Math.min(waiting.since, now);
    for (const [stream, until] of this.#expected)
      if (until > now + FOLLOW_WAIT_MS) this.#expected.set(stream, now + FOLLOW_WAIT_MS);
    if (this.#endAt !== undefined) this.#endAt = Math.min(this.#endAt, now + END_WAIT_MS);
    if (this.#ending) {
      const { frame, since, until } = this.#ending;
      const last = Math.min(until, now + SLOW_WORD_MS);
      this.#ending = { frame, since: Math.min(since, now), until: last };
    }
    if (this.#deliverAt !== undefined)
      this.#deliverAt = Math.min(this.#deliverAt, now + DELIVERY_DELAY_MS);
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
    const ending = this.#ending;
    yield { at: ending?.until, act: (now) => ending && this.#hurry(ending, now, isUnderWay) };
    yield { at: this.#endAt, act: () => this.#ended({ type: 'ended' }) };
    yield { at: this.#handOverAt, act: (now) => this.#handOverDue(now) };
    // They are in order of time: the first is due first.
    const [expectedUntil] = this.#expected.values();
    yield { at: expectedUntil, act: (now) => this.#giveUpExpected(now) };
    yield { at: this.#deliverAt, act: () => this.#tellDelivered() };
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
      yield { at: this.#workersHold ? graceEndsAt : undefined };
    }
    const act = (): void => this.#ended({ type: 'ended', fault: 'runner_lost' });
    yield { at: link.since + WINDOW_MS, isDurable: true, act };
  }

  /**
   * When the next post has waited as long as an answer in one body may take. While the session ends, the runner's last word is
   * awaited instead.
   */
  get #handOverAt(): number | undefined {
    if (this.#ending) return undefined;
    for (const { wants, since } of this.#waiting.values()) {
      // Posts are in order of time: the first is due first.
      if (wants === 'answer') return since + JSON_WAIT_MS;
    }
    return undefined;
  }

  #handOverDue(now: number): void {
    for (const { id, wants, since, isAccepted, isSent } of this.#waiting.values()) {
      if (wants !== 'answer' || since + JSON_WAIT_MS > now) continue;
      this.#handOver(id, { isAccepted, isSent }, now);
    }
  }

  #event(frame: EventFrame, message: string | undefined, text: string, now: number): void {
    const messages = messagesOf(frame, message);
    if (!messages) return this.#breach('not as many events as the frame says', now);
    const waiting = this.#waiting.get(frame.stream);
    if ((this.#upward.get(frame.stream) ?? 0) > CARRYING_POST)
      this.#effects.push({ do: 'omit', post: frame.stream });
    this.#release(frame.stream);
    if (waiting?.wants === 'answer') {
      if (frame.seq !== 1) return this.#breach('the first event of a stream is 1', now);
      if (!frame.final) {
        return this.#handOver(waiting.id, { isAccepted: true, isSent: true }, now);
      }
      this.#delivered.push(frame.stream);
      this.#deliverAt ??= now + DELIVERY_DELAY_MS;
      return this.#answer(waiting.id, { kind: 'answered', message });
    }
    const socket = this.#followers.get(frame.stream);
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
    this.#expected.set(id, now + FOLLOW_WAIT_MS);
    this.#answer(id, { kind: 'follow', ...post });
  }

  /** A worker that was to follow did not come. */
  #giveUpExpected(now: number): void {
    for (const [stream, until] of this.#expected) {
      if (until > now) return;
      this.#expected.delete(stream);
      if (this.#followers.has(stream)) continue;
      this.#release(stream);
      this.#down({ type: 'detach', stream });
    }
  }

  #accepted(id: string, text: string, now: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting?.isSent === false)
      return this.#breach('a post was accepted that was never sent', now);
    this.#effects.push({ do: 'omit', post: id });
    this.#release(id);
    if (!waiting) return this.#tellFollower(id, text);
    waiting.isAccepted = true;
    waiting.message = '';
    if (waiting.wants === 'accepted') this.#confirm(waiting);
  }

  /** A request was answered on the stream before its `accepted` came: after a break the answer is sent first. */
  #acceptAnswered(message: string | undefined): void {
    if (message === undefined || !this.#hasUnaccepted) return;
    const answered = answeredId(message);
    if (answered === undefined) return;
    for (const waiting of this.#waiting.values()) {
      if (waiting.stream !== SSE_STREAM || !waiting.requestIds.includes(answered)) continue;
      waiting.isAccepted = true;
      this.#release(waiting.id);
      return this.#confirm(waiting);
    }
  }

  /** Answers 202 once a worker holds the stream on which the answers are owed (HTTP+SSE) and has been told of them. */
  #confirm({ id, stream, requestIds }: Waiting): void {
    if (stream === SSE_STREAM && requestIds.length > 0) {
      const socket = this.#followers.get(stream);
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
    this.#release(frame.of);
    this.#order.refused(frame.of);
    if (!this.#waiting.has(frame.of)) return this.#tellFollower(frame.of, text);
    const { fault, message, phase } = frame;
    this.#answer(frame.of, { kind: 'refused', fault: { fault, message, phase } });
  }

  /** The runner was away longer than the grace: each call in flight now gets its one outcome (R-7, LP20). */
  #expire(since: number): void {
    this.#link = { state: 'lost', since, isExpired: true };
    this.#releaseAll();
    for (const waiting of this.#waiting.values()) {
      const fault = waiting.isSent ? 'runner_lost' : 'runner_offline';
      this.#answer(waiting.id, { kind: 'refused', fault: { fault, phase: phaseOf(waiting) } });
    }
    for (const [stream, socket] of this.#followers) {
      if (stream === GET_STREAM) continue;
      this.#tell(socket, { type: 'gone', fault: 'runner_lost' });
    }
  }

  #ended(frame: EndedFrame): void {
    if (this.#link.state === 'ended') return;
    this.#link = { state: 'ended' };
    this.#endAt = undefined;
    this.#ending = undefined;
    const fault: Fault = { fault: frame.fault ?? 'session_not_found', message: frame.message };
    if (fault.fault === 'process_start_failed') this.#afterword = fault;
    this.#expected.clear();
    this.#releaseAll();
    for (const waiting of this.#waiting.values()) {
      const phase = phaseOf(waiting);
      // A post that was never sent on a link cannot be running anywhere, so it is not `runner_lost`.
      const own: Fault =
        fault.fault === 'runner_lost' && !waiting.isSent ? { fault: 'runner_offline' } : fault;
      this.#answer(waiting.id, { kind: 'refused', fault: { ...own, phase } });
    }
    for (const socket of this.#followers.values()) this.#tell(socket, { type: 'gone', ...fault });
    this.#followers.clear();
    this.#effects.push(
      { do: 'closeLink', code: CLOSE.done, reason: 'session ended' },
      { do: 'forget' },
    );
  }

  /** The runner has yet to say whether it has a post. If it has, the answer is on a stream, and an error would be a second outcome. */
  get #isOwedAWord(): boolean {
    return this.#hasUnaccepted || this.#expected.size > 0;
  }

  get #hasUnaccepted(): boolean {
    for (const { isAccepted } of this.#waiting.values()) if (!isAccepted) return true;
    return false;
  }

  /**
   * The runner announced the end a while ago. Workers that have not come are no longer awaited; what the runner
   * says about posts still is, while some of them may be under way.
   */
  #hurry(
    { frame, since }: { frame: EndedFrame; since: number },
    now: number,
    isUnderWay: boolean,
  ): void {
    const last = since + SLOW_WORD_MS;
    if (!isUnderWay || !this.#hasUnaccepted || last <= now) return this.#ended(frame);
    this.#expected.clear();
    this.#ending = { frame, since, until: Math.min(last, now + LAST_WORD_MS) };
  }

  /** Why a new post or follower cannot be served now, or undefined when it can. */
  #whyNot(): Fault | undefined {
    if (this.#link.state === 'ended') return this.#afterword;
    if (this.#endAt !== undefined || this.#ending) return { fault: 'session_not_found' };
    if (this.#link.state === 'linked') return undefined;
    if (this.#link.state === 'lost' && this.#link.isExpired) return { fault: 'runner_offline' };
    if (this.#waiting.size + this.#followers.size < OFFLINE_QUEUE) return undefined;
    return {
      fault: 'runner_offline',
      message: 'The runner is away, and the queue of requests that wait for it is full.',
    };
  }

  /** Why a message of this many characters cannot be accepted on top of those that wait for the runner. */
  #whyTooMuch(length: number): Fault | undefined {
    if (this.#upwardSum === 0 || this.#upwardSum + length <= UPWARD_BYTES) return undefined;
    return this.#link.state === 'linked'
      ? { fault: 'overloaded', message: TOO_MUCH_ON_ITS_WAY }
      : { fault: 'runner_offline', message: TOO_MUCH_WAITS };
  }

  /** Whether a following worker holds a message that the runner may not have. */
  get #workersHold(): boolean {
    for (const id of this.#upward.keys()) if (!this.#waiting.has(id)) return true;
    return false;
  }

  /** The runner has this post, or nobody waits for it any more. */
  #release(id: string): void {
    this.#upwardSum -= this.#upward.get(id) ?? 0;
    this.#upward.delete(id);
  }

  #releaseAll(): void {
    this.#upward.clear();
    this.#upwardSum = 0;
  }

  /** The runner broke the protocol: nobody receives any part of that frame, and the link starts again. */
  #breach(reason: string, now: number): void {
    this.#lose(now);
    this.#effects.push({ do: 'closeLink', code: CLOSE.protocol, reason });
  }

  #sendPost(waiting: Waiting): void {
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
    if (this.#delivered.length === 0) return frame;
    const delivered = this.#delivered;
    this.#delivered = [];
    this.#deliverAt = undefined;
    return { ...frame, delivered };
  }

  /** No post is being sent that could carry it. */
  #tellDelivered(): void {
    this.#down({ type: 'delivered', streams: this.#delivered });
    this.#delivered = [];
    this.#deliverAt = undefined;
  }

  #answer(id: string, answer: PostAnswer): void {
    this.#waiting.delete(id);
    // The following worker holds the message until the runner has it.
    if (answer.kind !== 'follow' || answer.isAccepted) this.#release(id);
    this.#effects.push({ do: 'answer', id, answer });
  }

  #down(frame: SessionDown): void {
    if (this.#link.state === 'linked') this.#effects.push({ do: 'link', text: encodeText(frame) });
  }

  #tell(socket: SocketId, frame: StreamDown): void {
    this.#effects.push({ do: 'tell', socket, text: encodeText(frame) });
  }

  #tellFollower(stream: StreamId, text: string): void {
    const socket = this.#followers.get(stream);
    if (socket !== undefined) this.#effects.push({ do: 'tell', socket, text });
  }

  #flush(): RelayEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** How far a post got, as far as the edge can know. */
const phaseOf = ({ isAccepted, isSent }: Waiting): Phase =>
  isAccepted ? 'sent' : isSent ? 'unknown' : 'not_sent';
