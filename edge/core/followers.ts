// The workers that follow streams, one a stream, and the probes by which a follower shows that its client is still there. Pure.
import type { SocketId, StreamId } from '../../shared/ids.ts';
import { RareMap } from '../../shared/rare-map.ts';

/** A live client answers a probe within this time. Clients that lost their stream come back after a second, then later. */
const PROOF_MS = 900;

export class Followers {
  readonly #sockets: Map<StreamId, SocketId>;
  /** Probes without an answer. */
  readonly #probes = new RareMap<StreamId, { readonly id: string; readonly since: number }>();

  constructor(followers: Iterable<readonly [stream: StreamId, socket: SocketId]>) {
    this.#sockets = new Map(followers);
  }

  get size(): number {
    return this.#sockets.size;
  }

  [Symbol.iterator](): Iterator<[stream: StreamId, socket: SocketId]> {
    return this.#sockets.entries();
  }

  has(stream: StreamId): boolean {
    return this.#sockets.has(stream);
  }

  socketOf(stream: StreamId): SocketId | undefined {
    return this.#sockets.get(stream);
  }

  /** A worker follows a stream in place of any other. */
  set(stream: StreamId, socket: SocketId): void {
    this.#sockets.set(stream, socket);
    this.#probes.delete(stream);
  }

  /** True if this socket followed the stream. */
  delete(stream: StreamId, socket: SocketId): boolean {
    if (this.#sockets.get(stream) !== socket) return false;
    this.#probes.delete(stream);
    return this.#sockets.delete(stream);
  }

  clear(): void {
    this.#sockets.clear();
    this.#probes.clear();
  }

  /** True if the follower is to be probed with `id`, false if an earlier probe is unanswered. */
  probe(stream: StreamId, id: string, now: number): boolean {
    if (this.#probes.has(stream)) return false;
    this.#probes.set(stream, { id, since: now });
    return true;
  }

  /** The client that holds a stream has answered its probe. */
  alive(probe: string): void {
    for (const [stream, { id }] of this.#probes) if (id === probe) this.#probes.delete(stream);
  }

  /** Whether a probe is unanswered for too long. The clock may have been set back since. */
  isSilent(stream: StreamId, now: number): boolean {
    const probe = this.#probes.get(stream);
    return probe !== undefined && Math.abs(now - probe.since) >= PROOF_MS;
  }
}
