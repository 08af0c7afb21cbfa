// What a session's relay asks of its caller, and the list of it that one input makes. Pure.
import type { PostAnswer } from './ports.ts';
import type { Text } from '../../shared/bytes.ts';
import type { SocketId } from '../../shared/ids.ts';
import type { MessageView } from '../../shared/jsonrpc/view.ts';
import { encodeText } from '../../shared/link/codec.ts';
import type { SessionDown, StreamDown } from '../../shared/link/session-frames.ts';

export type RelayEffect =
  /** The runner has this post: the unsent rest of it can be dropped. */
  | { readonly do: 'omit'; readonly post: string }
  /** A frame for the runner; `isBehind`: it must not overtake earlier frames. */
  | { readonly do: 'link'; readonly text: string; readonly isBehind?: boolean }
  /** The same frame for a runner in this program. */
  | {
      readonly do: 'carry';
      readonly frame: SessionDown;
      readonly message: string | undefined;
      readonly isBehind: boolean;
      readonly said: MessageView | undefined;
    }
  | { readonly do: 'closeLink'; readonly code: number; readonly reason: string }
  | { readonly do: 'tell'; readonly socket: SocketId; readonly text: Text }
  | {
      readonly do: 'close';
      readonly socket: SocketId;
      readonly code: number;
      readonly reason: string;
    }
  | { readonly do: 'answer'; readonly id: string; readonly answer: PostAnswer }
  /** The session is over: forget its row, tell the fleet actor. */
  | { readonly do: 'forget' };

export class RelayEffects {
  /** The runner is in this program. */
  carries = false;
  #effects: RelayEffect[] = [];

  add(effect: RelayEffect): void {
    this.#effects.push(effect);
  }

  /** A frame of the actor's own for the runner. */
  down(frame: SessionDown, message?: string, isBehind = false, said?: MessageView): void {
    if (this.carries) this.add({ do: 'carry', frame, message, isBehind, said });
    else this.add({ do: 'link', text: encodeText(frame, message), isBehind });
  }

  /** A frame of the actor's own for a worker. */
  tell(socket: SocketId, frame: StreamDown): void {
    this.add({ do: 'tell', socket, text: encodeText(frame) });
  }

  /** What was added since the last time. */
  take(): RelayEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
