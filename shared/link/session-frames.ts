// Frames of the session link, and of the sockets between worker and session actor (PROTOCOL.md §4).
import { wholeText, type Text } from '../bytes.ts';
import * as v from 'valibot';
import { STREAM_ID } from '../ids.ts';
import { REQUEST_ID_BYTES } from '../limits.ts';
import { EVENTS_IN_FRAME } from './sizes.ts';
import { REVISION_CHARS } from '../mcp/revisions.ts';
import { isOneOwner, ownerFields } from './control-frames.ts';
import { faultFields } from './fault-fields.ts';
import { holds } from './parts.ts';

const streamId = v.pipe(v.string(), v.regex(STREAM_ID));
const seq = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** More than any session may have in flight. */
const MAX_OWED = 10_000;

/** Raw JSON text of request ids. */
const owedIds = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(REQUEST_ID_BYTES))),
  v.maxLength(MAX_OWED),
);

export const welcomeFrame = v.strictObject({
  type: v.literal('welcome'),
  expired: v.boolean(),
  holds: v.optional(holds),
});
export const postFrame = v.strictObject({
  type: v.literal('post'),
  stream: streamId,
  id: streamId,
  delivered: v.optional(v.array(streamId)),
});
export const attachFrame = v.strictObject({
  type: v.literal('attach'),
  stream: streamId,
  after: v.nullable(seq),
});
export const detachFrame = v.strictObject({ type: v.literal('detach'), stream: streamId });
export const ackFrame = v.strictObject({ type: v.literal('ack'), stream: streamId, seq });
export const deliveredFrame = v.strictObject({
  type: v.literal('delivered'),
  streams: v.array(streamId),
});
export const cancelFrame = v.strictObject({ type: v.literal('cancel'), stream: streamId });
export const endFrame = v.strictObject({ type: v.literal('end') });
export const takeFrame = v.pipe(
  v.strictObject({ type: v.literal('take'), ...ownerFields }),
  v.check((owner) => isOneOwner(owner)),
);

/** Edge → runner. `post` carries a message. */
export const sessionDown = v.variant('type', [
  postFrame,
  ackFrame,
  attachFrame,
  detachFrame,
  deliveredFrame,
  cancelFrame,
  endFrame,
  welcomeFrame,
  takeFrame,
]);
export type SessionDown = v.InferOutput<typeof sessionDown>;
export type TakeFrame = v.InferOutput<typeof takeFrame>;
export type PostFrame = v.InferOutput<typeof postFrame>;

export const acceptedFrame = v.strictObject({ type: v.literal('accepted'), id: streamId });
export const attachedFrame = v.strictObject({
  type: v.literal('attached'),
  stream: streamId,
  after: seq,
  owes: v.optional(owedIds),
});
export const eventFrame = v.strictObject({
  type: v.literal('event'),
  stream: streamId,
  seq,
  final: v.optional(v.literal(true)),
  ms: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(EVENTS_IN_FRAME))),
});
export const refusedFrame = v.strictObject({
  type: v.literal('refused'),
  of: streamId,
  ...faultFields,
});
export const negotiatedFrame = v.strictObject({
  type: v.literal('negotiated'),
  revision: v.pipe(v.string(), v.maxLength(REVISION_CHARS)),
});
export const endedFrame = v.strictObject({
  type: v.literal('ended'),
  fault: v.optional(faultFields.fault),
  message: v.optional(v.string()),
});

/** Runner → edge. `event` carries a message, unless it only ends its stream. */
export const sessionUp = v.variant('type', [
  eventFrame,
  acceptedFrame,
  attachedFrame,
  refusedFrame,
  negotiatedFrame,
  endedFrame,
]);
export type SessionUp = v.InferOutput<typeof sessionUp>;
export type AttachedFrame = v.InferOutput<typeof attachedFrame>;
export type EventFrame = v.InferOutput<typeof eventFrame>;
export type RefusedFrame = v.InferOutput<typeof refusedFrame>;
export type EndedFrame = v.InferOutput<typeof endedFrame>;

/** The messages of an `event` frame, one an event, as text; undefined if there are not as many as it says (LP26). */
export function messagesOf(
  { count, final }: EventFrame,
  message: Text | undefined,
): readonly (Text | undefined)[] | undefined {
  if (count === undefined) return [message];
  const messages = message === undefined ? undefined : wholeText(message).split('\n');
  return messages?.length === count && !final ? messages : undefined;
}

export const linkedFrame = v.strictObject({ type: v.literal('linked') });
export const goneFrame = v.strictObject({ type: v.literal('gone'), ...faultFields });
export const owesFrame = v.strictObject({ type: v.literal('owes'), ids: owedIds });
export const probeFrame = v.strictObject({ type: v.literal('probe'), id: v.optional(streamId) });

/** Session actor → worker: what the runner said, and what the actor has to add. */
export const streamDown = v.variant('type', [
  eventFrame,
  acceptedFrame,
  attachedFrame,
  refusedFrame,
  linkedFrame,
  goneFrame,
  owesFrame,
  probeFrame,
]);
export type StreamDown = v.InferOutput<typeof streamDown>;
