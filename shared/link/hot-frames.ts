// Reads the headers of the two frames that each call has, in the one form in which this product writes them, without JSON and without
// the schema: a tenth of the work. Everything else, well-formed or not, is left to the schema (session-frames.ts), which is the one
// truth: what is read here is what the schema would have read (test/shared/hot-frames.test.ts). Pure.
import { keepShapes } from '../kept-shapes.ts';
import type { EventFrame, PostFrame } from './session-frames.ts';

/** `seq` and `ms`: of fifteen digits every number is a safe integer. */
const EVENT =
  /^\{"type":"event","stream":"([A-Za-z0-9_-]{1,64})","seq":(0|[1-9][0-9]{0,14})(,"final":true(?:,"ms":(0|[1-9][0-9]{0,14}))?)?\}$/u;

const POST =
  /^\{"type":"post","stream":"([A-Za-z0-9_-]{1,64})","id":"([A-Za-z0-9_-]{1,64})"(?:,"delivered":\["([A-Za-z0-9_-]{1,64})"\])?\}$/u;

/** The header of an event; undefined if the schema has to say what it is. */
export function hotEvent(header: string): EventFrame | undefined {
  const [, stream, seq, final, ms] = EVENT.exec(header) ?? [];
  if (stream === undefined) return undefined;
  const frame = { type: 'event' as const, stream, seq: Number(seq) };
  if (final === undefined) return frame;
  return ms === undefined ? { ...frame, final: true } : { ...frame, final: true, ms: Number(ms) };
}

/** The header of a post that tells of no more than one delivery; undefined if the schema has to say what it is. */
export function hotPost(header: string): PostFrame | undefined {
  const [, stream, id, delivered] = POST.exec(header) ?? [];
  if (stream === undefined || id === undefined) return undefined;
  const frame = { type: 'post' as const, stream, id };
  return delivered === undefined ? frame : { ...frame, delivered: [delivered] };
}

for (const header of [
  '{"type":"event","stream":"s","seq":1}',
  '{"type":"event","stream":"s","seq":1,"final":true}',
  '{"type":"event","stream":"s","seq":1,"final":true,"ms":1}',
])
  keepShapes(hotEvent(header) ?? {});
for (const header of [
  '{"type":"post","stream":"s","id":"i"}',
  '{"type":"post","stream":"s","id":"i","delivered":["s"]}',
])
  keepShapes(hotPost(header) ?? {});
