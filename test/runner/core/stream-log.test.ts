// The log of a session's events: numbers, what is owed, what is kept, what is let go (LP14–LP19; ).
import { queryObjects } from 'node:v8';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { RESUME_BYTES, StreamLog, type StreamEvent } from '../../../runner/core/stream-log.ts';
import {
  CREDIT_BYTES,
  CREDIT_EVENTS,
  WINDOW_BYTES,
  WINDOW_EVENTS,
} from '../../../shared/link/sizes.ts';
import { WINDOW_MS } from '../../../shared/link/timing.ts';

const MiB = 1024 * 1024;
/** Every message is a view of this: bounds of megabytes are reached without filling memory. */
const LARGE = new Uint8Array(16 * MiB);
const sized = (bytes: number): Uint8Array => LARGE.subarray(0, bytes);
const OVERHEAD = 64;

function logWith(...streams: { id: string; isAttached: boolean }[]): StreamLog {
  const log = new StreamLog();
  for (const { id, isAttached } of streams) log.open(id, { isAttached, isKept: true }, 0);
  return log;
}

const named = (events: readonly StreamEvent[]): string[] =>
  events.map(({ stream, seq, final }) => `${stream}.${seq}${final ? '!' : ''}`);

describe('numbering', () => {
  test('[LP14] each stream counts from 1 without gaps, and an event is taken once', () => {
    const log = logWith({ id: 'a', isAttached: true }, { id: 'b', isAttached: true });
    for (const id of ['a', 'b', 'a']) log.append(id, sized(10), false, 0);
    expect(named(log.takeSendable()).toSorted()).toEqual(['a.1', 'a.2', 'b.1']);
    expect(log.takeSendable()).toEqual([]);
  });

  test('[LP14] [LP18] a resent event keeps its number; what was acknowledged is not resent', () => {
    const log = logWith({ id: 'a', isAttached: true });
    for (let n = 0; n < 3; n++) log.append('a', sized(10), false, 0);
    log.takeSendable();
    log.ack('a', 1, 0);
    log.rewind(0);
    expect(named(log.takeSendable())).toEqual(['a.2', 'a.3']);
  });

  test('[LP19] nothing follows a final event, and nothing is added to an unknown stream', () => {
    const log = logWith({ id: 'a', isAttached: true });
    expect(log.append('a', sized(1), true, 0)).toBe(true);
    expect(log.append('a', sized(1), false, 0)).toBe(false);
    expect(log.append('x', sized(1), false, 0)).toBe(false);
    expect(named(log.takeSendable())).toEqual(['a.1!']);
  });
});

describe('credit', () => {
  test('[LP15] no more than 8 MiB are on the way; an ack lets the next go', () => {
    const log = logWith({ id: 'a', isAttached: true });
    for (let n = 0; n < 10; n++) log.append('a', sized(MiB), false, 0);
    expect(named(log.takeSendable())).toHaveLength(7);
    expect(log.takeSendable()).toEqual([]);
    log.ack('a', 2, 0);
    expect(named(log.takeSendable())).toEqual(['a.8', 'a.9']);
  });

  test('[F-282] [LP15] no more than 500 events are on the way, however small', () => {
    const log = logWith({ id: 'a', isAttached: true });
    for (let n = 0; n < 2 * CREDIT_EVENTS; n++) log.append('a', sized(1), false, 0);
    expect(log.takeSendable()).toHaveLength(CREDIT_EVENTS);
    log.ack('a', 10, 0);
    expect(named(log.takeSendable())).toEqual(
      Array.from({ length: 10 }, (_, n) => `a.${CREDIT_EVENTS + n + 1}`),
    );
    log.rewind(0);
    expect(log.takeSendable()).toHaveLength(CREDIT_EVENTS);
    log.detach('a', 0);
    log.open('b', { isAttached: true, isKept: true }, 0);
    for (let n = 0; n < 2 * CREDIT_EVENTS; n++) log.append('b', sized(1), false, 0);
    expect(log.takeSendable()).toHaveLength(CREDIT_EVENTS);
  });

  test('[F-282] a stream that used up the credit does not keep the session’s other streams from it', () => {
    const log = logWith({ id: 'flood', isAttached: true }, { id: 'call', isAttached: true });
    for (let n = 0; n < 3 * CREDIT_EVENTS; n++) log.append('flood', sized(1), false, 0);
    log.takeSendable();
    log.append('call', sized(1), true, 0);
    log.ack('flood', 1, 0);
    expect(named(log.takeSendable())).toEqual(['call.1!']);
  });

  test('[LP15] one event may pass the credit when nothing else is on the way', () => {
    const log = logWith({ id: 'a', isAttached: true });
    log.append('a', sized(12 * MiB), false, 0);
    log.append('a', sized(1), false, 0);
    expect(named(log.takeSendable())).toEqual(['a.1']);
    log.ack('a', 1, 0);
    expect(named(log.takeSendable())).toEqual(['a.2']);
  });

  test('[LP15] streams nobody listens to neither send nor congest', () => {
    const log = logWith({ id: 'a', isAttached: false });
    for (let n = 0; n < 9; n++) log.append('a', sized(MiB), false, 0);
    expect(log.takeSendable()).toEqual([]);
    expect(log.isCongested).toBe(false);
  });

  test('[LP15] [R-10] 8 MiB owed congest, and only half of it or less lets stdout run again', () => {
    const log = logWith({ id: 'a', isAttached: true });
    for (let n = 0; n < 8; n++) log.append('a', sized(MiB - OVERHEAD), false, 0);
    expect([log.isCongested, log.mayResume]).toEqual([true, false]);
    log.takeSendable();
    log.ack('a', 3, 0);
    expect([log.isCongested, log.mayResume]).toEqual([false, false]);
    log.ack('a', 4, 0);
    expect([log.isCongested, log.mayResume]).toEqual([false, true]);
  });

  test('[LP15] a client that leaves owes nothing any more', () => {
    const log = logWith({ id: 'a', isAttached: true });
    for (let n = 0; n < 8; n++) log.append('a', sized(MiB), false, 0);
    log.detach('a', 0);
    expect([log.isCongested, log.mayResume]).toEqual([false, true]);
  });
});

describe('attaching', () => {
  test('[LP16] continues behind any event that is kept, and behind the last acknowledged one for null', () => {
    const log = logWith({ id: 'a', isAttached: true });
    for (let n = 0; n < 4; n++) log.append('a', sized(1), false, 0);
    log.takeSendable();
    log.ack('a', 3, 0);
    expect(log.attach('a', 1, 0)).toEqual({ ok: true, after: 1 });
    expect(named(log.takeSendable())).toEqual(['a.2', 'a.3', 'a.4']);
    log.ack('a', 4, 0);
    log.detach('a', 0);
    log.append('a', sized(1), false, 0);
    expect(log.attach('a', null, 0)).toEqual({ ok: true, after: 4 });
    expect(named(log.takeSendable())).toEqual(['a.5']);
  });

  test('[LP16] is refused for an unknown stream, a future event, and a gap', () => {
    const log = logWith({ id: 'a', isAttached: false });
    expect(log.attach('x', null, 0)).toEqual({ ok: false, fault: 'event_unknown' });
    expect(log.attach('a', 1, 0)).toEqual({ ok: false, fault: 'event_unknown' });
    for (let n = 0; n <= WINDOW_EVENTS; n++) log.append('a', sized(1), false, 0);
    expect(log.attach('a', 0, 0)).toEqual({ ok: false, fault: 'replay_evicted' });
    expect(log.attach('a', 1, 0)).toEqual({ ok: true, after: 1 });
  });

  test('[LP17] a delivered stream is gone, with what it weighed', () => {
    const log = logWith({ id: 'a', isAttached: true });
    log.append('a', sized(8 * MiB), true, 0);
    log.takeSendable();
    log.drop('a');
    expect([log.has('a'), log.hasAttached, log.keptBytes, log.isCongested]).toEqual([
      false,
      false,
      0,
      false,
    ]);
    expect(log.attach('a', 0, 0)).toEqual({ ok: false, fault: 'event_unknown' });
  });

  test('a stream whose end was acknowledged is attached no more, and can still be resumed', () => {
    const log = logWith({ id: 'a', isAttached: true });
    log.append('a', sized(1), false, 0);
    log.append('a', sized(1), true, 0);
    log.takeSendable();
    log.ack('a', 2, 0);
    expect(log.hasAttached).toBe(false);
    expect(log.attach('a', 1, 0)).toEqual({ ok: true, after: 1 });
    expect(named(log.takeSendable())).toEqual(['a.2!']);
  });

  test('[R-11] resuming behind the end of a stream does not count as a listening client for ever', () => {
    const log = logWith({ id: 'a', isAttached: true });
    log.append('a', sized(1), true, 0);
    log.takeSendable();
    log.ack('a', 1, 0);
    expect(log.attach('a', 1, 0).ok).toBe(true);
    expect(log.hasAttached).toBe(false);
  });
});

describe('the window', () => {
  test('[R-4] notifications are let go before final responses, the oldest first', () => {
    const log = logWith({ id: 'a', isAttached: true }, { id: 'get', isAttached: false });
    log.append('a', sized(MiB), true, 0);
    log.ack('a', 1, 0);
    for (let at = 1; at <= 9; at++) log.append('get', sized(MiB), false, at);
    expect(log.attach('a', 0, 10)).toEqual({ ok: true, after: 0 });
    expect(log.attach('get', 1, 10)).toEqual({ ok: false, fault: 'replay_evicted' });
  });

  test('[R-4] when only responses are left, the oldest goes', () => {
    const log = new StreamLog();
    for (let n = 0; n < 10; n++) {
      log.open(`p${n}`, { isAttached: true, isKept: true }, n);
      log.append(`p${n}`, sized(MiB), true, n);
      log.takeSendable();
      log.ack(`p${n}`, 1, n);
    }
    expect([log.has('p0'), log.has('p2'), log.has('p3'), log.has('p9')]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  test('[R-10] what an attached client is owed is never let go', () => {
    const log = logWith({ id: 'a', isAttached: true }, { id: 'get', isAttached: false });
    for (let n = 0; n < 2 * WINDOW_EVENTS; n++) log.append('a', sized(1), false, 0);
    for (let n = 0; n < 10; n++) log.append('get', sized(MiB), false, 0);
    let taken = 0;
    for (let events = log.takeSendable(); events.length > 0; events = log.takeSendable()) {
      taken += events.length;
      log.ack('a', taken, 0);
    }
    expect(taken).toBe(2 * WINDOW_EVENTS);
  });

  test('[R-4] an event is kept for five minutes and not longer', () => {
    const log = logWith({ id: 'a', isAttached: true });
    log.append('a', sized(1), false, 1_000);
    log.append('a', sized(1), false, 2_000);
    log.takeSendable();
    log.ack('a', 2, 2_000);
    expect(log.expiresAt).toBe(1_000 + WINDOW_MS);
    log.expire(999 + WINDOW_MS);
    expect(log.attach('a', 0, 0).ok).toBe(true);
    log.ack('a', 2, 0);
    log.expire(1_000 + WINDOW_MS);
    expect(log.attach('a', 0, 0)).toEqual({ ok: false, fault: 'replay_evicted' });
    expect(log.attach('a', 1, 0)).toEqual({ ok: true, after: 1 });
  });

  test('[R-4] the age of one stream’s response costs no other stream a fresh notification', () => {
    const log = logWith({ id: 'a', isAttached: true }, { id: 'get', isAttached: false });
    log.append('a', sized(1), true, 0);
    log.takeSendable();
    log.ack('a', 1, 0);
    log.append('get', sized(1), false, WINDOW_MS - 1);
    log.expire(WINDOW_MS);
    expect(log.has('a')).toBe(false);
    expect(log.attach('get', 0, WINDOW_MS)).toEqual({ ok: true, after: 0 });
  });

  test('[R-5] a stream without resumption keeps nothing that was acknowledged', () => {
    const log = new StreamLog();
    log.open('sse', { isAttached: true, isKept: false }, 0);
    log.append('sse', sized(100), false, 0);
    log.append('sse', sized(100), false, 0);
    log.takeSendable();
    log.ack('sse', 1, 0);
    expect(log.keptBytes).toBe(100 + OVERHEAD);
  });
});

describe('a stalled client', () => {
  test('is one that acknowledged nothing for a while although something was sent', () => {
    const log = logWith({ id: 'a', isAttached: true }, { id: 'b', isAttached: true });
    log.append('a', sized(1), false, 5_000);
    log.append('a', sized(1), false, 20_000);
    log.takeSendable();
    expect(log.stalled(30_000, 34_999)).toEqual([]);
    expect(log.stalled(30_000, 35_000)).toEqual(['a']);
    log.ack('a', 1, 35_000);
    expect(log.stalled(30_000, 35_000)).toEqual([]);
  });

  test('[F-51] is not one that could not acknowledge while the link was away', () => {
    const log = logWith({ id: 'a', isAttached: true });
    log.append('a', sized(1), false, 5_000);
    log.takeSendable();
    log.rewind(34_000);
    log.takeSendable();
    expect(log.stalled(30_000, 36_000)).toEqual([]);
    expect(log.stalled(30_000, 64_000)).toEqual(['a']);
  });
});

// A second log, naive: it adds everything up anew each time and so cannot drift.

interface ModelStream {
  readonly events: { seq: number; bytes: number; at: number; final: boolean }[];
  lastSeq: number;
  acked: number;
  sent: number;
  isAttached: boolean;
  isFinal: boolean;
}

class Model {
  readonly streams = new Map<string, ModelStream>();

  owed(stream: ModelStream) {
    return stream.events.filter(({ seq }) => stream.isAttached && seq > stream.acked);
  }

  get owedBytes(): number {
    return sum([...this.streams.values()].flatMap((stream) => this.owed(stream)));
  }

  get keptBytes(): number {
    return sum([...this.streams.values()].flatMap(({ events }) => events));
  }

  get keptEvents(): number {
    return [...this.streams.values()].flatMap(({ events }) => events).length;
  }

  /** Whether anything may be let go at all. */
  get hasEvictable(): boolean {
    return [...this.streams.values()].some(
      (stream) => this.owed(stream).length < stream.events.length,
    );
  }
}

const sum = (events: readonly { bytes: number }[]): number =>
  events.reduce((total, { bytes }) => total + bytes, 0);

type Step =
  | { readonly op: 'open' | 'rewind' | 'take' }
  | { readonly op: 'append'; readonly bytes: number; readonly final: boolean }
  | { readonly op: 'attach'; readonly after: number | null }
  | { readonly op: 'ack'; readonly seq: number }
  | { readonly op: 'detach' | 'drop' }
  | { readonly op: 'expire'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    op: fc.constant('append' as const),
    bytes: fc.oneof(fc.nat({ max: 2_000 }), fc.nat({ max: 4 * MiB })),
    final: fc.nat({ max: 9 }).map((n) => n === 0),
  }),
  fc.record({
    op: fc.constant('append' as const),
    bytes: fc.nat({ max: 2 * MiB }),
    final: fc.constant(false),
  }),
  fc.record({
    op: fc.constant('attach' as const),
    after: fc.option(fc.nat({ max: 12 }), { nil: null }),
  }),
  fc.record({ op: fc.constant('ack' as const), seq: fc.nat({ max: 20 }) }),
  fc.record({ op: fc.constant('take' as const) }),
  fc.record({ op: fc.constantFrom('open' as const, 'rewind' as const, 'detach' as const) }),
  fc.record({ op: fc.constant('drop' as const) }),
  fc.record({ op: fc.constant('expire' as const), ms: fc.nat({ max: WINDOW_MS }) }),
);

const same = (got: unknown, wanted: unknown): void => expect(got).toEqual(wanted);

/** Performs a step on both. What the log lets go is read from it (`has`, `attach`), never decided by the model. */
function perform(log: StreamLog, model: Model, id: string, step: Step, now: number): void {
  const stream = model.streams.get(id);
  switch (step.op) {
    case 'open':
      log.open(id, { isAttached: true, isKept: true }, now);
      if (stream) return;
      model.streams.set(id, {
        events: [],
        lastSeq: 0,
        acked: 0,
        sent: 0,
        isAttached: true,
        isFinal: false,
      });
      return;
    case 'append': {
      const isTaken = log.append(id, sized(step.bytes), step.final, now);
      same(isTaken, stream !== undefined && !stream.isFinal);
      if (!stream || !isTaken) return;
      stream.lastSeq += 1;
      stream.isFinal = step.final;
      const { bytes, final } = step;
      stream.events.push({ seq: stream.lastSeq, bytes: bytes + OVERHEAD, at: now, final });
      return;
    }
    case 'take': {
      const inFlight = (): number =>
        sum(
          [...model.streams.values()].flatMap((stream) =>
            model.owed(stream).filter(({ seq }) => seq <= stream.sent),
          ),
        );
      for (const event of log.takeSendable()) {
        const of = model.streams.get(event.stream);
        if (!of) throw new Error('an event of no stream');
        same(of.isAttached, true);
        same(event.seq, of.sent + 1);
        const bytes = of.events.find(({ seq }) => seq === event.seq)?.bytes ?? Number.NaN;
        const before = inFlight();
        same(before === 0 || before + bytes <= CREDIT_BYTES, true);
        of.sent = event.seq;
      }
      // Nothing that fits was held back: either all is sent, or something is on the way.
      const rest = [...model.streams.values()].flatMap((stream) =>
        model.owed(stream).filter(({ seq }) => seq > stream.sent),
      );
      same(rest.length === 0 || inFlight() > 0, true);
      return;
    }
    case 'rewind':
      log.rewind(0);
      for (const each of model.streams.values()) if (each.isAttached) each.sent = each.acked;
      return;
    case 'attach': {
      const attaching = log.attach(id, step.after, now);
      const from = step.after ?? stream?.acked ?? 0;
      const first = stream?.events[0]?.seq ?? (stream?.lastSeq ?? 0) + 1;
      if (!stream || from > stream.lastSeq) {
        same(attaching, { ok: false, fault: 'event_unknown' });
      } else if (step.after !== null && from + 1 < first) {
        same(attaching, { ok: false, fault: 'replay_evicted' });
      } else {
        stream.acked = Math.max(from, first - 1);
        stream.sent = stream.acked;
        stream.isAttached = !(stream.isFinal && stream.acked === stream.lastSeq);
        same(attaching, { ok: true, after: stream.acked });
      }
      return;
    }
    case 'ack':
      log.ack(id, step.seq, now);
      if (!stream?.isAttached || step.seq <= stream.acked) return;
      stream.acked = Math.min(step.seq, stream.lastSeq);
      stream.sent = Math.max(stream.sent, stream.acked);
      if (stream.isFinal && stream.acked === stream.lastSeq) stream.isAttached = false;
      return;
    case 'detach':
      log.detach(id, now);
      if (stream) stream.isAttached = false;
      return;
    case 'drop':
      log.drop(id);
      model.streams.delete(id);
      return;
    case 'expire':
      log.expire(now);
      for (const each of model.streams.values()) {
        letGo(model, each, (event) => event.at + WINDOW_MS <= now);
      }
      return;
  }
}

/** Takes events from the front of a stream while they are not owed and `isOver`. */
function letGo(
  model: Model,
  stream: ModelStream,
  isOver: (event: ModelStream['events'][number]) => boolean,
): void {
  for (let [event] = stream.events; event; [event] = stream.events) {
    if (model.owed(stream).includes(event) || !isOver(event)) return;
    stream.events.shift();
  }
}

/** The window's rule, said naively: of the events that stand first in their streams and are not owed, a notification before
 * a final, then the oldest, then the stream that was opened first. */
function trim(model: Model): void {
  while (model.keptEvents > WINDOW_EVENTS || model.keptBytes - model.owedBytes > WINDOW_BYTES) {
    const [victim] = [...model.streams.values()]
      .filter((stream) => stream.events.length > model.owed(stream).length)
      .toSorted(
        (a, b) =>
          Number(a.events[0]?.final) - Number(b.events[0]?.final) ||
          (a.events[0]?.at ?? 0) - (b.events[0]?.at ?? 0),
      );
    if (!victim) return;
    victim.events.shift();
  }
}

describe('accounting', () => {
  test('[R-10] bytes owed and kept are what a recount gives, and bounds hold, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), step, fc.nat({ max: 2_000 })), {
          minLength: 10,
          maxLength: 120,
        }),
        (steps) => {
          const log = new StreamLog();
          const model = new Model();
          let now = 0;
          for (const id of ['a', 'b', 'c']) perform(log, model, id, { op: 'open' }, now);
          for (const [id, step, ms] of steps) {
            now += step.op === 'expire' ? step.ms : ms;
            perform(log, model, id, step, now);
            trim(model);
            for (const [id, stream] of model.streams)
              if (stream.isFinal && stream.events.length === 0) model.streams.delete(id);
            expect(log.keptBytes).toBe(model.keptBytes);
            expect(log.isCongested).toBe(model.owedBytes >= CREDIT_BYTES);
            expect(log.mayResume).toBe(model.owedBytes <= RESUME_BYTES);
            expect(log.hasAttached).toBe(
              [...model.streams.values()].some(({ isAttached }) => isAttached),
            );
            for (const name of ['a', 'b', 'c']) expect(log.has(name)).toBe(model.streams.has(name));
            if (!model.hasEvictable) continue;
            expect(model.keptEvents).toBeLessThanOrEqual(WINDOW_EVENTS);
            expect(model.keptBytes - model.owedBytes).toBeLessThanOrEqual(WINDOW_BYTES);
          }
          for (const name of ['a', 'b', 'c']) log.drop(name);
          // Anything lost or counted twice on the way would remain.
          expect([log.keptBytes, log.isCongested, log.mayResume, log.hasAttached]).toEqual([
            0,
            false,
            true,
            false,
          ]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('[LP14] [LP18] a reader that acknowledges and returns gets each event once, in order, over any breaks', () => {
    const action = fc.constantFrom('append', 'append', 'read', 'ack', 'relink', 'reattach');
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 150 }), (actions) => {
        const log = logWith({ id: 'a', isAttached: true });
        const got: number[] = [];
        let appended = 0;
        const read = (): void => {
          for (const { seq } of log.takeSendable()) if (seq > (got.at(-1) ?? 0)) got.push(seq);
        };
        for (const action of actions) {
          if (action === 'append') log.append('a', sized(1_500_000), false, appended++);
          if (action === 'read') read();
          if (action === 'ack') log.ack('a', got.at(-1) ?? 0, 0);
          if (action === 'relink') log.rewind(0);
          if (action === 'reattach') {
            log.detach('a', 0);
            // While nobody listens, the window may let go of what comes; the reader is told then.
            if (!log.attach('a', got.at(-1) ?? 0, 0).ok) return;
          }
        }
        for (let turns = 0; turns <= appended; turns++) {
          read();
          log.ack('a', got.at(-1) ?? 0, 0);
        }
        expect(got).toEqual(Array.from({ length: appended }, (_, index) => index + 1));
      }),
      { numRuns: 300 },
    );
  });
});

test('[F-722] what has left the window of a stream that goes on is free', () => {
  class Message extends Uint8Array {}
  const log = logWith({ id: 'sse', isAttached: true });
  for (let n = 1; n <= 40; n++) {
    log.append('sse', new Message(MiB), false, 0);
    log.takeSendable();
    log.ack('sse', n, 0);
  }
  expect(log.keptBytes).toBeLessThanOrEqual(WINDOW_BYTES);
  expect(queryObjects(Message, { format: 'count' })).toBe(Math.floor(log.keptBytes / MiB));
});
