// Which frames of a session link may pass which (PROTOCOL.md LP24), read from their headers.
import type { SessionDown, SessionUp } from './session-frames.ts';
import { NO_FLOW, type Place } from './outbox.ts';

/** A frame of the runner. Events keep the order of their stream; only the session's end waits for everything. */
export function placeUp(frame: SessionUp): Place {
  switch (frame.type) {
    case 'event':
      return { flow: frame.stream, name: `${frame.stream}.${frame.seq}` };
    case 'attached':
      return { flow: frame.stream };
    case 'ended':
      return { flow: NO_FLOW, isBehind: true };
    case 'accepted':
    case 'negotiated':
    case 'refused':
      return { flow: NO_FLOW };
  }
}

/** A frame of the edge. What is said about a stream does not pass the post that opens it. */
export function placeDown(frame: SessionDown): Place {
  switch (frame.type) {
    case 'post':
      return { flow: frame.id, name: frame.id };
    case 'attach':
    case 'detach':
    case 'ack':
    case 'cancel':
      return { flow: frame.stream };
    case 'delivered':
    case 'end':
    case 'take':
    case 'welcome':
      return { flow: NO_FLOW };
  }
}
