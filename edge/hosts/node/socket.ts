// One end of a message socket on this host: to a runner over the network, to a runner in this program, or to a client's open response.

/** Gets what comes in. */
export interface EndListener {
  /** Undefined for a message that is not text. */
  message(text: string | undefined): void;
  /** Both sides have closed it, or it broke (1006). Once, and nothing follows. */
  closed(code: number): void;
}

export interface SocketEnd {
  /** The other end is in this program, so it cannot vanish unnoticed. */
  readonly isLocal: boolean;
  /** Neither side has begun to close it. */
  readonly isOpen: boolean;
  /** What the other side has not taken yet, in bytes. */
  readonly unreadBytes: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  /** Set once, before anything can come. */
  listen(listener: EndListener): void;
}

/** WebSocket close codes that say that no code came; they cannot be sent (RFC 6455 §7.4.1). */
export const NO_CODE = { none: 1005, broken: 1006 } as const;
