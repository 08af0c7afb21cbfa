// A part of a text, by its place in the bytes.

/** Byte offsets, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
