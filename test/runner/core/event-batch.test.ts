// Small events that leave together (LP26): what goes in one frame, what does not, and that nothing is lost or passes another.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventBatch, type SentEvent } from '../../../runner/core/event-batch.ts';
import { wholeBytes, wholeText } from '../../../shared/bytes.ts';
import { EVENTS_IN_FRAME, START_WINDOW } from '../../../shared/link/sizes.ts';
import { messagesOf, type EventFrame } from '../../../shared/link/session-frames.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Told {
  readonly stream: string;
  readonly seq: number;
  readonly text: string | undefined;
  readonly final: boolean;
}

const frameOf = ({ stream, seq, final }: Told): EventFrame => ({
  type: 'event',
  stream,
  seq,
  ...(final && { final }),
});

/** As a host does it; gives the frames that leave. */
function sent(events: readonly Told[]): SentEvent[] {
  const batch = new EventBatch();
  const frames: SentEvent[] = [];
  const flush = (): void => {
    const whole = batch.flush();
    if (whole) frames.push(whole);
  };
  for (const told of events) {
    const { text } = told;
    const event = {
      frame: frameOf(told),
      message: text === undefined ? undefined : encoder.encode(text),
    };
    if (batch.take(event)) continue;
    flush();
    if (!batch.take(event)) frames.push(event);
  }
  flush();
  return frames;
}

/** As the edge reads them. */
const read = (frames: readonly SentEvent[]): Told[] =>
  frames.flatMap(({ frame, message }) =>
    (messagesOf(frame, message && decoder.decode(wholeBytes(message))) ?? []).map(
      (text, index) => ({
        stream: frame.stream,
        seq: frame.seq + index,
        text: text && wholeText(text),
        final: frame.final === true,
      }),
    ),
  );

const notes = (count: number, text = '{"n":1}'): Told[] =>
  Array.from({ length: count }, (_, index) => ({
    stream: 'a',
    seq: index + 1,
    text,
    final: false,
  }));

test('[F-283] [LP26] a burst of small events needs a hundredth of the frames', () => {
  const frames = sent(notes(10_000));
  expect(frames.length).toBeLessThanOrEqual(10_000 / 100);
  for (const { frame } of frames) expect(frame.count ?? 1).toBeLessThanOrEqual(EVENTS_IN_FRAME);
  expect(read(frames)).toEqual(notes(10_000));
});

test('[LP26] a single event looks as it always did', () => {
  expect(sent(notes(1))).toEqual([
    { frame: { type: 'event', stream: 'a', seq: 1 }, message: encoder.encode('{"n":1}') },
  ]);
});

test('[F-341] [LP26] events of some kilobytes share frames, none of which is cut in parts', () => {
  const events = notes(1_000, 'x'.repeat(8_000));
  const frames = sent(events);
  expect(frames.length).toBeLessThan(events.length / 5);
  for (const { message } of frames) expect(message?.length).toBeLessThan(START_WINDOW - 1_024);
  expect(read(frames)).toEqual(events);
});

test('[LP26] large events go alone', () => {
  const large = notes(10, 'x'.repeat(20_000));
  expect(sent(large).map(({ frame }) => frame.count)).toEqual(large.map(() => undefined));
});

test('[F-283] [LP26] whatever comes, it is the same events in the same order', () => {
  const text = fc.option(
    fc.oneof(
      fc.string(),
      fc.string().map((words) => `${words}\n`),
      fc.constantFrom('', 'x'.repeat(4_000), 'x'.repeat(16_000), 'x'.repeat(20_000)),
    ),
    { nil: undefined },
  );
  const told = fc.record({
    stream: fc.constantFrom('a', 'b'),
    text,
    final: fc.boolean(),
    skips: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(told, { maxLength: 60 }), (events) => {
      const seqs = { a: 0, b: 0 };
      const numbered = events.map(({ stream, skips, ...event }) => {
        seqs[stream] += skips ? 2 : 1;
        return { ...event, stream, seq: seqs[stream] };
      });
      expect(read(sent(numbered))).toEqual(numbered);
    }),
  );
});
