// What a session's relay asks of its caller.
import type { PostAnswer } from './ports.ts';
import type { SocketId } from '../../shared/ids.ts';

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
