// One end of a message socket on this host: to a runner over the network, to a runner in this program, or to a client's open response.

import type { CarriedDown, CarriedUp } from '../../../shared/link/carried.ts';

/** Gets what comes in. `In`: the frames that come as they are. */
export interface EndListener<In = never> {
  /** Undefined for a message that is not text. */
  message(text: string | undefined): void;
  /** A frame from the same program; only for those who are sent such frames. */
  carried?(frame: In): void;
  /** Both sides have closed it, or it broke (1006). Once, and nothing follows. */
  closed(code: number): void;
}

/** `Out` and `In`: the frames that may be handed over as they are. */
export interface SocketEnd<Out = never, In = never> {
  /** The other end is in this program, so it cannot vanish unnoticed. */
  readonly isLocal: boolean;
  /** Neither side has begun to close it. */
  readonly isOpen: boolean;
  /** What the other side has not taken yet, in bytes. */
  readonly unreadBytes: number;
  send(text: string): void;
  /** Hands over a frame of so many bytes; absent: what is sent is text. */
  carry?(frame: Out, bytes: number): void;
  close(code: number, reason: string): void;
  /** Set once, before anything can come. */
  listen(listener: EndListener<In>): void;
}

/** The edge's end of a link, and the runner's. */
export type EdgeEnd = SocketEnd<CarriedDown, CarriedUp>;
export type RunnerEnd = SocketEnd<CarriedUp, CarriedDown>;

/** WebSocket close codes that say that no code came; they cannot be sent (RFC 6455 §7.4.1). */
export const NO_CODE = { none: 1005, broken: 1006 } as const;
