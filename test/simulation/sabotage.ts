// Faults that are put in on purpose. A checker that does not find them proves nothing.
import type { Post } from '../../edge/core/ports.ts';
import type { SessionUp } from '../../shared/link/session-frames.ts';
import type { Hold } from '../../shared/link/parts.ts';

/** Where a run may be broken. Each method answers for the honest system unless a saboteur overrides it. */
export interface Sabotage {
  /** The post as it is handed to the actor. */
  repost(post: Post): Post;
  /** How often an event is written to its client. */
  writesEvent(): number;
  /** How long a line waits before it is written to stdin. */
  holdsLineMs(): number;
  /** Whether the runner acts on a frame of this type. */
  heeds(type: string): boolean;
  /** What the runner says in place of one frame. */
  utters(frame: SessionUp): readonly SessionUp[];
  /** Where the rest of a frame is taken to begin after a break. */
  resumes(hold: Hold): Hold;
  /** The socket a frame for `socket` is written to. */
  misroute(socket: string, followers: ReadonlySet<string>): string;
}

export const NO_SABOTAGE: Sabotage = {
  repost: (post) => post,
  writesEvent: () => 1,
  holdsLineMs: () => 0,
  heeds: () => true,
  utters: (frame) => [frame],
  resumes: (hold) => hold,
  misroute: (socket) => socket,
};
