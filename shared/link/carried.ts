// Frames of a session link between two sides of one program. They are handed over as they are: not written out, read again, cut or paced.
// What they mean and in which order they come is the same (PROTOCOL.md LP4).
import type { Text } from '../bytes.ts';
import type { MessageView } from '../jsonrpc/view.ts';
import type { SessionDown, SessionUp } from './session-frames.ts';

/** From the runner to the edge. */
export interface CarriedUp {
  readonly frame: SessionUp;
  readonly message: Text | undefined;
}

/** From the edge to the runner. */
export interface CarriedDown {
  readonly frame: SessionDown;
  /** In UTF-8. */
  readonly message: Uint8Array | undefined;
  /** The message of a post as the edge has scanned it, if it did. */
  readonly said?: MessageView | undefined;
}
