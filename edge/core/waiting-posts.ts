// The posts that workers wait for, in order of time: how far each of them got, and when its worker must be told to follow its
// stream instead. Pure.
import type { Post } from './ports.ts';
import type { Fault, Phase } from '../../shared/fault.ts';
import { keepShapes } from '../../shared/kept-shapes.ts';
import { SSE_STREAM } from '../../shared/ids.ts';
import { JSON_WAIT_MS } from '../../shared/link/timing.ts';

export interface WaitingPost extends Readonly<Omit<Post, 'message' | 'said'>> {
  /** Dropped once the runner has it; so is what was scanned. */
  message: string;
  said?: Post['said'];
  since: number;
  /** It was sent on a link. Until `accepted` comes, nobody knows whether it arrived. */
  isSent: boolean;
  isAccepted: boolean;
}

export class WaitingPosts {
  readonly #posts = new Map<string, WaitingPost>();

  get size(): number {
    return this.#posts.size;
  }

  /** In order of time. */
  [Symbol.iterator](): Iterator<WaitingPost> {
    return this.#posts.values();
  }

  add(post: Post, now: number): WaitingPost {
    const waiting = { ...post, since: now, isSent: false, isAccepted: false };
    this.#posts.set(post.id, waiting);
    return waiting;
  }

  has(id: string): boolean {
    return this.#posts.has(id);
  }

  get(id: string): WaitingPost | undefined {
    return this.#posts.get(id);
  }

  delete(id: string): void {
    this.#posts.delete(id);
  }

  /** Whether the runner has yet to say of one of them that it has it. */
  get hasUnaccepted(): boolean {
    for (const { isAccepted } of this.#posts.values()) if (!isAccepted) return true;
    return false;
  }

  /** The post with this request, whose answer is owed on the HTTP+SSE stream. `requestId`: raw JSON text. */
  asking(requestId: string): WaitingPost | undefined {
    for (const post of this.#posts.values())
      if (post.stream === SSE_STREAM && post.requestIds.includes(requestId)) return post;
    return undefined;
  }

  /** When the next post has waited as long as an answer in one body may take. */
  get handOverAt(): number | undefined {
    // The first is due first.
    for (const { wants, since } of this.#posts.values())
      if (wants === 'answer') return since + JSON_WAIT_MS;
    return undefined;
  }

  /** The posts that have waited that long. They may be deleted on the way. */
  *toHandOver(now: number): Generator<WaitingPost> {
    for (const post of this.#posts.values())
      if (post.wants === 'answer' && post.since + JSON_WAIT_MS <= now) yield post;
  }

  /** If the clock was set back, nobody waits until it is there again. */
  rebase(now: number): void {
    for (const post of this.#posts.values()) post.since = Math.min(post.since, now);
  }
}

/** What a post is refused with. One that was never sent cannot be running anywhere, so it is not `runner_lost`. */
export function refusalOf(post: WaitingPost, fault: Fault): Fault {
  const isElsewhere = fault.fault === 'runner_lost' && !post.isSent;
  return { ...(isElsewhere ? { fault: 'runner_offline' } : fault), phase: phaseOf(post) };
}

/** How far a post got, as far as the edge can know. */
const phaseOf = ({ isAccepted, isSent }: WaitingPost): Phase =>
  isAccepted ? 'sent' : isSent ? 'unknown' : 'not_sent';

const EXAMPLE: Post = { id: 'i', stream: 's', wants: 'answer', message: 'm', requestIds: ['1'] };
keepShapes(EXAMPLE, new WaitingPosts().add(EXAMPLE, 0));
