// The short way of reading a header is the schema's own reading, or none.
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';

import { encodeText } from '../../shared/link/codec.ts';
import { hotEvent, hotPost } from '../../shared/link/hot-frames.ts';
import { sessionDown, sessionUp, streamDown } from '../../shared/link/session-frames.ts';

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/u);

const event = fc.record(
  {
    type: fc.constant('event'),
    stream: id,
    seq: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    final: fc.constant(true),
    ms: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    count: fc.integer({ min: 2, max: 3 }),
  },
  { requiredKeys: ['type', 'stream', 'seq'], noNullPrototype: true },
);

const post = fc.record(
  { type: fc.constant('post'), stream: id, id, delivered: fc.array(id, { maxLength: 3 }) },
  { requiredKeys: ['type', 'stream', 'id'], noNullPrototype: true },
);

/** A header with one piece of it replaced: mostly no frame any more. */
const spoiled = fc
  .tuple(
    fc.oneof(event, post),
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.constantFrom('"', ',', '0', '-', '1e3', '\\u0061', ' ', '}', 'true', '\n'),
    ),
  )
  .map(([frame, at, cut, piece]) => {
    const text = JSON.stringify(frame);
    const from = at % text.length;
    return text.slice(0, from) + piece + text.slice(from + cut);
  });

function bySchema(schema: v.GenericSchema, text: string): unknown {
  try {
    const read = v.safeParse(schema, JSON.parse(text));
    return read.success ? read.output : undefined;
  } catch {
    return undefined;
  }
}

/** Where the short way reads nothing, the schema's reading is taken. */
function expectSame(text: string): void {
  for (const [hot, schema] of [
    [hotEvent, sessionUp],
    [hotEvent, streamDown],
    [hotPost, sessionDown],
  ] as const) {
    const right = bySchema(schema, text);
    expect(hot(text) ?? right).toEqual(right);
  }
}

describe('a header read the short way', () => {
  test('is read as the schema reads it, or not at all', () => {
    const texts = fc.oneof(
      event.map((frame) => JSON.stringify(frame)),
      post.map((frame) => JSON.stringify(frame)),
      spoiled,
    );
    fc.assert(fc.property(texts, expectSame), { numRuns: 5_000 });
  });

  test('is that of every call', () => {
    const stream = 'mb1k2j3h4-abcdefghijklmnop';
    const frames = [
      { type: 'post', stream, id: stream },
      { type: 'post', stream: 'get', id: stream, delivered: ['other'] },
    ];
    for (const frame of frames) expect(hotPost(encodeText(frame))).toEqual(frame);
    const events = [
      { type: 'event', stream, seq: 1 },
      { type: 'event', stream, seq: 999_999_999_999_999, final: true },
    ];
    for (const frame of events) expect(hotEvent(encodeText(frame))).toEqual(frame);
  });

  test.each([
    ['a number that is not written so', '{"type":"event","stream":"a","seq":01}'],
    ['a number beyond all integers', '{"type":"event","stream":"a","seq":9007199254740993}'],
    ['a key more', '{"type":"event","stream":"a","seq":1,"x":1}'],
    ['a name too long', `{"type":"event","stream":"${'a'.repeat(65)}","seq":1}`],
    ['no name', '{"type":"post","stream":"","id":"a"}'],
    ['what follows', '{"type":"post","stream":"a","id":"a"}{'],
  ])('leaves %s to the schema', (_what, text) => {
    expect([hotEvent(text), hotPost(text)]).toEqual([undefined, undefined]);
  });
});
