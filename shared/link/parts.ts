// Parts of large frames: their headers, and what a receiver holds of frames that are not whole yet (PROTOCOL.md LP3).
import * as v from 'valibot';
import type { ReceivedForm, SentForm } from './forms.ts';

/** Names of frames: a stream and an event's number, or the id of a post. */
const frameName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,128}$/));
const units = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A slice of the frame `of`, from `at` to `to` of its `size`, in units of the sender's own. */
export const partFrame = v.strictObject({
  type: v.literal('part'),
  of: frameName,
  at: units,
  to: units,
  size: units,
});
export type PartFrame = v.InferOutput<typeof partFrame>;

/** The rest of the frame `of` does not come. */
export const droppedFrame = v.strictObject({ type: v.literal('dropped'), of: frameName });

/** Besides whole frames, in both directions of every link. */
export const partial = v.variant('type', [partFrame, droppedFrame]);

/** A frame of which the receiver has everything before `to`. */
export const hold = v.strictObject({ of: frameName, to: units, size: units });
export type Hold = v.InferOutput<typeof hold>;

/** Frames a receiver reports after a break; the others start again. */
export const MAX_HOLDS = 32;

export const holds = v.pipe(v.array(hold), v.maxLength(MAX_HOLDS));

/** A frame without a name cannot continue after a break; its parts are named by this and a number. */
export const UNNAMED = '.';

/** The holds that a runner reports when it dials; none if they make no sense. */
export function readHolds(text: string): readonly Hold[] {
  try {
    const read = v.safeParse(holds, JSON.parse(text));
    return read.success ? read.output : [];
  } catch {
    return [];
  }
}

export const encodePart = <T extends string | Uint8Array>(
  form: Pick<SentForm<T>, 'of' | 'join'>,
  header: Omit<PartFrame, 'type'>,
  slice: T,
): T => form.join([form.of(`${JSON.stringify({ type: 'part', ...header })}\n`), slice]);

/** Nothing else on a link begins like this. */
export const isPartial = <T extends string | Uint8Array>(
  form: Pick<ReceivedForm<T, unknown>, 'startsWith'>,
  message: T,
): boolean =>
  form.startsWith(message, '{"type":"part",') || form.startsWith(message, '{"type":"dropped",');

/** The messages that carry a frame at once, for sockets that need no pacing: itself, or its parts. */
export function splitFrame<T extends string | Uint8Array, F extends { readonly length: number }>(
  form: SentForm<T, F>,
  frame: F,
): readonly T[] {
  if (frame.length <= form.maxSlice) return [form.whole(frame)];
  const parts: T[] = [];
  let at = 0;
  while (at < frame.length) {
    const slice = form.slice(frame, at, form.maxSlice);
    const to = at + slice.length;
    parts.push(encodePart(form, { of: UNNAMED, at, to, size: frame.length }, slice));
    at = to;
  }
  return parts;
}
