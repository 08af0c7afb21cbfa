// The posts of a session's workers: how they go to the runner, and how each gets its one outcome, be it the whole answer, a stream
// to follow, an acceptance or a fault. Pure: what is to be done is added to the relay's effects. Implements LP17, R-1.
import { answeredId } from './answered.ts';
import { Deliveries } from './deliveries.ts';
import type { ExpectedFollowers } from './expected-followers.ts';
import type { Followers } from './followers.ts';
import type { Post, PostAnswer } from './ports.ts';
import type { RelayEffects } from './relay-effects.ts';
import { UpwardCredit } from './upward-credit.ts';
import { refusalOf, WaitingPosts, type WaitingPost } from './waiting-posts.ts';
import { isInPieces, type Text } from '../../shared/bytes.ts';
import type { Fault } from '../../shared/fault.ts';
import { keepShapes } from '../../shared/kept-shapes.ts';
import { SSE_STREAM, type SocketId, type StreamId } from '../../shared/ids.ts';
import type { EventFrame } from '../../shared/link/session-frames.ts';
import { OWED_IDS } from '../../shared/link/sizes.ts';

/** A post of up to this many characters may carry `delivered`: even on the slowest line it is not sent in parts. */
const CARRYING_POST = 2_048;

export class PostDesk {
  readonly waiting = new WaitingPosts();
  readonly upward = new UpwardCredit();
  readonly deliveries = new Deliveries();
  readonly #followers: Followers;
  readonly #expected: ExpectedFollowers;
  readonly #effects: RelayEffects;
  /** Ids recently announced as owed on the HTTP+SSE stream, oldest first; its worker knows which were answered. */
  #owed: string[] = [];

  constructor(followers: Followers, expected: ExpectedFollowers, effects: RelayEffects) {
    this.#followers = followers;
    this.#expected = expected;
    this.#effects = effects;
  }

  /** Takes a post, which is sent now or by {@link sendUnaccepted}. */
  add(post: Post, now: number, isLinked: boolean): void {
    const waiting = this.waiting.add(post, now);
    this.upward.take(post.id, post.message.length);
    if (isLinked) this.#send(waiting);
  }

  /** The link is new. Frames sent on the last one may not have arrived. */
  sendUnaccepted(): void {
    for (const post of this.waiting) if (!post.isAccepted) this.#send(post);
  }

  #send(post: WaitingPost): void {
    post.isSent = true;
    const { stream, id, message, said, requestIds } = post;
    // A frame that may be sent in parts must be identical each time it is sent, or it could not continue after a break (LP3).
    const delivered = message.length > CARRYING_POST ? [] : this.deliveries.take();
    const frame = { type: 'post', stream, id, ...(delivered.length > 0 && { delivered }) } as const;
    // A cancellation must not overtake its request, nor an answer the messages before it.
    const isBehind = requestIds.length === 0;
    this.#effects.down(frame, message, isBehind, said);
  }

  /** The runner says that it has a post. */
  accepted(id: string): 'accepted' | 'never sent' | 'not waited for' {
    const post = this.waiting.get(id);
    if (post?.isSent === false) return 'never sent';
    this.#effects.add({ do: 'omit', post: id });
    this.upward.release(id);
    if (!post) return 'not waited for';
    post.isAccepted = true;
    post.message = '';
    post.said = undefined;
    if (post.wants === 'accepted') this.#confirm(post);
    return 'accepted';
  }

  /** Events of a stream. They are taken here if a worker waits for the answer in one body. */
  event(
    { stream, seq, final, ms: processMs }: EventFrame,
    message: Text | undefined,
    now: number,
  ): 'taken' | 'breach' | 'not waited for' {
    if (this.upward.lengthOf(stream) > CARRYING_POST)
      this.#effects.add({ do: 'omit', post: stream });
    this.upward.release(stream);
    const post = this.waiting.get(stream);
    if (post?.wants !== 'answer') return 'not waited for';
    if (seq !== 1) return 'breach';
    if (final) {
      // A large answer uses up the session's credit until its client has read it, or clients that read nothing would fill the edge.
      if (message === undefined || !isInPieces(message)) this.deliveries.add(stream, now);
      this.answer(post.id, answeredWith(message, processMs));
    } else this.#handOver(post.id, { isAccepted: true, isSent: true }, now);
    return 'taken';
  }

  /** A request was answered on the HTTP+SSE stream before its `accepted` came: after a break the answer is sent first. */
  acceptAnswered(message: Text | undefined): void {
    if (message === undefined || !this.waiting.hasUnaccepted) return;
    const answered = answeredId(message);
    const post = answered === undefined ? undefined : this.waiting.asking(answered);
    if (!post) return;
    post.isAccepted = true;
    this.upward.release(post.id);
    this.#confirm(post);
  }

  /** A worker follows a stream. */
  followed(stream: StreamId, socket: SocketId): void {
    // Frames sent to a breaking socket may not have arrived.
    if (stream === SSE_STREAM && this.#owed.length > 0)
      this.#effects.tell(socket, { type: 'owes', ids: this.#owed });
    for (const post of this.waiting)
      if (post.stream === stream && post.isAccepted) this.#confirm(post);
  }

  /** Answers 202 once a worker holds the stream on which the answers are owed (HTTP+SSE) and has been told of them. */
  #confirm({ id, stream, requestIds }: WaitingPost): void {
    if (stream === SSE_STREAM && requestIds.length > 0) {
      const socket = this.#followers.socketOf(stream);
      if (socket === undefined) return;
      this.#owed = [...this.#owed, ...requestIds].slice(-OWED_IDS);
      this.#effects.tell(socket, { type: 'owes', ids: [...requestIds] });
    }
    this.answer(id, { kind: 'accepted' });
  }

  /** Hands over what has waited as long as an answer in one body may take. */
  handOverDue(now: number): void {
    for (const { id, isAccepted, isSent } of this.waiting.toHandOver(now))
      this.#handOver(id, { isAccepted, isSent }, now);
  }

  /** The answer is a stream. Events before its worker follows are dropped here and sent again when it attaches. */
  #handOver(id: string, post: { isAccepted: boolean; isSent: boolean }, now: number): void {
    this.#expected.add(id, now);
    this.answer(id, { kind: 'follow', ...post });
  }

  /** Every post gets its outcome now, and nothing is on its way any more. */
  refuseAll(fault: Fault): void {
    this.upward.releaseAll();
    for (const post of this.waiting)
      this.answer(post.id, { kind: 'refused', fault: refusalOf(post, fault) });
  }

  answer(id: string, answer: PostAnswer): void {
    this.waiting.delete(id);
    // The following worker holds the message until the runner has it.
    if (answer.kind !== 'follow' || answer.isAccepted) this.upward.release(id);
    this.#effects.add({ do: 'answer', id, answer });
  }

  /** If the clock was set back, nobody waits until it is there again. */
  rebase(now: number): void {
    this.waiting.rebase(now);
    this.deliveries.rebase(now);
  }
}

function answeredWith(message: Text | undefined, processMs: number | undefined): PostAnswer {
  const told = processMs === undefined ? undefined : { processMs };
  return { kind: 'answered', message, ...told };
}

keepShapes(answeredWith('', undefined), answeredWith('', 1));
