// What a close frame may say. A reason is always in our own words: text of a peer could be too long for the frame, or control
// the terminal that shows it.

/** A close frame's payload is 125 bytes at most, two of which are the code (RFC 6455 §5.5). */
const MAX_REASON_BYTES = 123;

/** Why a socket is closed with 4400. What exactly came is only in the log. */
export const OUTSIDE_PROTOCOL = 'a frame is outside the protocol';

/** Why a socket is closed with 1011: a fault of our own, which ends this socket and nothing else. */
export const FAILED_ON_FRAME = 'a frame could not be handled';

/** `text` as every close frame takes it: printable ASCII, 123 bytes at most. */
export const closeReason = (text: string): string =>
  text.replaceAll(/[^\u0020-\u007E]/gu, '?').slice(0, MAX_REASON_BYTES);
